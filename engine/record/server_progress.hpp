#pragma once
// How far a question to a server has come, and how it is ended.

#include <cstdint>
#include <functional>

namespace liftmark {

struct ServerProgress {
  std::int64_t statements = 0;         ///< sent so far
  std::int64_t rows = 0, of_rows = 0;  ///< that the current one has read on all shards; of_rows is a guess
};

/// Called about once a second while a statement runs; false ends it on every server.
using ServerWatch = std::function<bool(const ServerProgress&)>;

}  // namespace liftmark
