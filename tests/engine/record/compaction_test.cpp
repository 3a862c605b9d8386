#include "engine/record/compaction.hpp"

#include <fmt/format.h>

#include <atomic>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/record/block.hpp"
#include "engine/record/export.hpp"
#include "engine/record/integer_column.hpp"
#include "engine/record/privacy.hpp"
#include "engine/record/staging.hpp"
#include "engine/record/temporary_store.hpp"

using namespace liftmark;

namespace {

struct Row {
  std::string id, unit, type, slot, reference;
  Micros at = 0;
  Millionths value = 0;
};

/// A shop's events over 12 days, in a random order of arrival.
std::vector<Row> shop(std::uint32_t seed, int count, Micros end) {
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  std::vector<Row> rows;
  for (int i = 0; i < count; ++i) {
    Row row;
    row.id = fmt::format("e{}", i);
    row.unit = fmt::format("user {}", below(300));
    row.type = below(4) == 0 ? "purchase" : "view";
    row.at = end - static_cast<Micros>(below(12 * 24 * 60)) * 60 * kMicrosPerSecond - below(1000);
    row.value = row.type == "purchase" ? static_cast<Millionths>(below(100'000)) * 10'000 : 0;
    if (below(3) == 0) row.slot = fmt::format("slot {}", below(5));
    if (below(9) == 0) row.reference = fmt::format("e{}", below(static_cast<std::uint32_t>(count)));
    rows.push_back(row);
  }
  std::shuffle(rows.begin(), rows.end(), random);
  return rows;
}

void record(Recorder& recorder, const std::vector<Row>& rows, std::size_t from, std::size_t to,
            std::size_t batch_rows) {
  Batch batch("shop");
  for (std::size_t i = from; i < to; ++i) {
    const Row& row = rows[i];
    const Property slot[] = {{"slot", row.slot}};
    Event event;
    event.id = row.id;
    event.unit = row.unit;
    event.type = row.type;
    event.at = row.at;
    event.recorded_at = row.at;
    event.value = row.value;
    event.reference = row.reference;
    if (!row.slot.empty()) event.properties = slot;
    batch.add(event);
    if (batch.size() == batch_rows || i + 1 == to) {
      recorder.record(batch);
      batch.clear();
    }
  }
}

/// Everything a pass sees, by unit id, in the order it is given.
std::map<std::string, std::vector<std::string>> seen(const std::filesystem::path& path,
                                                     const EventFilter& filter = {}, int threads = 1) {
  Reader reader(path);
  std::map<std::string, std::vector<std::string>> units;
  std::mutex mutex;
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t)
    workers.emplace_back([&] {
      EventScanner scanner(reader, filter);
      for (std::size_t s = next++; s < scanner.slices(); s = next++) {
        const EventSlice& slice = scanner.read(s);
        for (UnitIndex unit = slice.first_unit; unit < slice.last_unit; ++unit) {
          std::vector<std::string> rows;
          for (auto i = slice.begin(unit); i < slice.end(unit); ++i) {
            std::string row = fmt::format("{} {} {} {}", slice.at[i], slice.recorded_at[i],
                                          reader.types()[slice.type[i]], slice.value[i]);
            for (const auto& column : slice.properties) row += fmt::format(" [{}]", reader.text(column[i]));
            if (filter.keys) row += fmt::format(" {:x} {:x}", slice.key[i].low, slice.reference[i].low);
            rows.push_back(row);
          }
          if (rows.empty()) continue;
          const std::lock_guard guard(mutex);
          units[reader.unit_id(unit)] = rows;
        }
      }
    });
  for (auto& worker : workers) worker.join();
  return units;
}

std::size_t open_rows(Store& store) {
  std::size_t rows = 0;
  for (const LiveBlock& block : live_blocks(store.state()))
    if (block.open()) rows += static_cast<std::size_t>(block.rows);
  return rows;
}

}  // namespace

TEST_CASE("integers come back exactly, whatever their spread") {
  std::mt19937_64 random(7);
  for (const std::size_t count : {0u, 1u, 2u, 63u, 64u, 65u, 1000u}) {
    for (int width = 0; width <= 64; width += 1) {
      for (const std::int64_t scale : {std::int64_t{1}, std::int64_t{1000}, std::int64_t{86'400'000'000}}) {
        std::vector<std::int64_t> values(count);
        for (auto& value : values) {
          const std::uint64_t bits = width == 0 ? 0 : random() >> (64 - width);
          value = static_cast<std::int64_t>(bits * static_cast<std::uint64_t>(width < 28 ? scale : 1)) -
                  (width % 3 == 0 ? 12345 : 0);
          if (width % 5 == 0 && random() % 8 != 0) value = 0;
        }
        if (width % 2 == 1) std::sort(values.begin(), values.end());
        std::string bytes;
        encode_integers(values, bytes);
        std::string_view in = bytes;
        std::vector<std::int64_t> back(count);
        decode_integers(in, std::span<std::int64_t>(back));
        REQUIRE(back == values);
        REQUIRE(in.empty());
      }
    }
  }
}

TEST_CASE("CRC-32C is the one of RFC 3720, and a changed byte is noticed") {
  CHECK(crc32c("123456789") == 0xE3069283u);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAu);  // RFC 3720 B.4: 32 bytes of zeroes
  BlockRows rows;
  rows.unit = {1, 2};
  rows.type = {0, 0};
  rows.at = {5, 6};
  rows.recorded_at = {5, 6};
  rows.value = {0, 1};
  rows.flags = {0, 0};
  rows.source = {0, 0};
  rows.content = {1, 2};
  for (const char* id : {"a", "b"}) rows.id.add(id);
  for (int i = 0; i < 2; ++i) rows.reference.add("");
  std::string hot = encode(rows).hot;
  BlockRows back;
  decode_hot(hot, back);
  CHECK(back.at == rows.at);
  hot[hot.size() - 9] ^= 1;
  CHECK_THROWS_WITH(decode_hot(hot, back), Catch::Contains("checksum"));
}

TEST_CASE(
    "the same numbers from open blocks and compacted ones, from 1 or 2 threads, in any order of arrival",
    "[threads]") {
  const Micros now = now_micros();
  const auto rows = shop(1, 30'000, now);
  const EventFilter everything{.properties = {"slot"}, .keys = true};
  TemporaryStore plain, other;
  Store store = Store::create(plain.path());
  auto recorder = std::make_unique<Recorder>(store);
  record(*recorder, rows, 0, rows.size(), 1000);
  const auto expected = seen(plain.path(), everything);
  CHECK(expected.size() == 300);
  const auto result = compact(*recorder);
  CHECK(result.events > 25'000);
  CHECK(result.events + result.left_open == 30'000);
  // Keys depend on the store's secret, all else must be the same in another store with another history.
  CHECK(seen(plain.path(), everything) == expected);
  CHECK(seen(plain.path(), everything, 2) == expected);
  const EventFilter filter{.types = {"purchase"},
                           .from = now - 5 * kMicrosPerDay,
                           .to = now - 2 * kMicrosPerDay,
                           .properties = {"slot"}};
  const auto filtered = seen(plain.path(), filter);

  auto reversed = rows;
  std::reverse(reversed.begin(), reversed.end());
  Store second = Store::create(other.path());
  Recorder late(second);
  record(late, reversed, 0, 10'000, 77);
  compact(late);
  record(late, reversed, 10'000, 10'500, 500);  // a few late ones
  compact(late);
  record(late, reversed, 10'500, reversed.size(), 5000);  // many late ones: parts are rewritten
  compact(late);
  CHECK(seen(other.path(), filter) == filtered);
  CHECK(seen(other.path(), {.properties = {"slot"}}, 2) == seen(plain.path(), {.properties = {"slot"}}));
  // Ids are still known after compaction.
  record(late, reversed, 0, 3000, 1000);
  CHECK(seen(other.path(), filter) == filtered);
  compact(late);
  CHECK(open_rows(second) < 30'000 / 5);
}

TEST_CASE("compaction keeps first exposures and forgets repeats") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  Recorder recorder(store);
  const Micros now = now_micros();
  std::mt19937 random(3);
  Batch batch;
  for (int i = 0; i < 20'000; ++i) {
    const std::string id = fmt::format("x{}", i);
    const std::string unit = fmt::format("u{}", random() % 900);
    Exposure exposure;
    exposure.id = id;
    exposure.unit = unit;
    exposure.experiment = random() % 3 == 0 ? "price" : "checkout";
    exposure.arm = random() % 2 == 0 ? "a" : "b";
    exposure.at = now - static_cast<Micros>(random() % 1'000'000);
    batch.add(exposure);
  }
  recorder.record(batch);
  const auto columns = [&] {
    Reader reader(file.path());
    std::vector<std::tuple<std::string, std::string, Micros>> rows;
    const auto exposures = reader.exposures("checkout");
    for (std::size_t i = 0; i < exposures.size(); ++i)
      rows.emplace_back(reader.unit_id(exposures.unit[i]), exposures.arms[exposures.arm[i]].key,
                        exposures.at[i]);
    return rows;
  };
  const auto before = columns();
  const auto result = compact(recorder);
  CHECK(result.exposures > 1800);
  CHECK(result.exposures < 20'000);
  CHECK(columns() == before);
  CHECK(recorder.record(batch).duplicate == 20'000);
}

TEST_CASE("an interrupted compaction changes nothing and is cleaned up") {
  TemporaryStore file;
  const Micros now = now_micros();
  const auto rows = shop(4, 9'000, now);
  auto store = std::make_unique<Store>(Store::create(file.path()));
  auto recorder = std::make_unique<Recorder>(*store);
  record(*recorder, rows, 0, rows.size(), 3000);
  const auto expected = seen(file.path());
  recorder->exclusive([&](Store& open) {
    Staging staging(open.state());
    BlockRows block;
    read_block(open.state().database, 1, block);
    stage_sorted(staging, BlockKind::event, 5, block);
    staging.replace(1);
    // Never published, as if the process had ended here.
  });
  recorder.reset();
  store.reset();
  CHECK(seen(file.path()) == expected);
  Store again = Store::open(file.path());
  Recorder next(again);
  compact(next);
  CHECK(seen(file.path()) == expected);
}

TEST_CASE("consent, retention, links and export") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  Recorder recorder(store);
  const Micros now = now_micros();
  const auto event = [&](std::string_view id, std::string_view unit, std::string_view type, Micros at) {
    Batch batch;
    Event one;
    one.id = id;
    one.unit = unit;
    one.type = type;
    one.at = at;
    one.value = 1'500'000;
    const Property properties[] = {{"note", "a \"b\", c"}};
    one.properties = properties;
    batch.add(one);
    const Ack ack = recorder.record(batch);
    return ack.rejected > 0 ? std::string(name(ack.rejections[0])) : std::string("recorded");
  };
  set_consent(recorder, "carl", "measurement", false);
  CHECK(event("c1", "carl", "view", now) == "no_consent");
  set_consent(recorder, "carl", "measurement", true);
  CHECK(event("c1", "carl", "view", now) == "recorded");
  CHECK(event("v1", "anna", "view", now - 40 * kMicrosPerDay) == "recorded");
  CHECK(event("v2", "anna", "view", now - 20 * kMicrosPerDay) == "recorded");
  CHECK(event("p1", "anna", "purchase", now - 40 * kMicrosPerDay) == "recorded");
  set_retention(recorder, "view", 30);
  CHECK(purge(recorder) == 1);
  CHECK(event("v0", "anna", "view", now - 31 * kMicrosPerDay) == "past_retention");
  CHECK(seen(file.path())["anna"].size() == 2);
  event("k1", "cookie 7", "view", now - 5);
  link_units(recorder, "cookie 7", "anna");
  CHECK(seen(file.path())["anna"].size() == 3);
  CHECK_FALSE(seen(file.path()).contains("cookie 7"));
  compact(recorder);
  CHECK(seen(file.path())["anna"].size() == 3);
  std::string text;
  const auto count = export_rows(file.path(), {.format = ExportOptions::Format::csv, .unit = "anna"},
                                 [&](std::string_view piece) { text += piece; });
  CHECK(count == 2);
  CHECK(text.starts_with("id,unit,type,at,recorded_at,value,reference,note\n"));
  CHECK(text.find(",1.5,,\"a \"\"b\"\", c\"\n") != std::string::npos);
}

TEST_CASE("erased ids are found nowhere: not in the file, the log, nor any block") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  Recorder recorder(store);
  const Micros now = now_micros();
  auto rows = shop(9, 20'000, now);
  for (Row& row : rows) row.unit = "customer-" + row.unit;
  record(recorder, rows, 0, 15'000, 1000);
  compact(recorder);
  record(recorder, rows, 15'000, rows.size(), 1000);
  for (const char* unit : {"customer-user 250", "customer-user 123", "customer-user 299"}) {
    const Erasure erasure = erase(recorder, unit);
    CHECK(erasure.units == 1);
    CHECK(erasure.finished);
    CHECK(erasure.rows > 20);
  }
  CHECK(erase(recorder, "nobody").units == 0);
  const auto bytes_contain = [&](const std::string& text) {
    for (const auto& entry : std::filesystem::directory_iterator(file.folder())) {
      std::ifstream stream(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
      if (bytes.find(text) != std::string::npos) return true;
    }
    return false;
  };
  CHECK(bytes_contain("customer-user 8"));  // the search itself works
  CHECK_FALSE(bytes_contain("customer-user 250"));
  CHECK_FALSE(bytes_contain("customer-user 123"));
  CHECK_FALSE(bytes_contain("customer-user 299"));
  for (const LiveBlock& entry : live_blocks(store.state())) {
    BlockRows block;
    read_block(store.state().database, entry.block, block);
    for (std::size_t i = 0; i < block.size(); ++i)
      for (const Row& row : rows)
        if (row.unit == "customer-user 123" && block.id[i] == row.id)
          FAIL("an event of an erased unit is still there");
  }
  CHECK(seen(file.path()).size() == 297);
  // What a client sends again is refused.
  Batch batch;
  Event again;
  again.id = "new";
  again.unit = "customer-user 123";
  again.type = "view";
  again.at = now;
  batch.add(again);
  CHECK(recorder.record(batch).rejections.at(0) == Rejection::erased);
}
