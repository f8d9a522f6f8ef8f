// NormalMixture1d: a mixture of normals on the line, with everything exact metrics need.
#pragma once

#include <vector>

namespace ito::diffusion {

class NormalMixture1d {
 public:
  // Weights positive (normalised here), stds positive.
  NormalMixture1d(std::vector<double> weights, std::vector<double> means, std::vector<double> stds);

  const std::vector<double>& weights() const { return weights_; }
  const std::vector<double>& means() const { return means_; }
  const std::vector<double>& stds() const { return stds_; }

  double pdf(double u) const;
  double cdf(double u) const;
  double survival(double u) const;  // 1 - cdf, exact in the upper tail
  double quantile(double p) const;  // infinite at p = 0 and p = 1

  double integral_of_cdf(double u) const;       // of F from -inf to u
  double integral_of_survival(double u) const;  // of 1 - F from u to inf

  // An interval outside of which no mode has more than a mass of about 1e-23.
  double lower() const;
  double upper() const;

 private:
  std::vector<double> weights_;
  std::vector<double> means_;
  std::vector<double> stds_;
};

}  // namespace ito::diffusion
