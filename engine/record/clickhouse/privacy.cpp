#include "engine/record/clickhouse/privacy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <vector>

#include "engine/definition/overrides.hpp"
#include "engine/definition/time_point.hpp"
#include "engine/record/clickhouse/removals.hpp"
#include "engine/record/clickhouse/sql_text.hpp"
#include "engine/record/reader.hpp"
#include "engine/record/store.hpp"

namespace liftmark::clickhouse {
namespace {

constexpr auto kFirstPause = std::chrono::milliseconds(250), kLongestPause = std::chrono::milliseconds(5000);
/// A commit that began so long ago and has not ended was cut off: it adds no row any more.
constexpr Micros kLongestCommit = 3600 * kMicrosPerSecond;
constexpr const char* kErase = "erase";
constexpr const char* kPurge = "purge";
constexpr const char* kWanted = "(low, high) IN (SELECT low, high FROM wanted_unit)";

void refuse_own(Store& store) {
  if (store.row_tables().own())
    throw Error(ErrorCode::usage, "store", "reads tables of your own, as its catalog says under \"tables\"",
                "their rows are yours: delete them in ClickHouse; Liftmark keeps no copy of them");
}

std::int64_t count_of(Client& shard, const std::string& sql) {
  Rows rows(shard.query(sql));
  std::int64_t count = 0;
  while (rows.next()) count += rows.integer(0);
  return count;
}

/// What to remove on a shard, as a condition over the rows of a table. The database is named, since the
/// server carries the condition out in no session.
std::string in_hidden(const std::string& database) {
  return fmt::format("(low, high) IN (SELECT low, high FROM {}.hidden)", identifier(database));
}

/// Rows, and the catalogs that may name a unit.
constexpr const char* kRowTables = "('event', 'exposure')";
constexpr const char* kCatalogTable = "('catalog')";

/// Parts that the mutations of these tables have still to rewrite on a shard.
std::int64_t parts_to_do(Client& shard, const char* tables) {
  return count_of(shard, fmt::format("SELECT sum(greatest(parts_to_do, 1)) FROM system.mutations WHERE "
                                     "database = currentDatabase() AND table IN {} AND is_done = 0",
                                     tables));
}

/// Parts, in use or not, that are from before the latest mutation of their table: their files hold what it
/// removed. A part's data version is the number of the last mutation it went through.
std::int64_t old_parts(Client& shard, const char* tables) {
  return count_of(
      shard, fmt::format("SELECT count() FROM (SELECT table, data_version FROM system.parts WHERE database = "
                         "currentDatabase()) AS p ALL INNER JOIN (SELECT table, max(toInt64OrZero(extract("
                         "mutation_id, '[0-9]+'))) AS version FROM system.mutations WHERE database = "
                         "currentDatabase() AND table IN {} GROUP BY table) AS m USING (table) WHERE "
                         "toInt64(data_version) < version",
                         tables));
}

std::string parts_pending(const Client& shard, std::int64_t parts) {
  return fmt::format("{} has {} parts to rewrite", shard.name(), parts);
}

std::string rows_pending(const Client& shard, std::int64_t rows) {
  return fmt::format("{} has {} rows to remove", shard.name(), rows);
}

/// What the mutations of these tables still have to do on a shard; empty: nothing.
std::string files_pending(Client& shard, const char* tables) {
  if (const std::int64_t parts = parts_to_do(shard, tables); parts > 0) return parts_pending(shard, parts);
  if (const std::int64_t old = old_parts(shard, tables); old > 0)
    return fmt::format("{} still has {} replaced parts on its disk", shard.name(), old);
  return {};
}

/// Whether a mutation is started even if one is under way, which may have passed the parts in question.
enum class Start { always, when_none_runs };

/// Starts the removal of rows that meet the condition; how many there are.
std::int64_t remove_rows(Client& shard, const char* table, const std::string& condition) {
  const std::int64_t rows = count_of(shard, fmt::format("SELECT count() FROM {} WHERE {}", table, condition));
  if (rows > 0) shard.query(fmt::format("ALTER TABLE {} DELETE WHERE {}", table, condition));
  return rows;
}

/// Imports that began before that moment and may not know of it. They are listed before they look.
bool import_from_before(Store& store, Micros moment) {
  return count_of(store.cluster().home(),
                  fmt::format("SELECT count() FROM (SELECT writer, stamp, min(begun) AS b, max(ended) AS e "
                              "FROM commits GROUP BY writer, stamp ORDER BY stamp DESC LIMIT 1 BY writer) "
                              "WHERE e = 0 AND b <= {} AND b > {}",
                              moment, now_micros() - kLongestCommit)) > 0;
}

/// An act whose mark stands on a shard.
struct Mark {
  Micros stamp = 0;
  std::int64_t rows = 0;  ///< that it removes
};

/// Oldest first.
std::vector<Mark> marks_in(Client& shard, const char* table) {
  std::vector<Mark> marks;
  Rows rows(shard.query(fmt::format("SELECT stamp, max(rows) FROM {} GROUP BY stamp ORDER BY stamp", table)));
  while (rows.next()) marks.push_back({rows.integer(0), rows.integer(1)});
  return marks;
}

void drop_marks(Client& shard, const char* table, const std::vector<Mark>& marks) {
  for (const Mark& mark : marks)
    shard.query(fmt::format("ALTER TABLE {} DROP PARTITION {}", table, mark.stamp));
}

/// Lists an act whose mark stands, unless it is listed: the mark comes first, and the command may have been
/// stopped behind it.
void list_act(Store& store, const char* act, const Mark& mark) {
  if (count_of(store.cluster().home(),
               fmt::format("SELECT count() FROM commits WHERE stamp = {}", mark.stamp)) > 0)
    return;
  const bool erasure = std::string_view(act) == kErase;
  store.audit(mark.stamp, act, erasure ? "1 unit" : fmt::format("{} events", mark.rows));
  store.end_act(mark.stamp);
}

/// What a shard has still to do for the units hidden there; with nothing to do their marks go.
std::string carry_on(Store& store, Client& shard, Start start) {
  const std::vector<Mark> marks = marks_in(shard, "hidden");
  if (marks.empty()) return {};
  for (const Mark& mark : marks) list_act(store, kErase, mark);
  // Asked before the rows are counted: what it adds until it ends is among them.
  const bool importing = import_from_before(store, marks.back().stamp);
  // Counting reads the whole table of exposures: not while it is known to be too early.
  if (std::string pending = files_pending(shard, kRowTables); start != Start::always && !pending.empty())
    return pending;
  std::int64_t rows = 0;
  for (const char* table : {"event", "exposure"})
    rows += remove_rows(shard, table, in_hidden(store.database()));
  if (rows > 0) return rows_pending(shard, rows);
  for (std::string pending :
       {files_pending(shard, kRowTables), files_pending(store.cluster().home(), kCatalogTable)})
    if (!pending.empty()) return pending;
  if (importing)
    return "an import that began before has not ended; one that was cut off is waited for an hour";
  drop_marks(shard, "hidden", marks);
  return {};
}

std::string carry_out_erasures(Store& store, Start start) {
  std::string pending;
  for (std::size_t i = 0; i < store.cluster().size(); ++i)
    if (std::string more = carry_on(store, store.cluster().shard(i), start); !more.empty())
      pending = std::move(more);
  return pending;
}

/// Calls `look` until it has nothing to say or patience ends; what it said last. When a server breaks off,
/// the error says that it can be asked for again, `so_far` being done.
std::string wait_for(const Patience& patience, const char* so_far,
                     const std::function<std::string(Start)>& look) {
  const auto end = std::chrono::steady_clock::now() + patience.most;
  auto pause = kFirstPause;
  try {
    for (Start start = Start::always;; start = Start::when_none_runs) {
      std::string pending = look(start);
      if (pending.empty() || std::chrono::steady_clock::now() >= end) return pending;
      if (patience.show) patience.show(pending);
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, kLongestPause);
    }
  } catch (const LostConnection& lost) {
    const Problem& problem = lost.problems().front();
    throw LostConnection(problem.where, problem.what,
                         fmt::format("{}: run it again when it answers", so_far));
  }
}

/// One unit on its way out.
class UnitErasure {
 public:
  UnitErasure(Store& store, std::string_view unit)
      : store_(store),
        home_(store.cluster().home()),
        unit_(unit),
        key_(unit_key(unit)),
        shard_(store.cluster().shard(key_.low % store.cluster().size())) {}

