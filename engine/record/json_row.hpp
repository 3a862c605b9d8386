#pragma once
// One JSON object to the texts of a row: what NDJSON files and the service's requests share.

#include <cstddef>
#include <memory>
#include <string_view>

#include "engine/record/import_row.hpp"

namespace liftmark {

/// Bytes that must be readable behind a row (simdjson's padding).
inline constexpr std::size_t kJsonPadding = 64;

class JsonRowReader {
 public:
  /// Keys become fields under the mapping of the options. Throws Error{usage} for a field that there is not.
  explicit JsonRowReader(const ImportOptions& options);
  ~JsonRowReader();

  /// Empty when good, else the reason. `readable` counts the bytes that may be read from the row's begin on.
  /// Unescaped strings of the row live here until the next one.
  ///
  /// An OpenFeature tracking event is a row too: "trackingEventName" is the type, "targetingKey" of "context"
  /// the unit, "trackingEventDetails" holds the value and the properties.
  std::string_view read(std::string_view text, std::size_t readable, RawRow& row);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace liftmark
