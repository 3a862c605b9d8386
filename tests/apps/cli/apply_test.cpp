// init and apply: versions, an invalid catalog changes nothing, a reshuffle of a running experiment is
// refused.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/cli/running.hpp"
#include "engine/definition/assigner.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/reader.hpp"
#include "engine/record/recorder.hpp"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Folder {
  fs::path path = fs::temp_directory_path() / ("liftmark-apply-" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  std::string store() const { return (path / "shop.db").string(); }
  std::string file(const json& catalog) const {
    std::ofstream(path / "catalog.json") << catalog.dump();
    return (path / "catalog.json").string();
  }
};

using liftmark::tests::run;

json catalog(double weight) {
  json document = json::parse(R"({"schema": "liftmark.catalog/1",
    "metrics": [{"key": "conversion", "kind": "proportion", "numerator": {"event": "purchase"}}],
    "experiments": [{"key": "checkout", "arms": [{"key": "control", "role": "control"}, {"key": "variant"}],
      "hashing": {"salt": "checkout-1"}, "plan": {"primary": ["conversion"]}}]})");
  document["experiments"][0]["arms"][1]["weight"] = weight;
  return document;
}

std::int64_t version(const Folder& folder) {
  const auto current = liftmark::Reader(folder.store()).catalog();
  return current ? current->version : 0;
}

void record_units(const Folder& folder, int units) {
  auto store = liftmark::Store::open(folder.store());
  liftmark::Recorder recorder(store, {.oldest = 100'000 * liftmark::kMicrosPerDay});
  liftmark::Batch batch("test");
  for (int i = 0; i < units; ++i) {
    const std::string unit = "user-" + std::to_string(i);
    batch.add(liftmark::Event{.id = unit,
                              .unit = unit,
                              .type = "view",
                              .at = 1'772'409'600'000'000,
                              .recorded_at = {},
                              .reference = {},
                              .properties = {}});
  }
  recorder.record(batch);
}

/// The arms that the catalog in force gives these units.
std::vector<std::string> arms_in_force(const Folder& folder, int units) {
  const auto assigner =
      liftmark::compile_assigner(liftmark::parse_catalog(liftmark::Reader(folder.store()).catalog()->json));
  std::vector<std::string> arms;
  for (int i = 0; i < units; ++i) {
    const std::string unit = "user-" + std::to_string(i);
    liftmark::assign::Context context;
    context.unit = unit;
    arms.emplace_back(assigner->assign(context, "checkout").arm());
  }
  return arms;
}

}  // namespace

TEST_CASE("apply stores versions, and refuses mistakes and reshuffles") {
  const Folder folder;
  run({"init", folder.store()});
  CHECK_THROWS_AS(run({"init", folder.store()}), liftmark::Error);  // exists
  run({"apply", folder.store(), folder.file(catalog(1)), "--dry-run"});
  CHECK(version(folder) == 0);
  run({"apply", folder.store(), folder.file(catalog(1))});
  CHECK(version(folder) == 1);
  run({"apply", folder.store(), folder.file(catalog(1))});
  CHECK(version(folder) == 1);  // nothing changes
  json wrong = catalog(1);
  wrong["metrics"][0]["kind"] = "proportional";
  CHECK_THROWS_AS(run({"apply", folder.store(), folder.file(wrong)}), liftmark::Error);
  CHECK(version(folder) == 1);
  // Nobody is known yet, so a change of weights moves nobody.
  run({"apply", folder.store(), folder.file(catalog(2))});
  CHECK(version(folder) == 2);
  record_units(folder, 200);
  CHECK_THROWS_AS(run({"apply", folder.store(), folder.file(catalog(9))}), liftmark::Error);
  CHECK(version(folder) == 2);
  run({"apply", folder.store(), folder.file(catalog(9)), "--new-epoch"});
  CHECK(version(folder) == 3);
  const json stored = json::parse(liftmark::Reader(folder.store()).catalog()->json);
  CHECK(stored["experiments"][0]["epoch"] == 2);
  // The file still says epoch 1: going back is refused.
  CHECK_THROWS_AS(run({"apply", folder.store(), folder.file(catalog(9))}), liftmark::Error);
}

TEST_CASE("a change of weights moves only whom it must, edit after edit") {
  const Folder folder;
  constexpr int kUnits = 3000;
  json three = catalog(1);
  three["experiments"][0]["arms"].push_back({{"key", "third"}});
  run({"init", folder.store()});
  run({"apply", folder.store(), folder.file(three)});
  record_units(folder, kUnits);
  const auto before = arms_in_force(folder, kUnits);

  // From 1:1:1 to 2:1:1, the control needs 1/2 - 1/3 = 1/6 of the units and nobody else gains. Contiguous
  // ranges would move a quarter: 1/6 to the control and 1/12 from the third arm to the second.
  json heavier = three;
  heavier["experiments"][0]["arms"][0]["weight"] = 2;
  CHECK_THROWS_AS(run({"apply", folder.store(), folder.file(heavier)}), liftmark::Error);
  run({"apply", folder.store(), folder.file(heavier), "--allow-moves"});
  CHECK(version(folder) == 2);
  const auto after = arms_in_force(folder, kUnits);
  int moved = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == after[i]) continue;
    ++moved;
    CHECK(after[i] == "control");
  }
  CHECK(moved > 500 - 123);  // 6 standard deviations of a binomial of 3,000 units at 1/6
  CHECK(moved < 500 + 123);

  // The same file again: the ranges stay, so nobody moves and nothing changes.
  run({"apply", folder.store(), folder.file(heavier)});
  CHECK(version(folder) == 2);
  // An edit of something else keeps them too; going back gives everybody's first arm again or the control's.
  json renamed = heavier;
  renamed["experiments"][0]["name"] = "Checkout";
  run({"apply", folder.store(), folder.file(renamed)});
  CHECK(version(folder) == 3);
  CHECK(arms_in_force(folder, kUnits) == after);
  run({"apply", folder.store(), folder.file(three), "--new-epoch"});
  const json stored = json::parse(liftmark::Reader(folder.store()).catalog()->json);
  CHECK(stored["experiments"][0]["epoch"] == 2);
  const auto again = arms_in_force(folder, kUnits);
  for (std::size_t i = 0; i < after.size(); ++i)
    if (after[i] != "control") CHECK(again[i] == after[i]);
}

