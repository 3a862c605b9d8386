// One person's data: consent with history, erasure of all a person's ids, the write-ahead log as the last
// hiding place.
#include "engine/record/privacy.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "engine/definition/error.hpp"
#include "engine/record/compaction.hpp"
#include "engine/record/reader.hpp"
#include "engine/record/temporary_store.hpp"

using namespace liftmark;

namespace {

Ack buy(Recorder& recorder, const std::string& id, const std::string& unit, Micros at) {
  Batch batch("shop");
  Event event;
  event.id = id;
  event.unit = unit;
  event.type = "purchase";
  event.at = at;
  batch.add(event);
  return recorder.record(batch);
}

/// Ids of the units whose events a report as of `as_of` sees.
std::set<std::string> measured(const std::filesystem::path& path, std::optional<Micros> as_of = {}) {
  Reader reader(path, {.as_of = as_of});
  EventScanner scanner(reader, {});
  std::set<std::string> units;
  for (std::size_t s = 0; s < scanner.slices(); ++s) {
    const EventSlice& slice = scanner.read(s);
    for (UnitIndex unit = slice.first_unit; unit < slice.last_unit; ++unit)
      if (slice.begin(unit) < slice.end(unit)) units.insert(reader.unit_id(unit));
  }
  return units;
}

bool folder_contains(const std::filesystem::path& folder, const std::string& text) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    if (bytes.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("an erased unit stays erased whoever names it again") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  Recorder recorder(store);
  const Micros now = now_micros();
  buy(recorder, "e1", "customer-anna", now);
  CHECK(erase(recorder, "customer-anna").finished);
  CHECK_THROWS_AS(set_consent(recorder, "customer-anna", "measurement", true), Error);
  CHECK_THROWS_AS(link_units(recorder, "cookie-9", "customer-anna"), Error);
  CHECK_THROWS_AS(link_units(recorder, "customer-anna", "customer-bert"), Error);
  const Ack again = buy(recorder, "e2", "customer-anna", now);
  REQUIRE(again.rejections.size() == 1);
  CHECK(again.rejections[0] == Rejection::erased);
  CHECK_FALSE(folder_contains(file.folder(), "customer-anna"));
}

TEST_CASE("erasing a person takes the anonymous ids linked to it, and the overrides that name it") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  Recorder recorder(store);
  const Micros now = now_micros();
  recorder.exclusive([](Store& opened) {
    opened.put_catalog(R"({"experiments":[{"key":"x","overrides":{"customer-anna":"b","qa-otto":"a"}}]})",
                       "d1");
  });
  for (const char* unit : {"customer-anna", "cookie-anna-1", "cookie-anna-2", "customer-bert"})
    buy(recorder, std::string("order of ") + unit, unit, now);
  link_units(recorder, "cookie-anna-1", "customer-anna");
  link_units(recorder, "cookie-anna-2", "cookie-anna-1");
  const Erasure erasure = erase(recorder, "customer-anna");
  CHECK(erasure.units == 3);  // by hand: the customer and two cookies, with one order each
  CHECK(erasure.rows == 3);
  CHECK(erasure.finished);
  CHECK(measured(file.path()) == std::set<std::string>{"customer-bert"});
  for (const char* gone : {"customer-anna", "cookie-anna-1", "cookie-anna-2"})
    CHECK_FALSE(folder_contains(file.folder(), gone));
  CHECK(folder_contains(file.folder(), "qa-otto"));
  CHECK(erase(recorder, "qa-otto").units == 1);  // known from an override only
  CHECK_FALSE(folder_contains(file.folder(), "qa-otto"));
}

TEST_CASE("an erasure is pending while a reader holds the old bytes, and finishes after it") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  Recorder recorder(store);
  buy(recorder, "e1", "customer-anna", now_micros());
  buy(recorder, "e2", "customer-bert", now_micros());
  {
    const Reader reader(file.path());
    const Erasure erasure = erase(recorder, "customer-anna");
    CHECK(erasure.units == 1);
    CHECK_FALSE(erasure.finished);
    CHECK(measured(file.path()) == std::set<std::string>{"customer-bert"});  // hidden all the same
  }
  CHECK(finish_erasures(recorder) == 0);
  CHECK_FALSE(folder_contains(file.folder(), "customer-anna"));
  CHECK(folder_contains(file.folder(), "customer-bert"));
}