  /// Hides the unit, unless it is; how many units and rows that is.
  Removal hide() {
    shard_.make_list("wanted_unit", "low UInt64, high UInt64", fmt::format("{}\t{}\n", key_.low, key_.high));
    const bool overridden = forget_overrides();
    if (const auto rows = hidden_rows()) return {.units = 1, .rows = *rows};
    Removal removal{.units = 1};
    for (const char* table : {"event", "exposure"})
      removal.rows += count_of(shard_, fmt::format("SELECT count() FROM {} WHERE {}", table, kWanted));
    if (removal.rows == 0 && !overridden) return {};
    const Micros stamp = store_.next_stamp();
    const Key erased = ErasedUnits(home_).key(unit_);
    home_.insert("erased", "(low, high, recorded_at)",
                 fmt::format("{}\t{}\t{}\n", erased.low, erased.high, stamp));
    count_arms(stamp);
    // From here on nobody sees the unit. What was counted above counts when the act is listed.
    shard_.insert("hidden", "(low, high, stamp, rows)",
                  fmt::format("{}\t{}\t{}\t{}\n", key_.low, key_.high, stamp, removal.rows));
    list_act(store_, kErase, {stamp, removal.rows});
    return removal;
  }

 private:
  /// How many rows the unit had when it was hidden; nothing when it is not.
  std::optional<std::int64_t> hidden_rows() {
    Rows rows(
        shard_.query(fmt::format("SELECT rows FROM hidden WHERE {} ORDER BY stamp DESC LIMIT 1", kWanted)));
    if (!rows.next()) return {};
    return rows.integer(0);
  }

