// Events packed in memory come out as they went in, whatever layers they lie in: compared with plain lists.
#include "engine/aggregate/acted_events.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include <catch2/catch.hpp>

using namespace liftmark;

namespace {

/// Everything that a row has: at, type, value, timing, property, key, reference.
using Row = std::tuple<Micros, std::uint32_t, Millionths, int, ValueCode, Key, Key>;

EventFilter with_everything() {
  EventFilter filter;
  filter.properties = {"place"};
  filter.keys = true;
  return filter;
}

Row random_row(std::mt19937_64& random, Micros first_at) {
  const Micros unit = std::array<Micros, 3>{1, 1'000, 1'000'000}[random() % 3];
  const Millionths value = std::array<Millionths, 5>{0, 10'000, -49'990'000, 1, INT64_MIN}[random() % 5];
  return {first_at + (static_cast<Micros>(random() % 2'000'000) - 1'000'000) * unit,
          static_cast<std::uint32_t>(random() % 300),
          value,
          static_cast<int>(random() % 4),
          static_cast<ValueCode>(random() % 5'000'000),
          {random(), random()},
          random() % 2 == 0 ? Key{} : Key{random(), random()}};
}

void append(const Row& row, EventColumns& to) {
  to.at.push_back(std::get<0>(row));
  to.type.push_back(std::get<1>(row));
  to.value.push_back(std::get<2>(row));
  to.timing.push_back(static_cast<std::uint8_t>(std::get<3>(row)));
  to.properties[0].push_back(std::get<4>(row));
  to.key.push_back(std::get<5>(row));
  to.reference.push_back(std::get<6>(row));
}

std::vector<Row> rows_of(const EventColumns& columns) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < columns.size(); ++i)
    rows.push_back({columns.at[i], columns.type[i], columns.value[i], columns.timing[i],
                    columns.properties[0][i], columns.key[i], columns.reference[i]});
  return rows;
}

void pack(UnitIndex unit, Micros first_at, bool replaces, const std::vector<Row>& rows, EventLayer& layer) {
  EventColumns columns(with_everything());
  for (const Row& row : rows) append(row, columns);
  layer.begin_unit(unit, first_at, replaces);
  for (std::uint32_t i = 0; i < rows.size(); ++i) layer.add(columns.slice(0, 0, {}), i);
  layer.end_unit();
}

}  // namespace

TEST_CASE("packed events are those that were packed, through additions, replacements and settling") {
  std::mt19937_64 random(3);
  constexpr Micros kFirst = 1'767'225'600'123'456;
  std::map<UnitIndex, std::vector<Row>> expected;
  const auto rows = [&] {
    std::vector<Row> some(random() % 6);
    for (Row& row : some) row = random_row(random, kFirst);
    return some;
  };
  std::vector<EventLayer> bottom(4);  // one of them without units
  for (UnitIndex unit = 0; unit < 3'000; unit += 1 + static_cast<UnitIndex>(random() % 4)) {
    expected[unit] = rows();
    pack(unit, kFirst, true, expected[unit], bottom[unit / 1'000 == 0 ? 0 : unit / 1'000 + 1]);
  }
  ActedEvents events(std::move(bottom));
  for (int round = 0; round < 40; ++round) {
    std::vector<EventLayer> parts(2);
    for (UnitIndex unit = 0; unit < 3'500; unit += 1 + static_cast<UnitIndex>(random() % 200)) {
      const bool replaces = !expected.contains(unit) || random() % 4 == 0;
      const std::vector<Row> added = rows();
      if (replaces) expected[unit].clear();
      expected[unit].insert(expected[unit].end(), added.begin(), added.end());
      pack(unit, kFirst, replaces, added, parts[unit < 1'700 ? 0 : 1]);
    }
    events.add(parts);
    ActedEvents::Search search(events);
    for (UnitIndex unit = 0; unit < 3'500; ++unit) {
      const bool found = search.find(unit);
      REQUIRE(found == expected.contains(unit));
      if (!found) continue;
      EventColumns columns(with_everything());
      search.unpack(kFirst, columns);
      REQUIRE(rows_of(columns) == expected[unit]);
    }
  }
}

TEST_CASE("a unit with a value that only one Reader knows is not remembered until it is replaced") {
  std::mt19937_64 random(4);
  Row inline_text = random_row(random, 0);
  std::get<4>(inline_text) = kFirstInlineCode;
  const Row plain = random_row(random, 0);
  EventLayer layer;
  pack(7, 0, true, {inline_text}, layer);
  pack(8, 0, true, {}, layer);
  ActedEvents events({layer});
  ActedEvents::Search search(events);
  CHECK_FALSE(search.find(7));
  CHECK(search.find(8));  // known to have done nothing

  EventLayer added, replaced;
  pack(8, 0, false, {inline_text}, added);
  events.add({added});
  CHECK_FALSE(ActedEvents::Search(events).find(8));
  pack(7, 0, true, {plain}, replaced);
  events.add({replaced});
  ActedEvents::Search again(events);
  REQUIRE(again.find(7));
  EventColumns columns(with_everything());
  again.unpack(0, columns);
  CHECK(rows_of(columns) == std::vector<Row>{plain});
}

TEST_CASE("rows of a unit are put in the order of a slice: time, type, value, key") {
  std::mt19937_64 random(5);
  EventColumns columns(with_everything());
  std::vector<Row> rows;
  for (int i = 0; i < 500; ++i) {
    rows.push_back(random_row(random, 0));
    std::get<0>(rows.back()) = static_cast<Micros>(random() % 20);
    std::get<1>(rows.back()) = static_cast<std::uint32_t>(random() % 3);
    append(rows.back(), columns);
  }
  columns.sort_from(100);
  std::sort(rows.begin() + 100, rows.end(), [](const Row& a, const Row& b) {
    const auto tuple = [](const Row& row) {
      return std::tie(std::get<0>(row), std::get<1>(row), std::get<2>(row), std::get<5>(row));
    };
    return tuple(a) < tuple(b);
  });
  CHECK(rows_of(columns) == rows);
}
