// Keyed hashing of unit ids at the door: the hash itself, no id in any byte of the store, everything that
// takes an id still works, and nothing works without the key.
#include "engine/record/unit_key.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "engine/definition/assigner.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/compaction.hpp"
#include "engine/record/export.hpp"
#include "engine/record/import.hpp"
#include "engine/record/privacy.hpp"
#include "engine/record/segments.hpp"
#include "engine/record/stored_buckets.hpp"
#include "engine/record/stored_units.hpp"
#include "engine/record/temporary_store.hpp"
#include "engine/record/unit_facts.hpp"

using namespace liftmark;
using Catch::Matchers::Contains;

namespace {

// HMAC-SHA-256 under 32 bytes of 0x0b, by Python's hmac module.
constexpr const char* kAnna = "f189b71554d34c08bcae7dd93c7ac4bebc87776c766a806ccbdbd6045d4da748";

constexpr const char* kCatalog = R"({"schema": "liftmark.catalog/1",
  "metrics": [{"key": "conversion", "kind": "proportion", "numerator": {"event": "purchase"}}],
  "experiments": [{"key": "checkout", "arms": [{"key": "control", "role": "control"}, {"key": "variant"}],
    "hashing": {"salt": "checkout-1"}, "plan": {"primary": ["conversion"]}}]})";

/// A store of hashed ids whose key is 32 bytes of `byte`, beside it.
struct HashedStore {
  explicit HashedStore(const char* byte = "0b")
      : store(Store::create(file.path(), {.unit_key = key(byte)})) {}
  std::filesystem::path key(const char* byte) const {
    const auto path = unit_key_file(file.path());
    std::ofstream text(path);
    for (int i = 0; i < 32; ++i) text << byte;
    text.close();
    std::filesystem::permissions(path, std::filesystem::perms::owner_read);
    return path;
  }
  TemporaryStore file;
  Store store;
};

Event purchase(std::string_view id, std::string_view unit, Micros at) {
  Event event;
  event.id = id;
  event.unit = unit;
  event.type = "purchase";
  event.at = at;
  return event;
}

Exposure exposure(std::string_view unit, Micros at) {
  Exposure exposed;
  exposed.unit = unit;
  exposed.experiment = "checkout";
  exposed.arm = "control";
  exposed.at = at;
  return exposed;
}

bool folder_contains(const std::filesystem::path& folder, const std::string& text) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    if (bytes.find(text) != std::string::npos) return true;
  }
  return false;
}

