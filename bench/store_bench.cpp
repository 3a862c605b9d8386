// The event store beside its limit, the bare append-only table of the same run: durable recording by batch
// size and from 16 producers, replay of duplicates, import of NDJSON, compaction, one pass over all events,
// erasure, purge. Usage: store_bench [events] [folder] [import]; "import" leaves the recording out

#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "engine/record/compaction.hpp"
#include "engine/record/import.hpp"
#include "engine/record/privacy.hpp"
#include "engine/record/reader.hpp"
#include "engine/record/writer_state.hpp"

using namespace liftmark;
namespace fs = std::filesystem;

namespace {

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

void show(const std::string& what, std::int64_t rows, double time) {
  fmt::print("{:<66} {:>10} rows {:>8.2f} s {:>12.0f} /s\n", what, rows, time,
             static_cast<double>(rows) / time);
  std::fflush(stdout);
}

std::string unique_id(std::uint64_t number) {
  std::uint64_t h = (number + 1) * 0x9E3779B97F4A7C15ull;
  h ^= h >> 29;
  return fmt::format("{:016x}-{:016x}", h, number * 0xBF58476D1CE4E5B9ull);
}

/// The limit: one append-only table, no index, the same settings.
double bare_floor(const fs::path& path, int batches, int batch_rows, Micros now) {
  Database database(path, Database::Mode::create);
  database.execute(
      "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA "
      "wal_autocheckpoint=4096");
  database.execute(
      "CREATE TABLE event(seq INTEGER PRIMARY KEY, time INTEGER, id BLOB, unit INTEGER, type INTEGER, value "
      "INTEGER)");
  Statement insert(database, "INSERT INTO event(time, id, unit, type, value) VALUES(?1, ?2, ?3, ?4, ?5)");
  std::int64_t next = 0;
  return seconds([&] {
    for (int b = 0; b < batches; ++b) {
      Transaction transaction(database);
      for (int i = 0; i < batch_rows; ++i, ++next) {
        const std::uint64_t key[2] = {static_cast<std::uint64_t>(next) * 77, 99};
        insert.bind(1, now + next).bind_blob(2, {reinterpret_cast<const char*>(key), 16});
        insert.bind(3, next % 100'000).bind(4, next % 4).bind(5, next % 4 == 3 ? 1'990'000 : 0).run();
      }
      transaction.commit();
    }
  });
}

Batch make_batch(std::uint64_t first, int rows, Micros now) {
  Batch batch("bench");
  for (int i = 0; i < rows; ++i) {
    const std::uint64_t number = first + static_cast<std::uint64_t>(i);
    const std::string id = unique_id(number);
    const std::string unit = fmt::format("user-{}", (number * 2'654'435'761u) % 100'000);
    Event event;
    event.id = id;
    event.unit = unit;
    event.type = number % 4 == 3 ? "purchase" : number % 4 == 2 ? "click" : "view";
    event.at = now;
    event.value = number % 4 == 3 ? 19'990'000 : 0;
    batch.add(event);
  }
  return batch;
}

/// The floor and the recording take turns, so that a disk that slows down slows both.
void recording(const fs::path& folder, int batch_rows, int batches, Micros now) {
  constexpr int kTurns = 10;
  const auto name = fmt::format("b{}", batch_rows);
  Store store = Store::create(folder / (name + ".db"));
  Recorder recorder(store);
  std::vector<Batch> prepared;
  for (int b = 0; b < batches; ++b)
    prepared.push_back(
        make_batch(static_cast<std::uint64_t>(b) * static_cast<std::uint64_t>(batch_rows), batch_rows, now));
  const auto again = prepared;
  const std::int64_t rows = static_cast<std::int64_t>(batches) * batch_rows;
  double floor = 0.0, time = 0.0, floor_cpu = 0.0, cpu = 0.0;
  const int in_turn = batches / kTurns;
  for (int turn = 0; turn < kTurns; ++turn) {
    double start = cpu_seconds();
    floor += bare_floor(folder / fmt::format("{}-floor-{}.db", name, turn), in_turn, batch_rows, now);
    floor_cpu += cpu_seconds() - start;
    start = cpu_seconds();
    time += seconds([&] {
      for (int b = turn * in_turn; b < (turn + 1) * in_turn; ++b)
        recorder.record(std::move(prepared[static_cast<std::size_t>(b)]));
    });
    cpu += cpu_seconds() - start;
  }
  const auto per_row = [&](double used) { return used * 1e6 / static_cast<double>(rows); };
  show(fmt::format("bare table, {} per commit ({:.1f} us CPU a row)", batch_rows, per_row(floor_cpu)), rows,
       floor);
  show(fmt::format("recording, {} per commit ({:.2f} of the floor, {:.1f} us CPU a row)", batch_rows,
                   floor / time, per_row(cpu)),
       rows, time);
  const double replay = seconds([&] {
    for (const auto& batch : again) recorder.record(batch);
  });
  show(fmt::format("duplicates again, {} per batch", batch_rows), rows, replay);
}

void many_producers(const fs::path& folder, Micros now) {
  constexpr int kProducers = 16;
  constexpr int kBatches = 400;
  constexpr int kRows = 50;
  // What the disk allows: all requests that can wait together, in one commit.
  const double floor = bare_floor(folder / "many-floor.db", kBatches, kProducers * kRows, now);
  Store store = Store::create(folder / "many.db");
  Recorder recorder(store);
  const double time = seconds([&] {
    std::vector<std::thread> producers;
    for (int p = 0; p < kProducers; ++p)
      producers.emplace_back([&, p] {
        for (int b = 0; b < kBatches; ++b)
          recorder.record(make_batch(
              static_cast<std::uint64_t>(p) << 40 | static_cast<std::uint64_t>(b * kRows), kRows, now));
      });
    for (auto& producer : producers) producer.join();
  });
  const std::int64_t rows = std::int64_t{kProducers} * kBatches * kRows;
  show("bare table, 800 per commit", rows, floor);
  show(fmt::format("16 producers, 50 per request, merged ({:.2f} of the floor)", floor / time), rows, time);
}

void write_ndjson(const fs::path& path, std::int64_t events, Micros start, Micros span) {
  std::ofstream file(path, std::ios::binary);
  std::mt19937_64 random(1);
  std::string out;
  for (std::int64_t i = 0; i < events; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    const std::uint64_t dice = random() % 100;
    const char* type = dice < 3 ? "purchase" : dice < 10 ? "add_to_cart" : dice < 30 ? "click" : "view";
    out += fmt::format(
        "{{\"id\":\"{}\",\"unit\":\"user-{}\",\"type\":\"{}\",\"at\":{},\"properties\":{{\"surface\":\"{}\"}"
        "}",
        unique_id(number), random() % static_cast<std::uint64_t>(std::max<std::int64_t>(1, events / 10)),
        type,
        (start + static_cast<Micros>(static_cast<double>(span) * static_cast<double>(i) /
                                     static_cast<double>(events))) /
            1000,
        number % 3 == 0 ? "home" : "product");
    if (dice < 3) out += fmt::format(",\"value\":{}.{:02}", random() % 300, random() % 100);
    out += "}\n";
    if (out.size() > 1 << 20) {
      file << out;
      out.clear();
    }
  }
  file << out;
}

void one_pass(const fs::path& store, int threads, const std::string& name) {
  std::atomic<std::int64_t> rows = 0;
  std::atomic<std::int64_t> sum = 0;
  const double cpu = cpu_seconds();
  const double time = seconds([&] {
    Reader reader(store);
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t)
      workers.emplace_back([&] {
        EventScanner scanner(reader, {});
        for (std::size_t s = next++; s < scanner.slices(); s = next++) {
          const EventSlice& slice = scanner.read(s);
          std::int64_t total = 0;
          for (const Millionths value : slice.value) total += value;
          sum += total;
          rows += static_cast<std::int64_t>(slice.at.size());
        }
      });
    for (auto& worker : workers) worker.join();
  });
  show(fmt::format("{}, {} threads ({:.2f} s CPU)", name, threads, cpu_seconds() - cpu), rows, time);
}

/// Imports events made for it into a new store.
void import_new(const fs::path& folder, const std::string& name, std::int64_t events, Micros now) {
  const fs::path file = folder / (name + ".ndjson");
  write_ndjson(file, events, now - 21 * kMicrosPerDay, 21 * kMicrosPerDay - kMicrosPerSecond);
  Store store = Store::create(folder / (name + ".db"));
  Recorder recorder(store);
  const double cpu = cpu_seconds();
  const double time = seconds([&] { import_file(recorder, file, {}); });
  const double used = cpu_seconds() - cpu;
  show(fmt::format("import NDJSON ({:.1f} s CPU, {:.2f} us CPU a row)", used,
                   used * 1e6 / static_cast<double>(events)),
       events, time);
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t events = argc > 1 ? std::atoll(argv[1]) : 2'000'000;
  const fs::path folder = (argc > 2 ? fs::path(argv[2]) : fs::temp_directory_path()) / "liftmark-store-bench";
  fs::remove_all(folder);
  fs::create_directories(folder);
  const Micros now = now_micros();
  const bool import_only = argc > 3 && std::string(argv[3]) == "import";
  if (!import_only) {
    recording(folder, 1, 2'000, now);
    recording(folder, 100, 2'000, now);
    recording(folder, 10'000, 100, now);
    many_producers(folder, now);
  }

  // A tenth first: what a row costs as the store grows.
  import_new(folder, "tenth", events / 10, now);
  fs::remove(folder / "tenth.db");
  const fs::path file = folder / "import.ndjson";
  const fs::path path = folder / "import.db";
  import_new(folder, "import", events, now);
  {
    Store store = Store::open(path);
    Recorder recorder(store);
    double cpu = 0.0;
    one_pass(path, 2, "one pass over open blocks");
    cpu = cpu_seconds();
    const double compaction = seconds([&] { compact(recorder); });
    show(fmt::format("compaction ({:.1f} s CPU)", cpu_seconds() - cpu), events, compaction);
    one_pass(path, 1, "one pass over sorted blocks");
    one_pass(path, 2, "one pass over sorted blocks");
    show("import the same file again", events, seconds([&] { import_file(recorder, file, {}); }));
    Erasure erasure;
    const double erasing = seconds([&] { erasure = erase(recorder, "user-17"); });
    fmt::print("{:<66} {:>10} rows {:>8.2f} s  {}\n", "erase one unit, to the last byte", erasure.rows,
               erasing, erasure.finished ? "finished" : "pending");
    set_retention(recorder, "view", 20);
    std::int64_t purged = 0;
    const double purging = seconds([&] { purged = purge(recorder); });
    fmt::print("{:<66} {:>10} rows {:>8.2f} s\n", "purge a day of one type", purged, purging);
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("store {:.0f} MB ({:.1f} bytes an event), peak memory {:.0f} MB\n",
             static_cast<double>(fs::file_size(path)) / 1e6,
             static_cast<double>(fs::file_size(path)) / static_cast<double>(events),
             static_cast<double>(usage.ru_maxrss) / 1e3);
  fs::remove_all(folder);
}
