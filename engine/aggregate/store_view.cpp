#include "engine/aggregate/store_view.hpp"

#include <algorithm>

#include "engine/aggregate/clickhouse/view.hpp"
#include "engine/aggregate/experiment_facts.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/clickhouse/address.hpp"

namespace liftmark {
namespace {

class FileView final : public StoreView {
 public:
  FileView(const std::string& store, const ReaderOptions& options) : store_(store), reader_(store, options) {}
  Micros as_of() const override { return reader_.as_of(); }
  std::vector<Micros> altered_after() const override { return reader_.altered_after(); }
  std::vector<CatalogVersion> catalogs() const override { return reader_.catalogs(); }
  FirstExposure first_exposure(std::string_view experiment) const override {
    const auto rows = reader_.exposures(experiment);
    if (rows.size() == 0) return {};
    return {.at = *std::min_element(rows.at.begin(), rows.at.end()),
            .recorded_at = *std::min_element(rows.recorded_at.begin(), rows.recorded_at.end())};
  }
  Statistics aggregate(const Catalog& catalog, std::string_view experiment,
                       const AggregateOptions& options) const override {
    return liftmark::aggregate(reader_, catalog, experiment, options);
  }

  std::vector<SourceDeliveries> deliveries() const override {
    return read_deliveries(store_, reader_.as_of());
  }

 private:
  std::string store_;
  Reader reader_;
};

}  // namespace

std::unique_ptr<StoreView> open_view(const std::string& store, const ReaderOptions& options,
                                     const ServerOptions& server) {
  if (clickhouse::is_address(store)) return clickhouse::open_view(store, options, server);
  return std::make_unique<FileView>(store, options);
}

Catalog catalog_of(const StoreView& view) {
  const auto versions = view.catalogs();
  if (versions.empty()) throw no_catalog();
  return parse_catalog(versions.back().json);
}

}  // namespace liftmark