std::string exported(const std::filesystem::path& store, ExportOptions options) {
  std::string text;
  export_rows(store, options, [&](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace

TEST_CASE("HMAC-SHA-256 as in RFC 4231") {
  CHECK(UnitKey(std::string(20, '\x0b')).hash("Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(UnitKey("Jefe").hash("what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(UnitKey(std::string(131, '\xaa')).hash("Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("a store of hashed ids holds no id, and everything that takes an id works") {
  HashedStore made;
  Recorder recorder(made.store);
  const auto path = made.file.path();
  const Micros now = now_micros();
  const Micros past = now - 3 * kMicrosPerDay;
  recorder.exclusive([](Store& store) { store.put_catalog(kCatalog, "d1"); });
  Batch batch("shop");
  batch.add(purchase("order-1", "customer-anna", past));
  batch.add(purchase("", "customer-anna", past));
  batch.add(purchase("order-2", "customer-bert", past));
  batch.add(exposure("customer-anna", past));
  batch.add(exposure("cookie-anna", past + 1));
  CHECK(recorder.record(batch).accepted == 5);
  CHECK(recorder.record(batch).duplicate == 5);  // the same hash again, also of the row without id
  link_units(recorder, "cookie-anna", "customer-anna");
  set_consent(recorder, "customer-bert", "measurement", false);
  keep_sticky_arms(recorder,
                   {{.unit = "customer-anna", .experiment = "checkout", .epoch = 1, .arm = "control"}});
  put_segments(recorder, {.date = now, .method = "{}", .sets = {{"loyal"}}, .unit = {0}, .set = {0}});
  compact(recorder);
  {
    const Reader reader(path);
    CHECK(reader.unit_id(0) == kAnna);
    CHECK(reader.denied_units() == 1);
  }
  const StoredUnits stored(path);
  CHECK(stored.find("customer-bert").consent == assign::Consent::denied);
  REQUIRE(stored.find("customer-anna").kept.size() == 1);
  CHECK(stored.find("cookie-anna").kept.size() == 1);  // linked
  UnitFacts facts(recorder);
  CHECK(facts.consent("customer-bert") == assign::Consent::denied);
  CHECK(facts.kept_arms("cookie-anna").size() == 1);
  CHECK(StoredSegments(path).of("customer-anna").size() == 1);
  const std::string one = exported(path, {.unit = "customer-anna"});
  CHECK_THAT(one, Contains("order-1") && Contains(kAnna) && !Contains("order-2"));

  for (const char* id : {"customer-anna", "cookie-anna", "customer-bert"})
    CHECK_FALSE(folder_contains(made.file.folder(), id));
  CHECK(erase(recorder, "customer-anna").units == 2);
  CHECK_FALSE(folder_contains(made.file.folder(), kAnna));
  CHECK_THROWS_AS(set_consent(recorder, "customer-anna", "measurement", true), Error);
  Batch again("shop");
  again.add(purchase("order-3", "customer-anna", now));
  CHECK(recorder.record(again).rejections.at(0) == Rejection::erased);
}

TEST_CASE("what is made of an id is made of its hash") {
  // Without a key, source, content and id give a dictionary attack on the made id; with one they do not.
  std::set<std::string> made_ids, units;
  for (const char* byte : {"0b", "0c"}) {
    HashedStore made(byte);
    Recorder recorder(made.store);
    Batch batch("shop");
    batch.add(purchase("", "customer-anna", now_micros() / kMicrosPerDay * kMicrosPerDay));
    recorder.record(batch);
    const std::string text = exported(made.file.path(), {});
    const std::string row = text.substr(text.find('\n') + 1);
    made_ids.insert(row.substr(0, row.find(',')));
    units.insert(Reader(made.file.path()).unit_id(0));
  }
  CHECK(made_ids.size() == 2);
  CHECK(units.size() == 2);
}

TEST_CASE("an imported file of hashed units is a duplicate when imported again") {
  HashedStore made;
  Recorder recorder(made.store);
  const auto file = made.file.folder().parent_path() / fmt::format("liftmark-unit-key-{}.csv", ::getpid());
  std::ofstream(file) << "unit,type,at\ncustomer-anna,view,2026-03-01\ncustomer-anna,view,2026-03-01\n";
  CHECK(import_file(recorder, file, {}).accepted == 2);
  CHECK(import_file(recorder, file, {}).duplicate == 2);
  std::filesystem::remove(file);
  CHECK_FALSE(folder_contains(made.file.folder(), "customer-anna"));
}

TEST_CASE("without its key a store of hashed ids is read, not written") {
  TemporaryStore place;
  const auto key = place.folder() / "the.key";
  UnitKey::make(key);
  CHECK_THROWS_WITH(UnitKey::make(key), Contains("cannot make"));
  CHECK((std::filesystem::status(key).permissions() & std::filesystem::perms::mask) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  { Store::create(place.path(), {.unit_key = key}); }
  CHECK_THROWS_WITH(Store::open(place.path()), Contains("cannot read the key"));
  CHECK_THROWS_WITH(StoredUnits(place.path()), Contains("cannot read the key"));
  CHECK_NOTHROW(Reader(place.path()));
  CHECK_NOTHROW(Store::open(place.path(), {.unit_key = key}));
  const auto other = place.folder() / "another.key";
  UnitKey::make(other);
  CHECK_THROWS_WITH(Store::open(place.path(), {.unit_key = other}), Contains("another store"));
  std::filesystem::permissions(key, std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  CHECK_THROWS_WITH(Store::open(place.path(), {.unit_key = key}), Contains("others may read"));
  std::filesystem::permissions(key, std::filesystem::perms::owner_all);
  std::ofstream(key) << "not a key\n";
  CHECK_THROWS_WITH(Store::open(place.path(), {.unit_key = key}), Contains("64 hexadecimal digits"));
}

TEST_CASE("overrides are refused where ids are hashed: they would keep them") {
  HashedStore made;
  CHECK_THROWS_WITH(
      made.store.put_catalog(R"({"experiments":[{"key":"x","overrides":{"customer-anna":"b"}}]})", "d1"),
      Contains("overrides name units"));
  CHECK_FALSE(made.store.get_catalog());
  CHECK_FALSE(folder_contains(made.file.folder(), "customer-anna"));
}

TEST_CASE("exposures keep the bucket that assignment gave, per salt") {
  HashedStore made;
  Recorder recorder(made.store);
  const Micros now = now_micros();
  const auto assigner = compile_assigner(parse_catalog(kCatalog));
  Batch early("shop");
  early.add(exposure("before the catalog", now - 9));
  recorder.record(early);
  recorder.exclusive([](Store& store) { store.put_catalog(kCatalog, "d1"); });
  std::multiset<std::uint64_t> expected;
  Batch batch("shop");
  for (int i = 0; i < 50; ++i) {
    const std::string unit = fmt::format("user-{}", i);
    batch.add(exposure(unit, now - 5));
    batch.add(exposure(unit, now - 4));  // a repeat
    assign::Context context;
    context.unit = unit;
    expected.insert(assigner->assign(context, "checkout").bucket);
  }
  recorder.record(batch);
  for (int layout = 0; layout < 2; ++layout) {
    const StoredBuckets stored = stored_buckets(made.file.path(), "checkout", "checkout-1");
    CHECK(std::multiset<std::uint64_t>(stored.buckets.begin(), stored.buckets.end()) == expected);
    CHECK(stored.without == 1);
    CHECK(stored_buckets(made.file.path(), "checkout", "another salt").buckets.empty());
    compact(recorder);
  }
}
