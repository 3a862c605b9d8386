// `liftmark simulate`: a shop with a known true effect, as files that `import` reads, or in a store.

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/cli/commands.hpp"
#include "apps/cli/simulate/catalog.hpp"
#include "apps/cli/simulate/shop.hpp"
#include "assign/schemes/scheme.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/compaction.hpp"
#include "engine/record/import.hpp"
#include "engine/record/privacy.hpp"

namespace liftmark::cli {
namespace {

namespace fs = std::filesystem;
using simulate::ArmEffect;

struct Options {
  simulate::ShopOptions shop;
  std::string directory, store;
  std::string start = "2026-06-01";
  std::vector<std::string> arms;
  std::vector<std::string> effects;
  std::int64_t planned_units = 0;
  bool quiet = false;
};

double parse_number(const std::string& text, const std::string& where) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const bool percent = digits.ends_with('%');
  if (percent) digits.remove_suffix(1);
  double value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value))
    throw Error(ErrorCode::usage, Problem{where, "not a number", text, "write 0.05 or 5%"});
  return percent ? value / 100.0 : value;
}

/// "control=1" or "treatment": the first arm named is the control.
std::vector<ArmEffect> parse_arms(const std::vector<std::string>& texts) {
  std::vector<ArmEffect> arms;
  for (const std::string& text : texts) {
    const auto equals = text.find('=');
    ArmEffect arm;
    arm.key = text.substr(0, equals);
    if (equals != std::string::npos) arm.weight = parse_number(text.substr(equals + 1), "--arm");
    if (arm.key.empty() || !(arm.weight > 0))
      throw Error(ErrorCode::usage,
                  Problem{"--arm", "an arm is NAME or NAME=WEIGHT with a positive weight", text, ""});
    arm.control = arms.empty();
    arms.push_back(std::move(arm));
  }
  if (arms.size() < 2)
    throw Error(ErrorCode::usage, "--arm", "at least two arms are needed", "--arm control --arm treatment");
  return arms;
}

/// "treatment:conversion=5%".
void apply_effect(const std::string& text, std::vector<ArmEffect>& arms) {
  constexpr std::pair<std::string_view, double ArmEffect::*> kEffects[] = {
      {"conversion", &ArmEffect::conversion},
      {"order_value", &ArmEffect::order_value},
      {"return_visits", &ArmEffect::return_visits},
      {"refund", &ArmEffect::refund},
      {"click", &ArmEffect::click}};
  const auto colon = text.find(':');
  const auto equals = text.find('=', colon == std::string::npos ? 0 : colon);
  if (colon == std::string::npos || equals == std::string::npos)
    throw Error(ErrorCode::usage, Problem{"--effect", "an effect is ARM:WHAT=CHANGE", text,
                                          "for example treatment:conversion=5%"});
  const std::string arm = text.substr(0, colon), what = text.substr(colon + 1, equals - colon - 1);
  const auto found =
      std::find_if(arms.begin(), arms.end(), [&](const ArmEffect& one) { return one.key == arm; });
  if (found == arms.end())
    throw Error(ErrorCode::usage, Problem{"--effect", "no such arm", arm, "name it with --arm first"});
  for (const auto& [name, member] : kEffects)
    if (name == what) {
      const double change = parse_number(text.substr(equals + 1), "--effect");
      if (change <= -1.0 || change > 100.0)
        throw Error(ErrorCode::usage, Problem{"--effect", "a change lies above -100%", text, ""});
      (*found).*member = change;
      return;
    }
  throw Error(ErrorCode::usage, Problem{"--effect", "unknown effect", what,
                                        "conversion, order_value, return_visits, refund or click"});
}

std::int64_t parse_day(const std::string& text) {
  int year = 0;
  unsigned month = 0, day = 0;
  if (text.size() != 10 || std::sscanf(text.c_str(), "%4d-%2u-%2u", &year, &month, &day) != 3)
    throw Error(ErrorCode::usage, Problem{"--start", "not a date", text, "write it as 2026-06-01"});
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok()) throw Error(ErrorCode::usage, Problem{"--start", "no such day", text, ""});
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::sys_days(date).time_since_epoch())
      .count();
}

std::string timestamp(std::int64_t micros) {
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(micros)};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), (time - seconds).count());
}

