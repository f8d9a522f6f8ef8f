#include "diffusion/metrics/sliced.h"

#include <cmath>
#include <span>
#include <vector>

#include "autograd/ops.h"
#include "autograd/parallel.h"
#include "diffusion/metrics/wasserstein.h"

namespace ito::diffusion {
namespace {

// Unit vectors, uniform on the sphere, [P, n].
Tensor directions(Index n, const SlicedWassersteinOptions& options) {
  check(options.projections >= 1, "sliced_wasserstein: needs at least 1 projection, got ",
        options.projections);
  Generator rng(options.seed);
  const Tensor v = randn({options.projections, n}, rng, DType::f64);
  return v / norm(v, {-1}, true);
}

// [P, N]: row p holds the samples along direction p, contiguous.
Tensor projections(const Tensor& x, const Tensor& v) {
  check(x.rank() == 2 && x.size(0) >= 1, "sliced_wasserstein: needs samples [N, n], got ",
        x.shape());
  return contiguous(matmul(v, transpose(convert(x.detach(), DType::f64))));
}

std::span<const double> row(const Tensor& x, Index i) {
  const auto size = static_cast<std::size_t>(x.size(1));
  return {x.data<double>() + static_cast<std::size_t>(i) * size, size};
}

// distance(p) -> {W1, W2} along direction p.
template <class Distance>
SlicedWasserstein average(Index count, Distance distance) {
  std::vector<SlicedWasserstein> each(static_cast<std::size_t>(count));
  parallel_for(count, [&](Index p) { each[static_cast<std::size_t>(p)] = distance(p); });
  double w1 = 0, w2_squared = 0;
  for (const SlicedWasserstein& d : each) {
    w1 += d.w1;
    w2_squared += d.w2 * d.w2;
  }
  const auto total = static_cast<double>(count);
  return {w1 / total, std::sqrt(w2_squared / total)};
}

}  // namespace

SlicedWasserstein sliced_wasserstein(const Tensor& x, const Tensor& y,
                                     const SlicedWassersteinOptions& options) {
  check(x.rank() == 2 && y.rank() == 2 && x.size(1) == y.size(1), "sliced_wasserstein: samples ",
        x.shape(), " and ", y.shape());
  const Tensor v = directions(x.size(1), options);
  const Tensor u = projections(x, v), w = projections(y, v);
  return average(options.projections, [&](Index p) {
    return SlicedWasserstein{wasserstein1(row(u, p), row(w, p)),
                             wasserstein2(row(u, p), row(w, p))};
  });
}

SlicedWasserstein sliced_wasserstein(const Tensor& x, const GaussianMixture& law,
                                     const SlicedWassersteinOptions& options) {
  check(x.rank() == 2 && x.size(1) == law.dimension(), "sliced_wasserstein: samples ", x.shape(),
        " of a law in ", law.dimension(), " dimensions");
  const Tensor v = directions(x.size(1), options);
  const Tensor u = projections(x, v);
  return average(options.projections, [&](Index p) {
    const NormalMixture1d along = law.project(row(v, p));
    return SlicedWasserstein{wasserstein1(row(u, p), along), wasserstein2(row(u, p), along)};
  });
}

}  // namespace ito::diffusion
