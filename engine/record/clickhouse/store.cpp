#include "engine/record/clickhouse/store.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <set>

#include "engine/record/clickhouse/removals.hpp"
#include "engine/record/clickhouse/schema.hpp"
#include "engine/record/clickhouse/sql_text.hpp"
#include "engine/record/store.hpp"

namespace liftmark::clickhouse {
namespace {

constexpr std::string_view kAct =
    "apply";  ///< stands for a writer in the list of commits: acts write no rows
constexpr Micros kHour = 3600 * kMicrosPerSecond;

/// From when to when a writer was at work on a commit, or on those of an hour.
struct Span {
  std::string writer;
  Micros name = 0;
  Micros begun = 0, ended = 0;
};

/// The names of those that ran at the same time as another writer's: neither sees the other's rows when it
/// looks for known ids. `spans` in the order of their beginning.
std::set<Micros> together(const std::vector<Span>& spans) {
  std::set<Micros> names;
  std::vector<const Span*> open;
  for (const Span& span : spans) {
    open.erase(
        std::remove_if(open.begin(), open.end(), [&](const Span* one) { return one->ended <= span.begun; }),
        open.end());
    for (const Span* other : open)
      if (other->writer != span.writer) names.insert({other->name, span.name});
    open.push_back(&span);
  }
  return names;
}

/// A condition on the rows of the door that leaves out those of unfinished commits.
std::string of_finished(const CommitList& commits) {
  return commits.unfinished.empty()
             ? std::string()
             : fmt::format(" AND recorded_at NOT IN ({})", fmt::join(commits.unfinished, ", "));
}

}  // namespace

Key unit_key(std::string_view unit) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(unit.data(), unit.size());
  return {hash.low64, hash.high64};
}

void Store::create(const Address& address, const std::string& distributed) {
  Cluster cluster(address);
  create_schema(address, cluster, distributed);
}

Store::Store(const Address& address, Limits limits) : database_(address.database), cluster_(address, limits) {
  require_schema(address, cluster_);
}

RowTables Store::row_tables() {
  const auto newest = newest_catalog();
  return newest ? RowTables(cluster_, newest->json, database_) : RowTables();
}

void Store::check_tables(std::string_view catalog) {
  const RowTables tables(cluster_, catalog, database_);
  if (!tables.own()) return;
  for (const char* table : {"event", "exposure"})
    for (std::string& answer : cluster_.query(fmt::format("SELECT count() FROM {}", table))) {
      Rows rows(std::move(answer));
      if (rows.next() && rows.natural(0) > 0)
        throw Error(ErrorCode::usage, "/tables",
                    "the store has rows of its own, which no report would read any more",
                    "liftmark init makes another store, in a database of its own");
    }
  // What only the server can say: that the filters are SQL over the tables.
  cluster_.query(fmt::format("SELECT low FROM {} LIMIT 0", tables.events({})));
  cluster_.query(fmt::format("SELECT low FROM {} LIMIT 0", tables.exposures({})));
}

/// The list is long where a service records: by writer and hour it is short, and says where to look closer.
CommitList Store::commits() {
  CommitList list;
  std::vector<Span> hours;
  std::set<Micros> closer;
  Rows rows(cluster_.home().query(fmt::format(
      "SELECT writer, intDiv(stamp, {0}) AS hour, min(begun), max(ended), max(if(ended != 0, stamp, 0)), "
      "countIf(ended = 0) != countIf(ended != 0) FROM commits GROUP BY writer, hour ORDER BY min(begun)",
      kHour)));
  while (rows.next()) {
    list.last = std::max(list.last, rows.integer(4));
    if (rows.text(0) == kAct) continue;  // writes no rows
    hours.push_back({rows.text(0), rows.integer(1), rows.integer(2), rows.integer(3)});
    if (rows.natural(5) != 0) closer.insert(rows.integer(1));
  }
  closer.merge(together(hours));
  if (closer.empty()) return list;
  Rows commits(cluster_.home().query(
      fmt::format("SELECT stamp, any(writer), min(begun), max(ended) FROM commits WHERE intDiv(stamp, {}) IN "
                  "({}) AND writer != {} GROUP BY stamp ORDER BY min(begun)",
                  kHour, fmt::join(closer, ", "), literal(kAct))));
  std::vector<Span> ended;
  while (commits.next()) {
    if (commits.integer(3) == 0)
      list.unfinished.push_back(commits.integer(0));
    else
      ended.push_back({commits.text(1), commits.integer(0), commits.integer(2), commits.integer(3)});
  }
  std::set<Micros> uncertain = together(ended);
  uncertain.insert(list.unfinished.begin(), list.unfinished.end());
  list.uncertain.assign(uncertain.begin(), uncertain.end());
  return list;
}