/// Lines of one CSV file in order of time, kept in one buffer until the end.
class TimeOrderedLines {
 public:
  explicit TimeOrderedLines(std::string_view header) : header_(header) {}
  void add(std::int64_t at, std::string_view line) {
    rows_.push_back({at, text_.size(), line.size()});
    text_ += line;
  }
  /// The whole file.
  std::string text() {
    std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.at < b.at; });
    std::string file = header_ + '\n';
    file.reserve(file.size() + text_.size() + rows_.size());
    for (const Row& row : rows_) {
      file.append(text_, row.offset, row.size);
      file += '\n';
    }
    return file;
  }
  std::size_t size() const { return rows_.size(); }

 private:
  struct Row {
    std::int64_t at;
    std::size_t offset, size;
  };
  std::string header_;
  std::vector<Row> rows_;
  std::string text_;
};

/// All that was simulated, in the form of the files.
struct Files {
  TimeOrderedLines exposures{"id,experiment,unit,arm,at,country,device"};
  TimeOrderedLines events{"id,unit,type,at,value,reference,surface,item"};
  TimeOrderedLines consent{"unit,purpose,state,at"};
  std::vector<std::pair<std::string, bool>> consents;  // unit, granted
  std::string catalog, truth;
  std::int64_t exposed_users = 0;
};

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.flush();
  if (!file)
    throw Error(ErrorCode::storage, path.string(), "cannot be written",
                "check the folder's permissions and free space");
}

/// The native scheme with the experiment's salt, so that `verify` finds every exposure where it belongs.
std::unique_ptr<const assign::Bucketing> bucketing_of(const simulate::ShopOptions& options) {
  assign::Experiment experiment;
  experiment.key = simulate::kExperiment;
  experiment.hashing.salt = simulate::kSalt;
  for (const ArmEffect& arm : options.arms)
    experiment.arms.push_back({.key = arm.key,
                               .weight = arm.weight,
                               .role = arm.control ? assign::Role::control : assign::Role::variant,
                               .payload = {}});
  std::vector<Problem> problems;
  auto bucketing = assign::find_scheme(experiment.hashing.scheme)->compile(experiment, problems);
  if (bucketing == nullptr) throw Error(ErrorCode::definition, std::move(problems));
  return bucketing;
}

Files simulate_files(const Options& options) {
  const auto bucketing = bucketing_of(options.shop);
  Files files;
  const std::string first = timestamp(options.shop.start - options.shop.history_days * 86'400'000'000LL);
  const simulate::ShopSink sink{
      .arm_of =
          [&](std::string_view id) {
            return static_cast<std::size_t>(bucketing->decide({.id = id, .attributes = {}}).arm);
          },
      .exposure =
          [&](const simulate::SimulatedExposure& e) {
            files.exposures.add(e.at, fmt::format("{},{},{},{},{},{},{}", e.id, simulate::kExperiment, e.unit,
                                                  e.arm, timestamp(e.at), e.country, e.device));
          },
      .event =
          [&](const simulate::SimulatedEvent& e) {
            const std::string value =
                e.has_value ? fmt::format("{}{}.{:02}", e.value_cents < 0 ? "-" : "",
                                          std::abs(e.value_cents) / 100, std::abs(e.value_cents) % 100)
                            : "";
            files.events.add(e.at, fmt::format("{},{},{},{},{},{},{},{}", e.id, e.unit, e.type,
                                               timestamp(e.at), value, e.reference, e.surface, e.item));
          },
      .consent =
          [&](std::string_view unit, bool granted) {
            files.consent.add(
                0, fmt::format("{},measurement,{},{}", unit, granted ? "granted" : "denied", first));
            files.consents.emplace_back(unit, granted);
          }};
  const simulate::Truth truth = simulate::run_shop(options.shop, sink);
  files.exposed_users = truth.exposed_users;
  const std::int64_t planned = options.planned_units > 0 ? options.planned_units : truth.exposed_users;
  files.catalog = simulate::catalog_json(options.shop, planned);
  files.truth = simulate::truth_json(options.shop, truth);
  return files;
}

void write_folder(const fs::path& directory, Files& files) {
  std::error_code failure;
  fs::create_directories(directory, failure);
  if (failure) throw Error(ErrorCode::storage, directory.string(), "cannot be created: " + failure.message());
  write_text(directory / "exposures.csv", files.exposures.text());
  write_text(directory / "events.csv", files.events.text());
  write_text(directory / "consent.csv", files.consent.text());
  write_text(directory / "catalog.json", files.catalog);
  write_text(directory / "truth.json", files.truth);
}

/// As `init`, `apply`, `consent` and `import --recorded-at event-time` of the files would.
void write_store(const fs::path& path, Files& files) {
  Store store = Store::create(path);
  const Catalog catalog = parse_catalog(files.catalog);
  store.put_catalog(catalog.text, catalog.digest);
  Recorder recorder(store, {.oldest = INT64_MAX / 2});
  for (const auto& [unit, granted] : files.consents)
    if (!granted) set_consent(recorder, unit, "measurement", false);
  ImportOptions options;
  options.recorded_at_event_time = true;
  for (const auto& [name, lines] :
       {std::pair("exposures.csv", &files.exposures), {"events.csv", &files.events}})
    import_stream(recorder, InputStream::of_text(lines->text()), name, options);
  compact(recorder);
}

void run(Options& options) {
  if (options.directory.empty() && options.store.empty())
    throw Error(ErrorCode::usage, "simulate", "is not told where to write",
                "give --out FOLDER, --store DB or both");
  if (options.arms.empty()) options.arms = {"control", "treatment"};
  options.shop.arms = parse_arms(options.arms);
  for (const std::string& effect : options.effects) apply_effect(effect, options.shop.arms);
  options.shop.start = parse_day(options.start);
  if (!options.store.empty() && fs::exists(options.store))
    throw Error(ErrorCode::storage, options.store, "exists already", "name a new store, or remove this one");
  Files files = simulate_files(options);
  if (!options.directory.empty()) write_folder(options.directory, files);
  if (!options.store.empty()) write_store(options.store, files);
  if (options.directory.empty()) fmt::print("{}\n", files.truth);
  if (options.quiet) return;
  const bool both = !options.directory.empty() && !options.store.empty();
  fmt::print(options.directory.empty() ? stderr : stdout,
             "{} exposures, {} events of {} shoppers ({} exposed) in {}{}{}\n", files.exposures.size(),
             files.events.size(), options.shop.users, files.exposed_users, options.directory,
             both ? " and " : "", options.store);
}

}  // namespace

