#pragma once
// The body of a recording request to a batch: a JSON array of objects, or NDJSON.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/record/batch.hpp"

namespace liftmark {

struct JsonRowsOptions {
  enum class Kind { events, exposures } kind = Kind::events;
  std::string source = "api";
  Micros arrival = 0;  ///< moment of rows that have an id and no time
  std::size_t most_rows = 10'000;
  std::size_t id_bytes = 256;  ///< of ids and units
  int depth = 32;
};

struct JsonRows {
  struct Refused {
    std::size_t row = 0;
    std::string_view reason;  ///< a static text
  };
  Batch batch;
  std::vector<std::size_t> row;  ///< of each row of the batch, where it stood in the body, from 1
  std::vector<Refused> refused;  ///< rows that are none
  std::size_t rows = 0;
  bool too_many = false;  ///< over most_rows: nothing else is filled in
};

/// Reads the body; it needs room behind its end, so its capacity may grow. Nothing when it is neither an
/// array nor NDJSON: an array that does not end, or something behind it. A broken row is refused by itself.
std::optional<JsonRows> read_json_rows(std::string& body, const JsonRowsOptions& options);

/// Whether brackets nest at most `depth` deep; strings are passed over.
bool nests_within(std::string_view json, int depth) noexcept;

}  // namespace liftmark
