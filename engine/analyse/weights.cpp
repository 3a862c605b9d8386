#include <algorithm>

#include "engine/analyse/log_parts.hpp"
#include "engine/analyse/sections.hpp"

namespace liftmark {
namespace {

constexpr double kFactors[] = {0.5, 1.0, 2.0};
constexpr std::size_t kMostTerms = 6;  // 3^6 combinations; beyond, one weight at a time

Sensitivity row(const MetricTask& task, const Statistics& statistics, ArmPair pair,
                const std::vector<double>& factors) {
  std::vector<double> weights;
  for (std::size_t i = 0; i < factors.size(); ++i)
    weights.push_back(task.metric.terms[i].weight * factors[i]);
  std::vector<Cell> cells;
  for (const auto& cell : task.data.terms) {
    cells.push_back({.epoch = cell.epoch, .arm = cell.arm});
    if (cell.history.n() > 0) cells.back().history = cell.history.combine(weights);
  }
  return {.arm = statistics.arms[pair.treatment].key,
          .against = statistics.arms[pair.control].key,
          .kind = "term_weight",
          .parameter = std::nullopt,
          .relative = lift_of(task, cells, pair)};
}

/// The next combination of factors; false after the last.
bool next(std::vector<std::size_t>& places) {
  for (auto& place : places) {
    if (++place < std::size(kFactors)) return true;
    place = 0;
  }
  return false;
}

}  // namespace

std::vector<Sensitivity> weight_sensitivities(const MetricTask& task, const Statistics& statistics,
                                              ArmPair pair) {
  std::vector<Sensitivity> rows;
  if (task.data.terms.empty()) return rows;
  const std::size_t terms = task.metric.terms.size();
  std::optional<Sensitivity> lowest, highest;
  const auto consider = [&](const Sensitivity& one) {
    if (!one.relative.estimate) return;
    if (!lowest || *one.relative.estimate < *lowest->relative.estimate) lowest = one;
    if (!highest || *one.relative.estimate > *highest->relative.estimate) highest = one;
  };
  for (std::size_t i = 0; i < terms; ++i)
    for (const double factor : {0.5, 2.0}) {
      std::vector<double> factors(terms, 1.0);
      factors[i] = factor;
      rows.push_back(row(task, statistics, pair, factors));
      rows.back().parameter = factor;
      rows.back().detail = task.metric.terms[i].metric;
      consider(rows.back());
    }
  std::vector<std::size_t> places(terms, 0);
  do {
    if (terms > kMostTerms) break;
    std::vector<double> factors;
    for (const auto place : places) factors.push_back(kFactors[place]);
    consider(row(task, statistics, pair, factors));
  } while (next(places));
  for (auto* one : {&lowest, &highest}) {
    if (!*one) continue;
    (*one)->kind = one == &lowest ? "weights_lowest" : "weights_highest";
    (*one)->parameter = 2.0;
    (*one)->detail.clear();
    rows.push_back(**one);
  }
  return rows;
}

}  // namespace liftmark
