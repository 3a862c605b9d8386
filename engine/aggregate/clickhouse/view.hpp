#pragma once
// A ClickHouse store as of a moment.

#include <memory>
#include <string>

#include "engine/aggregate/store_view.hpp"

namespace liftmark::clickhouse {

/// Throws Error{storage} when a shard cannot be reached or holds no store, Error{usage} for an as-of after
/// the last commit.
std::unique_ptr<StoreView> open_view(const std::string& store, const ReaderOptions& options,
                                     const ServerOptions& server);

}  // namespace liftmark::clickhouse
