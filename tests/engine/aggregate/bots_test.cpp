// Impossible rates, counted by hand.
#include "engine/aggregate/bots.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/record/compaction.hpp"
#include "engine/record/event_counts.hpp"
#include "engine/record/recorder.hpp"
#include "engine/record/temporary_store.hpp"

using namespace liftmark;

TEST_CASE("more than so many moments within less than a span") {
  const std::vector<Micros> at{0, 10, 20, 30, 100};
  CHECK(faster_than(at, 3, 31));        // 0 to 30 are four moments
  CHECK_FALSE(faster_than(at, 3, 30));  // exactly 30 apart: not within less
  CHECK(faster_than(at, 2, 21));
  CHECK_FALSE(faster_than(at, 4, 100));
  CHECK(faster_than(at, 4, 101));
  CHECK_FALSE(faster_than(at, 5, 1'000'000));
  CHECK_FALSE(faster_than({}, 0, 1));
}

TEST_CASE("exposed units over a limit are told, in rows and in blocks") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  Recorder recorder(store);
  const Micros then = now_micros() - 5 * kMicrosPerDay;
  Batch batch("shop");
  const auto act = [&](const std::string& unit, int events, Micros apart, bool exposed) {
    for (int i = 0; i < events; ++i) {
      const std::string id = fmt::format("{}.{}", unit, i);
      Event event;
      event.id = id;
      event.unit = unit;
      event.type = i % 2 == 0 ? "view" : "impression";
      event.at = then + i * apart;
      batch.add(event);
    }
    if (!exposed) return;
    Exposure exposure;
    exposure.unit = unit;
    exposure.experiment = "checkout";
    exposure.arm = "control";
    exposure.at = then;
    batch.add(exposure);
  };
  // Limits of 10 a minute and 40 a day, by hand: 11 events 5.9 s apart lie within 59 s; 6 s apart within 60
  // s, which is not less than a minute; 41 events half an hour apart lie within 20 h, 41 of 36 minutes within
  // 24 h.
  act("sprinter", 11, 5'900'000, true);
  act("walker", 11, 6'000'000, true);
  act("sleepless", 41, 30 * 60 * kMicrosPerSecond, true);
  act("daily", 41, 36 * 60 * kMicrosPerSecond, true);
  act("stranger", 50, 1, false);
  recorder.record(batch);
  for (int layout = 0; layout < 2; ++layout) {
    const Reader reader(file.path());
    std::vector<std::string> found;
    const BotLimits limits{.in_a_minute = 10, .in_a_day = 40};
    EventCounts counts;
    counts.update(reader);
    const std::vector<UnitIndex> busy = counts.above(limits.few());
    CHECK(busy.size() == 5);
    CHECK(counts.above(40).size() == 3);
    CHECK(counts.above(50).empty());
    for (const UnitIndex unit : suspected_bots(reader, "checkout", busy, limits))
      found.push_back(reader.unit_id(unit));
    CHECK(found == std::vector<std::string>{"sprinter", "sleepless"});
    CHECK(suspected_bots(reader, "checkout", busy).empty());
    CHECK(suspected_bots(reader, "another", busy, limits).empty());
    compact(recorder);
  }
}
