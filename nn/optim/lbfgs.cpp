#include "nn/optim/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "autograd/grad_mode.h"
#include "autograd/transforms.h"
#include "nn/optim/optimizer.h"

namespace ito::nn {
namespace {

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += a[i] * b[i];
  return total;
}

void add_scaled(std::vector<double>& x, double factor, const std::vector<double>& d) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += factor * d[i];
}

std::vector<double> difference(std::vector<double> a, const std::vector<double>& b) {
  add_scaled(a, -1, b);
  return a;
}

// The largest magnitude; NaN if there is one.
double largest(const std::vector<double>& x) {
  double m = 0;
  for (const double v : x) {
    if (std::isnan(v)) return v;
    m = std::max(m, std::abs(v));
  }
  return m;
}

void check_finite(double value, const std::vector<double>& gradient, Index iteration) {
  check(std::isfinite(value), "Lbfgs: the loss is ", value, " at iteration ", iteration);
  const double g = largest(gradient);
  check(std::isfinite(g), "Lbfgs: the gradient holds ", g, " at iteration ", iteration);
}

double absolute_sum(const std::vector<double>& x) {
  double total = 0;
  for (const double v : x) total += std::abs(v);
  return total;
}

// Minimiser of the cubic through two points with their slopes, kept inside the middle 80 % of the
// interval; its midpoint where there is none (Nocedal and Wright, equation 3.59).
double cubic_minimiser(double a, double fa, double ga, double b, double fb, double gb) {
  const double d1 = ga + gb - 3 * (fa - fb) / (a - b);
  const double square = d1 * d1 - ga * gb;
  const double low = std::min(a, b), high = std::max(a, b), margin = 0.1 * (high - low);
  if (!(square >= 0)) return (a + b) / 2;
  const double d2 = std::copysign(std::sqrt(square), b - a);
  const double t = b - (b - a) * (gb + d2 - d1) / (gb - ga + 2 * d2);
  return std::isfinite(t) ? std::clamp(t, low + margin, high - margin) : (a + b) / 2;
}

}  // namespace

Lbfgs::Lbfgs(std::vector<Tensor> parameters, const LbfgsOptions& options)
    : parameters_(std::move(parameters)), options_(options) {
  check_parameters(parameters_, "Lbfgs");
  check(options.history > 0 && options.lr > 0, "Lbfgs: history and lr must be positive, got ",
        options.history, " and ", options.lr);
}

Lbfgs::Vector Lbfgs::read() const {
  Vector x;
  for (const Tensor& p : parameters_) {
    const Vector values = p.to_vector<double>();
    x.insert(x.end(), values.begin(), values.end());
  }
  return x;
}

void Lbfgs::write(const Vector& x) {
  NoGrad guard;
  std::size_t at = 0;
  for (Tensor& p : parameters_) {
    const auto n = static_cast<std::size_t>(p.numel());
    p.copy_(from(std::span(x).subspan(at, n), p.shape()));
    at += n;
  }
}

double Lbfgs::evaluate(const Loss& loss, Vector& gradient) {
  ++evaluations_;
  const Tensor value = loss();
  const std::vector<Tensor> grads = grad(value, parameters_, {.allow_unused = true});
  gradient.clear();
  for (std::size_t i = 0; i < grads.size(); ++i) {
    const Vector g = grads[i].defined() ? grads[i].to_vector<double>()
                                        : Vector(static_cast<std::size_t>(parameters_[i].numel()));
    gradient.insert(gradient.end(), g.begin(), g.end());
  }
  return value.item();
}

Lbfgs::Point Lbfgs::along(const Loss& loss, const Vector& x, const Vector& d, double t) {
  Vector at = x;
  add_scaled(at, t, d);
  write(at);
  Point point{.t = t, .gradient = {}};
  point.value = evaluate(loss, point.gradient);
  point.slope = dot(point.gradient, d);
  return point;
}

