#include "apps/cli/offline/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/cli/texts.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::ordered_json;
using stats::Estimate;

std::string weight_text(double weight) {
  return weight < 1000 ? fmt::format("{:.3g}", weight) : grouped(weight);
}

std::string value_text(double value) {
  return fmt::format("{:.6g}", value);
}

std::string percent(double share) {
  return fmt::format("{:.{}f}%", share * 100, share > 0 && share < 0.01 ? 3 : 1);
}

std::string interval_text(const Estimate& estimate) {
  if (!estimate.interval) return std::string(name(estimate.reason));
  return fmt::format("{:.6g} to {:.6g}", *estimate.interval->lower, *estimate.interval->upper);
}

std::string method_text(const PolicyEstimate& estimate) {
  struct Title {
    std::string_view method, title;
  };
  static constexpr Title kTitles[] = {{"logged", "the logging policy itself"},
                                      {"ips", "IPS"},
                                      {"snips", "SNIPS"},
                                      {"dm", "reward model alone"},
                                      {"dr", "doubly robust"},
                                      {"sndr", "doubly robust, self-normalised"}};
  std::string text(estimate.method);
  for (const Title& title : kTitles)
    if (title.method == estimate.method) text = title.title;
  return estimate.clip ? fmt::format("{}, weights cut at {}", text, weight_text(*estimate.clip)) : text;
}

std::string context_text(const HeavyRound& round) {
  return round.context.empty() ? round.action : round.action + " in " + round.context;
}

std::string warning_text(PolicyWarning warning, const PolicyEvaluation& of) {
  switch (warning) {
    case PolicyWarning::one_round_dominates: {
      const HeavyRound& round = of.heaviest.front();
      return fmt::format(
          "One row decides: line {} (action {}, propensity {:g}) has weight {}, {} of all {} rows' weight. "
          "Unclipped estimates rest on it and are not to be read.",
          round.line, context_text(round), round.propensity, weight_text(round.weight), percent(round.share),
          grouped(static_cast<double>(of.rounds)));
    }
    case PolicyWarning::few_effective_rounds:
      return fmt::format("The weights leave {} effective rows of {}: unclipped estimates are not to be read.",
                         fmt::format("{:.1f}", of.weights.effective_sample_size),
                         grouped(static_cast<double>(of.rounds)));
    case PolicyWarning::weights_do_not_average_one:
      return fmt::format(
          "The mean weight is {:.4g} ({}), not 1: propensities, candidate and log do not belong together, or "
          "the candidate chooses what the log hardly ever shows.",
          of.weights.mean, interval_text(of.mean_weight));
    case PolicyWarning::actions_never_logged:
      return fmt::format(
          "{} of the candidate's decisions were never logged in their context: about those the log is "
          "silent.",
          percent(of.never_logged.value_or(0)));
  }
  return "";
}

