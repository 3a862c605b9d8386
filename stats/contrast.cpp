#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "stats/lift.hpp"
#include "stats/symmetric_solve.hpp"

namespace liftmark::stats {
namespace {

/// A stratum that both arms are in, with its units together and its share of all units used.
struct UsedStratum {
  const CoMoments* control;
  const CoMoments* treatment;
  CoMoments pooled;
  double weight;
  bool history;
};

/// All used units of one epoch, with and without history: what there is to compare without covariates.
struct Epoch {
  std::size_t number;
  CoMoments control;
  CoMoments treatment;
  double weight;
};

/// Which of the three sets of units a computation looks at.
enum class Group { control, treatment, pooled };

const CoMoments& moments(const UsedStratum& stratum, Group group) {
  if (group == Group::control) return *stratum.control;
  return group == Group::treatment ? *stratum.treatment : stratum.pooled;
}

/// The value of a group and the weights on its columns that make the linearised unit value, without
/// covariates.
struct Linearised {
  double value = 0.0;
  double on_numerator = 1.0;
  double on_denominator = 0.0;  // used only by ratios
};

class Builder {
 public:
  Builder(std::span<const Stratum> strata, const UnitValues& values) : values_(values) {
    const std::size_t dimension = first_covariate() + values.covariates;
    for (const Stratum& stratum : strata) {
      if (stratum.control.dimension() != dimension || stratum.treatment.dimension() != dimension)
        throw std::logic_error("contrast: columns do not fit the layout");
      add(stratum);
    }
    for (UsedStratum& stratum : used_) stratum.weight /= units_;
    for (Epoch& epoch : epochs_) epoch.weight /= units_;
  }

  Contrast build() {
    if (used_.empty()) {
      result_.reason = Reason::too_few_units;
      return result_;
    }
    const auto control = linearise(Group::control);
    const auto treatment = linearise(Group::treatment);
    const auto pooled = linearise(Group::pooled);
    if (!control || !treatment || !pooled) {
      result_.reason = Reason::zero_denominator;
      return result_;
    }
    result_.slope = slope(*control, *treatment, *pooled);
    result_.pooled_value = pooled->value;
    result_.control = arm(Group::control, *control);
    result_.treatment = arm(Group::treatment, *treatment);
    const auto [on_control, on_treatment] = pooled_variances(*pooled);
    describe_unadjusted(Group::control, result_.control);
    describe_unadjusted(Group::treatment, result_.treatment);
    result_.control.pooled_variance = on_control;
    result_.treatment.pooled_variance = on_treatment;
    result_.difference = difference(treatment->value - control->value);
    const double before = result_.control.unadjusted_variance + result_.treatment.unadjusted_variance;
    const double after = result_.control.variance + result_.treatment.variance;
    if (values_.covariates > 0 && before > 0.0) result_.variance_reduction = 1.0 - after / before;
    result_.skewness = skewness();
    return result_;
  }

 private:
  std::size_t first_covariate() const { return values_.ratio ? 2 : 1; }
  bool exact_binary() const { return values_.binary && values_.covariates == 0 && !values_.ratio; }

  void add(const Stratum& stratum) {
    const std::int64_t n = stratum.control.n() + stratum.treatment.n();
    if (stratum.control.n() < 2 || stratum.treatment.n() < 2) {
      if (n > 0) ++result_.strata_left_out;
      result_.units_left_out += n;
      return;
    }
    UsedStratum used{&stratum.control, &stratum.treatment, stratum.control, static_cast<double>(n),
                     stratum.history};
    used.pooled.merge(stratum.treatment);
    units_ += static_cast<double>(n);
    used_.push_back(std::move(used));
    add_to_epoch(stratum, static_cast<double>(n));
  }

