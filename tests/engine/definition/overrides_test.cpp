// Overrides of erased units go, and nothing else of a catalog's text.
#include "engine/definition/overrides.hpp"

#include <catch2/catch.hpp>

using namespace liftmark;

TEST_CASE("a catalog's text without the overrides of some units is the same text but for them") {
  const std::string_view text =
      R"({"experiments":[{"key":"x","overrides":{"ann":"b","bob":"b"},"share":0.1},{"key":"y"}],"schema":"s"})";
  CHECK(without_overrides(text, {"ann", "eve"}) ==
        R"({"experiments":[{"key":"x","overrides":{"bob":"b"},"share":0.1},{"key":"y"}],"schema":"s"})");
  CHECK(without_overrides(text, {"bob", "ann"}) ==
        R"({"experiments":[{"key":"x","overrides":{},"share":0.1},{"key":"y"}],"schema":"s"})");
  CHECK(without_overrides(text, {"eve"}) == std::nullopt);
  CHECK(without_overrides("ann: no JSON", {"ann"}) == std::nullopt);
  CHECK(has_overrides(text));
  CHECK_FALSE(has_overrides(R"({"experiments":[{"key":"x","overrides":{}}]})"));
}