/// A table with a heading, left column as text.
struct Table {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

Table support_table(const OfflineReport& report) {
  const PolicyEvaluation& of = report.evaluation;
  const auto n = static_cast<double>(of.rounds);
  Table table{"Support", {"", ""}, {}};
  table.rows.push_back(
      {"effective sample size", fmt::format("{:.1f} of {} rows ({})", of.weights.effective_sample_size,
                                            grouped(n), percent(of.weights.effective_sample_size / n))});
  table.rows.push_back({"mean weight (1 when all fits)",
                        fmt::format("{:.4f} ({})", of.weights.mean, interval_text(of.mean_weight))});
  table.rows.push_back({"largest weight", fmt::format("{}, {} of all weight", weight_text(of.weights.maximum),
                                                      percent(of.weights.share_of_largest))});
  table.rows.push_back({"rows the candidate would never show",
                        fmt::format("{} ({})", grouped(static_cast<double>(of.weights.zero)),
                                    percent(static_cast<double>(of.weights.zero) / n))});
  table.rows.push_back({"candidate's decisions never logged",
                        of.never_logged ? percent(*of.never_logged)
                                        : "unknown: the log says only the logged action's probability"});
  return table;
}

Table heaviest_table(const PolicyEvaluation& of) {
  Table table{"Heaviest rows", {"line", "action", "propensity", "weight", "of all weight", "reward"}, {}};
  for (const HeavyRound& round : of.heaviest)
    table.rows.push_back({fmt::format("{}", round.line), context_text(round),
                          fmt::format("{:g}", round.propensity), weight_text(round.weight),
                          percent(round.share), fmt::format("{:g}", round.reward)});
  return table;
}

Table estimates_table(const OfflineReport& report) {
  Table table{fmt::format("Value of \"{}\" per row", report.evaluation.candidate),
              {"estimate", "value", fmt::format("{:g}% interval", 100 * (1 - report.alpha)), ""},
              {}};
  for (std::size_t i = 0; i < report.evaluation.estimates.size(); ++i) {
    const PolicyEstimate& row = report.evaluation.estimates[i];
    table.rows.push_back({method_text(row), row.value.point ? value_text(*row.value.point) : "-",
                          interval_text(row.value),
                          i == report.evaluation.headline ? "headline"
                          : row.rests_on_one_round        ? "rests on one row"
                          : row.method == "dm"            ? "interval without the model's own error"
                                                          : ""});
  }
  if (report.on_policy)
    table.rows.push_back({"what the candidate itself earned (" + report.on_policy->file + ")",
                          report.on_policy->value.point ? value_text(*report.on_policy->value.point) : "-",
                          interval_text(report.on_policy->value), "outcome"});
  return table;
}

Table clips_table(const PolicyEvaluation& of) {
  Table table{"What clipping hides",
              {"weights cut at", "rows cut", "weight not seen", "IPS", "removed from IPS", "bias at most",
               "doubly robust"},
              {}};
  for (const auto& step : of.clips)
    table.rows.push_back({step.bias.cut == 0 ? "not cut" : weight_text(step.bias.clip),
                          grouped(static_cast<double>(step.bias.cut)), percent(step.bias.unseen),
                          step.ips.point ? value_text(*step.ips.point) : "-", value_text(step.bias.removed),
                          fmt::format("{:+.4g} to {:+.4g}", step.bias.lowest_bias, step.bias.highest_bias),
                          step.dr && step.dr->point
                              ? fmt::format("{} ({})", value_text(*step.dr->point), interval_text(*step.dr))
                              : "-"});
  return table;
}

/// The difference of two independent estimates with its interval.
std::string compared(const OfflineReport& report) {
  const Estimate& offline = report.evaluation.estimates[report.evaluation.headline].value;
  const Estimate& online = report.on_policy->value;
  if (!offline.standard_error || !online.standard_error || !offline.interval) return "";
  const double z = (*offline.interval->upper - *offline.point) / *offline.standard_error;
  const double difference = *offline.point - *online.point;
  const double half = z * std::hypot(*offline.standard_error, *online.standard_error);
  return fmt::format("Headline minus outcome: {:+.6g} ({:.6g} to {:.6g}): {}.", difference, difference - half,
                     difference + half,
                     std::abs(difference) <= half ? "they agree within their errors" : "they do not agree");
}

std::string title_of(const OfflineReport& report) {
  return fmt::format("Off-policy value of \"{}\" from {}", report.evaluation.candidate, report.log);
}

std::string basis_of(const OfflineReport& report) {
  const PolicyEvaluation& of = report.evaluation;
  const auto column = [&](const char* role) {
    const auto found = report.columns.find(role);
    return found == report.columns.end() ? std::string("none") : found->second;
  };
  std::int64_t rejected = 0;
  for (const auto& [reason, count] : report.rejected) rejected += count;
  std::string text = fmt::format(
      "{} rows of {}, {} actions ({}) in {} contexts ({}), reward {}, propensity {}; {}.",
      grouped(static_cast<double>(of.rounds)), grouped(static_cast<double>(report.rows_read)), of.actions,
      column("action"), of.contexts, column("context"), column("reward"), column("propensity"),
      of.units > 0 ? fmt::format("errors over {} units", grouped(static_cast<double>(of.units)))
                   : "rows taken as independent");
  if (rejected > 0) {
    text += fmt::format(" Rejected {}:", grouped(static_cast<double>(rejected)));
    for (const auto& [reason, count] : report.rejected) text += fmt::format(" {} {};", count, reason);
    text.back() = '.';
  }
  return text;
}

std::vector<Table> tables_of(const OfflineReport& report) {
  return {support_table(report), heaviest_table(report.evaluation), estimates_table(report),
          clips_table(report.evaluation)};
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string as_text(const Table& table) {
  std::vector<std::size_t> widths(table.columns.size(), 0);
  const auto measure = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  };
  measure(table.columns);
  for (const auto& row : table.rows) measure(row);
  std::string text = table.title + "\n";
  const auto line = [&](const std::vector<std::string>& row) {
    std::string out;
    for (std::size_t i = 0; i < row.size(); ++i)
      out += "  " + row[i] + std::string(widths[i] - width_of(row[i]), ' ');
    out.erase(out.find_last_not_of(' ') + 1);
    if (!out.empty()) text += out + "\n";
  };
  line(table.columns);
  for (const auto& row : table.rows) line(row);
  return text;
}

std::string as_markdown(const Table& table) {
  std::string text = "## " + table.title + "\n\n|";
  const auto escaped = [](std::string cell) {
    for (std::size_t at = 0; (at = cell.find_first_of("|<", at)) != std::string::npos; at += 2)
      cell.insert(at, "\\");
    return cell;
  };
  for (const auto& column : table.columns) text += " " + column + " |";
  text += "\n|";
  for (std::size_t i = 0; i < table.columns.size(); ++i) text += i == 0 ? " --- |" : " ---: |";
  for (const auto& row : table.rows) {
    text += "\n|";
    for (const auto& cell : row) text += " " + escaped(cell) + " |";
  }
  return text + "\n";
}

std::string in_words(const OfflineReport& report, bool markdown) {
  std::string text = (markdown ? "# " : "") + title_of(report) + (markdown ? "\n\n" : "\n");
  text += basis_of(report) + "\n";
  for (const PolicyWarning warning : report.evaluation.warnings)
    text += (markdown ? "\n> **Caution.** " : "\n! ") + warning_text(warning, report.evaluation) + "\n";
  for (const Table& table : tables_of(report))
    text += "\n" + (markdown ? as_markdown(table) : as_text(table));
  if (report.on_policy) text += "\n" + compared(report) + "\n";
  text +=
      "\nThe headline is chosen by rule before the result: doubly robust with weights cut at the square root "
      "of the "
      "number of rows where the candidate's whole decision is known, else self-normalised. \"Bias at most\" "
      "bounds "
      "what the cut can hide, whatever happens where the log is thin.\n";
  return text;
}

ordered_json to_json(const Estimate& estimate) {
  ordered_json out;
  out["value"] = estimate.point ? ordered_json(*estimate.point) : ordered_json();
  out["standard_error"] = estimate.standard_error ? ordered_json(*estimate.standard_error) : ordered_json();
  out["lower"] = estimate.interval ? ordered_json(*estimate.interval->lower) : ordered_json();
  out["upper"] = estimate.interval ? ordered_json(*estimate.interval->upper) : ordered_json();
  if (!estimate.interval) out["reason"] = name(estimate.reason);
  return out;
}

std::string as_json(const OfflineReport& report) {
  const PolicyEvaluation& of = report.evaluation;
  ordered_json out{{"log", report.log},           {"candidate", of.candidate},
                   {"rows", of.rounds},           {"rows_read", report.rows_read},
                   {"rejected", report.rejected}, {"columns", report.columns},
                   {"actions", of.actions},       {"contexts", of.contexts},
                   {"units", of.units},           {"level", 1 - report.alpha}};
  out["support"] = {{"effective_sample_size", of.weights.effective_sample_size},
                    {"mean_weight", to_json(of.mean_weight)},
                    {"largest_weight", of.weights.maximum},
                    {"share_of_largest", of.weights.share_of_largest},
                    {"never_shown_rows", of.weights.zero}};
  out["support"]["never_logged"] = of.never_logged ? ordered_json(*of.never_logged) : ordered_json();
  out["warnings"] = ordered_json::array();
  for (const PolicyWarning warning : of.warnings)
    out["warnings"].push_back({{"code", name(warning)}, {"text", warning_text(warning, of)}});
  for (const HeavyRound& round : of.heaviest)
    out["heaviest"].push_back({{"line", round.line},
                               {"action", round.action},
                               {"context", round.context},
                               {"propensity", round.propensity},
                               {"weight", round.weight},
                               {"share", round.share},
                               {"reward", round.reward}});
  for (std::size_t i = 0; i < of.estimates.size(); ++i) {
    ordered_json row{{"method", of.estimates[i].method}};
    row["clip"] = of.estimates[i].clip ? ordered_json(*of.estimates[i].clip) : ordered_json();
    row.update(to_json(of.estimates[i].value));
    row["rests_on_one_row"] = of.estimates[i].rests_on_one_round;
    row["headline"] = i == of.headline;
    out["estimates"].push_back(row);
  }
  for (const auto& step : of.clips) {
    ordered_json row{{"clip", step.bias.clip},
                     {"rows_cut", step.bias.cut},
                     {"weight_not_seen", step.bias.unseen},
                     {"removed_from_ips", step.bias.removed},
                     {"lowest_bias", step.bias.lowest_bias},
                     {"highest_bias", step.bias.highest_bias},
                     {"ips", to_json(step.ips)}};
    row["dr"] = step.dr ? to_json(*step.dr) : ordered_json();
    out["clips"].push_back(row);
  }
  if (report.on_policy) {
    out["on_policy"] = to_json(report.on_policy->value);
    out["on_policy"]["log"] = report.on_policy->file;
    out["on_policy"]["rows"] = report.on_policy->rounds;
  }
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string render(const OfflineReport& report, const std::string& format) {
  return format == "json" ? as_json(report) : in_words(report, format == "markdown");
}

}  // namespace liftmark::cli