void Store::fold_commits(Micros before) {
  struct Hour {
    Micros hour = 0, last = 0;
    std::string writer;
    bool simple = false, folded = false;  ///< simple: of one writer, who ended all it began
  };
  std::vector<Hour> hours;
  Rows rows(cluster_.home().query(
      fmt::format("SELECT intDiv(stamp, {0}) AS hour, max(stamp), any(writer), uniqExact(writer) = 1 AND "
                  "countIf(ended = 0) = countIf(ended != 0), count() <= 2 FROM commits WHERE intDiv(stamp, "
                  "{0}) < {1} AND "
                  "writer != {2} GROUP BY hour ORDER BY hour",
                  kHour, before / kHour, literal(kAct))));
  while (rows.next())
    hours.push_back(
        {rows.integer(0), rows.integer(1), rows.text(2), rows.natural(3) != 0, rows.natural(4) != 0});
  // A commit may reach into the hour after: another writer there must find whom it met.
  const auto alone = [](const Hour& hour, const Hour& next) {
    return next.hour > hour.hour + 1 || (hour.writer == next.writer && hour.simple && next.simple);
  };
  std::vector<Micros> fold, keep;
  for (std::size_t i = 0; i + 1 < hours.size(); ++i) {
    if (!hours[i].simple || hours[i].folded || !alone(hours[i], hours[i + 1]) ||
        (i > 0 && !alone(hours[i - 1], hours[i])))
      continue;
    fold.push_back(hours[i].hour);
    keep.push_back(hours[i].last);
  }
  if (fold.empty()) return;
  cluster_.home().query(fmt::format(
      "ALTER TABLE commits DELETE WHERE intDiv(stamp, {}) IN ({}) AND writer != {} AND stamp NOT IN ({})",
      kHour, fmt::join(fold, ", "), literal(kAct), fmt::join(keep, ", ")));
}

Micros Store::last_stamp(Micros since) {
  Rows rows(cluster_.home().query(fmt::format("SELECT max(stamp) FROM commits WHERE stamp >= {}", since)));
  return rows.next() ? rows.integer(0) : 0;
}

std::vector<CatalogVersion> Store::catalogs(Micros as_of) {
  std::vector<CatalogVersion> versions;
  Rows rows(cluster_.home().query(fmt::format(
      "SELECT version, json, digest, recorded_at FROM catalog WHERE recorded_at <= {} ORDER BY version, "
      "length(json) LIMIT 1 BY version",  // the longer text is on its way out: an override was erased
      as_of)));
  while (rows.next()) versions.push_back({rows.integer(0), rows.text(1), rows.text(2), rows.integer(3)});
  return versions;
}

std::optional<CatalogVersion> Store::newest_catalog(std::int64_t later_than, std::size_t bytes) {
  Rows rows(cluster_.home().query(fmt::format(
      "SELECT version, json, digest, recorded_at FROM catalog WHERE version > {0} OR (version = {0} "
      "AND length(json) < {1}) ORDER BY version DESC, length(json) LIMIT 1",  // see catalogs()
      later_than, bytes)));
  if (!rows.next()) return std::nullopt;
  return CatalogVersion{rows.integer(0), rows.text(1), rows.text(2), rows.integer(3)};
}

CatalogVersion Store::put_catalog(std::string_view json, std::string_view digest) {
  const auto newest = newest_catalog();
  if (newest && newest->digest == digest) return *newest;
  const Micros stamp = next_stamp();
  const std::int64_t version = newest ? newest->version + 1 : 1;
  // Periods first: stopped in between, the catalog is not in force, and applied again it brings them again.
  const RetentionDays before = newest ? retention_of(newest->json) : RetentionDays();
  for (const auto& [type, days] : changed_retention(before, retention_of(json))) keep_for(stamp, type, days);
  std::string row = fmt::format("{}\t", version);
  append_field(json, row);
  row += fmt::format("\t{}\t{}\n", digest, stamp);
  cluster_.home().insert("catalog", "(version, json, digest, recorded_at)", row);
  audit(stamp, "apply", fmt::format("catalog version {}", version));
  end_act(stamp);
  return {version, std::string(json), std::string(digest), stamp};
}