  /// Experiment and first arm: all that stays of a unit, in the counters.
  void count_arms(Micros stamp) {
    Rows rows(shard_.query(
        fmt::format("SELECT experiment, arm FROM exposure WHERE {} AND repeat = 0 AND at <= {} ORDER BY "
                    "experiment, at, id, arm LIMIT 1 BY experiment",
                    kWanted, stamp)));
    std::string counters;
    while (rows.next()) {
      counters += fmt::format("{}\t{}\t", stamp, kErasedCounter);
      append_field(rows.text(0) + kErasedSeparator + rows.text(1), counters);
      counters += "\t1\n";
    }
    if (!counters.empty()) home_.insert("counter", "(recorded_at, name, detail, count)", counters);
  }

  /// Takes the unit out of every version of the catalog; whether one named it. The version is written anew
  /// and the old text removed: a text in a mutation would stay in its file, with whom else it names.
  bool forget_overrides() {
    bool found = false;
    Rows rows(home_.query("SELECT version, json, digest, recorded_at, cityHash64(json) FROM catalog"));
    while (rows.next()) {
      const auto json = without_overrides(rows.text(1), {unit_});
      if (!json) continue;
      found = true;
      std::string row = fmt::format("{}\t", rows.integer(0));
      append_field(*json, row);
      row += fmt::format("\t{}\t{}\n", rows.text(2), rows.integer(3));
      home_.insert("catalog", "(version, json, digest, recorded_at)", row);
      home_.query(fmt::format("ALTER TABLE catalog DELETE WHERE version = {} AND cityHash64(json) = {}",
                              rows.integer(0), rows.natural(4)));
    }
    return found;
  }

