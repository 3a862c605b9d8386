// What each source delivered, counted at the door: by the hour it happened, by how late, by as-of.
#include "engine/record/deliveries.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "engine/record/compaction.hpp"
#include "engine/record/recorder.hpp"
#include "engine/record/temporary_store.hpp"

using namespace liftmark;

namespace {

constexpr Micros kMinute = 60 * kMicrosPerSecond;

Event event(std::string_view id, Micros at, Micros recorded_at) {
  Event made;
  made.id = id;
  made.unit = "anna";
  made.type = "view";
  made.at = at;
  made.recorded_at = recorded_at;
  return made;
}

}  // namespace

TEST_CASE("deliveries are counted by source and hour of the event") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  Recorder recorder(store);
  const std::int64_t hour = hour_of(now_micros()) - 300;
  const Micros start = hour * kMicrosPerHour;
  Batch web("web");
  web.add(event("1", start, start));
  web.add(event("2", start + 59 * kMinute, start + 59 * kMinute));
  web.add(event("3", start + 60 * kMinute, start + 90 * kMinute));
  web.add(event("4", start + 61 * kMinute, start + 61 * kMinute + 2 * kMicrosPerHour));
  web.add(event("5", start + 62 * kMinute, start + 62 * kMinute + 30 * kMicrosPerHour));
  web.add(event("6", start + 63 * kMinute, start + 63 * kMinute + 200 * kMicrosPerHour));
  web.add(event("7", start + 64 * kMinute, start + 64 * kMinute - 20 * kMicrosPerSecond));
  web.add(event("8", start + 65 * kMinute, start + 65 * kMinute - 40 * kMicrosPerSecond));
  recorder.record(web);
  recorder.record(web);  // duplicates are no delivery
  recorder.flush();
  const Micros before = now_micros();
  Batch till("till");
  Exposure exposure;
  exposure.unit = "anna";
  exposure.experiment = "checkout";
  exposure.arm = "control";
  exposure.at = start;
  till.add(exposure);
  recorder.record(till);
  recorder.flush();
  compact(recorder);

  CHECK(read_deliveries(file.path(), before).size() == 1);
  const auto sources = read_deliveries(file.path(), now_micros());
  REQUIRE(sources.size() == 2);
  CHECK(sources[0].source == "till");
  CHECK(sources[0].hours.at(0).rows == 1);
  CHECK(sources[0].hours[0].late_week == 1);  // recorded now, 300 hours later
  CHECK(sources[1].source == "web");
  REQUIRE(sources[1].hours.size() == 2);
  CHECK(sources[1].hours[0].hour == hour);
  CHECK(sources[1].hours[0].rows == 2);
  CHECK(sources[1].hours[0].late_hour == 0);
  const Delivery& second = sources[1].hours[1];
  CHECK(second.hour == hour + 1);
  CHECK(second.rows == 6);
  CHECK(second.late_hour == 3);  // 2, 30 and 200 hours
  CHECK(second.late_day == 2);
  CHECK(second.late_week == 1);
  CHECK(second.future == 2);
  CHECK(second.largest_lead == 40 * kMicrosPerSecond);
}

TEST_CASE("hours before 1970 are told apart too") {
  CHECK(hour_of(0) == 0);
  CHECK(hour_of(-1) == -1);
  CHECK(hour_of(-kMicrosPerHour) == -1);
  CHECK(hour_of(-kMicrosPerHour - 1) == -2);
}