  void add_to_epoch(const Stratum& stratum, double n) {
    const auto epoch = std::find_if(epochs_.begin(), epochs_.end(),
                                    [&](const Epoch& other) { return other.number == stratum.epoch; });
    if (epoch == epochs_.end()) {
      epochs_.push_back({stratum.epoch, stratum.control, stratum.treatment, n});
      return;
    }
    epoch->control.merge(stratum.control);
    epoch->treatment.merge(stratum.treatment);
    epoch->weight += n;
  }

  double weighted_mean(Group group, std::size_t column) const {
    double sum = 0.0;
    for (const UsedStratum& stratum : used_) sum += stratum.weight * moments(stratum, group).mean(column);
    return sum;
  }

  std::optional<Linearised> linearise(Group group) const {
    if (!values_.ratio) return Linearised{weighted_mean(group, 0), 1.0, 0.0};
    const double denominator = weighted_mean(group, 1);
    if (!(std::abs(denominator) > 0.0)) return std::nullopt;
    const double value = weighted_mean(group, 0) / denominator;
    return Linearised{value, 1.0 / denominator, -value / denominator};
  }

  /// Cov(linearised value, covariate) of one cell, as a sum of products.
  double comoment_with(const CoMoments& cell, const Linearised& line, std::size_t covariate) const {
    double sum = line.on_numerator * cell.comoment(0, covariate);
    if (values_.ratio) sum += line.on_denominator * cell.comoment(1, covariate);
    return sum;
  }

  /// Adds scale x covariances of one cell to the normal equations of the slope.
  void accumulate(const CoMoments& cell, const Linearised& line, double scale, std::vector<double>& w,
                  std::vector<double>& c) const {
    const std::size_t k = values_.covariates;
    const std::size_t first = first_covariate();
    for (std::size_t i = 0; i < k; ++i) {
      c[i] += scale * comoment_with(cell, line, first + i);
      for (std::size_t j = 0; j < k; ++j) w[i * k + j] += scale * cell.comoment(first + i, first + j);
    }
  }

  std::vector<double> slope(const Linearised& control, const Linearised& treatment,
                            const Linearised& pooled) const {
    const std::size_t k = values_.covariates;
    std::vector<double> w(k * k, 0.0);
    std::vector<double> c(k, 0.0);
    for (const UsedStratum& stratum : used_) {
      if (!stratum.history) continue;
      if (values_.slope == SlopeRule::pooled) {
        accumulate(stratum.pooled, pooled, 1.0, w, c);
        continue;
      }
      for (const Group group : {Group::control, Group::treatment}) {
        const CoMoments& cell = moments(stratum, group);
        const double n = static_cast<double>(cell.n());
        // Weight of this cell's variance in that of the difference: least variance over all strata.
        const double scale = stratum.weight * stratum.weight / (n * (n - 1.0));
        accumulate(cell, group == Group::control ? control : treatment, scale, w, c);
      }
    }
    const std::vector<double> inverse = inverse_dropping_dependent(w, k);
    std::vector<double> theta(k, 0.0);
    for (std::size_t i = 0; i < k; ++i)
      for (std::size_t j = 0; j < k; ++j) theta[i] += inverse[i * k + j] * c[j];
    return theta;
  }

  /// Unit variance of the linearised value less slope x covariates.
  double unit_variance(const CoMoments& cell, const Linearised& line, bool adjusted) const {
    const std::size_t first = first_covariate();
    const std::size_t columns = adjusted ? cell.dimension() : first;
    const auto weight = [&](std::size_t i) {
      if (i == 0) return line.on_numerator;
      return i < first ? line.on_denominator : -result_.slope[i - first];
    };
    double sum = 0.0;
    for (std::size_t i = 0; i < columns; ++i) {
      sum += weight(i) * weight(i) * cell.comoment(i, i);
      for (std::size_t j = i + 1; j < columns; ++j) sum += 2.0 * weight(i) * weight(j) * cell.comoment(i, j);
    }
    const double n = static_cast<double>(cell.n());
    return std::max(0.0, sum / (exact_binary() ? n : n - 1.0));
  }

