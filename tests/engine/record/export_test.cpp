// Raw rows out: a column for every property key of the rows that are exported, and of no others.
#include "engine/record/export.hpp"

#include <string>
#include <tuple>

#include <catch2/catch.hpp>

#include "engine/record/compaction.hpp"
#include "engine/record/recorder.hpp"
#include "engine/record/temporary_store.hpp"

using namespace liftmark;

namespace {

std::string first_line(const std::filesystem::path& store, const ExportOptions& options) {
  std::string text;
  export_rows(store, options, [&](std::string_view piece) { text += piece; });
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("a CSV export has the columns of its own rows") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  Recorder recorder(store);
  const Micros then = now_micros() - 3 * kMicrosPerDay;
  const Property surface{"surface", "home"}, price{"a \"price\"", "3"}, country{"country", "CZ"};
  Batch batch("shop");
  for (const auto& [id, type, property] :
       {std::tuple("1", "view", &surface), std::tuple("2", "purchase", &price)}) {
    Event event;
    event.id = id;
    event.unit = id;
    event.type = type;
    event.at = then;
    event.properties = {property, 1};
    batch.add(event);
  }
  Exposure exposure;
  exposure.unit = "1";
  exposure.experiment = "checkout";
  exposure.arm = "control";
  exposure.at = then;
  exposure.attributes = {&country, 1};
  batch.add(exposure);
  recorder.record(batch);
  for (int layout = 0; layout < 2; ++layout) {
    const std::string events = "id,unit,type,at,recorded_at,value,reference";
    CHECK(first_line(file.path(), {}) == events + ",surface,\"a \"\"price\"\"\"");
    CHECK(first_line(file.path(), {.types = {"view"}}) == events + ",surface");
    CHECK(first_line(file.path(), {.unit = "2"}) == events + ",\"a \"\"price\"\"\"");
    CHECK(first_line(file.path(), {.from = then + 1}) == events);
    CHECK(first_line(file.path(), {.kind = ExportOptions::Kind::exposures}) ==
          "id,experiment,epoch,unit,arm,at,recorded_at,propensity,fallback,country");
    compact(recorder);
  }
}
