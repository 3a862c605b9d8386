// A population grows by the exposures recorded since it was read.

#include <algorithm>

#include "engine/aggregate/arm_places.hpp"
#include "engine/aggregate/population.hpp"

namespace liftmark {
namespace {

/// What the new rows of one unit say.
struct News {
  UnitIndex unit = 0;
  std::size_t first_row = 0;
  bool several_arms = false;
};

std::vector<News> news_of(const ExposureColumns& rows, const ArmPlaces& places) {
  std::vector<News> news;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (news.empty() || news.back().unit != rows.unit[i])
      news.push_back({.unit = rows.unit[i], .first_row = i});
    else if (places.arm[rows.arm[i]] != places.arm[rows.arm[news.back().first_row]])
      news.back().several_arms = true;
  }
  return news;
}

class Growth {
 public:
  Growth(Population& population, const Reader& reader, const ExposureColumns& rows, const ArmPlaces& places,
         int day_offset_minutes)
      : population_(population),
        reader_(reader),
        rows_(rows),
        places_(places),
        day_offset_minutes_(day_offset_minutes),
        first_day_(day_of(population.first, day_offset_minutes)) {}

  bool grow(const std::vector<News>& news, PopulationChange& change) {
    std::vector<News> joined;
    auto member = population_.unit.begin();
    for (const News& one : news) {
      if (rows_.at[one.first_row] < population_.first) return false;
      member = std::lower_bound(member, population_.unit.end(), one.unit);
      if (member == population_.unit.end() || *member != one.unit) {
        joined.push_back(one);
        continue;
      }
      const auto place = static_cast<std::size_t>(member - population_.unit.begin());
      if (!update(place, one)) return false;
      change.changed.push_back(static_cast<std::uint32_t>(place));
    }
    return joined.empty() || insert(joined, change);
  }

 private:
  bool update(std::size_t member, const News& news) {
    const Micros at = rows_.at[news.first_row];
    const std::uint16_t arm = places_.arm[rows_.arm[news.first_row]];
    const bool other = news.several_arms || arm != population_.arm_of(population_.cell[member]);
    population_.crossed[member] = population_.crossed[member] != 0 || other ? 1 : 0;
    if (at > population_.first_at[member]) return true;
    // An earlier exposure came to be known. Its attributes may leave a group of the former one empty.
    const bool grouped = std::any_of(population_.dimensions.begin(), population_.dimensions.end(),
                                     [](const Dimension& d) { return d.kind == Dimension::Kind::attribute; });
    if (at == population_.first_at[member] || grouped) return false;
    population_.first_at[member] = at;
    population_.cell[member] = places_.cell[rows_.arm[news.first_row]];
    population_.fallback[member] = rows_.fallback[news.first_row];
    population_.day[member] = day(at);
    return true;
  }

  /// Members in between; the columns are written anew from behind.
  bool insert(const std::vector<News>& joined, PopulationChange& change) {
    const std::size_t before = population_.size();
    const std::size_t after = before + joined.size();
    std::vector<std::vector<std::uint16_t>> groups(population_.dimensions.size());
    for (std::size_t d = 0; d < groups.size(); ++d)
      if (!groups_of(joined, d, groups[d])) return false;
    change.place.resize(before);
    change.added.resize(joined.size());
    std::size_t next = joined.size();
    const auto resize = [after](auto&... columns) { (columns.resize(after), ...); };
    resize(population_.unit, population_.first_at, population_.cell, population_.day, population_.crossed,
           population_.fallback);
    for (Dimension& dimension : population_.dimensions) dimension.group.resize(after);
    std::size_t old = before;
    for (std::size_t to = after; to-- > 0;) {
      if (next > 0 && (old == 0 || joined[next - 1].unit > population_.unit[old - 1])) {
        --next;
        put(to, joined[next]);
        for (std::size_t d = 0; d < groups.size(); ++d) population_.dimensions[d].group[to] = groups[d][next];
        change.added[next] = static_cast<std::uint32_t>(to);
      } else {
        move(--old, to);
        change.place[old] = static_cast<std::uint32_t>(to);
      }
    }
    return true;
  }

  void put(std::size_t to, const News& news) {
    const std::size_t row = news.first_row;
    population_.unit[to] = news.unit;
    population_.first_at[to] = rows_.at[row];
    population_.cell[to] = places_.cell[rows_.arm[row]];
    population_.day[to] = day(rows_.at[row]);
    population_.crossed[to] = news.several_arms ? 1 : 0;
    population_.fallback[to] = rows_.fallback[row];
  }

  void move(std::size_t from, std::size_t to) {
    const auto one = [&](auto&... columns) { ((columns[to] = columns[from]), ...); };
    one(population_.unit, population_.first_at, population_.cell, population_.day, population_.crossed,
        population_.fallback);
    for (Dimension& dimension : population_.dimensions) dimension.group[to] = dimension.group[from];
  }

  /// The groups of new members in one dimension; false when there is a new one, or when the rarest are
  /// pooled.
  bool groups_of(const std::vector<News>& joined, std::size_t place, std::vector<std::uint16_t>& groups) {
    const Dimension& dimension = population_.dimensions[place];
    groups.assign(joined.size(), 0);
    if (dimension.kind != Dimension::Kind::attribute) return true;
    if (!dimension.groups.empty() && dimension.groups.back() == kOtherGroups) return false;
    std::size_t column = 0;
    for (std::size_t d = 0; d < place; ++d)
      column += population_.dimensions[d].kind == Dimension::Kind::attribute;
    for (std::size_t i = 0; i < joined.size(); ++i) {
      const ValueCode code = rows_.attributes[column][joined[i].first_row];
      const std::string_view text = code == 0 ? kNoValue : reader_.text(code);
      const auto found = std::lower_bound(dimension.groups.begin(), dimension.groups.end(), text);
      if (found == dimension.groups.end() || *found != text) return false;
      groups[i] = static_cast<std::uint16_t>(found - dimension.groups.begin());
    }
    return true;
  }

  std::uint16_t day(Micros at) const {
    return static_cast<std::uint16_t>(day_of(at, day_offset_minutes_) - first_day_);
  }

  Population& population_;
  const Reader& reader_;
  const ExposureColumns& rows_;
  const ArmPlaces& places_;
  int day_offset_minutes_;
  std::int64_t first_day_;
};

}  // namespace

std::optional<GrownPopulation> grown_population(const Population& population, const Reader& reader,
                                                const assign::Experiment& experiment, int day_offset_minutes,
                                                const StorePosition& since) {
  const ExposureColumns rows = reader.exposures(experiment.key, attributes_of(population), since);
  Population shape;
  const ArmPlaces places = arm_places(experiment, rows, shape);
  if (population.size() == 0 || shape.arms != population.arms || shape.epochs != population.epochs)
    return std::nullopt;
  GrownPopulation result;
  if (rows.size() == 0) return result;
  Population& grown = result.population.emplace(population);
  if (!Growth(grown, reader, rows, places, day_offset_minutes).grow(news_of(rows, places), result.change))
    return std::nullopt;
  grown.last = *std::max_element(grown.first_at.begin(), grown.first_at.end());
  const auto days = day_of(grown.last, day_offset_minutes) - day_of(grown.first, day_offset_minutes) + 1;
  if (days < static_cast<std::int64_t>(population.days)) return std::nullopt;
  grown.days = static_cast<std::size_t>(days);
  check_sizes(grown);
  return result;
}

}  // namespace liftmark
