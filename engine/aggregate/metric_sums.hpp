#pragma once
// What is kept of one metric during the pass: exact sums by day of first exposure, epoch, arm, stratum and
// segment. One per thread; merging them in any order gives the same integers.

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/aggregate/exact_sums.hpp"
#include "engine/aggregate/needs.hpp"
#include "engine/aggregate/population.hpp"
#include "engine/aggregate/texts.hpp"
#include "engine/aggregate/top_units.hpp"

namespace liftmark {

inline constexpr std::size_t kMostValues = 4;  ///< numerator, denominator, and the covariate's two
using UnitValues = std::array<std::int64_t, kMostValues>;

/// One unit's values; kept while they wait for the cap's threshold, or for who asks for them unit by unit.
struct WaitingUnit {
  std::uint32_t member = 0;
  bool history = false;
  UnitValues values{};
};

/// Values of many units, to be sorted at the end. Small positive ones, as counts are, are only counted.
class ValueTally {
 public:
  void add(std::int64_t value) {
    if (value > 0 && value < kSmall)
      ++small_[static_cast<std::size_t>(value)];
    else
      large_.push_back(value);
  }
  void merge(const ValueTally& other);
  /// Takes out values that were added.
  void subtract(const ValueTally& other);
  struct Counted {
    std::int64_t value = 0, units = 0;
  };
  /// Each value once, ascending.
  std::vector<Counted> counted() const;
  std::size_t bytes() const noexcept { return large_.size() * sizeof(std::int64_t); }

 private:
  static constexpr std::int64_t kSmall = 1024;
  std::vector<std::uint32_t> small_ = std::vector<std::uint32_t>(kSmall, 0);  // how often, by value
  std::vector<std::int64_t> large_;
};

class MetricSums {
 public:
  MetricSums(const MetricNeeds& needs, const Population& population);

  /// A mature unit. `member` is its index in the population; `history`: something is known from before.
  void add(std::size_t member, bool history, const UnitValues& values);
  /// A mature unit whose values and parts are all zero.
  void add_zero(std::size_t member, bool history);
  /// The values of one day since the first exposure (numerator and denominator; covariates as in `add`).
  void add_day(std::size_t member, bool history, std::size_t day, const UnitValues& values);
  /// The four numbers of the decomposition, in the order of MetricStatistics::factors.
  void add_factors(std::size_t member, const UnitValues& values) {
    factors_.add(population_->cell[member], values.data());
  }
  /// Values with weight on the first and on the last days, as MetricStatistics::trend, doubled.
  void add_trend(std::size_t member, const UnitValues& values) {
    trend_.add_leading(population_->cell[member], values.data(), trend_.dimension());
  }
  /// A blend's terms, in their order.
  void add_terms(std::size_t member, const std::int64_t* values) {
    terms_.add(population_->cell[member], values);
  }
  /// How many of the funnel's steps the unit has passed.
  void add_steps(std::size_t member, std::size_t passed);
  /// What the unit's value owes to one surface (a value code; 0: none given).
  void add_surface(std::size_t member, ValueCode surface, std::int64_t value);
  void add_immature(std::size_t member);
  /// A non-zero value of the pre-period, for the percentile of the cap.
  void add_cap_history(std::int64_t value) { cap_history_.push_back(value); }
  void merge(MetricSums&& other);
  /// What is held in memory, but for tables that do not grow with units.
  std::size_t bytes() const noexcept;
  /// Whether take_over() can be asked later, with another Reader of the store.
  bool lasting() const;
  /// Prepares for take_over(): of the largest units only those are kept that `earlier` would keep.
  void follow(const MetricSums& earlier) { top_.follow(earlier.top_); }
  /// Adds what `earlier`, of an earlier population, holds without `left`, which holds what some units gave
  /// it. `place`: as PopulationChange. Neither is settled. False when this cannot be told exactly; the sums
  /// are then of no use.
  bool take_over(MetricSums&& earlier, const MetricSums& left, const std::vector<std::uint32_t>& place);

