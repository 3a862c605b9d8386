#pragma once
// Means of small groups, each drawn towards its parent group's mean as far as its own data are thin.

#include <cstdint>
#include <span>
#include <vector>

namespace liftmark::stats {

/// Sufficient statistics of one group's values.
struct GroupSums {
  double n = 0;
  double sum = 0;
  double squares = 0;  ///< sum of squared values
  std::uint32_t parent = 0;
};

/// The groups' means shrunk to `parent_means[parent]`: (sum + k parent) / (n + k), with k = variance within
/// groups / variance between the groups of one parent, estimated from these groups by the method of moments.
/// When the groups of a parent differ no more than chance would make them, every mean is the parent's; so is
/// that of an empty group. Source: Buehlmann and Straub 1970, Mitt. Ver. Schweiz. Versich.-Math. 70, 111-133;
/// the estimators as in Buehlmann and Gisler 2005, A Course in Credibility Theory, section 4.8.
std::vector<double> credibility_means(std::span<const GroupSums> groups,
                                      std::span<const double> parent_means);

}  // namespace liftmark::stats
