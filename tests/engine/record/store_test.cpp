#include "engine/record/store.hpp"

#include <fmt/format.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/definition/error.hpp"
#include "engine/record/reader.hpp"
#include "engine/record/recorder.hpp"
#include "engine/record/temporary_store.hpp"
#include "engine/record/writer_state.hpp"

using namespace liftmark;

namespace {

Event purchase(std::string_view id, std::string_view unit, Micros at, Millionths value) {
  Event event;
  event.id = id;
  event.unit = unit;
  event.type = "purchase";
  event.at = at;
  event.value = value;
  return event;
}

Exposure exposed(std::string_view id, std::string_view unit, std::string_view arm, Micros at) {
  Exposure exposure;
  exposure.id = id;
  exposure.experiment = "checkout";
  exposure.unit = unit;
  exposure.arm = arm;
  exposure.at = at;
  return exposure;
}

}  // namespace

TEST_CASE("an acknowledged event is read back, by id only once") {
  TemporaryStore file;
  const Micros now = now_micros();
  {
    Store store = Store::create(file.path());
    Recorder recorder(store);
    Batch batch("shop");
    batch.add(purchase("e1", "anna", now - 10, 12'340'000));
    batch.add(purchase("e2", "ben", now - 5, -1));
    Ack ack = recorder.record(batch);
    CHECK(ack.accepted == 2);
    CHECK(ack.durable);
    // The same again, and the same id with other content, whoever sends it.
    Batch again("other");
    again.add(purchase("e1", "anna", now - 10, 12'340'000));
    again.add(purchase("e2", "ben", now - 5, 77));
    again.add(purchase("", "ben", now - 5, 77));
    again.add(purchase("", "", now - 5, 77));
    ack = recorder.record(again);
    CHECK(ack.accepted == 1);
    CHECK(ack.duplicate == 1);
    CHECK(ack.conflict == 1);
    CHECK(ack.rejected == 1);
    CHECK(ack.rejections[3] == Rejection::missing_unit);
  }
  {
    // Also after closing and opening again.
    Store store = Store::open(file.path());
    Recorder recorder(store);
    Batch again("third");
    again.add(purchase("e1", "anna", now - 10, 12'340'000));
    CHECK(recorder.record(again).duplicate == 1);
  }
  Reader reader(file.path());
  EventScanner scanner(reader, {.types = {"purchase"}});
  std::map<std::string, std::vector<Millionths>> values;
  for (std::size_t s = 0; s < scanner.slices(); ++s) {
    const EventSlice& slice = scanner.read(s);
    for (UnitIndex unit = slice.first_unit; unit < slice.last_unit; ++unit)
      for (auto i = slice.begin(unit); i < slice.end(unit); ++i)
        values[reader.unit_id(unit)].push_back(slice.value[i]);
  }
  CHECK(values == std::map<std::string, std::vector<Millionths>>{{"anna", {12'340'000}}, {"ben", {-1, 77}}});
  std::map<std::string, std::int64_t> counts;
  for (const Counter& counter : reader.counters()) counts[counter.name] += counter.count;
  CHECK(counts["accepted"] == 3);
  CHECK(counts["duplicate"] == 2);
  CHECK(counts["conflict"] == 1);
  CHECK(counts["rejected"] == 1);
}

TEST_CASE("first exposures come out in order, whatever the order of arrival") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  const Micros now = now_micros();
  {
    Recorder recorder(store);
    Batch batch;
    batch.add(exposed("x1", "anna", "blue", now - 100));
    batch.add(exposed("x2", "anna", "red", now - 200));   // earlier, another arm: the first exposure
    batch.add(exposed("x3", "anna", "blue", now - 50));   // a repeat
    batch.add(exposed("x4", "anna", "blue", now - 150));  // lowers blue's earliest
    batch.add(exposed("x9", "ben", "red", now - 70));
    batch.add(exposed("x8", "ben", "blue", now - 70));  // same moment: the smaller id is first
    const Ack ack = recorder.record(batch);
    CHECK(ack.accepted == 5);
    CHECK(ack.repeat == 1);
  }
  Reader reader(file.path());
  const ExposureColumns columns = reader.exposures("checkout");
  REQUIRE(columns.size() == 5);
  std::vector<std::string> rows;
  for (std::size_t i = 0; i < columns.size(); ++i)
    rows.push_back(reader.unit_id(columns.unit[i]) + " " + columns.arms[columns.arm[i]].key + " " +
                   std::to_string(now - columns.at[i]));
  CHECK(rows == std::vector<std::string>{"anna red 200", "anna blue 150", "anna blue 100", "ben blue 70",
                                         "ben red 70"});
  CHECK(reader.exposures("unknown").size() == 0);
}