  /// Sums of many units that a store's own engine has formed, instead of `add` and its like unit by unit.
  enum class Part {
    by_day,    ///< index: day of first exposure; by stratum, planned cap applied
    crossed,   ///< by stratum
    bots,      ///< by stratum; of a population with bots
    uncapped,  ///< by stratum
    since,     ///< index: day since first exposure; by stratum; the leading values
    factors,
    steps,  ///< index: the step
    trend,  ///< without units
    terms,
    groups,   ///< index: group of the dimension; by stratum
    surface,  ///< index: the surface's value code; without units
  };
  struct Place {
    Part part = Part::by_day;
    std::size_t index = 0, dimension = 0, cell = 0;
    bool history = true;
  };
  void load(const Place& place, const LoadedSums& sums);
  /// Beside the sums: immature units, non-zero raw values of mature units, and the largest of them by place.
  void load_immature(std::size_t arm, std::int64_t units) { immature_[arm] += units; }
  void load_value(std::size_t arm, std::int64_t value, std::int64_t units) {
    for (; units > 0; --units) values_[arm].add(value);
  }
  void load_top(std::size_t cell, bool history, const UnitValues& values) {
    top_.add(cell * 2 + (history ? 0 : 1), values);
  }

  /// From now on every mature unit's values, capped, are kept for take_units().
  void keep_units() { keep_units_ = true; }
  std::vector<WaitingUnit> take_units() { return std::move(kept_); }

  /// Fixes the threshold (in the numerator's integers) and counts the waiting units with it. Without a cap:
  /// nothing.
  void settle_cap();
  /// The threshold that settle_cap() has fixed, or fixes from the history added so far.
  std::optional<std::int64_t> threshold();

  MetricStatistics statistics(const Texts& texts) const;
  /// Appends every integer but those of segments, for the digest.
  void append(const Texts& texts, std::string& bytes) const;

 private:
  struct Surface {
    ExactSums sums;
    std::int64_t units = 0;  ///< that have a value there, be it 0; not of loaded sums
  };
  std::size_t place(std::size_t index, std::size_t member, bool history) const {
    return (index * cells_ + population_->cell[member]) * 2 + (history ? 0 : 1);
  }
  void merge_surfaces(const std::map<ValueCode, Surface>& others);
  std::map<std::string, ExactSums> surfaces_by_name(const Texts& texts) const;
  void add_parts(const Texts& texts, const ExactSums& base, MetricStatistics& result) const;
  std::vector<Cell> plain_cells(const ExactSums& sums, std::size_t index,
                                const std::vector<double>& per_one) const;
  void count(std::size_t member, bool history, const UnitValues& values);
  std::vector<Cell> cells(const ExactSums& sums, std::size_t index) const;
  /// The units of `all` but these; empty when these are none.
  std::vector<Cell> cells_without(const ExactSums& all, const ExactSums& some) const;
  bool is_bot(std::size_t member) const { return bots_.cells() > 0 && population_->bot[member] != 0; }
  ExactSums total() const;
  void add_trimmed(const ExactSums& base, MetricStatistics& result) const;
  std::vector<DistributionCell> distribution() const;
  DistributionCell distribution_of(std::size_t arm, const ExactSums& capped) const;

  const MetricNeeds* needs_;
  const Population* population_;
  std::size_t cells_;  ///< of the population
  bool has_cap_ = false;
  std::optional<std::int64_t> threshold_;
  ExactSums by_day_, crossed_, bots_, uncapped_, since_, factors_, steps_, trend_, terms_;
  TopUnits<UnitValues> top_;
  std::map<ValueCode, Surface> surfaces_;
  std::vector<ExactSums> groups_;  ///< by dimension
  std::vector<WaitingUnit> waiting_, kept_;
  bool keep_units_ = false;
  std::vector<std::int64_t> cap_history_;
  std::vector<ValueTally> values_;      ///< non-zero raw values by arm, for the distribution
  std::vector<std::int64_t> immature_;  ///< by arm
};

}  // namespace liftmark
