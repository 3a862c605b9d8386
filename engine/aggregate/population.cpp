#include "engine/aggregate/population.hpp"

#include <algorithm>
#include <map>

#include "engine/aggregate/arm_places.hpp"
#include "engine/aggregate/lifecycle.hpp"
#include "engine/aggregate/rfm.hpp"
#include "engine/definition/error.hpp"

namespace liftmark {
namespace {

std::size_t place_of(std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  names.push_back(name);
  return names.size() - 1;
}

}  // namespace

std::vector<std::string> group_names(const std::map<std::string, std::int64_t, std::less<>>& counts) {
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (const auto& [text, count] : counts) order.push_back({-count, text});
  std::sort(order.begin(), order.end());
  if (order.size() > kMostGroups) order.resize(kMostGroups);
  std::vector<std::string> groups;
  for (const auto& [count, text] : order) groups.push_back(text);
  std::sort(groups.begin(), groups.end());
  if (counts.size() > kMostGroups) groups.emplace_back(kOtherGroups);
  return groups;
}

namespace {

/// Groups of an attribute by its text, so that they do not depend on codes.
void group_by_text(const Reader& reader, const std::vector<ValueCode>& codes, Dimension& dimension) {
  std::map<std::string, std::int64_t, std::less<>> counts;
  std::map<ValueCode, std::string> texts;
  for (const ValueCode code : codes)
    if (!texts.count(code)) texts[code] = code == 0 ? std::string(kNoValue) : std::string(reader.text(code));
  for (const ValueCode code : codes) ++counts[texts[code]];
  dimension.groups = group_names(counts);
  const bool pooled = counts.size() > kMostGroups;
  std::map<ValueCode, std::uint16_t> places;
  for (const auto& [code, text] : texts) {
    const auto end = dimension.groups.end() - (pooled ? 1 : 0);
    const auto found = std::lower_bound(dimension.groups.begin(), end, text);
    const auto place = found != end && *found == text ? found : dimension.groups.end() - 1;
    places[code] = static_cast<std::uint16_t>(place - dimension.groups.begin());
  }
  for (const ValueCode code : codes) dimension.group.push_back(places[code]);
}

/// The first arm that each member was given in another experiment.
void group_by_experiment(const Reader& reader, const Population& population, Dimension& dimension) {
  const ExposureColumns rows =
      reader.exposures(std::string_view(dimension.name).substr(kExperimentDimension.size()));
  for (const auto& arm : rows.arms) place_of(dimension.groups, arm.key);
  std::sort(dimension.groups.begin(), dimension.groups.end());
  dimension.groups.emplace_back(kNoValue);
  std::vector<std::uint16_t> places;
  for (const auto& arm : rows.arms)
    places.push_back(static_cast<std::uint16_t>(place_of(dimension.groups, arm.key)));
  dimension.group.assign(population.size(), static_cast<std::uint16_t>(dimension.groups.size() - 1));
  std::size_t member = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0 && rows.unit[i] == rows.unit[i - 1]) continue;
    while (member < population.size() && population.unit[member] < rows.unit[i]) ++member;
    if (member == population.size()) break;
    if (population.unit[member] == rows.unit[i]) dimension.group[member] = places[rows.arm[i]];
  }
}

}  // namespace

Dimension dimension_named(const std::string& name) {
  Dimension dimension{.name = name, .kind = Dimension::Kind::attribute, .groups = {}, .group = {}};
  if (name == "cold_start") {
    dimension.kind = Dimension::Kind::cold_start;
    dimension.groups = {"history", "no_history"};
  } else if (name == "lifecycle") {
    dimension.kind = Dimension::Kind::lifecycle;
    dimension.groups.assign(kLifecycleNames.begin(), kLifecycleNames.end());
  } else if (name == "rfm") {
    dimension.kind = Dimension::Kind::rfm;
    dimension.groups.assign(rfm_segments().begin(), rfm_segments().end());
  } else if (name.rfind(kExperimentDimension, 0) == 0) {
    dimension.kind = Dimension::Kind::experiment;
  }
  return dimension;
}

std::vector<std::string> attributes_of(const Population& population) {
  std::vector<std::string> names;
  for (const Dimension& dimension : population.dimensions)
    if (dimension.kind == Dimension::Kind::attribute) names.push_back(dimension.name);
  return names;
}

