#include "nn/embedding.h"

#include "autograd/ops/index.h"
#include "autograd/ops/view.h"

namespace ito::nn {

Embedding::Embedding(Index count, Index features, Generator& rng, const EmbeddingOptions& options) {
  check(count > 0 && features > 0, "Embedding: sizes must be positive, got ", count, " and ",
        features);
  weight_ = add("weight", normal({count, features}, 0, options.std, rng, options.dtype));
}

Tensor Embedding::forward(const Tensor& index) const {
  check(index.dtype() == DType::i64, "Embedding: indices are i64, got ", index.dtype());
  Shape shape = index.shape();
  shape.push_back(weight_.size(1));
  return reshape(index_select(weight_, 0, flatten(index)), shape);
}

}  // namespace ito::nn
