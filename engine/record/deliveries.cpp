#include "engine/record/deliveries.hpp"

#include <algorithm>

#include "engine/record/block.hpp"
#include "engine/record/database.hpp"
#include "engine/record/dictionary.hpp"
#include "engine/record/schema.hpp"

namespace liftmark {
void DeliveryTally::clear() {
  hours_.clear();
}

void DeliveryTally::write(Database& database, Micros stamp) const {
  if (hours_.empty()) return;
  Statement insert(database,
                   "INSERT INTO delivery(recorded_at, source, hour, rows, late_hour, late_day, late_week, "
                   "future, lead) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
  for (const auto& [place, delivery] : hours_)
    insert.bind(1, stamp)
        .bind(2, place.first)
        .bind(3, place.second)
        .bind(4, delivery.rows)
        .bind(5, delivery.late_hour)
        .bind(6, delivery.late_day)
        .bind(7, delivery.late_week)
        .bind(8, delivery.future)
        .bind(9, delivery.largest_lead)
        .run();
}

std::vector<SourceDeliveries> read_deliveries(const std::filesystem::path& store, Micros as_of) {
  Database database(store, Database::Mode::read);
  check_schema(database);
  Statement rows(
      database,
      "SELECT n.text, d.hour, sum(d.rows), sum(d.late_hour), sum(d.late_day), sum(d.late_week), "
      "sum(d.future), max(d.lead) FROM delivery d JOIN name n ON n.kind = ?1 AND n.code = d.source "
      "WHERE d.recorded_at <= ?2 GROUP BY n.text, d.hour ORDER BY n.text, d.hour");
  rows.bind(1, static_cast<int>(NameKind::source)).bind(2, as_of);
  std::vector<SourceDeliveries> sources;
  while (rows.step()) {
    if (sources.empty() || sources.back().source != rows.text(0))
      sources.push_back({std::string(rows.text(0)), {}});
    sources.back().hours.push_back({rows.integer(1), rows.integer(2), rows.integer(3), rows.integer(4),
                                    rows.integer(5), rows.integer(6), rows.integer(7)});
  }
  return sources;
}

void add_deliveries(Database& database) {
  database.execute(kDeliveryTable);
  // Each is counted from the last recording of its hour on, so that an earlier as-of keeps its answer nearly.
  struct Counted {
    DeliveryTally tally;
    Micros stamp = 0;
  };
  std::map<std::int64_t, Counted> by_recording;
  Statement blocks(database,
                   "SELECT hot, detail FROM block b, clock c WHERE b.born <= c.generation AND NOT EXISTS "
                   "(SELECT 1 FROM replaced r WHERE r.block = b.block AND r.generation <= c.generation)");
  BlockRows rows;
  while (blocks.step()) {
    decode_hot(blocks.blob(0), rows);
    decode_detail(blocks.blob(1), rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      Counted& counted = by_recording[hour_of(rows.recorded_at[i])];
      count_row(counted.tally.of(rows.source[i], hour_of(rows.at[i])), rows.recorded_at[i] - rows.at[i]);
      counted.stamp = std::max(counted.stamp, rows.recorded_at[i]);
    }
  }
  for (const auto& [hour, counted] : by_recording) counted.tally.write(database, counted.stamp);
}

}  // namespace liftmark
