#include "engine/analyse/calibration.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "stats/random_stream.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kPairs = kMostValues * (kMostValues + 1) / 2;

/// Sums of values less their overall mean, so that co-moments lose no digits.
struct CellSums {
  std::int64_t n = 0;
  std::array<double, kMostValues> first{}, third{};
  std::array<double, kPairs> second{};

  void add(const CellSums& other) {
    n += other.n;
    for (std::size_t i = 0; i < kMostValues; ++i) first[i] += other.first[i], third[i] += other.third[i];
    for (std::size_t i = 0; i < kPairs; ++i) second[i] += other.second[i];
  }
};

/// One metric, ready to be dealt: rows that are not all zero, the others only counted.
struct DealtMetric {
  std::string key;
  ValueLayout layout;
  std::array<double, kMostValues> centre{};
  std::vector<std::uint32_t> place;  ///< by unit: day * 2 + stratum; kAbsent: not measured
  struct Row {
    std::uint32_t member = 0;
    std::array<double, kMostValues> value{};  ///< less the centre
  };
  std::vector<Row> rows;
  static constexpr std::uint32_t kAbsent = UINT32_MAX;
};

DealtMetric prepare(const MetricUnits& metric, const PlaceboHistory& history) {
  DealtMetric dealt{.key = metric.metric, .layout = metric.layout, .centre = {}, .place = {}, .rows = {}};
  const std::size_t dimension = metric.layout.dimension();
  dealt.place.assign(history.day.size(), DealtMetric::kAbsent);
  std::array<double, kMostValues> sums{};
  for (const WaitingUnit& unit : metric.units)
    for (std::size_t i = 0; i < dimension; ++i)
      sums[i] += static_cast<double>(unit.values[i]) / metric.per_one[i];
  for (std::size_t i = 0; i < dimension; ++i)
    dealt.centre[i] = metric.units.empty() ? 0.0 : sums[i] / static_cast<double>(metric.units.size());
  for (const WaitingUnit& unit : metric.units) {
    const bool history_known = unit.history || metric.layout.covariates == 0;
    dealt.place[unit.member] = history.day[unit.member] * 2u + (history_known ? 0u : 1u);
    if (std::all_of(unit.values.begin(), unit.values.begin() + static_cast<std::ptrdiff_t>(dimension),
                    [](std::int64_t value) { return value == 0; }))
      continue;
    DealtMetric::Row row{.member = unit.member, .value = {}};
    for (std::size_t i = 0; i < dimension; ++i)
      row.value[i] = static_cast<double>(unit.values[i]) / metric.per_one[i] - dealt.centre[i];
    dealt.rows.push_back(row);
  }
  // The pass meets units slice by slice; sums of doubles want one order.
  std::sort(dealt.rows.begin(), dealt.rows.end(),
            [](const auto& a, const auto& b) { return a.member < b.member; });
  return dealt;
}

stats::CoMoments moments_of(const CellSums& sums, const DealtMetric& metric) {
  const std::size_t dimension = metric.layout.dimension();
  if (sums.n == 0) return stats::CoMoments(dimension);
  const auto n = static_cast<double>(sums.n);
  std::vector<double> means, comoments, third;
  std::size_t pair = 0;
  for (std::size_t i = 0; i < dimension; ++i) {
    const double mean = sums.first[i] / n;
    means.push_back(metric.centre[i] + mean);
    for (std::size_t j = i; j < dimension; ++j, ++pair)
      comoments.push_back(sums.second[pair] - mean * sums.first[j]);
    const double squares = sums.second[pair - (dimension - i)];
    third.push_back(sums.third[i] - 3 * mean * squares - n * mean * mean * mean);
    comoments[pair - (dimension - i)] = std::max(0.0, comoments[pair - (dimension - i)]);
  }
  return stats::CoMoments::from_central(sums.n, std::move(means), std::move(comoments), std::move(third));
}

/// One thread's table: deals, sums, analyses.
class Dealer {
 public:
  Dealer(const PlaceboHistory& history, const Analysis& analysis, const assign::Experiment& experiment,
         std::vector<CalibrationRow> rows)
      : history_(history), analysis_(analysis), rows_(std::move(rows)), arm_(history.day.size()) {
    double total = 0.0;
    for (const assign::Arm& arm : experiment.arms) total += arm.weight;
    double reached = 0.0;
    for (const assign::Arm& arm : experiment.arms) {
      reached += arm.weight / total;
      bounds_.push_back(reached);
      shares_.push_back(arm.weight / total);
      base_.arms.push_back({.key = arm.key, .control = arm.role == assign::Role::control});
    }
    bounds_.back() = 2.0;
    base_.experiment = experiment.key;
    base_.expected_shares[1] = shares_;
    base_.first_exposure = history.from;
    base_.last_exposure = history.to - 1;
    base_.as_of = history.end;
    daily_ = analysis.plan.method == Method::always_valid;
  }

