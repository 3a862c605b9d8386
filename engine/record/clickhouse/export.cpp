#include "engine/record/clickhouse/export.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <set>
#include <vector>

#include "engine/definition/time_point.hpp"
#include "engine/record/clickhouse/removals.hpp"
#include "engine/record/clickhouse/sql_text.hpp"
#include "engine/record/clickhouse/store.hpp"
#include "engine/record/decimal.hpp"
#include "engine/record/export_text.hpp"

namespace liftmark::clickhouse {
namespace {

constexpr std::uint64_t kPartRows = 100'000;  ///< that an answer has, about

class Exporter {
 public:
  Exporter(Store& store, const ExportOptions& options, const std::function<void(std::string_view)>& write)
      : store_(store),
        options_(options),
        write_(write),
        exposures_(options.kind == ExportOptions::Kind::exposures),
        hidden_(read_hidden(store.cluster())) {
    const CommitList commits = store_.commits();
    as_of_ = options_.as_of.value_or(commits.last);
    if (as_of_ > commits.last)
      throw Error(ErrorCode::usage, "--as-of", "the moment lies after the last commit of the store",
                  "leave it out to see everything recorded so far");
    const auto repeats = RowTables().repeats(commits.uncertain);
    repeated_ = repeats.condition.empty() ? "" : " ORDER BY recorded_at, stamp LIMIT 1 BY id";
  }

  std::int64_t run() {
    if (options_.format == ExportOptions::Format::csv) header();
    for (std::size_t shard = 0; shard < store_.cluster().size(); ++shard)
      for (const std::string& part : parts_of(shard)) write_part(store_.cluster().shard(shard), part);
    return count_;
  }

 private:
  std::string condition() const {
    std::string sql = fmt::format("at <= {0} AND recorded_at <= {0}", as_of_);
    if (options_.from != std::numeric_limits<Micros>::min())
      sql += fmt::format(" AND at >= {}", options_.from);
    if (options_.to != std::numeric_limits<Micros>::max()) sql += fmt::format(" AND at < {}", options_.to);
    if (options_.unit) {
      const Key key = unit_key(*options_.unit);
      sql += fmt::format(" AND low = {} AND high = {} AND unit = {}", key.low, key.high,
                         literal(*options_.unit));
    }
    if (!exposures_ && !options_.types.empty()) sql += " AND type IN " + literal_list(options_.types);
    if (exposures_) sql += " AND repeat = 0";
    sql += hidden_.units;
    if (!exposures_) sql += hidden_.types;
    if (exposures_ && options_.experiment) sql += " AND experiment = " + literal(*options_.experiment);
    return sql;
  }

  std::string table() const { return exposures_ ? "exposure" : "event"; }

  /// Conditions that cut a shard's rows into parts: `low` is evenly spread over 64 bits.
  std::vector<std::string> parts_of(std::size_t shard) {
    Rows rows(store_.cluster().shard(shard).query(
        fmt::format("SELECT count() FROM {} WHERE {}", table(), condition())));
    const std::uint64_t all = rows.next() ? rows.natural(0) : 0;
    if (all == 0) return {};
    const std::uint64_t parts = all / kPartRows + 1;
    std::vector<std::string> conditions;
    if (parts == 1) return {"1"};
    const std::uint64_t width = ~std::uint64_t{0} / parts + 1;
    for (std::uint64_t part = 0; part < parts; ++part) {
      std::string sql = fmt::format("low >= {}", part * width);
      if (part + 1 < parts) sql += fmt::format(" AND low < {}", (part + 1) * width);
      conditions.push_back(std::move(sql));
    }
    return conditions;
  }

  void header() {
    std::set<std::string> keys;
    for (std::string& answer : store_.cluster().query(
             fmt::format("SELECT DISTINCT arrayJoin(keys) FROM {} WHERE {}", table(), condition()))) {
      Rows rows(std::move(answer));
      while (rows.next()) keys.insert(rows.text(0));
    }
    keys_.assign(keys.begin(), keys.end());
    write_(csv_header(options_.kind, {keys_.begin(), keys_.end()}));
  }

  void write_part(Client& shard, const std::string& part) {
    const char* const columns =
        exposures_ ? "experiment, epoch, arm, propensity, fallback" : "type, value, reference, 0, 0";
    Rows rows(
        shard.query(fmt::format("SELECT * FROM (SELECT id, unit, at, recorded_at, keys, texts, {}, low, high "
                                "FROM {} WHERE {} AND {}{}) "
                                "AS part ORDER BY low, high, at, id",
                                columns, table(), condition(), part, repeated_)));
    std::string out;
    while (rows.next()) {
      write_row(rows, out);
      ++count_;
    }
    write_(out);
  }

  ExportedFields fields(const Rows& rows) const {
    const std::string at = format_time(rows.integer(2)), recorded_at = format_time(rows.integer(3));
    if (!exposures_)
      return {{"id", rows.text(0)},
              {"unit", rows.text(1)},
              {"type", rows.text(6)},
              {"at", at},
              {"recorded_at", recorded_at},
              {"value", rows.integer(7) == 0 ? "" : format_decimal(rows.integer(7))},
              {"reference", rows.text(8)}};
    return {
        {"id", rows.text(0)},
        {"experiment", rows.text(6)},
        {"epoch", std::to_string(rows.integer(7))},
        {"unit", rows.text(1)},
        {"arm", rows.text(8)},
        {"at", at},
        {"recorded_at", recorded_at},
        {"propensity", rows.integer(9) == 0 ? "" : fmt::format("{}", std::bit_cast<double>(rows.integer(9)))},
        {"fallback", rows.natural(10) != 0 ? "true" : ""}};
  }

  void write_row(const Rows& rows, std::string& out) const {
    const auto names = rows.texts(4), texts = rows.texts(5);
    if (options_.format == ExportOptions::Format::csv) {
      std::vector<std::string_view> cells;
      for (const std::string& key : keys_) {
        const auto place =
            static_cast<std::size_t>(std::find(names.begin(), names.end(), key) - names.begin());
        cells.push_back(place < texts.size() ? std::string_view(texts[place]) : std::string_view());
      }
      return write_csv_row(fields(rows), cells, out);
    }
    std::vector<ExportedText> properties;
    for (std::size_t i = 0; i < std::min(names.size(), texts.size()); ++i)
      properties.emplace_back(names[i], texts[i]);
    write_json_row(fields(rows), properties, options_.kind, out);
  }

  Store& store_;
  const ExportOptions& options_;
  const std::function<void(std::string_view)>& write_;
  bool exposures_;
  Hidden hidden_;
  Micros as_of_ = 0;
  std::string repeated_;           ///< of commits that were cut off: each id once
  std::vector<std::string> keys_;  ///< of the exported rows: columns of a CSV
  std::int64_t count_ = 0;
};

}  // namespace

std::int64_t export_rows(const std::string& address, const ExportOptions& options,
                         const std::function<void(std::string_view)>& write) {
  Store store(parse_address(address));
  if (store.row_tables().own())
    throw Error(ErrorCode::usage, "store", "reads tables of your own, as its catalog says under \"tables\"",
                "their rows are yours already: ask ClickHouse for them");
  return Exporter(store, options, write).run();
}

}  // namespace liftmark::clickhouse
