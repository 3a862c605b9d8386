#include "engine/aggregate/policy_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>

#include "engine/definition/error.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

std::uint32_t index_of(std::map<std::string, std::uint32_t, std::less<>>& index,
                       std::vector<std::string>& names, std::string_view name) {
  const auto found = index.find(name);
  if (found != index.end()) return found->second;
  const auto place = static_cast<std::uint32_t>(names.size());
  names.emplace_back(name);
  index.emplace(name, place);
  return place;
}

std::optional<double> number(std::string_view text) {
  double value = 0.0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

std::optional<double> probability(std::string_view text) {
  const auto value = number(text);
  return value && *value >= 0.0 && *value <= 1.0 + 1e-9 ? value : std::nullopt;
}

/// The column asked for, or the first of its usual names that the file has.
std::size_t find_column(const CsvReader& csv, const std::string& wanted,
                        std::initializer_list<const char*> usual) {
  if (!wanted.empty()) return csv.require_column(wanted);
  for (const char* name : usual)
    if (const auto found = csv.column(name)) return *found;
  return kNone;
}

struct Layout {
  std::size_t action, reward, propensity, context, unit, candidate, distribution;
};

Layout layout_of(const CsvReader& csv, const PolicyLogColumns& columns, PolicyLog& log) {
  Layout layout{
      .action = find_column(csv, columns.action, {"item_id", "action", "item", "arm"}),
      .reward = find_column(csv, columns.reward, {"reward", "click"}),
      .propensity = find_column(csv, columns.propensity, {"propensity", "propensity_score", "pscore"}),
      .context = find_column(csv, columns.context, {"position"}),
      .unit = find_column(csv, columns.unit, {"unit"}),
      .candidate = find_column(csv, columns.candidate, {}),
      .distribution = find_column(csv, columns.distribution, {})};
  struct Role {
    const char* name;
    std::size_t column;
    bool needed;
  };
  const std::array roles{Role{"action", layout.action, true},
                         Role{"reward", layout.reward, true},
                         Role{"propensity", layout.propensity, true},
                         Role{"context", layout.context, false},
                         Role{"unit", layout.unit, false},
                         Role{"candidate", layout.candidate, false},
                         Role{"distribution", layout.distribution, false}};
  std::vector<Problem> missing;
  for (const Role& role : roles) {
    if (role.column != kNone)
      log.columns[role.name] = csv.header()[role.column];
    else if (role.needed)
      missing.push_back({std::string("--") + role.name,
                         fmt::format("no column is known to hold the {}", role.name), "",
                         fmt::format("name one of: {}", fmt::join(csv.header(), ", "))});
  }
  if (!missing.empty()) throw Error(ErrorCode::data, std::move(missing));
  return layout;
}

/// "a=0.7;b=0.3"; the probabilities of one decision add up to 1.
bool read_distribution(std::string_view text, PolicyLog& log, std::vector<ActionShare>& shares) {
  double total = 0.0;
  while (!text.empty()) {
    const auto end = std::min(text.find(';'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = part.rfind('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    const auto share = probability(part.substr(equals + 1));
    if (!share) return false;
    shares.push_back({log.action(part.substr(0, equals)), *share});
    total += *share;
  }
  return std::abs(total - 1.0) < 1e-3;
}

class RowReader {
 public:
  RowReader(PolicyLog& log, const Layout& layout) : log_(log), layout_(layout) {
    log_.has_units = layout.unit != kNone;
    if (layout.distribution != kNone) log_.share_begins.push_back(0);
    if (layout.context == kNone) log_.context("");
  }

  /// Why the row cannot be used; empty when it was added.
  std::string_view add(std::span<const std::string_view> fields, std::int64_t line) {
    const std::string_view action = fields[layout_.action];
    if (action.empty()) return "missing_action";
    const auto reward = number(fields[layout_.reward]);
    if (!reward) return "invalid_reward";
    const auto propensity = probability(fields[layout_.propensity]);
    if (!propensity || *propensity <= 0.0) return "invalid_propensity";
    LoggedDecision round{.reward = *reward, .propensity = *propensity, .line = line};
    if (layout_.candidate != kNone) {
      round.candidate = probability(fields[layout_.candidate]);
      if (!round.candidate) return "invalid_candidate";
    }
    shares_.clear();
    if (layout_.distribution != kNone && !read_distribution(fields[layout_.distribution], log_, shares_))
      return "invalid_distribution";
    round.action = log_.action(action);
    if (layout_.context != kNone) round.context = log_.context(fields[layout_.context]);
    if (log_.has_units) round.unit = index_of(units_, unit_names_, fields[layout_.unit]);
    if (layout_.distribution != kNone) {
      round.candidate = 0.0;
      for (const ActionShare& share : shares_)
        if (share.action == round.action) *round.candidate += share.probability;
      log_.shares.insert(log_.shares.end(), shares_.begin(), shares_.end());
      log_.share_begins.push_back(log_.shares.size());
    }
    log_.rounds.push_back(round);
    log_.units = unit_names_.size();
    return {};
  }

 private:
  PolicyLog& log_;
  Layout layout_;
  std::vector<ActionShare> shares_;
  std::map<std::string, std::uint32_t, std::less<>> units_;
  std::vector<std::string> unit_names_;
};

/// The reward of each member of `first` (rows of `exposures`), from one pass over the events of one type.
std::vector<double> rewards(const Reader& reader, const StorePolicyLog& wanted,
                            const ExposureColumns& exposures, const std::vector<std::size_t>& first) {
  std::vector<double> result(first.size(), 0.0);
  const Micros window = wanted.window_days * kMicrosPerDay;
  EventScanner scanner(reader, {.types = {wanted.reward_event}});
  std::size_t member = 0;
  for (std::size_t index = 0; index < scanner.slices(); ++index) {
    const EventSlice& slice = scanner.read(index);
    for (; member < first.size() && exposures.unit[first[member]] < slice.last_unit; ++member) {
      const UnitIndex unit = exposures.unit[first[member]];
      const Micros at = exposures.at[first[member]];
      for (std::uint32_t i = slice.begin(unit); i < slice.end(unit); ++i) {
        if (slice.at[i] < at || slice.at[i] >= at + window) continue;
        const double value = static_cast<double>(slice.value[i]) * 1e-6;
        result[member] = wanted.value ? result[member] + value : 1.0;
      }
    }
  }
  return result;
}

}  // namespace

std::uint32_t PolicyLog::action(std::string_view name) {
  return index_of(action_index_, actions, name);
}

std::uint32_t PolicyLog::context(std::string_view name) {
  return index_of(context_index_, contexts, name);
}

PolicyLog read_policy_log(CsvReader& csv, const PolicyLogColumns& columns,
                          const std::function<void()>& progress) {
  PolicyLog log;
  RowReader rows(log, layout_of(csv, columns, log));
  while (csv.next()) {
    if ((++log.rows_read & 0xFFF) == 0 && progress) progress();
    const std::string_view reason =
        csv.problem() != CsvProblem::none ? name(csv.problem()) : rows.add(csv.fields(), csv.line());
    if (!reason.empty()) ++log.rejected[std::string(reason)];
  }
  return log;
}

PolicyLog read_policy_log(const Reader& reader, const StorePolicyLog& wanted) {
  std::vector<std::string> attributes;
  if (!wanted.context.empty()) attributes.push_back(wanted.context);
  const ExposureColumns exposures = reader.exposures(wanted.experiment, attributes);
  if (exposures.size() == 0)
    throw Error(ErrorCode::usage,
                Problem{"--experiment", "the store has no exposures of it", wanted.experiment,
                        fmt::format("experiments: {}", fmt::join(reader.experiments(), ", "))});
  PolicyLog log;
  log.has_units = true;
  log.columns = {{"action", "arm"}, {"reward", wanted.reward_event}, {"propensity", "propensity"}};
  if (!wanted.context.empty()) log.columns["context"] = wanted.context;
  std::vector<std::size_t> first;
  for (std::size_t i = 0; i < exposures.size(); ++i) {
    if (i > 0 && exposures.unit[i] == exposures.unit[i - 1]) continue;
    ++log.rows_read;
    if (exposures.propensity[i] <= 0.0)
      ++log.rejected["missing_propensity"];
    else if (exposures.at[i] + wanted.window_days * kMicrosPerDay > reader.as_of())
      ++log.rejected["window_not_complete"];
    else
      first.push_back(i);
  }
  const std::vector<double> reward = rewards(reader, wanted, exposures, first);
  for (std::size_t member = 0; member < first.size(); ++member) {
    const std::size_t row = first[member];
    log.rounds.push_back(
        {.action = log.action(exposures.arms[exposures.arm[row]].key),
         .context = log.context(attributes.empty() ? "" : reader.text(exposures.attributes[0][row])),
         .unit = static_cast<std::uint32_t>(member),
         .reward = reward[member],
         .propensity = exposures.propensity[row],
         .line = static_cast<std::int64_t>(member) + 1});
  }
  log.units = first.size();
  return log;
}

}  // namespace liftmark