  void play(const std::vector<DealtMetric>& metrics, std::uint64_t seed, std::uint64_t round) {
    stats::RandomStream random(seed, round);
    Statistics statistics = base_;
    statistics.units_by_day.assign(history_.days, std::vector<std::int64_t>(bounds_.size(), 0));
    for (std::size_t member = 0; member < arm_.size(); ++member) {
      const double draw = random.uniform();
      std::uint8_t arm = 0;
      while (draw >= bounds_[arm]) ++arm;
      arm_[member] = arm;
      ++statistics.arms[arm].units;
      ++statistics.units_by_day[history_.day[member]][arm];
    }
    for (auto& arm : statistics.arms) arm.units_by_epoch[1] = arm.units;
    for (const DealtMetric& metric : metrics) statistics.metrics.push_back(sum(metric));
    note(analyse(statistics, analysis_));
  }

  const std::vector<CalibrationRow>& rows() const { return rows_; }

 private:
  MetricStatistics sum(const DealtMetric& metric) {
    const std::size_t arms = bounds_.size(), width = history_.days * 2, dimension = metric.layout.dimension();
    cells_.assign(arms * width, {});
    for (std::size_t member = 0; member < arm_.size(); ++member)
      if (metric.place[member] != DealtMetric::kAbsent)
        ++cells_[arm_[member] * width + metric.place[member]].n;
    filled_.assign(cells_.size(), 0);
    for (const DealtMetric::Row& row : metric.rows) {
      const std::size_t place = arm_[row.member] * width + metric.place[row.member];
      add(row.value, dimension, cells_[place]);
      ++filled_[place];
    }
    for (std::size_t place = 0; place < cells_.size(); ++place)
      add_zeros(metric, static_cast<double>(cells_[place].n - filled_[place]), cells_[place]);
    return statistics_of(metric);
  }

  static void add(const std::array<double, kMostValues>& value, std::size_t dimension, CellSums& to) {
    std::size_t pair = 0;
    for (std::size_t i = 0; i < dimension; ++i) {
      to.first[i] += value[i];
      to.third[i] += value[i] * value[i] * value[i];
      for (std::size_t j = i; j < dimension; ++j) to.second[pair++] += value[i] * value[j];
    }
  }

  static void add_zeros(const DealtMetric& metric, double count, CellSums& to) {
    const std::size_t dimension = metric.layout.dimension();
    std::size_t pair = 0;
    for (std::size_t i = 0; i < dimension; ++i) {
      const double c = metric.centre[i];
      to.first[i] -= count * c;
      to.third[i] -= count * c * c * c;
      for (std::size_t j = i; j < dimension; ++j) to.second[pair++] += count * c * metric.centre[j];
    }
  }

  MetricStatistics statistics_of(const DealtMetric& metric) const {
    const std::size_t arms = bounds_.size(), width = history_.days * 2;
    MetricStatistics result;
    result.metric = metric.key;
    result.layout = metric.layout;
    result.immature_units.assign(arms, 0);
    std::vector<std::array<CellSums, 2>> total(arms);
    for (std::size_t day = 0; day < history_.days; ++day) {
      std::vector<Cell> cells;
      for (std::size_t arm = 0; arm < arms; ++arm) {
        const CellSums* sums = &cells_[arm * width + day * 2];
        for (std::size_t stratum = 0; stratum < 2; ++stratum) total[arm][stratum].add(sums[stratum]);
        if (daily_) cells.push_back(cell(metric, arm, sums));
      }
      if (daily_) result.by_day.push_back({static_cast<int>(day) + 1, std::move(cells)});
    }
    for (std::size_t arm = 0; arm < arms; ++arm) result.cells.push_back(cell(metric, arm, total[arm].data()));
    return result;
  }

  static Cell cell(const DealtMetric& metric, std::size_t arm, const CellSums* sums) {
    return {.epoch = 1,
            .arm = arm,
            .history = moments_of(sums[0], metric),
            .no_history = moments_of(sums[1], metric)};
  }

  void note(const Scorecard& card) {
    for (const MetricResult& metric : card.metrics) {
      for (const Comparison& comparison : metric.comparisons) {
        const auto row = std::find_if(rows_.begin(), rows_.end(), [&](const CalibrationRow& one) {
          return one.metric == metric.key && one.arm == comparison.arm && one.against == comparison.against;
        });
        if (row == rows_.end()) continue;
        ++row->rounds;
        const auto lacks_zero = [](const Figure& figure) {
          return (figure.lower && *figure.lower > 0) || (figure.upper && *figure.upper < 0);
        };
        if (!comparison.relative.lower && !comparison.relative.upper) ++row->no_interval;
        row->missed_zero += lacks_zero(comparison.relative);
        row->missed_absolute += lacks_zero(comparison.absolute);
        row->found +=
            metric.role == "guardrail" ? comparison.reading == "Breached" : lacks_zero(comparison.relative);
        for (const Timeline& line : metric.timelines)
          if (row->found_ever && line.kind == "cumulative" && line.arm == comparison.arm &&
              line.against == comparison.against)
            *row->found_ever += line.first_clear_day.has_value();
      }
    }
  }

