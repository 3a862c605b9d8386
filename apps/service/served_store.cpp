#include "apps/service/served_store.hpp"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <utility>

#include "engine/definition/own_tables.hpp"
#include "engine/record/audit.hpp"
#include "engine/record/clickhouse/recorder.hpp"
#include "engine/record/compaction.hpp"
#include "engine/record/privacy.hpp"

namespace liftmark::service {
namespace {

class FileStore final : public ServedStore {
 public:
  explicit FileStore(const std::filesystem::path& path)
      : store_(Store::open(path)), recorder_(store_), sink_(recorder_), units_(recorder_), path_(path) {}

  BatchSink& sink() override { return sink_; }
  bool records() const override { return true; }
  std::optional<CatalogVersion> newer_catalog(std::int64_t version, std::size_t bytes) override {
    std::optional<CatalogVersion> newest;
    recorder_.exclusive([&](Store& store) { newest = store.get_catalog(); });
    if (newest && newest->version == version && newest->json.size() == bytes) newest.reset();
    return newest;
  }
  AppliedCatalog apply(Catalog after, const CatalogEdit& edit) override {
    return apply_catalog(recorder_, path_, std::move(after), edit);
  }
  UnitFacts& units() override { return units_; }
  std::shared_ptr<const StoredSegments> segments(std::shared_ptr<const StoredSegments> known) override {
    if (known != nullptr && known->is_current()) return known;
    return std::make_shared<const StoredSegments>(path_);
  }
  void note(const std::string& act, const std::string& detail) override {
    write_audit(recorder_, act, detail);
  }
  void care() override {
    purge(recorder_);
    compact(recorder_);
    finish_erasures(recorder_);
  }
  bool reached() const override { return true; }
  std::string name() const override { return path_.filename().string(); }
  std::chrono::milliseconds look_every() const override { return {}; }
  Recorder* file_writer() override { return &recorder_; }

 private:
  Store store_;
  Recorder recorder_;
  FileSink sink_;
  UnitFacts units_;
  std::filesystem::path path_;
};

/// Requests share commits, a server that is away is no reason to lose what was taken, and memory is bounded.
constexpr clickhouse::RecorderOptions kServed{.commit_rows = 65'536,
                                              .queue_bytes = 64u << 20,
                                              .gather = std::chrono::milliseconds(20),
                                              .attempts = 2,
                                              .holds_on = true};
/// A server that hangs must not hold requests for long.
constexpr clickhouse::Limits kServedLimits{.seconds = 30};

/// One connection records, another one looks at the catalog.
class ClickHouseStore final : public ServedStore {
 public:
  explicit ClickHouseStore(const std::string& address)
      : address_(address),
        rows_(clickhouse::parse_address(address), kServedLimits),
        catalog_(clickhouse::parse_address(address), kServedLimits),
        recorder_(rows_, kServed) {}

  BatchSink& sink() override { return recorder_; }
  bool records() const override { return !own_tables_; }
  std::optional<CatalogVersion> newer_catalog(std::int64_t version, std::size_t bytes) override {
    const std::lock_guard lock(mutex_);
    try {
      auto newest = catalog_.newest_catalog(version, bytes);
      if (newest) follow(newest->json);
      all_answer_ = others_answer();
      return newest;
    } catch (const clickhouse::LostConnection&) {
      all_answer_ = false;
      throw;
    }
  }
  AppliedCatalog apply(Catalog after, const CatalogEdit& edit) override {
    const std::lock_guard lock(mutex_);
    return apply_catalog(catalog_, std::move(after), edit);
  }
  UnitFacts& units() override { return units_; }
  std::shared_ptr<const StoredSegments> segments(std::shared_ptr<const StoredSegments> known) override {
    return known != nullptr ? known : std::make_shared<const StoredSegments>();
  }
  void note(const std::string& act, const std::string& detail) override {
    const std::lock_guard lock(mutex_);
    catalog_.audit(catalog_.next_stamp(), act, detail);
  }
  void care() override {
    const std::lock_guard lock(mutex_);
    catalog_.fold_commits(now_micros());
  }
  bool reached() const override { return all_answer_ && recorder_.reached(); }
  std::string name() const override { return address_; }
  std::chrono::milliseconds look_every() const override { return std::chrono::seconds(2); }
  Recorder* file_writer() override { return nullptr; }

 private:
  void follow(const std::string& catalog) {
    recorder_.follow(catalog);
    own_tables_ = own_tables_of(catalog).has_value();
  }

  bool others_answer() {
    try {
      catalog_.cluster().query("SELECT 1");
      return true;
    } catch (const clickhouse::LostConnection&) {
      return false;
    }
  }

  std::string address_;
  UnitFacts units_;
  std::mutex mutex_;
  clickhouse::Store rows_, catalog_;
  std::atomic<bool> own_tables_{false}, all_answer_{true};
  clickhouse::Recorder recorder_;
};

}  // namespace

std::unique_ptr<ServedStore> serve_store(const std::filesystem::path& store) {
  if (clickhouse::is_address(store.string())) return std::make_unique<ClickHouseStore>(store.string());
  return std::make_unique<FileStore>(store);
}

}  // namespace liftmark::service
