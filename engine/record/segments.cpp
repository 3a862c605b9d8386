#include "engine/record/segments.hpp"

#include <fmt/format.h>

#include <limits>
#include <stdexcept>

#include "engine/record/database.hpp"
#include "engine/record/links.hpp"
#include "engine/record/schema.hpp"
#include "engine/record/writer_state.hpp"

namespace liftmark {
namespace {

// Made with the first segments, so that a store without them has the schema it always had.
constexpr const char* kTables = R"sql(
CREATE TABLE IF NOT EXISTS segment_run(one INTEGER PRIMARY KEY CHECK(one = 1), date INTEGER NOT NULL,
                                       method TEXT NOT NULL, recorded_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS segment_name(set_code INTEGER, place INTEGER, name TEXT NOT NULL,
                                        PRIMARY KEY(set_code, place)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segment(unit INTEGER PRIMARY KEY, set_code INTEGER NOT NULL);
DELETE FROM segment_run; DELETE FROM segment_name; DELETE FROM segment;
)sql";

bool has_segments(Database& database) {
  return database.integer("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'segment'") > 0;
}

/// Differs whenever the segments in memory would.
std::string stamp_of(Database& database) {
  const std::int64_t run =
      has_segments(database) ? database.integer("SELECT ifnull(max(recorded_at), 0) FROM segment_run") : 0;
  return fmt::format("{} {} {}", run, database.integer("SELECT ifnull(max(seq), 0) FROM link"),
                     database.integer("SELECT count(*) FROM erasure"));
}

void write(Store::State& state, const SegmentSets& segments, Micros stamp) {
  state.database.execute(kTables);
  Statement run(state.database, "INSERT INTO segment_run VALUES(1, ?1, ?2, ?3)");
  run.bind(1, segments.date).bind_text(2, segments.method).bind(3, stamp).run();
  Statement name(state.database, "INSERT INTO segment_name VALUES(?1, ?2, ?3)");
  for (std::size_t code = 0; code < segments.sets.size(); ++code)
    for (std::size_t place = 0; place < segments.sets[code].size(); ++place)
      name.bind(1, static_cast<std::int64_t>(code))
          .bind(2, static_cast<std::int64_t>(place))
          .bind_text(3, segments.sets[code][place])
          .run();
  Statement unit(state.database, "INSERT INTO segment VALUES(?1, ?2)");
  for (std::size_t i = 0; i < segments.unit.size(); ++i)
    unit.bind(1, segments.unit[i]).bind(2, segments.set[i]).run();
  state.audit(stamp, "segments", fmt::format("{} units", segments.unit.size()));
}

}  // namespace

void put_segments(Recorder& recorder, const SegmentSets& segments) {
  if (segments.unit.size() != segments.set.size())
    throw std::logic_error("put_segments: each unit has one set");
  recorder.exclusive([&](Store& store) {
    Store::State& state = store.state();
    const Micros stamp = state.next_stamp();
    Transaction transaction(state.database);
    write(state, segments, stamp);
    state.write_stamp(stamp);
    transaction.commit();
    state.last_commit = stamp;
  });
}

void forget_segments(Database& database, UnitIndex unit) {
  if (!has_segments(database)) return;
  Statement remove(database, "DELETE FROM segment WHERE unit = ?1");
  remove.bind(1, unit).run();
}

StoredSegments::StoredSegments(const std::filesystem::path& store) : store_(store) {
  Database database(store, Database::Mode::read);
  check_schema(database);
  door_ = UnitDoor::of(database);
  Transaction transaction(database, false);
  stamp_ = stamp_of(database);
  if (!has_segments(database)) return;
  Statement run(database, "SELECT date, method FROM segment_run");
  if (run.step()) {
    date_ = run.integer(0);
    method_ = run.text(1);
  }
  Statement name(database, "SELECT set_code, name FROM segment_name ORDER BY set_code, place");
  while (name.step()) names_[name.integer(0)].emplace_back(name.text(1));
  for (const auto& [code, texts] : names_) views_[code].assign(texts.begin(), texts.end());
  Statement unit(database, "SELECT u.id, s.set_code FROM segment s JOIN unit u ON u.unit = s.unit");
  while (unit.step()) by_unit_[std::string(unit.text(0))] = unit.integer(1);
  Statement of_user(database,
                    "SELECT a.id, s.set_code FROM segment s JOIN unit a ON a.unit = ?2 WHERE s.unit = ?1");
  for (const auto& [anonymous, user] : read_links(database, std::numeric_limits<Micros>::max())) {
    of_user.bind(1, user).bind(2, anonymous);
    if (of_user.step()) by_unit_[std::string(of_user.text(0))] = of_user.integer(1);
    of_user.reset();
  }
}

bool StoredSegments::is_current() const {
  Database database(store_, Database::Mode::read);
  const Transaction snapshot(database, false);
  return stamp_ == stamp_of(database);
}

std::span<const std::string_view> StoredSegments::of(std::string_view unit) const {
  const auto found = by_unit_.find(door_.stored(unit));
  if (found == by_unit_.end()) return {};
  const auto views = views_.find(found->second);
  return views == views_.end() ? std::span<const std::string_view>() : views->second;
}

}  // namespace liftmark
