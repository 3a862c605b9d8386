// `liftmark segments`: RFM and lifecycle of every unit from its purchases, as of a date; stored for
// audiences.

#include "engine/record/segments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/cli/commands.hpp"
#include "apps/cli/store_commands.hpp"
#include "apps/cli/texts.hpp"
#include "engine/aggregate/lifecycle.hpp"
#include "engine/aggregate/population.hpp"
#include "engine/aggregate/rfm.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/time_point.hpp"
#include "engine/record/decimal.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string store, date, as_of, order_property, ties = "cut_points", format = "text", output, units_path;
  std::vector<std::string> events{"purchase"};
  int day_offset_minutes = 0;
  bool write = false;
};

struct Member {
  UnitIndex unit = 0;
  std::string id;
  PurchaseHistory history;
  RfmScore score;
  std::string_view lifecycle;
};

struct Segmentation {
  Micros date = 0;
  std::vector<Member> members;  ///< by id
  RfmCuts cuts;
};

std::string rfm_text(const RfmScore& score) {
  return fmt::format("{}{}{}", score.recency, score.frequency, score.monetary);
}

/// Whole calendar days, so that a purchase of yesterday evening is one day old.
void count_days(const Options& options, Micros date, std::vector<PurchaseHistory>& histories) {
  const std::int64_t today = day_of(date, options.day_offset_minutes);
  for (PurchaseHistory& history : histories)
    if (history.bought())
      history.since_last = (today - day_of(history.last, options.day_offset_minutes)) * kMicrosPerDay;
}

Segmentation segment(const Options& options, const Reader& reader) {
  Segmentation result;
  result.date = options.date.empty() ? reader.as_of() : moment(options.date, "--date");
  for (UnitIndex unit = 0; unit < reader.unit_count(); ++unit)
    if (std::string id = reader.unit_id(unit); !id.empty())
      result.members.push_back(
          {.unit = unit, .id = std::move(id), .history = {}, .score = {}, .lifecycle = {}});
  std::vector<UnitIndex> units;
  for (const Member& member : result.members) units.push_back(member.unit);
  const std::vector<Micros> before(units.size(), result.date);
  std::vector<PurchaseHistory> histories = purchase_histories(
      reader,
      {.units = units, .before = before, .types = options.events, .order_property = options.order_property});
  count_days(options, result.date, histories);
  for (std::size_t i = 0; i < histories.size(); ++i) result.members[i].history = histories[i];
  // Ranks break ties by the place in the list, so the list is in the order of ids.
  std::sort(result.members.begin(), result.members.end(),
            [](const Member& a, const Member& b) { return a.id < b.id; });
  for (std::size_t i = 0; i < histories.size(); ++i) histories[i] = result.members[i].history;
  result.cuts = rfm_cuts(histories);
  const auto ranked =
      options.ties == "rank" ? rfm_scores_by_rank(histories) : std::vector<RfmScore>(histories.size());
  for (std::size_t i = 0; i < histories.size(); ++i) {
    Member& member = result.members[i];
    member.score = options.ties == "rank" ? ranked[i] : rfm_score(histories[i], result.cuts);
    const bool bought = histories[i].bought();
    member.lifecycle = name(lifecycle_after(bought ? std::optional(histories[i].since_last) : std::nullopt));
  }
  return result;
}

/// The names a unit is stored under; what an audience's {"segment": ..} says.
std::vector<std::string> names_of(const Member& member) {
  std::vector<std::string> names{fmt::format("lifecycle:{}", member.lifecycle),
                                 fmt::format("rfm:{}", rfm_segment(member.score))};
  if (!member.history.bought()) return names;
  names.push_back("rfm:" + rfm_text(member.score));
  names.push_back(fmt::format("recency:{}", member.score.recency));
  names.push_back(fmt::format("frequency:{}", member.score.frequency));
  names.push_back(fmt::format("monetary:{}", member.score.monetary));
  return names;
}

ordered_json method_json(const Options& options, const Segmentation& of) {
  return {{"method", "rfm_quintiles"},
          {"ties", options.ties},
          {"events", options.events},
          {"order_property", options.order_property},
          {"buyers", of.cuts.buyers},
          {"cut_points",
           {{"recency_days", of.cuts.recency_days}, {"orders", of.cuts.orders}, {"spent", of.cuts.spent}}}};
}

void store(const Options& options, const Segmentation& of) {
  SegmentSets sets{
      .date = of.date, .method = method_json(options, of).dump(), .sets = {}, .unit = {}, .set = {}};
  std::map<std::vector<std::string>, std::uint32_t> known;
  for (const Member& member : of.members) {
    const auto [found, added] = known.emplace(names_of(member), static_cast<std::uint32_t>(sets.sets.size()));
    if (added) sets.sets.push_back(found->first);
    sets.unit.push_back(member.unit);
    sets.set.push_back(found->second);
  }
  WritingStore open(options.store);
  put_segments(open.recorder, sets);
}

std::map<std::string, std::int64_t> counts_of(const Segmentation& of) {
  std::map<std::string, std::int64_t> counts;
  for (const Member& member : of.members)
    for (const std::string& name : names_of(member)) ++counts[name];
  return counts;
}

