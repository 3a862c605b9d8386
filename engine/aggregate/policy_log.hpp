#pragma once
// Logged decisions of a randomised policy: what was shown, with which probability, and what came of it. From
// a CSV log of impressions or from a store's exposures; both end in the same columns.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/record/csv_reader.hpp"
#include "engine/record/reader.hpp"

namespace liftmark {

struct LoggedDecision {
  std::uint32_t action = 0;   ///< index into PolicyLog::actions
  std::uint32_t context = 0;  ///< index into PolicyLog::contexts
  std::uint32_t unit = 0;     ///< dense; meaningful when PolicyLog::has_units
  double reward = 0;
  double propensity = 1;  ///< in (0, 1]
  std::optional<double> candidate =
      {};                 ///< the candidate's probability of this action, where the log says it
  std::int64_t line = 0;  ///< of the file; from a store the row's number
};

/// One action's part of a candidate's decision.
struct ActionShare {
  std::uint32_t action = 0;
  double probability = 0;
};

struct PolicyLog {
  std::vector<std::string> actions;   ///< in order of first sight
  std::vector<std::string> contexts;  ///< one, nameless, when the log has none
  std::vector<LoggedDecision> rounds;
  std::vector<ActionShare> shares;        ///< of all rounds, one after the other; empty without distributions
  std::vector<std::size_t> share_begins;  ///< by round, and the end; empty without distributions
  std::size_t units = 0;
  bool has_units = false;
  std::int64_t rows_read = 0;
  std::map<std::string, std::int64_t> rejected;  ///< rows by reason
  std::map<std::string, std::string> columns;    ///< which column was read for what

  /// Index of an action or context, made when new.
  std::uint32_t action(std::string_view name);
  std::uint32_t context(std::string_view name);

 private:
  std::map<std::string, std::uint32_t, std::less<>> action_index_, context_index_;
};

/// Columns by name; an empty one is looked for under its usual names (see `--help` of `liftmark offline`).
struct PolicyLogColumns {
  std::string action, reward, propensity, context, unit;
  std::string candidate;     ///< number: the candidate's probability of the logged action
  std::string distribution;  ///< text: the candidate's decision, as "item=0.7;other=0.3"
};

/// Reads every record. Rows with a broken record, a missing action, a reward that is no number, a propensity
/// outside (0, 1] or a candidate that is no probability are rejected and counted. Throws Error(data) for a
/// missing column. `progress`, when given, is called now and then.
PolicyLog read_policy_log(CsvReader& csv, const PolicyLogColumns& columns,
                          const std::function<void()>& progress = {});

/// Exposures of one experiment as decisions: the arm is the action, the reward what the unit did in the
/// window after its first exposure.
struct StorePolicyLog {
  std::string experiment;
  std::string reward_event = "purchase";
  bool value = false;  ///< reward is the sum of the events' values; else 1 when there is any
  int window_days = 14;
  std::string context = {};  ///< attribute of the exposure; empty: none
};

/// Units whose window is not over at the reader's moment are rejected as `window_not_complete`, those exposed
/// without a propensity as `missing_propensity`. Throws Error(usage) when the store has no exposures of the
/// experiment.
PolicyLog read_policy_log(const Reader& reader, const StorePolicyLog& wanted);

}  // namespace liftmark