// Nocedal and Wright, algorithms 3.5 and 3.6.
Lbfgs::Point Lbfgs::search(const Loss& loss, const Vector& x, const Vector& d, const Point& start,
                           double first) {
  constexpr double kDecrease = 1e-4, kCurvature = 0.9;
  constexpr int kTries = 25;
  const auto too_high = [&](const Point& p) {
    return !(p.value <= start.value + kDecrease * p.t * start.slope);
  };
  const auto flat = [&](const Point& p) { return std::abs(p.slope) <= -kCurvature * start.slope; };

  // Lengthens the step until an interval [low, high] holds an acceptable one.
  Point low = start, high;
  double t = first;
  bool bracketed = false;
  int tries = 0;
  for (; tries < kTries && !bracketed; ++tries) {
    Point p = along(loss, x, d, t);
    if (too_high(p) || (low.t > 0 && p.value >= low.value)) {
      high = std::move(p);
      bracketed = true;
    } else if (flat(p)) {
      return p;
    } else if (p.slope >= 0) {
      high = std::exchange(low, std::move(p));
      bracketed = true;
    } else {
      low = std::move(p);
      t *= 2;
    }
  }
  // Shrinks it, keeping at `low` the best point with enough decrease.
  for (; tries < kTries && bracketed; ++tries) {
    const double next = std::isfinite(high.value) ? cubic_minimiser(low.t, low.value, low.slope,
                                                                    high.t, high.value, high.slope)
                                                  : (low.t + high.t) / 2;
    Point p = along(loss, x, d, next);
    if (too_high(p) || p.value >= low.value) {
      high = std::move(p);
    } else {
      if (flat(p)) return p;
      if (p.slope * (high.t - low.t) >= 0) high = std::move(low);
      low = std::move(p);
    }
  }
  return low;
}

// The two-loop recursion: -H g.
Lbfgs::Vector Lbfgs::direction(const Vector& gradient) const {
  Vector q = gradient;
  Vector alpha(pairs_.size());
  for (std::size_t i = pairs_.size(); i-- > 0;) {
    alpha[i] = pairs_[i].rho * dot(pairs_[i].s, q);
    add_scaled(q, -alpha[i], pairs_[i].y);
  }
  for (double& v : q) v *= -scale_;
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const double beta = -pairs_[i].rho * dot(pairs_[i].y, q);
    add_scaled(q, beta - alpha[i], pairs_[i].s);
  }
  return q;
}

// Pairs without positive curvature would spoil the metric.
void Lbfgs::remember(Vector change, Vector gradient_change) {
  const double curvature = dot(change, gradient_change);
  if (!(curvature > 1e-10)) return;
  if (static_cast<Index>(pairs_.size()) == options_.history) pairs_.erase(pairs_.begin());
  scale_ = curvature / dot(gradient_change, gradient_change);
  pairs_.push_back({std::move(change), std::move(gradient_change), 1 / curvature});
}

double Lbfgs::step(const std::function<Tensor()>& loss) {
  evaluations_ = 0;
  Point here;
  here.value = evaluate(loss, here.gradient);
  check_finite(here.value, here.gradient, total_);
  const double before = here.value;
  for (Index k = 0; k < options_.iterations; ++k) {
    if (largest(here.gradient) <= options_.gradient_tolerance) break;
    if (k > 0 && evaluations_ >= options_.evaluations) break;
    const Vector x = read();
    const Vector d = direction(here.gradient);
    here.t = 0;
    here.slope = dot(here.gradient, d);
    if (here.slope > -options_.change_tolerance) break;
    const double first =
        total_ == 0 ? options_.lr * std::min(1.0, 1 / absolute_sum(here.gradient)) : options_.lr;
    ++total_;
    const bool searching = options_.line_search == LineSearch::strong_wolfe;
    Point next = searching ? search(loss, x, d, here, first) : along(loss, x, d, first);
    if (searching) {
      Vector at = x;
      add_scaled(at, next.t, d);
      write(at);  // the search need not end at its last evaluation
    }
    check_finite(next.value, next.gradient, total_);
    Vector change = d;
    for (double& v : change) v *= next.t;
    const double moved = largest(change), gained = std::abs(next.value - here.value);
    remember(std::move(change), difference(next.gradient, here.gradient));
    here = std::move(next);
    if (moved <= options_.change_tolerance || gained < options_.change_tolerance) break;
  }
  return before;
}

}  // namespace ito::nn
