#include "stats/credibility.hpp"

#include <cmath>
#include <cstddef>

namespace liftmark::stats {
namespace {

/// Per parent: how many groups with data, their size, the sum of their squared sizes, the sum of values.
struct Family {
  double groups = 0, n = 0, sizes = 0, sum = 0;
};

/// k of the weights n / (n + k); nothing when the groups do not differ.
double variance_ratio(std::span<const GroupSums> groups, std::size_t parents) {
  std::vector<Family> families(parents);
  double within = 0.0, freedom = 0.0;
  for (const GroupSums& group : groups) {
    if (!(group.n > 0)) continue;
    Family& family = families[group.parent];
    family.groups += 1;
    family.n += group.n;
    family.sizes += group.n * group.n;
    family.sum += group.sum;
    within += group.squares - group.sum * group.sum / group.n;
    freedom += group.n - 1;
  }
  if (!(freedom > 0)) return INFINITY;
  within /= freedom;
  double between = 0.0, scale = 0.0;
  for (const GroupSums& group : groups) {
    if (!(group.n > 0)) continue;
    const Family& family = families[group.parent];
    const double distance = group.sum / group.n - family.sum / family.n;
    between += group.n * distance * distance;
  }
  for (const Family& family : families) {
    if (!(family.groups > 1)) continue;
    between -= (family.groups - 1) * within;
    scale += family.n - family.sizes / family.n;
  }
  if (!(scale > 0) || !(between > 0)) return INFINITY;
  return within / (between / scale);
}

}  // namespace

std::vector<double> credibility_means(std::span<const GroupSums> groups,
                                      std::span<const double> parent_means) {
  const double k = variance_ratio(groups, parent_means.size());
  std::vector<double> means;
  means.reserve(groups.size());
  for (const GroupSums& group : groups) {
    const double parent = parent_means[group.parent];
    means.push_back(std::isinf(k) || !(group.n > 0) ? parent : (group.sum + k * parent) / (group.n + k));
  }
  return means;
}

}  // namespace liftmark::stats
