#include "apps/sampler_gallery/targets.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "autograd/ops.h"
#include "diffusion/distributions/targets.h"
#include "diffusion/distributions/two_modes.h"

namespace ito::gallery {
namespace {

using diffusion::GaussianMixture;
constexpr double kPi = std::numbers::pi;

// Equal modes of one isotropic variance, added part by part.
class Cloud {
 public:
  void add(double x, double y, Index part, double weight = 1) {
    means_.push_back(x);
    means_.push_back(y);
    weights_.push_back(weight);
    part_.push_back(part);
  }
  Target target(const std::string& name, double std, double window) const {
    return {.name = name,
            .law = GaussianMixture(weights_, means_, std::vector<double>(means_.size(), std * std)),
            .part = part_,
            .plane = eye(2),
            .window = window};
  }

 private:
  std::vector<double> means_, weights_;
  std::vector<Index> part_;
};

// Modes one standard deviation apart: their sum ripples by 2 exp(-2 pi^2) = 5e-9.
Target rings() {
  constexpr double kStd = 0.1;
  Cloud cloud;
  for (Index ring = 0; ring < 2; ++ring) {
    const double radius = ring == 0 ? 0.8 : 1.9;
    const int count = static_cast<int>(2 * kPi * radius / kStd);
    for (int i = 0; i < count; ++i) {
      const double angle = 2 * kPi * i / count;
      cloud.add(radius * std::cos(angle), radius * std::sin(angle), ring, 1.0 / count);
    }
  }
  return cloud.target("rings", kStd, 2.8);
}

Target two_moons() {
  constexpr double kStd = 0.1;
  Cloud cloud;
  const int count = static_cast<int>(1.4 * kPi / kStd);
  for (Index moon = 0; moon < 2; ++moon) {
    const double side = moon == 0 ? 1 : -1;
    for (int i = 0; i < count; ++i) {
      const double angle = kPi * (i + 0.5) / count;
      cloud.add(1.4 * side * (std::cos(angle) - 0.5), 1.4 * side * (std::sin(angle) - 0.25), moon);
    }
  }
  return cloud.target("two-moons", kStd, 2.9);
}

// Squares of side 1 made of 6 x 6 modes: flat to 0.1 %, with edges a tenth wide.
Target checkerboard() {
  constexpr int kModes = 6;
  Cloud cloud;
  Index square = 0;
  for (int row = -2; row < 2; ++row) {
    for (int column = -2; column < 2; ++column) {
      if ((row + column) % 2 != 0) continue;
      for (int i = 0; i < kModes * kModes; ++i) {
        const int along = i % kModes, across = i / kModes;
        cloud.add(column + (along + 0.5) / kModes, row + (across + 0.5) / kModes, square);
      }
      ++square;
    }
  }
  return cloud.target("checkerboard", 0.1, 2.6);
}

// The case study's law; drawn in the plane of a and of one direction across.
Target case_study() {
  constexpr Index kN = 128;
  const diffusion::TwoModes law = diffusion::TwoModes::ones(kN, 0.7);
  std::vector<double> plane(2 * kN);
  for (std::size_t j = 0; j < kN; ++j) {
    plane[j] = 1 / std::sqrt(static_cast<double>(kN));
    plane[kN + j] = j % 2 == 0 ? plane[j] : -plane[j];
  }
  return {.name = "case-study",
          .law = law.mixture(),
          .part = {0, 1},
          .plane = from(plane, {2, kN}, DType::f32),
          .window = 11,
          .centre_x = -2};
}

Target plain(const std::string& name, GaussianMixture law, double window) {
  std::vector<Index> part;
  for (Index k = 0; k < law.modes(); ++k) part.push_back(k);
  return {.name = name,
          .law = std::move(law),
          .part = std::move(part),
          .plane = eye(2),
          .window = window};
}

}  // namespace

std::vector<std::string> target_names() {
  return {"two-modes", "eight-modes", "rings", "checkerboard", "two-moons", "case-study"};
}

Target make_target(const std::string& name) {
  if (name == "two-modes") {
    const std::vector<double> variances = {0.09, 0.09};
    return plain(name, GaussianMixture::isotropic({0.7, 0.3}, {0.6, 0.6, -1.4, -1.4}, variances),
                 2.8);
  }
  if (name == "eight-modes") return plain(name, diffusion::eight_modes(), 3.0);
  if (name == "rings") return rings();
  if (name == "checkerboard") return checkerboard();
  if (name == "two-moons") return two_moons();
  check(name == "case-study", "target: unknown name '", name, "'");
  return case_study();
}

diffusion::GaussianMixture in_plane(const Target& target) {
  const auto axes = target.plane.to_vector<double>();
  const auto n = static_cast<std::size_t>(target.law.dimension());
  std::vector<double> means, variances;
  for (Index k = 0; k < target.law.modes(); ++k) {
    for (std::size_t axis = 0; axis < 2; ++axis) {
      double coordinate = 0;
      for (std::size_t j = 0; j < n; ++j) coordinate += axes[axis * n + j] * target.law.mean(k)[j];
      means.push_back(coordinate);
      variances.push_back(target.law.variance(k)[0]);
    }
  }
  const auto weights = target.law.weights();
  return GaussianMixture({weights.begin(), weights.end()}, means, variances);
}

}  // namespace ito::gallery