TEST_CASE("consent is read as of the report's moment, the latest word by its own time") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  Recorder recorder(store);
  const Micros now = now_micros();
  buy(recorder, "e1", "anna", now);
  const Micros before = buy(recorder, "e2", "bert", now).recorded_at;
  CHECK(measured(file.path()) == std::set<std::string>{"anna", "bert"});
  set_consent(recorder, "anna", "measurement", false);
  set_consent(recorder, "bert", "e-mail", false);  // another purpose
  CHECK(measured(file.path()) == std::set<std::string>{"bert"});
  CHECK(Reader(file.path()).denied_units() == 1);
  CHECK(measured(file.path(), before) == std::set<std::string>{"anna", "bert"});
  CHECK(buy(recorder, "e3", "anna", now).rejections.at(0) == Rejection::no_consent);
  // An older word that arrives late changes nothing; a newer one does.
  set_consent(recorder, "anna", "measurement", true, now - 10 * kMicrosPerDay);
  CHECK(buy(recorder, "e4", "anna", now).rejected == 1);
  set_consent(recorder, "anna", "measurement", true);
  CHECK(buy(recorder, "e5", "anna", now).accepted == 1);
  CHECK(measured(file.path()) == std::set<std::string>{"anna", "bert"});
}

TEST_CASE("recording stops when a reader lets the log grow past its limit, and resumes after it") {
  TemporaryStore file;
  Store store = Store::create(file.path(), {.log_limit = 1 << 20});
  Recorder recorder(store);
  const Micros now = now_micros();
  buy(recorder, "first", "anna", now);
  int recorded = 0;
  {
    const Reader reader(file.path());
    const auto record_many = [&] {
      for (; recorded < 10'000; ++recorded) buy(recorder, fmt::format("e{}", recorded), "anna", now);
    };
    CHECK_THROWS_WITH(record_many(), Catch::Matchers::Contains("write-ahead log"));
    CHECK(recorded > 10);
  }
  // What was refused was not recorded; sent again it is.
  CHECK(buy(recorder, fmt::format("e{}", recorded), "anna", now).accepted == 1);
  CHECK(buy(recorder, "e0", "anna", now).duplicate == 1);
}

TEST_CASE("a store on a network file system is refused by the number of its kind") {
  CHECK(network_file_system(0x6969) == "NFS");       // NFS_SUPER_MAGIC
  CHECK(network_file_system(0xFF534D42) == "CIFS");  // CIFS_SUPER_MAGIC
  CHECK(network_file_system(0xEF53).empty());        // EXT4_SUPER_MAGIC
  CHECK(network_file_system(0x01021994).empty());    // TMPFS_MAGIC
}

TEST_CASE("retention periods come with the catalog, and go with it") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  Recorder recorder(store);
  const Micros now = now_micros();
  const auto put = [&](const std::string& json) {
    recorder.exclusive([&](Store& opened) { opened.put_catalog(json, json); });
  };
  CHECK(buy(recorder, "old", "anna", now - 40 * kMicrosPerDay).accepted == 1);
  CHECK(buy(recorder, "young", "anna", now - 20 * kMicrosPerDay).accepted == 1);
  CHECK(purge(recorder) == 0);
  put(R"({"retention": {"purchase": 30}})");
  CHECK(buy(recorder, "late", "anna", now - 31 * kMicrosPerDay).rejections.at(0) ==
        Rejection::past_retention);
  CHECK(purge(recorder) == 1);
  CHECK(measured(file.path()).size() == 1);
  // A period of the command line stays until the catalog says another.
  set_retention(recorder, "purchase", 10);
  put(R"({"retention": {"purchase": 30}, "currency": "EUR"})");
  CHECK(purge(recorder) == 1);  // younger than 30 days, older than 10
  put(R"({"retention": {"purchase": 50}})");
  CHECK(buy(recorder, "late", "anna", now - 31 * kMicrosPerDay).accepted == 1);
  put("{}");
  CHECK(buy(recorder, "ancient", "anna", now - 300 * kMicrosPerDay).accepted == 1);
}
