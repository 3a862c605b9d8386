#pragma once
// Exact always-valid inference for rare counts in two arms: which arm did each converter come from?

#include <span>

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// Converters of one epoch by arm. `treatment_share`: the treatment's part of the two compared arms' traffic,
/// in (0, 1).
struct ConverterCounts {
  double control = 0;
  double treatment = 0;
  double treatment_share = 0.5;
};

/// Relative lift of the conversion rate, treatment / control - 1, valid at every look and for any counts.
///
/// A converter's label is Bernoulli(pi r / (pi r + 1 - pi)) when the rates' ratio is r; the
/// Dirichlet-multinomial test of every such r is exact (log Bayes factors added over epochs), and the r that
/// no look's test rejects at 1/alpha form the interval. No normal approximation and no burn-in. p-value: 1 /
/// Bayes factor at r = 1. No converters: `too_few_units`. None in the control: no upper end and no point.
/// Source: Lindon and Malek 2022 (arXiv 2011.03567).
Estimate count_ratio_sequence(std::span<const ConverterCounts> epochs, double alpha,
                              double concentration = 100);

}  // namespace liftmark::stats
