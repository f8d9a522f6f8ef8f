// L-BFGS: a quasi-Newton method for losses without noise (Nocedal and Wright, chapter 7).
#pragma once

#include <functional>
#include <vector>

#include "autograd/tensor.h"

namespace ito::nn {

enum class LineSearch {
  none,          // steps of length lr (the very first: lr min(1, 1/|g|_1)), as PyTorch's default
  strong_wolfe,  // steps that satisfy the strong Wolfe conditions, c1 = 1e-4, c2 = 0.9
};

struct LbfgsOptions {
  double lr = 1;           // the first length that a line search tries
  Index iterations = 20;   // of one call of step
  Index evaluations = 25;  // of one call; a line search may finish beyond
  Index history = 100;
  double gradient_tolerance = 1e-7;  // on the largest element
  double change_tolerance = 1e-9;    // on the loss and on the largest change of a parameter
  LineSearch line_search = LineSearch::strong_wolfe;
};

class Lbfgs {
 public:
  explicit Lbfgs(std::vector<Tensor> parameters, const LbfgsOptions& options = {});

  // Minimises `loss`, which evaluates the loss at the parameters' present values, by up to
  // `iterations` steps. Returns its value before the first.
  double step(const std::function<Tensor()>& loss);

  Index iterations() const { return total_; }  // since construction

 private:
  using Vector = std::vector<double>;
  using Loss = std::function<Tensor()>;
  // The loss at x + t d, for a direction d.
  struct Point {
    double t = 0;
    double value = 0;
    double slope = 0;  // along d
    Vector gradient;
  };
  struct Pair {
    Vector s, y;  // changes of the parameters and of the gradient
    double rho;   // 1/<s, y>
  };

  Vector read() const;
  void write(const Vector& x);
  double evaluate(const Loss& loss, Vector& gradient);
  Point along(const Loss& loss, const Vector& x, const Vector& d, double t);
  Point search(const Loss& loss, const Vector& x, const Vector& d, const Point& start,
               double first);
  Vector direction(const Vector& gradient) const;
  void remember(Vector change, Vector gradient_change);

  std::vector<Tensor> parameters_;
  LbfgsOptions options_;
  std::vector<Pair> pairs_;  // oldest first
  double scale_ = 1;         // of the initial inverse Hessian: <s, y>/<y, y>
  Index total_ = 0;          // iterations since construction
  Index evaluations_ = 0;    // of the present call
};

}  // namespace ito::nn
