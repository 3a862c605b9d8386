#include "engine/record/clickhouse/commit.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <iterator>

#include "engine/record/clickhouse/sql_text.hpp"
#include "engine/record/decimal.hpp"

namespace liftmark::clickhouse {
namespace {

std::uint64_t id_key(std::string_view id) noexcept {
  return XXH3_64bits(id.data(), id.size());
}

std::uint32_t content_of(const Batch::Row& row) noexcept {
  return static_cast<std::uint32_t>(row.content ^ (row.content >> 32));
}

std::string arm_key(std::string_view experiment, std::int64_t epoch, std::string_view arm,
                    std::string_view unit) {
  return fmt::format("{}\x1f{}\x1f{}\x1f{}", experiment, epoch, arm, unit);
}

/// A list of keys on every shard; gone with the session or the next such list.
void make_list(Cluster& cluster, const char* name, const std::string& columns, const std::string& rows) {
  for (std::size_t shard = 0; shard < cluster.size(); ++shard)
    cluster.shard(shard).make_list(name, columns, rows);
}

}  // namespace

void Commit::look_up(const std::vector<const Batch*>& batches) {
  look_up_ids(batches, false);
  look_up_ids(batches, true);
  look_up_first(batches);
}

void Commit::look_up_ids(const std::vector<const Batch*>& batches, bool exposures) {
  std::string keys;
  for (const Batch* batch : batches)
    for (const Batch::Row& row : batch->rows())
      if (row.exposure == exposures && row.rejection == Rejection::none)
        fmt::format_to(std::back_inserter(keys), "{}\n", id_key(batch->text(row.id)));
  if (keys.empty()) return;
  Cluster& cluster = store_.cluster();
  make_list(cluster, "wanted_id", "id_key UInt64", keys);
  auto answers =
      cluster.query(fmt::format("SELECT id, content, stamp, {} FROM {} WHERE id_key IN (SELECT id_key FROM "
                                "wanted_id) ORDER BY recorded_at",
                                exposures ? "repeat" : "0", exposures ? "exposure" : "event"));
  for (std::string& answer : answers) {
    Rows rows(std::move(answer));
    while (rows.next())
      ids_[exposures].try_emplace(rows.text(0), Known{.content = static_cast<std::uint32_t>(rows.natural(1)),
                                                      .sent = true,
                                                      .fresh = rules_.cut_off->contains(rows.integer(2)),
                                                      .repeat = rows.natural(3) != 0});
  }
}

/// The earliest exposure of each unit in each arm, of those that came before this commit.
void Commit::look_up_first(const std::vector<const Batch*>& batches) {
  std::string keys;
  std::set<std::string> experiments;
  for (const Batch* batch : batches)
    for (const Batch::Row& row : batch->rows()) {
      if (!row.exposure || row.rejection != Rejection::none) continue;
      const Key unit = unit_key(batch->text(row.unit));
      fmt::format_to(std::back_inserter(keys), "{}\t{}\n", unit.low, unit.high);
      experiments.emplace(batch->text(row.experiment));
    }
  if (keys.empty()) return;
  Cluster& cluster = store_.cluster();
  make_list(cluster, "wanted_unit", "low UInt64, high UInt64", keys);
  std::string stamps;
  for (const Micros stamp : *rules_.cut_off) stamps += fmt::format(" AND stamp != {}", stamp);
  auto answers =
      cluster.query(fmt::format("SELECT experiment, epoch, arm, unit, min(at), argMin(recorded_at, at) FROM "
                                "exposure WHERE experiment IN {} "
                                "AND repeat = 0{} AND (low, high) IN (SELECT low, high FROM wanted_unit) "
                                "GROUP BY experiment, epoch, arm, unit",
                                literal_list({experiments.begin(), experiments.end()}), stamps));
  for (std::string& answer : answers) {
    Rows rows(std::move(answer));
    while (rows.next())
      first_[arm_key(rows.text(0), rows.integer(1), rows.text(2), rows.text(3))] = {rows.integer(4),
                                                                                    rows.integer(5)};
  }
}

void Commit::add(const Batch& batch, Ack& ack) {
  ack = {};
  for (const Batch::Row& row : batch.rows()) {
    Rejection rejection = row.rejection;
    const Micros oldest = rules_.now - batch.oldest().value_or(rules_.oldest);
    if (rejection == Rejection::none && (row.at < oldest || row.at > rules_.now + rules_.newest))
      rejection = Rejection::time_out_of_range;
    if (rejection == Rejection::none && past_retention(batch, row)) rejection = Rejection::past_retention;
    if (rejection == Rejection::none && rules_.erased->contains(batch.text(row.unit)))
      rejection = Rejection::erased;
    const Outcome outcome = rejection == Rejection::none ? add_row(batch, row) : Outcome::rejected;
    count(outcome, rejection, batch.source(), ack);
  }
}

bool Commit::past_retention(const Batch& batch, const Batch::Row& row) const {
  if (row.exposure) return false;
  const auto rule = rules_.retention->find(std::string(batch.text(row.type_or_arm)));
  return rule != rules_.retention->end() && row.at < rules_.stamp - rule->second * kMicrosPerDay;
}

Outcome Commit::add_row(const Batch& batch, const Batch::Row& row) {
  const std::uint32_t content = content_of(row);
  const auto [found, added] =
      ids_[row.exposure].try_emplace(std::string(batch.text(row.id)), Known{.content = content});
  Known& known = found->second;
  const Micros recorded_at =
      row.recorded_at == Batch::kUnset ? rules_.stamp : std::min(row.recorded_at, rules_.stamp);
  if (added || (known.fresh && known.content == content))
    count_row(deliveries_[{batch.source(), hour_of(row.at)}], recorded_at - row.at);
  if (!added && known.fresh && known.content == content) {
    known.fresh = false;
    if (row.exposure) lowers(batch, row, recorded_at);
    return known.repeat ? Outcome::repeat : Outcome::accepted;
  }
  if (!added) return known.content == content ? Outcome::duplicate : Outcome::conflict;
  const bool repeat = row.exposure && !lowers(batch, row, recorded_at);
  write(batch, row, recorded_at, repeat);
  return repeat ? Outcome::repeat : Outcome::accepted;
}

/// As the embedded store's EarliestMap: seen later and recorded no earlier than the earliest, no as-of can
/// prefer it.
bool Commit::lowers(const Batch& batch, const Batch::Row& row, Micros recorded_at) {
  const std::string key =
      arm_key(batch.text(row.experiment), row.epoch, batch.text(row.type_or_arm), batch.text(row.unit));
  const auto [found, added] = first_.try_emplace(key, Moment{row.at, recorded_at});
  if (added) return true;
  Moment& first = found->second;
  if (row.at > first.at && recorded_at >= first.recorded_at) return false;
  if (row.at < first.at) first = {row.at, recorded_at};
  return true;
}

void Commit::write(const Batch& batch, const Batch::Row& row, Micros recorded_at, bool repeat) {
  const Key unit = unit_key(batch.text(row.unit));
  ShardRows& shard = rows_[unit.low % rows_.size()];
  std::string& out = row.exposure ? shard.exposures : shard.events;
  const auto field = [&](std::string_view text) {
    append_field(text, out);
    out += '\t';
  };
  const auto number = [&](auto value) { fmt::format_to(std::back_inserter(out), "{}\t", value); };
  number(unit.low);
  number(unit.high);
  number(row.at);
  field(batch.text(row.type_or_arm));
  number(row.value);
  number(recorded_at);
  field(batch.text(row.id));
  number(id_key(batch.text(row.id)));
  number(content_of(row));
  field(batch.text(row.unit));
  field(batch.source());
  number(rules_.stamp);
  std::vector<std::string_view> keys, texts;
  std::string numbers, numeric;
  for (std::uint32_t p = 0; p < row.properties; ++p) {
    keys.push_back(batch.property(row.first_property + 2 * p));
    texts.push_back(batch.property(row.first_property + 2 * p + 1));
    const auto value = parse_millionths(texts.back());
    numbers += fmt::format("{}{}", p == 0 ? "" : ",", value.value_or(0));
    numeric += fmt::format("{}{}", p == 0 ? "" : ",", value ? 1 : 0);
  }
  append_array(keys, out);
  out += '\t';
  append_array(texts, out);
  out += '\t';
  if (row.exposure) {
    field(batch.text(row.experiment));
    fmt::format_to(std::back_inserter(out), "{}\t{}\t{}\n", row.epoch, repeat ? 1 : 0, row.fallback ? 1 : 0);
  } else {
    field(batch.text(row.reference));
    fmt::format_to(std::back_inserter(out), "[{}]\t[{}]\n", numbers, numeric);
  }
}

void Commit::count(Outcome outcome, Rejection rejection, const std::string& source, Ack& ack) {
  static constexpr std::array<std::string_view, 5> kNames{"accepted", "duplicate", "conflict",
                                                          "repeat_exposure", "rejected"};
  std::int64_t* const counts[] = {&ack.accepted, &ack.duplicate, &ack.conflict, &ack.repeat, &ack.rejected};
  const auto place = static_cast<std::size_t>(outcome);
  ++*counts[place];
  ack.outcomes.push_back(outcome);
  ack.rejections.push_back(rejection);
  ack.recorded_at = rules_.stamp;
  const std::string detail = outcome == Outcome::rejected ? std::string(name(rejection)) : source;
  ++counters_[{std::string(kNames[place]), detail}];
}

void Commit::send() {
  constexpr const char* kCommon =
      "(low, high, at, {}, {}, recorded_at, id, id_key, content, unit, source, stamp, keys, texts, {})";
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    Client& shard = store_.cluster().shard(i);
    if (!rows_[i].events.empty())
      shard.insert("event",
                   fmt::format(fmt::runtime(kCommon), "type", "value", "reference, numbers, numeric"),
                   rows_[i].events);
    if (!rows_[i].exposures.empty())
      shard.insert(
          "exposure",
          fmt::format(fmt::runtime(kCommon), "arm", "propensity", "experiment, epoch, repeat, fallback"),
          rows_[i].exposures);
  }
}

std::string Commit::delivery_rows() const {
  std::string rows;
  for (const auto& [key, delivery] : deliveries_) {
    rows += fmt::format("{}\t", rules_.stamp);
    append_field(key.first, rows);
    rows += fmt::format("\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", key.second, delivery.rows, delivery.late_hour,
                        delivery.late_day, delivery.late_week, delivery.future, delivery.largest_lead);
  }
  return rows;
}

std::string Commit::counter_rows() const {
  std::string rows;
  for (const auto& [key, count] : counters_) {
    rows += fmt::format("{}\t{}\t", rules_.stamp, key.first);
    append_field(key.second, rows);
    rows += fmt::format("\t{}\n", count);
  }
  return rows;
}

}  // namespace liftmark::clickhouse
