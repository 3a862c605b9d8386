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

#include "apps/cli/commands.hpp"
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

void run(std::vector<std::string> arguments) {
  CLI::App program;
  liftmark::cli::add_init(program);
  liftmark::cli::add_apply(program);
  std::reverse(arguments.begin(), arguments.end());
  program.parse(arguments);
}

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
  {
    auto store = liftmark::Store::open(folder.store());
    liftmark::Recorder recorder(store, {.oldest = 100'000 * liftmark::kMicrosPerDay});
    liftmark::Batch batch("test");
    for (int i = 0; i < 200; ++i) {
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
  CHECK_THROWS_AS(run({"apply", folder.store(), folder.file(catalog(9))}), liftmark::Error);
  CHECK(version(folder) == 2);
  run({"apply", folder.store(), folder.file(catalog(9)), "--new-epoch"});
  CHECK(version(folder) == 3);
  const json stored = json::parse(liftmark::Reader(folder.store()).catalog()->json);
  CHECK(stored["experiments"][0]["epoch"] == 2);
  // The file still says epoch 1: going back is refused.
  CHECK_THROWS_AS(run({"apply", folder.store(), folder.file(catalog(9))}), liftmark::Error);
}
