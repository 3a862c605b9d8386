#include "reports/content_checks.hpp"

#include <algorithm>
#include <cmath>

#include "reports/unicode.hpp"

namespace liftmark::reports {
namespace {

/// The number as a phrase; empty for numbers of single metrics and arms, which are left to JSON.
std::string check_number(const NamedNumber& number, const Numbers& numbers) {
  const auto found = std::find_if(wording::kCheckNumbers.begin(), wording::kCheckNumbers.end(),
                                  [&](const wording::CheckNumber& look) { return look.name == number.name; });
  if (found == wording::kCheckNumbers.end()) return "";
  const double value = *number.value;
  const bool whole = std::abs(value) < 1e15 && std::round(value) == value;
  const std::string digits = found->share ? numbers.share(value)
                             : whole      ? numbers.decimal(value, 0)
                                          : numbers.value(value, "");
  return fill(text_of(found->phrase, numbers.language()), {{"n", digits}});
}

std::string detail_of(const Scorecard& scorecard, const Check& check, const Numbers& numbers) {
  std::string detail;
  const auto add = [&](const std::string& part) {
    if (!part.empty()) detail += (detail.empty() ? "" : ", ") + part;
  };
  if (check.kind == "sample_ratio") add(arm_sizes(scorecard, numbers));
  for (const NamedNumber& number : check.numbers)
    if (number.value) add(check_number(number, numbers));
  if (check.p_value) {
    const std::string p = numbers.p_value(*check.p_value);
    add(p.starts_with('<') ? "p " + p : "p = " + p);
  }
  if (!check.note.empty()) add(visible(word_for(check.note, wording::kCheckNotes, numbers.language())));
  return detail;
}

}  // namespace

std::string arm_sizes(const Scorecard& scorecard, const Numbers& numbers) {
  std::string sizes;
  for (const ArmSummary& arm : scorecard.arms)
    sizes += (sizes.empty() ? "" : std::string(text_of(wording::kVersus, numbers.language()))) +
             numbers.whole(arm.units);
  return sizes;
}

std::vector<CheckLine> check_lines(const Scorecard& scorecard, const Numbers& numbers) {
  std::vector<CheckLine> lines;
  for (const Check& check : scorecard.checks)
    lines.push_back({check.status, visible(word_for(check.kind, wording::kChecks, numbers.language())),
                     visible(word_for(check.status, wording::kCheckStatus, numbers.language())),
                     detail_of(scorecard, check, numbers)});
  return lines;
}

}  // namespace liftmark::reports
