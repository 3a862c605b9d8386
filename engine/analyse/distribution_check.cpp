#include "engine/analyse/distribution_check.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "stats/distributions.hpp"

namespace liftmark {
namespace {

constexpr double kBurnInFactor = 3.0;      // MEASUREMENT "Burn-in"
constexpr double kSingleMeanFactor = 355;  // Kohavi et al. 2014, rule 7
constexpr double kLargestTailError = 0.0025;
constexpr double kFewestConversions = 20;
/// A variant's squared coefficient of variation this many times the control's: its tail itself has changed.
constexpr double kTailChanged = 2.0;
constexpr double kTwoSided = 1.959963984540054;  // normal quantile of 0.975

struct Arms {
  stats::CoMoments control, treatment;
};

/// Sum of (x - mean)^3 / n^3: an arm's share of the third cumulant of the difference of means.
double third_cumulant(const stats::CoMoments& arm) {
  const auto n = static_cast<double>(arm.n());
  return arm.third() / (n * n * n);
}

double tail_error(const Arms& arms) {
  const double variance = arms.control.variance() / static_cast<double>(arms.control.n()) +
                          arms.treatment.variance() / static_cast<double>(arms.treatment.n());
  if (!(variance > 0)) return 0.0;
  const double skewness =
      (third_cumulant(arms.treatment) - third_cumulant(arms.control)) / std::pow(variance, 1.5);
  return std::abs(skewness) * (2 * kTwoSided * kTwoSided + 1) * stats::normal_pdf(kTwoSided) / 6;
}

double relative_spread(const stats::CoMoments& arm) {
  return arm.variance() / (arm.mean() * arm.mean());
}

/// What the check says of one metric, over its comparisons.
struct Findings {
  std::string note;
  double skewness = 0.0, tail_error = 0.0;
  std::optional<double> smallest_units, fewest;
};

void look_at_binary(const Arms& arms, Findings& found) {
  for (const auto* arm : {&arms.control, &arms.treatment}) {
    const double successes = arm->sum();
    const double fewest = std::min(successes, static_cast<double>(arm->n()) - successes);
    found.fewest = std::min(found.fewest.value_or(fewest), fewest);
  }
  if (*found.fewest < kFewestConversions) found.note = "few_conversions";
}

void look_at_values(const Arms& arms, bool ratio, Findings& found) {
  auto both = arms.control;
  both.merge(arms.treatment);
  const auto smallest = static_cast<double>(std::min(arms.control.n(), arms.treatment.n()));
  double skewness = both.skewness();
  if (ratio && std::abs(both.skewness(1)) > std::abs(skewness)) skewness = both.skewness(1);
  const double error = tail_error(arms);
  if (std::abs(skewness) > std::abs(found.skewness)) found.skewness = skewness;
  found.tail_error = std::max(found.tail_error, error);
  found.smallest_units = std::min(found.smallest_units.value_or(smallest), smallest);
  if (smallest < kBurnInFactor * skewness * skewness || error > kLargestTailError) {
    found.note = "skewed_for_this_size";
    return;
  }
  if (!found.note.empty() || !(arms.control.mean() > 0) || !(arms.treatment.mean() > 0)) return;
  const double spread = relative_spread(arms.treatment) / relative_spread(arms.control);
  if (arms.control.variance() > 0 && (spread > kTailChanged || spread < 1 / kTailChanged))
    found.note = "tail_changed";
}

/// Moments made of a mean and a variance say nothing of the tail.
bool has_third_moment(const stats::CoMoments& arm) {
  return arm.third() != 0.0 || arm.variance() == 0.0;
}

class Looker {
 public:
  explicit Looker(const CheckInput& input) : input_(input) {}

  Check run() {
    for (std::size_t i = 0; i < input_.tasks.size(); ++i) look(input_.tasks[i], input_.results[i]);
    if (worst_ != nullptr) {
      std::vector<NamedNumber> first{{"skewness", worst_skewness_},
                                     {"units_needed", needed(worst_skewness_)}};
      double top = 0.0;
      for (const MetricArm& arm : worst_->arms) top = std::max(top, arm.distribution.top_share.value_or(0.0));
      if (top > 0.0) first.push_back({"top_share", top});
      check_.numbers.insert(check_.numbers.begin(), first.begin(), first.end());
    }
    return std::move(check_);
  }

 private:
  static double needed(double skewness) { return std::ceil(kSingleMeanFactor * skewness * skewness); }

  void look(const MetricTask& task, const MetricResult& result) {
    Findings found;
    bool looked = false;
    for (const auto pair : input_.pairs) {
      const Arms arms{pooled(task.data.cells, pair.control, task.data.layout.dimension()),
                      pooled(task.data.cells, pair.treatment, task.data.layout.dimension())};
      if (arms.control.n() < 2 || arms.treatment.n() < 2) continue;
      if (task.data.layout.binary)
        look_at_binary(arms, found);
      else if (has_third_moment(arms.control) && has_third_moment(arms.treatment))
        look_at_values(arms, task.data.layout.ratio, found);
      else
        continue;
      looked = true;
    }
    if (!looked) {
      if (check_.status == "not_run") check_.note = "no_unit_values";
      return;
    }
    tell(result, found);
  }

  void tell(const MetricResult& result, const Findings& found) {
    if (check_.status == "not_run") {
      check_.status = "passed";
      check_.note.clear();
    }
    if (found.fewest) check_.numbers.push_back({"fewest_" + result.key, found.fewest});
    if (found.smallest_units) {
      check_.numbers.push_back({"skewness_" + result.key, found.skewness});
      check_.numbers.push_back({"units_needed_" + result.key, needed(found.skewness)});
      check_.numbers.push_back({"tail_error_" + result.key, found.tail_error});
      if (worst_ == nullptr || std::abs(found.skewness) > std::abs(worst_skewness_)) {
        worst_ = &result;
        worst_skewness_ = found.skewness;
      }
    }
    if (found.note.empty()) return;
    check_.status = "watched";
    if (check_.note != "skewed_for_this_size") check_.note = found.note;
    check_.places.push_back({.dimension = result.key, .group = found.note, .p_value = std::nullopt});
  }

  const CheckInput& input_;
  Check check_{.kind = "distribution", .status = "not_run"};
  const MetricResult* worst_ = nullptr;
  double worst_skewness_ = 0.0;
};

}  // namespace

Check check_distribution(const CheckInput& input) {
  return Looker(input).run();
}

}  // namespace liftmark
