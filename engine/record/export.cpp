#include "engine/record/export.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include "engine/definition/time_point.hpp"
#include "engine/record/clickhouse/address.hpp"
#include "engine/record/clickhouse/export.hpp"
#include "engine/record/decimal.hpp"
#include "engine/record/export_text.hpp"
#include "engine/record/reader_state.hpp"
#include "engine/record/unit_key.hpp"

namespace liftmark {
namespace {

class Exporter {
 public:
  Exporter(const Reader::State& state, const ExportOptions& options,
           const std::function<void(std::string_view)>& write)
      : state_(state),
        options_(options),
        write_(write),
        exposures_(options.kind == ExportOptions::Kind::exposures) {
    Statement units(state.main->database, "SELECT unit, id FROM unit");
    units_.resize(state.units);
    while (units.step()) units_[static_cast<std::size_t>(units.integer(0))] = units.text(1);
    if (options.unit) find_unit(UnitDoor::of(state.main->database).stored(*options.unit));
    for (const std::string& type : options.types)
      if (const auto code = state.names.find({NameKind::type, 0, 0, type})) types_.push_back(*code);
  }

  std::int64_t run() {
    if (options_.unit && unit_ == UnitMap::kNone) return 0;
    auto snapshot = state_.snapshot();
    if (options_.format == ExportOptions::Format::csv) {
      each_block(
          *snapshot, [&](const BlockEntry&, BlockRows& rows, const std::vector<std::uint32_t>& chosen) {
            for (const PropertyColumn& column : rows.properties)
              if (std::any_of(chosen.begin(), chosen.end(), [&](auto row) { return column.code[row] != 0; }))
                keys_.insert(column.key);
          });
      header();
    }
    each_block(*snapshot,
               [&](const BlockEntry& entry, BlockRows& rows, const std::vector<std::uint32_t>& chosen) {
                 snapshot->read_detail(entry.block, rows);
                 write_rows(gather(rows, chosen));
               });
    state_.give_back(std::move(snapshot));
    return count_;
  }

 private:
  /// Calls use(entry, rows, chosen) for blocks with chosen rows; all but their details are read.
  template <class Use>
  void each_block(Snapshot& snapshot, Use use) const {
    BlockRows rows;
    for (const BlockEntry& entry : exposures_ ? state_.exposures : state_.events) {
      if (entry.last_at < options_.from || entry.first_at >= options_.to) continue;
      if (options_.unit && (entry.first_unit > unit_ || entry.last_unit < unit_)) continue;
      snapshot.read_hot(entry.block, rows);
      std::vector<std::uint32_t> chosen;
      for (std::uint32_t i = 0; i < rows.size(); ++i)
        if (keeps(rows, i)) chosen.push_back(i);
      if (chosen.empty()) continue;
      snapshot.read_properties(entry.block, {}, rows);
      use(entry, rows, chosen);
    }
  }

  void find_unit(const std::string& id) {
    const auto found = std::find(units_.begin(), units_.end(), id);
    if (found != units_.end()) unit_ = static_cast<UnitIndex>(found - units_.begin());
  }

  bool keeps(const BlockRows& rows, std::size_t i) const {
    if (rows.at[i] > state_.as_of || rows.recorded_at[i] > state_.as_of || state_.hidden(rows.unit[i]))
      return false;
    if (rows.at[i] < options_.from || rows.at[i] >= options_.to) return false;
    if (options_.unit && rows.unit[i] != unit_) return false;
    if (!exposures_)
      return options_.types.empty() || std::find(types_.begin(), types_.end(), rows.type[i]) != types_.end();
    if ((rows.flags[i] & kRepeat) != 0) return false;
    if (!options_.experiment) return true;
    return state_.names.name(NameKind::experiment, state_.names.name(NameKind::arm, rows.type[i]).parent)
               .text == *options_.experiment;
  }

  void header() {
    std::vector<std::string_view> keys;
    for (const std::uint32_t key : keys_) keys.push_back(state_.names.name(NameKind::key, key).text);
    write_(csv_header(options_.kind, keys));
  }

  /// The row's fields by name, in the order of the header.
  ExportedFields fields(const BlockRows& rows, std::size_t i) const {
    const std::string unit = units_[rows.unit[i]];
    if (!exposures_)
      return {{"id", std::string(rows.id[i])},
              {"unit", unit},
              {"type", std::string(state_.names.name(NameKind::type, rows.type[i]).text)},
              {"at", format_time(rows.at[i])},
              {"recorded_at", format_time(rows.recorded_at[i])},
              {"value", rows.value[i] == 0 ? "" : format_decimal(rows.value[i])},
              {"reference", std::string(rows.reference[i])}};
    const Name& arm = state_.names.name(NameKind::arm, rows.type[i]);
    return {{"id", std::string(rows.id[i])},
            {"experiment", std::string(state_.names.name(NameKind::experiment, arm.parent).text)},
            {"epoch", std::to_string(arm.number)},
            {"unit", unit},
            {"arm", std::string(arm.text)},
            {"at", format_time(rows.at[i])},
            {"recorded_at", format_time(rows.recorded_at[i])},
            {"propensity", rows.value[i] == 0 ? "" : fmt::format("{}", std::bit_cast<double>(rows.value[i]))},
            {"fallback", (rows.flags[i] & kFallback) != 0 ? "true" : ""}};
  }

  void write_rows(const BlockRows& rows) {
    std::vector<std::size_t> next_inline(rows.properties.size(), 0);
    std::string out;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::map<std::uint32_t, std::string_view> properties;
      for (std::size_t p = 0; p < rows.properties.size(); ++p) {
        const PropertyColumn& column = rows.properties[p];
        if (column.code[i] == kInlineValue)
          properties[column.key] = column.inline_text[next_inline[p]++];
        else if (column.code[i] != 0)
          properties[column.key] = state_.names.name(NameKind::value, column.code[i]).text;
      }
      if (options_.format == ExportOptions::Format::csv) {
        std::vector<std::string_view> cells;
        for (const std::uint32_t key : keys_) {
          const auto found = properties.find(key);
          cells.push_back(found == properties.end() ? std::string_view() : found->second);
        }
        write_csv_row(fields(rows, i), cells, out);
      } else {
        std::vector<ExportedText> named;
        for (const auto& [key, text] : properties)
          named.emplace_back(state_.names.name(NameKind::key, key).text, text);
        write_json_row(fields(rows, i), named, options_.kind, out);
      }
      ++count_;
    }
    write_(out);
  }

  const Reader::State& state_;
  const ExportOptions& options_;
  const std::function<void(std::string_view)>& write_;
  bool exposures_;
  std::vector<std::string> units_;
  UnitIndex unit_ = UnitMap::kNone;
  std::vector<std::uint32_t> types_;
  std::set<std::uint32_t> keys_;  ///< of the exported rows: columns of a CSV
  std::int64_t count_ = 0;
};

}  // namespace

std::int64_t export_rows(const std::filesystem::path& store, const ExportOptions& options,
                         const std::function<void(std::string_view)>& write) {
  if (clickhouse::is_address(store.string())) return clickhouse::export_rows(store.string(), options, write);
  const Reader::State state(store, {.as_of = options.as_of});
  return Exporter(state, options, write).run();
}

}  // namespace liftmark
