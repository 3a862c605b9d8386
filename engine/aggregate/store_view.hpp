#pragma once
// A store as of a moment, whatever engine keeps it: what the analysis asks, answered with the same numbers.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/aggregate/aggregate.hpp"
#include "engine/aggregate/statistics.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/record/deliveries.hpp"
#include "engine/record/reader.hpp"
#include "engine/record/server_progress.hpp"

namespace liftmark {

/// When an experiment's first exposure happened and when the first one was recorded, which is when anybody
/// could look; zeros without exposures.
struct FirstExposure {
  Micros at = 0, recorded_at = 0;
};

class StoreView {
 public:
  virtual ~StoreView() = default;
  /// As Reader's.
  virtual Micros as_of() const = 0;
  virtual std::vector<Micros> altered_after() const = 0;
  /// Every version of the catalog up to the as-of, oldest first.
  virtual std::vector<CatalogVersion> catalogs() const = 0;
  virtual FirstExposure first_exposure(std::string_view experiment) const = 0;
  /// What each source delivered; see read_deliveries().
  virtual std::vector<SourceDeliveries> deliveries() const = 0;
  /// As liftmark::aggregate(); its memory of earlier reports is for stores in a file only.
  virtual Statistics aggregate(const Catalog& catalog, std::string_view experiment,
                               const AggregateOptions& options) const = 0;
};

/// What a question to a server may cost, and who sees it.
struct ServerOptions {
  std::int64_t max_rows = 0;  ///< rows that a statement may read on a shard; 0: any number
  /// Events of a shard that are worked on at a time; what they take of its memory, see docs/clickhouse.md.
  std::int64_t rows_at_once = 4'000'000;
  std::function<void(std::string_view)> on_statement = {};  ///< called with each before it is sent
  ServerWatch on_progress = {};                             ///< called while one runs
};

/// `store` is a file's name, or the address of a ClickHouse store (engine/record/clickhouse/address.hpp).
/// Throws as Reader's constructor does.
std::unique_ptr<StoreView> open_view(const std::string& store, const ReaderOptions& options = {},
                                     const ServerOptions& server = {});

/// The catalog in force at the view's moment. Throws Error{definition} when there is none.
Catalog catalog_of(const StoreView& view);

}  // namespace liftmark
