#pragma once
// What the service needs of a store, whatever engine keeps it. What only a file has (consent, links, erasure,
// compaction, reading the log of acts) is asked of its writer, by routes that are refused where there is no file.

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "engine/record/batch_sink.hpp"
#include "engine/record/catalog_edit.hpp"
#include "engine/record/segments.hpp"
#include "engine/record/unit_facts.hpp"

namespace liftmark::service {

/// Thread-safe. All members throw Error{storage} when the store says no.
class ServedStore {
 public:
  virtual ~ServedStore() = default;

  /// Where rows go; answered when they are in the store.
  virtual BatchSink& sink() = 0;
  /// False where the catalog maps tables that the service does not write to.
  virtual bool records() const = 0;
  /// The newest version of the catalog that is later than this one, whose text has so many bytes; or the same
  /// one, shorter: an override that named an erased unit is gone from it.
  virtual std::optional<CatalogVersion> newer_catalog(std::int64_t version, std::size_t bytes) = 0;
  /// As liftmark::apply_catalog().
  virtual AppliedCatalog apply(Catalog after, const CatalogEdit& edit) = 0;
  /// Consent and kept arms; where there are none, everybody consents and kept arms are unreadable.
  virtual UnitFacts& units() = 0;
  /// The stored segments; `known` itself while it is current.
  virtual std::shared_ptr<const StoredSegments> segments(std::shared_ptr<const StoredSegments> known) = 0;
  /// Notes what an administrator asked for; never to whom.
  virtual void note(const std::string& act, const std::string& detail) = 0;
  /// What nobody should have to remember: purging, compacting, ending erasures; of a ClickHouse store,
  /// keeping its list of commits short.
  virtual void care() = 0;
  /// False when a server did not answer the last commit or the last look at the catalog.
  virtual bool reached() const = 0;
  /// How `liftmark report` is told of the store, in a report that does not say where a file lies.
  virtual std::string name() const = 0;
  /// How often others may have put a catalog in force that nobody told the service of; zero: they always do.
  virtual std::chrono::milliseconds look_every() const = 0;
  /// The one writer of the file; null where there is none.
  virtual Recorder* file_writer() = 0;
};

/// Opens the store for writing: a file, or the address of a ClickHouse store. Throws as Store::open() and
/// clickhouse::Store do.
std::unique_ptr<ServedStore> serve_store(const std::filesystem::path& store);

}  // namespace liftmark::service