ArmPlaces arm_places(const assign::Experiment& experiment, const ExposureColumns& rows,
                     Population& population) {
  for (const assign::Arm& arm : experiment.arms) population.arms.push_back(arm.key);
  std::vector<std::string> late_arms;
  for (const auto& arm : rows.arms) {
    population.epochs.push_back(arm.epoch);
    if (std::find(population.arms.begin(), population.arms.end(), arm.key) == population.arms.end())
      late_arms.push_back(arm.key);
  }
  std::sort(late_arms.begin(), late_arms.end());  // not the order of arrival
  for (const std::string& arm : late_arms) place_of(population.arms, arm);
  std::sort(population.epochs.begin(), population.epochs.end());
  population.epochs.erase(std::unique(population.epochs.begin(), population.epochs.end()),
                          population.epochs.end());
  ArmPlaces places;
  for (const auto& arm : rows.arms) {
    const auto epoch = std::lower_bound(population.epochs.begin(), population.epochs.end(), arm.epoch);
    places.arm.push_back(static_cast<std::uint16_t>(place_of(population.arms, arm.key)));
    places.cell.push_back(static_cast<std::uint16_t>(
        static_cast<std::size_t>(epoch - population.epochs.begin()) * population.arms.size() +
        places.arm.back()));
  }
  return places;
}

void check_sizes(const Population& population) {
  if (population.cells() > 60'000 || population.days > 60'000)
    throw Error(ErrorCode::data, "", "too many arms, epochs or days in one experiment",
                "Were user ids imported as arms, or times in another unit than the column says?");
}

std::int64_t day_of(Micros at, int day_offset_minutes) noexcept {
  const std::int64_t shifted = at + std::int64_t{day_offset_minutes} * 60 * kMicrosPerSecond;
  return shifted / kMicrosPerDay - (shifted % kMicrosPerDay < 0 ? 1 : 0);
}

Population read_population(const Reader& reader, const assign::Experiment& experiment,
                           const std::vector<std::string>& dimensions, int day_offset_minutes) {
  Population population;
  for (const std::string& name : dimensions) population.dimensions.push_back(dimension_named(name));
  const std::vector<std::string> attributes = attributes_of(population);
  const ExposureColumns rows = reader.exposures(experiment.key, attributes);
  const ArmPlaces places = arm_places(experiment, rows, population);
  check_sizes(population);

  std::vector<std::vector<ValueCode>> codes(attributes.size());
  const auto make_room = [&](auto&... columns) { (columns.reserve(rows.size()), ...); };
  make_room(population.unit, population.first_at, population.cell, population.crossed, population.fallback);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool first = i == 0 || rows.unit[i] != rows.unit[i - 1];
    if (!first) {
      const std::uint16_t own = static_cast<std::uint16_t>(population.arm_of(population.cell.back()));
      if (places.arm[rows.arm[i]] != own) population.crossed.back() = 1;
      continue;
    }
    population.unit.push_back(rows.unit[i]);
    population.first_at.push_back(rows.at[i]);
    population.cell.push_back(places.cell[rows.arm[i]]);
    population.crossed.push_back(0);
    population.fallback.push_back(rows.fallback[i]);
    for (std::size_t a = 0; a < attributes.size(); ++a) codes[a].push_back(rows.attributes[a][i]);
  }
  if (population.size() == 0) return population;
  const auto [first, last] = std::minmax_element(population.first_at.begin(), population.first_at.end());
  population.first = *first;
  population.last = *last;
  const std::int64_t first_day = day_of(population.first, day_offset_minutes);
  population.days = static_cast<std::size_t>(day_of(population.last, day_offset_minutes) - first_day) + 1;
  check_sizes(population);
  population.day.reserve(population.size());
  for (const Micros at : population.first_at)
    population.day.push_back(static_cast<std::uint16_t>(day_of(at, day_offset_minutes) - first_day));
  std::size_t attribute = 0;
  for (Dimension& dimension : population.dimensions) {
    if (dimension.kind == Dimension::Kind::attribute)
      group_by_text(reader, codes[attribute++], dimension);
    else if (dimension.kind == Dimension::Kind::experiment)
      group_by_experiment(reader, population, dimension);
    else
      dimension.group.assign(population.size(), 0);
  }
  return population;
}

std::vector<DerivedDimension> describe_history(const Reader& reader, Population& population) {
  std::vector<DerivedDimension> derived;
  for (Dimension& dimension : population.dimensions) {
    if (dimension.kind != Dimension::Kind::rfm) continue;
    const auto histories =
        purchase_histories(reader, {.units = population.unit, .before = population.first_at});
    const RfmCuts cuts = rfm_cuts(histories);
    for (std::size_t member = 0; member < population.size(); ++member) {
      const auto segment = rfm_segment(rfm_score(histories[member], cuts));
      const auto found = std::lower_bound(dimension.groups.begin(), dimension.groups.end(), segment);
      dimension.group[member] = static_cast<std::uint16_t>(found - dimension.groups.begin());
    }
    derived.push_back(describe_rfm(cuts));
  }
  return derived;
}

}  // namespace liftmark