void add_simulate(Command& program) {
  auto* command =
      program.add_subcommand("simulate", "A realistic shop's exposures and events with a known true effect");
  command->footer(
      "Writes exposures.csv, events.csv, consent.csv, catalog.json and truth.json into a folder, or the same "
      "into a new store\n"
      "ready for `report`, and then prints the truth. The same options give the same bytes on every "
      "machine.\n\n"
      "Example:\n"
      "  liftmark simulate --out shop --users 20000 --effect treatment:conversion=8% --effect "
      "treatment:click=20%\n"
      "  liftmark simulate --store shop.db --users 20000 > truth.json && liftmark report shop.db "
      "recommendations");
  auto options = std::make_shared<Options>();
  auto& shop = options->shop;
  command->add_option("--out", options->directory, "Folder to write, made if it is not there");
  command->add_option("--store", options->store, "Store to make and record into; must not exist yet");
  command->add_option("--users", shop.users, "Shoppers, exposed or not")
      ->between(1, 50'000'000)
      ->show_default();
  command->add_option("--days", shop.days, "Days of the experiment")->between(1, 365)->show_default();
  command->add_option("--history-days", shop.history_days, "Days before it")->between(0, 365)->show_default();
  command->add_option("--window-days", shop.window_days, "Window of the metrics")
      ->between(1, 365)
      ->show_default();
  command->add_option("--start", options->start, "First day of the experiment, UTC")->show_default();
  command->add_option("--seed", shop.seed, "Any number; each gives another shop")->show_default();
  command->add_option("--arm", options->arms,
                      "NAME or NAME=WEIGHT, repeated; the first is the control (default control, treatment)");
  command->add_option(
      "--effect", options->effects,
      "ARM:WHAT=CHANGE, repeated; WHAT is conversion, order_value, return_visits, refund or click");
  command->add_option("--sessions-per-day", shop.sessions_per_day, "Median over shoppers")
      ->between(0.0001, 12.0)
      ->show_default();
  command->add_option("--conversion", shop.conversion, "Median probability of an order in a session")
      ->between(0.0, 0.5)
      ->show_default();
  command->add_option("--order-value", shop.order_value, "Median gross value of an order")
      ->between(0.01, 1e6)
      ->show_default();
  command->add_option("--refund-share", shop.refund_share, "Share of orders refunded")
      ->between(0.0, 1.0)
      ->show_default();
  command->add_option("--new-share", shop.new_share, "Shoppers without full history")
      ->between(0.0, 1.0)
      ->show_default();
  command
      ->add_option("--two-device-share", shop.two_device_share,
                   "Shoppers whose second device may get another arm")
      ->between(0.0, 1.0)
      ->show_default();
  command->add_option("--no-consent-share", shop.no_consent_share, "Shoppers of whom nothing is recorded")
      ->between(0.0, 1.0)
      ->show_default();
  command->add_option("--planned-units", options->planned_units,
                      "The plan's sample size (default: the exposed shoppers)");
  command->add_flag("--quiet", options->quiet, "Print nothing");
  command->callback([options] { run(*options); });
}

}  // namespace liftmark::cli