Micros Store::next_stamp() {
  return std::max(now_micros(), last_stamp() + 1);
}

void Store::audit(Micros stamp, std::string_view act, std::string_view detail) {
  std::string row = fmt::format("{}\t{}\t", stamp, act);
  append_field(detail, row);
  cluster_.home().insert("audit", "(recorded_at, act, detail)", row + "\n");
}

void Store::end_act(Micros stamp) {
  cluster_.home().insert("commits", "(stamp, writer, begun, ended)",
                         fmt::format("{0}\t{1}\t{0}\t{0}\n", stamp, kAct));
}

void Store::keep_for(Micros stamp, std::string_view type, int days) {
  std::string row = fmt::format("{}\t", stamp);
  append_field(type, row);
  cluster_.home().insert("retention", "(recorded_at, type, days)", row + fmt::format("\t{}\n", days));
  audit(stamp, "retention", fmt::format("{}: {} days", type, days));
}

RetentionDays Store::retention() {
  RetentionDays periods;
  Rows rows(
      cluster_.home().query("SELECT type, argMax(days, recorded_at) AS d FROM retention GROUP BY type "
                            "HAVING d > 0"));
  while (rows.next()) periods[rows.text(0)] = static_cast<int>(rows.integer(1));
  return periods;
}

std::vector<Micros> Store::altered_after(Micros as_of) {
  std::vector<Micros> moments;
  Rows rows(cluster_.home().query(
      fmt::format("SELECT DISTINCT recorded_at FROM audit WHERE act IN ('erase', 'purge') AND recorded_at > "
                  "{} ORDER BY recorded_at",
                  as_of)));
  while (rows.next()) moments.push_back(rows.integer(0));
  return moments;
}

std::vector<Counter> Store::counters(Micros as_of, const CommitList& commits) {
  std::vector<Counter> counters;
  Rows rows(cluster_.home().query(
      // What an act counted counts once it is listed: a command that was stopped before counts it again.
      fmt::format(
          "SELECT name, detail, sum(count) FROM counter WHERE recorded_at <= {}{} AND (name != {} OR "
          "recorded_at IN (SELECT stamp FROM commits WHERE writer = {})) GROUP BY name, detail ORDER BY "
          "name, detail",
          as_of, of_finished(commits), literal(kErasedCounter), literal(kAct))));
  while (rows.next()) counters.push_back({rows.text(0), rows.text(1), rows.integer(2)});
  return counters;
}

std::vector<SourceDeliveries> Store::deliveries(Micros as_of, const CommitList& commits) {
  std::vector<SourceDeliveries> sources;
  Rows rows(cluster_.home().query(
      fmt::format("SELECT source, hour, sum(rows), sum(late_hour), sum(late_day), sum(late_week), "
                  "sum(future), max(lead) FROM delivery WHERE recorded_at <= {}{} "
                  "GROUP BY source, hour ORDER BY source, hour",
                  as_of, of_finished(commits))));
  while (rows.next()) {
    const std::string source = rows.text(0);
    if (sources.empty() || sources.back().source != source) sources.push_back({source, {}});
    sources.back().hours.push_back({.hour = rows.integer(1),
                                    .rows = rows.integer(2),
                                    .late_hour = rows.integer(3),
                                    .late_day = rows.integer(4),
                                    .late_week = rows.integer(5),
                                    .future = rows.integer(6),
                                    .largest_lead = rows.integer(7)});
  }
  return sources;
}

std::vector<std::string> Store::unit_ids(std::size_t most) {
  std::vector<std::string> ids;
  const RowTables tables = row_tables();
  const std::string hidden = read_hidden(cluster_).units;
  for (std::string& answer : cluster_.query(fmt::format(
           "SELECT DISTINCT unit FROM (SELECT unit FROM {0} WHERE 1{2} UNION ALL SELECT unit FROM {1} WHERE "
           "1{2}) AS u LIMIT {3}",
           tables.events({}), tables.exposures({}), hidden, most + 1))) {
    Rows rows(std::move(answer));
    while (rows.next()) ids.push_back(rows.text(0));
  }
  if (ids.size() > most)
    throw Error(
        ErrorCode::data, "ClickHouse",
        fmt::format("holds more than {} units, too many to say here which of them the edit moves", most),
        "--allow-moves or --new-epoch, after a preview on a copy");
  return ids;
}

}  // namespace liftmark::clickhouse