  const PlaceboHistory& history_;
  const Analysis& analysis_;
  std::vector<CalibrationRow> rows_;
  std::vector<std::uint8_t> arm_;
  std::vector<double> bounds_, shares_;
  std::vector<CellSums> cells_;
  std::vector<std::int64_t> filled_;
  Statistics base_;
  bool daily_ = false;
};

/// Empty rows of every comparison, from one deal's scorecard.
std::vector<CalibrationRow> empty_rows(const Scorecard& card, const Plan& plan, std::size_t variants) {
  std::vector<CalibrationRow> rows;
  for (const MetricResult& metric : card.metrics)
    for (const Comparison& comparison : metric.comparisons) {
      CalibrationRow row{
          .metric = metric.key, .role = metric.role, .arm = comparison.arm, .against = comparison.against};
      const auto guardrails = static_cast<double>(std::max<std::size_t>(plan.guardrails.size(), 1));
      row.nominal = metric.role == "guardrail"
                        ? plan.harm_alpha / (guardrails * static_cast<double>(variants))
                        : comparison.alpha.value_or(plan.alpha);
      if (plan.method == Method::always_valid && metric.role != "guardrail") row.found_ever = 0;
      rows.push_back(std::move(row));
    }
  return rows;
}

void merge(const std::vector<CalibrationRow>& from, std::vector<CalibrationRow>& to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i].rounds += from[i].rounds;
    to[i].no_interval += from[i].no_interval;
    to[i].found += from[i].found;
    to[i].missed_zero += from[i].missed_zero;
    to[i].missed_absolute += from[i].missed_absolute;
    if (to[i].found_ever) *to[i].found_ever += from[i].found_ever.value_or(0);
  }
}

/// A scorecard without a single unit: which comparisons the plan makes.
Scorecard skeleton(const std::vector<DealtMetric>& metrics, const Analysis& analysis,
                   const assign::Experiment& experiment) {
  Statistics statistics;
  statistics.experiment = experiment.key;
  for (const assign::Arm& arm : experiment.arms)
    statistics.arms.push_back({.key = arm.key, .control = arm.role == assign::Role::control});
  for (const DealtMetric& metric : metrics) {
    MetricStatistics one;
    one.metric = metric.key;
    one.layout = metric.layout;
    one.immature_units.assign(statistics.arms.size(), 0);
    const stats::CoMoments none(metric.layout.dimension());
    for (std::size_t arm = 0; arm < statistics.arms.size(); ++arm)
      one.cells.push_back({.epoch = 1, .arm = arm, .history = none, .no_history = none});
    statistics.metrics.push_back(std::move(one));
  }
  return analyse(statistics, analysis);
}

}  // namespace

MonteCarloShare monte_carlo_share(std::int64_t count, std::int64_t rounds) noexcept {
  if (rounds <= 0) return {};
  const double share = static_cast<double>(count) / static_cast<double>(rounds);
  return {share, std::sqrt(share * (1 - share) / static_cast<double>(rounds))};
}

std::vector<CalibrationRow> calibrate(const PlaceboHistory& history, const Analysis& analysis,
                                      const assign::Experiment& experiment,
                                      const CalibrationOptions& options) {
  if (experiment.arms.size() < 2 || experiment.arms.size() > 250)
    throw std::logic_error("calibrate: 2 to 250 arms");
  Analysis plain = analysis;
  plain.plan.segments.clear();
  std::vector<DealtMetric> metrics;
  for (const MetricUnits& metric : history.metrics) metrics.push_back(prepare(metric, history));
  const auto controls = static_cast<std::size_t>(
      std::count_if(experiment.arms.begin(), experiment.arms.end(),
                    [](const assign::Arm& arm) { return arm.role == assign::Role::control; }));
  auto rows = empty_rows(skeleton(metrics, plain, experiment), plain.plan,
                         std::max<std::size_t>(experiment.arms.size() - controls, 1));
  const unsigned cores =
      options.threads > 0 ? static_cast<unsigned>(options.threads) : std::thread::hardware_concurrency();
  const auto threads = static_cast<std::size_t>(std::clamp(cores, 1u, 64u));
  std::vector<Dealer> dealers(threads, Dealer(history, plain, experiment, rows));
  std::atomic<int> next{0}, done{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto work = [&](Dealer& dealer, bool shows) {
    try {
      for (int round = next++; round < options.rounds; round = next++) {
        dealer.play(metrics, options.seed, static_cast<std::uint64_t>(round));
        ++done;
        if (shows && options.progress) options.progress(done);
      }
    } catch (...) {
      const std::lock_guard guard(failure_mutex);
      if (!failure) failure = std::current_exception();
      next = options.rounds;
    }
  };
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work, std::ref(dealers[i]), false);
  work(dealers[0], true);
  for (std::thread& thread : others) thread.join();
  if (failure) std::rethrow_exception(failure);
  for (const Dealer& dealer : dealers) merge(dealer.rows(), rows);
  return rows;
}

}  // namespace liftmark
