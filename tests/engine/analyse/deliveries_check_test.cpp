// Silence, lateness and clocks of a store's sources, counted by hand.
#include "engine/analyse/deliveries_check.hpp"

#include <functional>
#include <limits>

#include <catch2/catch.hpp>

using namespace liftmark;

namespace {

constexpr HourRange kAlways{0, 1'000'000};

/// `rows` of each hour from 0 to `last`; hours of 0 rows are left out, as the store leaves them out.
SourceDeliveries source(const char* name, std::int64_t last,
                        const std::function<std::int64_t(std::int64_t)>& rows) {
  SourceDeliveries made{name, {}};
  for (std::int64_t hour = 0; hour <= last; ++hour)
    if (const std::int64_t count = rows(hour); count > 0)
      made.hours.push_back({.hour = hour, .rows = count, .late_hour = count});  // imported
  return made;
}

}  // namespace

TEST_CASE("an hour that is always busy and once empty is a gap") {
  const auto web = source("web", 503, [](std::int64_t hour) {
    if (hour >= 200 && hour <= 202) return 0;            // the outage
    if (hour % 24 == 3) return hour % 168 == 3 ? 0 : 5;  // quiet nights, an empty one a week
    return hour % 168 >= 144 ? 0 : 100;                  // closed on the week's last day
  });
  const auto gaps = source_gaps({web}, kAlways);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].source == "web");
  CHECK(gaps[0].first_hour == 200);
  CHECK(gaps[0].hours == 3);
  CHECK(source_gaps({web}, {0, 199}).empty());  // outside the run
  CHECK(source_gaps({web}, {202, 300}).at(0).hours == 1);
}

TEST_CASE("what is usual is the mean of the same hour of other weeks, else of other days") {
  // Hour 268 is empty; a week before and after there were 15 and 25 rows: 20 on average, so a gap. With 15
  // and 24 it was 19.5, so none.
  for (const auto& [later, found] : {std::pair(25, 1), std::pair(24, 0)}) {
    const auto till = source("till", 168 * 2 + 100, [later = later](std::int64_t hour) -> std::int64_t {
      if (hour == 168 + 100) return 0;
      if (hour == 100) return 15;
      return hour == 2 * 168 + 100 ? later : 1;
    });
    CHECK(source_gaps({till}, kAlways).size() == static_cast<std::size_t>(found));
  }
  // Three days old: hour 30 had 30 and 10 rows on the days before and after.
  const auto young = source("young", 71, [](std::int64_t hour) -> std::int64_t {
    return hour == 30 ? 0 : hour == 6 ? 30 : hour == 54 ? 10 : 1;
  });
  const auto gaps = source_gaps({young}, kAlways);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].first_hour == 30);
}

TEST_CASE("a source that falls silent is told for a day, a file that ends is not") {
  const auto file = source("orders.csv", 100, [](std::int64_t) { return 50; });
  CHECK(source_gaps({file}, kAlways).empty());
  auto web = file;
  for (Delivery& delivery : web.hours) delivery.late_hour = 0;
  const auto gaps = source_gaps({web}, kAlways);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].first_hour == 101);
  CHECK(gaps[0].hours == 24);
  CHECK(source_gaps({web}, {0, 110}).at(0).hours == 10);
}

TEST_CASE("clocks that run ahead are told by source, lateness by age") {
  const std::vector<SourceDeliveries> sources{
      {"app", {{.hour = 5, .rows = 10, .late_hour = 3, .late_day = 2, .late_week = 1}}},
      {"kiosk",
       {{.hour = 5, .rows = 4, .future = 2, .largest_lead = 90'500'000},
        {.hour = 6, .rows = 4, .future = 1, .largest_lead = 30'000'000}}},
      {"web", {{.hour = 6, .rows = 100, .future = 1, .largest_lead = 1'000'000}}}};
  const auto clocks = clocks_ahead(sources, kAlways);
  REQUIRE(clocks.size() == 2);
  CHECK(clocks[0].source == "kiosk");  // 3 of 8 before 1 of 100
  CHECK(clocks[0].rows == 8);
  CHECK(clocks[0].future == 3);
  CHECK(clocks[0].largest_lead_seconds == 90.5);
  CHECK(clocks[1].source == "web");
  CHECK(clocks_ahead(sources, {5, 5}).size() == 1);
  const Lateness late = lateness(sources, kAlways);
  CHECK(late.rows == 118);
  CHECK(late.hour == 3);
  CHECK(late.day == 2);
  CHECK(late.week == 1);
}
