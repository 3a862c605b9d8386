#pragma once
// The service without its sockets: store, catalog in force, tokens, and what answers a request.

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "apps/service/access_log.hpp"
#include "apps/service/event_channel.hpp"
#include "apps/service/exposure_buffer.hpp"
#include "apps/service/flags.hpp"
#include "apps/service/metrics.hpp"
#include "apps/service/routes.hpp"
#include "apps/service/served_store.hpp"
#include "apps/service/stream_tokens.hpp"
#include "apps/service/worker_threads.hpp"
#include "engine/aggregate/report_memory.hpp"

namespace liftmark::service {

struct Limits {
  std::size_t inflated_bytes = 64u << 20;
  int depth = 32;             ///< of JSON
  std::size_t rows = 10'000;  ///< of one recording request
  std::size_t id_bytes = 256;
};

struct ServiceOptions {
  std::filesystem::path store;       ///< or the address of a ClickHouse store
  std::filesystem::path tokens;      ///< empty: none
  double rate = 0.0;                 ///< requests a second of tokens without their own; 0: no limit
  std::vector<std::string> hosts;    ///< names allowed in Host beside loopback's and addresses
  std::vector<std::string> origins;  ///< exact origins for CORS; empty: off
  bool record = true;                ///< false: evaluations record no exposures, whatever the catalog says
  std::filesystem::path access_log;  ///< empty: none; "-": standard error
  int care_seconds = 3600;           ///< between purges, compactions and ends of erasures; 0: never
  Limits limits;
};

class Service {
 public:
  /// Opens the store for writing and reads the catalog and the tokens. Throws Error.
  explicit Service(ServiceOptions options);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Answers the request. `call` must live until the answer was given. Never throws.
  void handle(Call& call, Reply reply);

  /// Reads the token file anew; on an error the old tokens stay and the Error is thrown.
  void reload_tokens();
  /// Puts the store's newest catalog and what is known of units in place, and tells the event streams when
  /// the catalog changed. Waits for the writer: not on a connection's thread.
  void refresh();
  /// From now on not ready, and every answer asks the client to close.
  void drain() noexcept { draining_ = true; }
  bool draining() const noexcept { return draining_; }

  const ServiceOptions& options() const noexcept { return options_; }
  ServedStore& store() const noexcept { return *store_; }
  /// The writer of the store's file; only for what needs a file (Route::needs_file).
  Recorder& recorder();
  const CurrentFlags& flags() const noexcept { return flags_; }
  UnitFacts& units() noexcept { return store_->units(); }
  const assign::Current<StoredSegments>& segments() const noexcept { return segments_; }
  ExposureBuffer& exposures() noexcept { return exposures_; }
  Metrics& metrics() noexcept { return metrics_; }
  EventChannel& catalog_events() noexcept { return *catalog_events_; }
  std::shared_ptr<EventChannel> share_catalog_events() const noexcept { return catalog_events_; }
  /// For GrowthBook's SDKs: each event carries all features.
  std::shared_ptr<EventChannel> share_feature_events() const noexcept { return feature_events_; }
  AccessLog& access_log() noexcept { return access_log_; }
  const StreamTokens& stream_tokens() const noexcept { return stream_tokens_; }
  /// What one report leaves to the next.
  ReportMemory& report_memory() const noexcept { return *report_memory_; }
  /// ,"eventStreams":[..] with a token that opens the stream of catalog changes.
  std::string event_stream_link() const;
  /// Says whether the store took the last thing it was given.
  void set_store_healthy(bool healthy) noexcept { store_healthy_ = healthy; }
  /// The store takes what it is given, as far as is known.
  bool store_healthy() const { return store_healthy_ && store_->reached() && exposures_.healthy(); }
  /// Whether evaluations may record exposures.
  bool records_evaluations() const { return options_.record && store_->records(); }

 private:
  std::optional<Response> refuse(Call& call);
  std::optional<Response> authorize(Call& call, const Route& route);
  std::optional<Response> check_host(const Request& request) const;
  bool allows_origin(std::string_view origin) const;
  void add_cors(const Request& request, Response& response) const;
  void run(Call& call, const Route& route, const Reply& reply);
  void finish(Call& call, Response& response);
  void care();
  void look();

  ServiceOptions options_;
  std::unique_ptr<ServedStore> store_;
  assign::Current<StoredSegments> segments_;
  CurrentFlags flags_;
  assign::Current<Tokens> tokens_;
  Metrics metrics_;
  AccessLog access_log_;
  StreamTokens stream_tokens_;
  std::unique_ptr<ReportMemory> report_memory_ = std::make_unique<ReportMemory>();
  std::shared_ptr<EventChannel> catalog_events_, feature_events_;
  std::atomic<bool> draining_{false};
  std::atomic<bool> store_healthy_{true};
  bool looked_well_ = true;  ///< of look(), in its thread
  ExposureBuffer exposures_;
  std::mutex refreshing_;
  WorkerThreads workers_;  // the last three: their threads use all of the above
  std::jthread care_, look_;
};

/// The event that tells OFREP's clients to fetch again.
std::string catalog_event(const Flags& flags);

/// The steady clock in microseconds.
std::int64_t steady_micros() noexcept;

}  // namespace liftmark::service