TEST_CASE("an edit is previewed from stored buckets where ids are hashed") {
  constexpr int kUnits = 300;
  const auto refusal = [](const Folder& folder, const json& edit) {
    try {
      run({"apply", folder.store(), folder.file(edit)});
    } catch (const liftmark::Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const Folder plain;
  run({"init", plain.store()});
  run({"apply", plain.store(), plain.file(catalog(1))});
  record_units(plain, kUnits);
  const std::string by_ids = refusal(plain, catalog(3));  // every id asked of both catalogs
  fs::remove_all(plain.path);
  fs::create_directories(plain.path);

  const Folder hashed;
  run({"init", hashed.store(), "--hash-units"});
  run({"apply", hashed.store(), hashed.file(catalog(1))});
  {
    auto store = liftmark::Store::open(hashed.store());
    liftmark::Recorder recorder(store);
    liftmark::Batch batch("test");
    for (int i = 0; i < kUnits; ++i) {
      const std::string unit = "user-" + std::to_string(i);
      liftmark::Exposure exposure;
      exposure.unit = unit;
      exposure.experiment = "checkout";
      exposure.arm = "control";
      exposure.at = liftmark::now_micros();
      batch.add(exposure);
    }
    recorder.record(batch);
  }
  CHECK_FALSE(by_ids.empty());
  CHECK(refusal(hashed, catalog(3)) == by_ids);
  json salted = catalog(1);
  salted["experiments"][0]["hashing"]["salt"] = "checkout-2";
  CHECK_THAT(refusal(hashed, salted), Catch::Matchers::Contains("buckets cannot say"));
  run({"apply", hashed.store(), hashed.file(salted), "--new-epoch"});
  CHECK(version(hashed) == 2);
}