std::string units_csv(const Segmentation& of) {
  std::string text = "unit,lifecycle,rfm_segment,rfm,recency_days,orders,spent\n";
  for (const Member& member : of.members) {
    const bool bought = member.history.bought();
    text += fmt::format("{},{},{},{},{},{},{}\n", csv_field(member.id), member.lifecycle,
                        rfm_segment(member.score), bought ? rfm_text(member.score) : "",
                        bought ? std::to_string(member.history.since_last / kMicrosPerDay) : "",
                        member.history.orders, format_decimal(member.history.spent));
  }
  return text;
}

std::string as_json(const Options& options, const Segmentation& of) {
  ordered_json out{{"date", format_time(of.date)}, {"units", of.members.size()}};
  std::int64_t orders = 0, repeated = 0;
  Millionths spent = 0;
  for (const Member& member : of.members) {
    orders += member.history.orders;
    repeated += member.history.orders >= 2;
    spent += member.history.spent;
  }
  out["orders"] = orders;
  out["repeat_buyers"] = repeated;
  out["spent"] = static_cast<double>(spent) * 1e-6;
  out.update(method_json(options, of));
  out["segments"] = counts_of(of);
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string in_words(const Options& options, const Segmentation& of) {
  std::string text = fmt::format("{} units, {} of them buyers, as of {}; ties by {}\n\nQuintile cut points\n",
                                 of.members.size(), of.cuts.buyers, format_time(of.date), options.ties);
  const auto row = [&](std::string_view name, const std::array<double, 4>& cuts) {
    text += fmt::format("  {:<24}{:>12.6g}{:>12.6g}{:>12.6g}{:>12.6g}\n", name, cuts[0], cuts[1], cuts[2],
                        cuts[3]);
  };
  row("days since last order", of.cuts.recency_days);
  row("orders", of.cuts.orders);
  row("spent", of.cuts.spent);
  text += "\nSegments\n";
  for (const auto& [name, count] : counts_of(of))
    if (!name.starts_with("rfm:") || !(name[4] >= '0' && name[4] <= '9'))
      text += fmt::format("  {:<24}{:>12}\n", name, count);
  std::array<std::array<std::int64_t, 6>, 6> table{};
  for (const Member& member : of.members) ++table[member.score.recency][member.score.frequency];
  text += "\nUnits by recency (rows, 5 is the latest) and frequency (columns)\n        ";
  for (int f = 1; f <= 5; ++f) text += fmt::format("{:>10}", f);
  for (std::size_t r = 5; r >= 1; --r) {
    text += fmt::format("\n  {:<6}", r);
    for (std::size_t f = 1; f <= 5; ++f) text += fmt::format("{:>10}", table[r][f]);
  }
  return text + "\n";
}

void write_text(const std::string& path, const std::string& text) {
  if (path.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return;
  }
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file)
    throw Error(ErrorCode::storage, path, "cannot be written", "check that the folder exists and has space");
}

void run(const Options& options) {
  Segmentation result;
  {
    ReaderOptions reading;
    if (!options.as_of.empty()) reading.as_of = moment(options.as_of, "--as-of");
    const Reader reader(options.store, reading);
    result = segment(options, reader);
  }
  if (options.format == "csv")
    write_text(options.output, units_csv(result));
  else
    write_text(options.output,
               options.format == "json" ? as_json(options, result) : in_words(options, result));
  if (!options.units_path.empty()) write_text(options.units_path, units_csv(result));
  if (!options.write) return;
  store(options, result);
  fmt::print(
      stderr,
      "segments of {} units are stored; audiences name them as {{\"segment\": \"lifecycle:active\"}}\n",
      result.members.size());
}

}  // namespace

void add_segments(Command& program) {
  auto* command = program.add_subcommand("segments", "RFM and lifecycle of every unit from its purchases");
  auto options = std::make_shared<Options>();
  command->add_option("store", options->store, "The store")->required();
  command->add_option("--date", options->date, "What was bought before it (default: the as-of moment)");
  command->add_option("--as-of", options->as_of,
                      "As the store knew it at this moment (default: the last commit)");
  command
      ->add_option("--events", options->events,
                   "Event types whose values are purchases; negative values are refunds")
      ->delimiter(',')
      ->show_default();
  command->add_option("--order-property", options->order_property,
                      "Events with equal values of this property are one order, e.g. an invoice's lines");
  command
      ->add_option("--ties", options->ties,
                   "cut_points: equal histories score equally; rank: fifths of equal size, ties by unit id")
      ->one_of({"cut_points", "rank"})
      ->show_default();
  command->add_option("--day-offset-minutes", options->day_offset_minutes, "When a day begins, against UTC")
      ->between(-1440, 1440);
  command->add_flag("--write", options->write, "Store them, in place of what was stored, for audiences");
  command->add_option("--format", options->format, "text, json (counts and cut points) or csv (a row a unit)")
      ->one_of({"text", "json", "csv"})
      ->show_default();
  command->add_option("--output", options->output, "A file (standard output)");
  command->add_option("--units", options->units_path, "Also write a row a unit to this CSV file");
  command->footer(
      "Stored names: lifecycle:active, lapsing, lapsed, new; rfm:champions (and the others); rfm:543; "
      "recency:5, "
      "frequency:4, monetary:3. docs/segments.md says how they are made.\n\n"
      "Examples:\n"
      "  liftmark segments shop.db --date 2026-07-01 --write\n"
      "  liftmark segments shop.db --order-property Invoice --format csv --output segments.csv");
  command->callback([options] { run(*options); });
}

}  // namespace liftmark::cli