TEST_CASE("as-of hides what was recorded or happened later; a future as-of is refused") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  const Micros now = now_micros();
  Micros first = 0;
  {
    Recorder recorder(store);
    Batch batch;
    batch.add(purchase("e1", "anna", now - 100, 1));
    first = recorder.record(batch).recorded_at;
    batch.clear();
    batch.add(purchase("e2", "anna", now - 200, 2));
    recorder.record(batch);
  }
  const auto total = [&](std::optional<Micros> as_of) {
    Reader reader(file.path(), {as_of});
    EventScanner scanner(reader, {});
    std::int64_t sum = 0;
    for (std::size_t s = 0; s < scanner.slices(); ++s)
      for (const Millionths value : scanner.read(s).value) sum += value;
    return sum;
  };
  CHECK(total({}) == 3);
  CHECK(total(first) == 1);
  CHECK(total(first - 1) == 0);
  CHECK_THROWS_AS(total(now + kMicrosPerDay), Error);
}

TEST_CASE("catalog versions keep their history") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  CHECK_FALSE(store.get_catalog().has_value());
  const auto one = store.put_catalog("{\"v\":1}", "d1");
  CHECK(store.put_catalog("{\"v\":1}", "d1").version == one.version);
  const auto two = store.put_catalog("{\"v\":2}", "d2");
  CHECK(two.version == 2);
  CHECK(store.get_catalog(one.recorded_at)->json == "{\"v\":1}");
  CHECK(store.get_catalog()->digest == "d2");
}

TEST_CASE("properties come as columns of codes, also above the limit of interned values") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  const Micros now = now_micros();
  constexpr int kRows = 10'050;
  {
    Recorder recorder(store);
    Batch batch;
    for (int i = 0; i < kRows; ++i) {
      const std::string id = fmt::format("e{}", i);
      const std::string value = fmt::format("page {}", i);
      const Property properties[] = {{"page", value}, {"slot", i % 2 == 0 ? "top" : "side"}};
      Event event = purchase(id, fmt::format("u{}", i % 7), now - kRows + i, i);
      const std::string unit = fmt::format("u{}", i % 7);
      event.unit = unit;
      event.properties = std::span(properties).first(i % 3 == 0 ? 1u : 2u);
      batch.add(event);
    }
    CHECK(recorder.record(batch).accepted == kRows);
  }
  Reader reader(file.path());
  EventScanner scanner(reader, {.properties = {"slot", "page", "nowhere"}});
  int seen = 0;
  for (std::size_t s = 0; s < scanner.slices(); ++s) {
    const EventSlice& slice = scanner.read(s);
    for (std::size_t i = 0; i < slice.at.size(); ++i) {
      const auto row = static_cast<int>(slice.value[i]);
      ++seen;
      if (reader.text(slice.properties[1][i]) != fmt::format("page {}", row)) FAIL("page of " << row);
      const std::string_view slot = row % 3 == 0 ? "" : row % 2 == 0 ? "top" : "side";
      if (reader.text(slice.properties[0][i]) != slot) FAIL("slot of " << row);
      if (slice.properties[2][i] != 0) FAIL("a key nobody sent");
    }
  }
  CHECK(seen == kRows);
}

TEST_CASE("many producers share commits and nothing is lost or doubled", "[threads]") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  const Micros now = now_micros();
  std::atomic<std::int64_t> accepted = 0;
  std::atomic<std::int64_t> duplicates = 0;
  {
    Recorder recorder(store, {.queue_bytes = 20'000});
    std::vector<std::thread> producers;
    for (int p = 0; p < 8; ++p)
      producers.emplace_back([&, p] {
        for (int i = 0; i < 50; ++i) {
          Batch batch(fmt::format("p{}", p));
          for (int k = 0; k < 10; ++k) {
            // Every id is sent by two producers.
            const std::string id = fmt::format("e{}", (p / 2) * 1000 + i * 10 + k);
            batch.add(purchase(id, fmt::format("u{}", k), now - 5, 1));
          }
          const Ack ack = recorder.record(std::move(batch));
          accepted += ack.accepted;
          duplicates += ack.duplicate;
        }
      });
    for (auto& producer : producers) producer.join();
  }
  CHECK(accepted == 2000);
  CHECK(duplicates == 2000);
  Reader reader(file.path());
  EventScanner scanner(reader, {});
  std::size_t rows = 0;
  for (std::size_t s = 0; s < scanner.slices(); ++s) rows += scanner.read(s).at.size();
  CHECK(rows == 2000);
}

TEST_CASE("one writer at a time, and clear words for what is not a store") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  CHECK_THROWS_WITH(Store::open(file.path()), Catch::Contains("another process is writing"));
  CHECK_THROWS_WITH(Store::create(file.path()), Catch::Contains("exists already"));
  CHECK_THROWS_WITH(Store::open(file.path().string() + ".nowhere"), Catch::Contains("no such store"));
  CHECK_THROWS_WITH(Reader(file.path().string() + ".nowhere"), Catch::Contains("no such store"));
}
