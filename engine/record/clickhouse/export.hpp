#pragma once
// Raw rows out of a ClickHouse store.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "engine/record/export.hpp"

namespace liftmark::clickhouse {

/// As liftmark::export_rows(). Rows come shard by shard in parts of some 100,000, each unit's together.
/// Throws Error{usage} when the store reads tables of a shop's own: there is nothing here to bring out.
std::int64_t export_rows(const std::string& store, const ExportOptions& options,
                         const std::function<void(std::string_view)>& write);

}  // namespace liftmark::clickhouse
