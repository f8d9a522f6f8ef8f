#include "autograd/ops/random.h"

namespace ito {

Tensor randn(const Shape& shape, Generator& rng, DType dtype) {
  Tensor x = empty(shape, dtype);
  visit_floating(dtype, "randn",
                 [&]<class T>(T) { rng.fill_normal(x.mutable_data<T>(), x.numel()); });
  return x;
}

Tensor rand(const Shape& shape, Generator& rng, DType dtype) {
  Tensor x = empty(shape, dtype);
  visit_floating(dtype, "rand",
                 [&]<class T>(T) { rng.fill_uniform(x.mutable_data<T>(), x.numel()); });
  return x;
}

}  // namespace ito
