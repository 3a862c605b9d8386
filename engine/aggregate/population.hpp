#pragma once
// Who is measured: every unit with an exposure, with the arm, epoch, moment and attributes of its first one.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/aggregate/statistics.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/record/reader.hpp"

namespace liftmark {

/// A way to group units, fixed at the first exposure.
struct Dimension {
  enum class Kind {
    attribute,   ///< of the first exposure
    cold_start,  ///< was anything known before: "history", "no_history"
    lifecycle,   ///< by the last purchase before: "new", "active", "lapsing", "lapsed"
    rfm,         ///< quintiles of the purchases before; see rfm.hpp
    experiment,  ///< the arm of another experiment
  };
  std::string name;
  Kind kind = Kind::attribute;
  std::vector<std::string> groups;   ///< by name; attributes: sorted
  std::vector<std::uint16_t> group;  ///< by member; filled by the pass for kinds that need events
  /// Whether the pass fills in the groups as it reads what a unit did before.
  bool filled_by_pass() const noexcept { return kind == Kind::cold_start || kind == Kind::lifecycle; }
  /// Whether a unit's group is its own affair: nobody else's exposures or purchases change it.
  bool of_unit() const noexcept { return kind == Kind::attribute || filled_by_pass(); }
};

/// Columns over members, ascending by unit.
struct Population {
  std::vector<std::string> arms;  ///< the catalog's first, then others that were recorded
  std::vector<int> epochs;        ///< ascending
  std::vector<UnitIndex> unit;
  std::vector<Micros> first_at;
  std::vector<std::uint16_t> cell;  ///< epoch index x number of arms + arm
  std::vector<std::uint16_t> day;   ///< of the first exposure, 0-based from the experiment's first day
  std::vector<std::uint8_t> crossed;
  std::vector<std::uint8_t> fallback;
  std::vector<std::uint8_t> bot;  ///< empty: nobody is suspected
  std::vector<Dimension> dimensions;
  Micros first = 0, last = 0;  ///< first exposures; 0 without members
  std::size_t days = 0;

  std::size_t size() const noexcept { return unit.size(); }
  std::size_t cells() const noexcept { return epochs.size() * arms.size(); }
  std::size_t arm_of(std::uint16_t member_cell) const noexcept { return member_cell % arms.size(); }
};

inline constexpr std::size_t kMostGroups = 200;  ///< of an attribute; the rarest are pooled as "(other)"
inline constexpr std::string_view kOtherGroups = "(other)";

/// The dimension of that name, without members; an attribute's groups are still to be found.
Dimension dimension_named(const std::string& name);
/// Groups of an attribute with these numbers of units: by name, the rarest pooled as kOtherGroups at the end.
std::vector<std::string> group_names(const std::map<std::string, std::int64_t, std::less<>>& counts);
/// Throws Error{data} when there are more cells or days than a place in Population holds.
void check_sizes(const Population& population);

/// Reads the first exposures of the experiment. `dimensions` are attribute names, "cold_start", "lifecycle",
/// "rfm" (whose groups describe_history fills in) or kExperimentDimension and a key.
Population read_population(const Reader& reader, const assign::Experiment& experiment,
                           const std::vector<std::string>& dimensions, int day_offset_minutes);

/// How a population came out of an earlier one of the same arms, epochs, groups and first day.
struct PopulationChange {
  std::vector<std::uint32_t> place;    ///< of each earlier member; empty: as before
  std::vector<std::uint32_t> changed;  ///< earlier members with new exposures, ascending
  std::vector<std::uint32_t> added;    ///< new members, ascending
};

struct GrownPopulation {
  std::optional<Population> population;  ///< nothing: as before
  PopulationChange change;
};

/// The population where `reader` stands, out of the one that was read at `since`. Nothing when it has to be
/// read anew: arms, epochs, groups or the first day are others now, or an id decides which exposure was
/// first.
std::optional<GrownPopulation> grown_population(const Population& population, const Reader& reader,
                                                const assign::Experiment& experiment, int day_offset_minutes,
                                                const StorePosition& since);

/// Fills in the groups of dimensions that are cut by the purchases before each first exposure, and says where
/// the cuts lie. Reads the purchases once more when there is such a dimension.
std::vector<DerivedDimension> describe_history(const Reader& reader, Population& population);

/// The day of a moment, counted from the Unix epoch, with days shifted by the catalog's offset.
std::int64_t day_of(Micros at, int day_offset_minutes) noexcept;

}  // namespace liftmark