  /// theta (mean(X in arm) - mean(X pooled)) within one stratum.
  double shift(const UsedStratum& stratum, Group group) const {
    if (!stratum.history) return 0.0;
    double sum = 0.0;
    for (std::size_t i = 0; i < result_.slope.size(); ++i)
      sum += result_.slope[i] * moments(stratum, group).mean_minus(stratum.pooled, first_covariate() + i);
    return sum;
  }

  ArmEstimate arm(Group group, const Linearised& line) const {
    ArmEstimate estimate;
    estimate.value = line.value;
    for (const UsedStratum& stratum : used_) {
      const CoMoments& cell = moments(stratum, group);
      const double n = static_cast<double>(cell.n());
      const double scale = stratum.weight * stratum.weight / n;
      const double part = scale * unit_variance(cell, line, stratum.history);
      estimate.n += cell.n();
      estimate.value -= stratum.weight * shift(stratum, group);
      estimate.variance += part;
      estimate.satterthwaite += part * part / (n - 1.0);
    }
    return estimate;
  }

  /// The value as if no covariate were known: means of whole epochs, weighted by their share of all units.
  void describe_unadjusted(Group group, ArmEstimate& estimate) const {
    Linearised line;
    double denominator = 0.0;
    for (const Epoch& epoch : epochs_) {
      const CoMoments& cell = group == Group::control ? epoch.control : epoch.treatment;
      line.value += epoch.weight * cell.mean(0);
      if (values_.ratio) denominator += epoch.weight * cell.mean(1);
    }
    if (values_.ratio && !(std::abs(denominator) > 0.0)) {
      estimate.unadjusted = estimate.value;  // only the strata make it a ratio at all
      estimate.unadjusted_variance = estimate.variance;
      return;
    }
    if (values_.ratio) {
      line.value /= denominator;
      line.on_numerator = 1.0 / denominator;
      line.on_denominator = -line.value / denominator;
    }
    estimate.unadjusted = line.value;
    for (const Epoch& epoch : epochs_) {
      const CoMoments& cell = group == Group::control ? epoch.control : epoch.treatment;
      estimate.unadjusted_variance +=
          epoch.weight * epoch.weight * unit_variance(cell, line, false) / static_cast<double>(cell.n());
    }
  }

  /// Variance of each arm's value if the units of both arms were one population.
  std::pair<double, double> pooled_variances(const Linearised& line) const {
    double control = 0.0;
    double treatment = 0.0;
    for (const UsedStratum& stratum : used_) {
      const double part =
          stratum.weight * stratum.weight * unit_variance(stratum.pooled, line, stratum.history);
      control += part / static_cast<double>(stratum.control->n());
      treatment += part / static_cast<double>(stratum.treatment->n());
    }
    return {control, treatment};
  }

  /// Of a ratio: its stratified difference less what the covariates explain of it.
  double difference(double of_ratios) const {
    double sum = values_.ratio ? of_ratios : 0.0;
    for (const UsedStratum& stratum : used_) {
      if (!values_.ratio) sum += stratum.weight * stratum.treatment->mean_minus(*stratum.control);
      sum -= stratum.weight * (shift(stratum, Group::treatment) - shift(stratum, Group::control));
    }
    return sum;
  }

  double skewness() const {
    CoMoments all = used_.front().pooled;
    for (std::size_t i = 1; i < used_.size(); ++i) all.merge(used_[i].pooled);
    const double numerator = all.skewness(0);
    if (!values_.ratio) return numerator;
    const double denominator = all.skewness(1);
    return std::abs(denominator) > std::abs(numerator) ? denominator : numerator;
  }

  UnitValues values_;
  std::vector<UsedStratum> used_;
  std::vector<Epoch> epochs_;
  double units_ = 0.0;
  Contrast result_;
};

}  // namespace

Contrast contrast(std::span<const Stratum> strata, const UnitValues& values) {
  return Builder(strata, values).build();
}

}  // namespace liftmark::stats