  Store& store_;
  Client& home_;
  std::string unit_;
  Key key_;
  Client& shard_;
};

/// The events that the marks of purges name; empty without one.
std::string purged_condition(Client& home) {
  std::string sql;
  Rows rows(home.query("SELECT type, max(before) FROM purged GROUP BY type ORDER BY type"));
  while (rows.next())
    sql += fmt::format("{}(type = {} AND at < {})", sql.empty() ? "" : " OR ", literal(rows.text(0)),
                       rows.integer(1));
  return sql;
}

/// What is still to be done for purges; with nothing to do their marks go.
std::string carry_out_purges(Store& store, Start start) {
  Client& home = store.cluster().home();
  const std::vector<Mark> marks = marks_in(home, "purged");
  if (marks.empty()) return {};
  for (const Mark& mark : marks) list_act(store, kPurge, mark);
  const std::string condition = purged_condition(home);
  std::string pending;
  for (std::size_t i = 0; i < store.cluster().size(); ++i) {
    Client& shard = store.cluster().shard(i);
    if (const std::int64_t parts = parts_to_do(shard, kRowTables); start != Start::always && parts > 0)
      pending = parts_pending(shard, parts);
    else if (const std::int64_t rows = remove_rows(shard, "event", condition); rows > 0)
      pending = rows_pending(shard, rows);
  }
  if (pending.empty()) drop_marks(home, "purged", marks);
  return pending;
}

/// Marks the events that are past their periods now; how many there are.
std::int64_t hide_past_events(Store& store) {
  const Micros now = now_micros();
  std::string condition;
  const RetentionDays periods = store.retention();
  for (const auto& [type, days] : periods)
    condition += fmt::format("{}(type = {} AND at < {})", condition.empty() ? "" : " OR ", literal(type),
                             now - days * kMicrosPerDay);
  if (condition.empty()) return 0;
  const std::string hidden = read_hidden(store.cluster()).types;
  std::int64_t events = 0;
  for (std::size_t i = 0; i < store.cluster().size(); ++i)
    events += count_of(store.cluster().shard(i),
                       fmt::format("SELECT count() FROM event WHERE ({}){}", condition, hidden));
  if (events == 0) return 0;
  const Micros stamp = store.next_stamp();
  std::string marks;
  for (const auto& [type, days] : periods) {
    append_field(type, marks);
    marks += fmt::format("\t{}\t{}\t{}\n", now - days * kMicrosPerDay, stamp, events);
  }
  store.cluster().home().insert("purged", "(type, before, stamp, rows)", marks);
  list_act(store, kPurge, {stamp, events});
  return events;
}

}  // namespace

Removal erase(Store& store, std::string_view unit, const Patience& patience) {
  refuse_own(store);
  Removal removal = UnitErasure(store, unit).hide();
  if (removal.units > 0)
    removal.pending = wait_for(patience, "the unit is hidden, its rows are not removed yet",
                               [&](Start start) { return carry_out_erasures(store, start); });
  return removal;
}

std::string carry_out_erasures(Store& store) {
  return carry_out_erasures(store, Start::when_none_runs);
}

void set_retention(Store& store, std::string_view type, int days) {
  check_retention_days(days);
  refuse_own(store);
  const Micros stamp = store.next_stamp();
  store.keep_for(stamp, type, days);
  store.end_act(stamp);
}

Removal purge(Store& store, const Patience& patience) {
  refuse_own(store);
  Removal removal{.rows = hide_past_events(store)};
  removal.pending = wait_for(patience, "the events are hidden, but not removed yet",
                             [&](Start start) { return carry_out_purges(store, start); });
  return removal;
}

}  // namespace liftmark::clickhouse
