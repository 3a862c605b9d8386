#include "reports/content_checks.hpp"

#include <algorithm>
#include <cmath>

#include "reports/unicode.hpp"

namespace liftmark::reports {
namespace {

/// How the number of a check is called and written; `share` as a percentage.
struct NumberLook {
  std::string_view name;
  bool share;
  Phrase phrase;  ///< with {n}
};
constexpr std::array kNumberLooks{
    NumberLook{"crossover_share", true, {"{n} saw several arms", "{n} sahen mehrere Arme"}},
    NumberLook{"limit", true, {"limit {n}", "Grenze {n}"}},
    NumberLook{"largest_gap", true, {"largest gap {n}", "größte Lücke {n}"}},
    NumberLook{"days_seen", false, {"{n} days with data", "{n} Tage mit Daten"}},
    NumberLook{"days_expected", false, {"{n} expected", "{n} erwartet"}},
    NumberLook{"days_missing", false, {"{n} days missing", "{n} Tage fehlen"}},
    NumberLook{"weeks", false, {"{n} weeks", "{n} Wochen"}},
    NumberLook{"planned_weeks", false, {"planned {n}", "geplant {n}"}},
    NumberLook{"days", false, {"{n} days", "{n} Tage"}},
    NumberLook{"planned_days", false, {"planned {n}", "geplant {n}"}},
    NumberLook{"units", false, {"{n} units", "{n} Einheiten"}},
    NumberLook{"planned_units", false, {"planned {n}", "geplant {n}"}},
    NumberLook{"mde", true, {"can find {n}", "kann {n} finden"}},
    NumberLook{"planned_mde", true, {"planned {n}", "geplant {n}"}},
    NumberLook{"duplicates", false, {"{n} duplicates, counted once", "{n} Dubletten, einfach gezählt"}},
    NumberLook{"duplicate_share", true, {"{n} of rows", "{n} der Zeilen"}},
    NumberLook{"late_events", false, {"{n} late", "{n} verspätet"}},
    NumberLook{"late_share", true, {"{n} late", "{n} verspätet"}},
    NumberLook{"top_share", true, {"largest 0.1% hold {n}", "größte 0,1 % halten {n}"}},
    NumberLook{"skewness", false, {"skewness {n}", "Schiefe {n}"}}};

std::string check_number(const NamedNumber& number, const Numbers& numbers) {
  const Language language = numbers.language();
  const auto found = std::find_if(kNumberLooks.begin(), kNumberLooks.end(),
                                  [&](const NumberLook& look) { return look.name == number.name; });
  const bool share = found == kNumberLooks.end() ? number.name.ends_with("share") : found->share;
  const double value = *number.value;
  const bool whole = std::abs(value) < 1e15 && std::round(value) == value;
  const std::string digits = share   ? numbers.share(value)
                             : whole ? numbers.decimal(value, 0)
                                     : numbers.value(value, "");
  if (found != kNumberLooks.end()) return fill(text_of(found->phrase, language), {{"n", digits}});
  return visible(word_for(number.name, std::array<CodeWord, 0>{}, language)) + " " + digits;
}

std::string detail_of(const Scorecard& scorecard, const Check& check, const Numbers& numbers) {
  std::string detail;
  const auto add = [&](const std::string& part) {
    if (!part.empty()) detail += (detail.empty() ? "" : ", ") + part;
  };
  if (check.kind == "sample_ratio") add(arm_sizes(scorecard, numbers));
  for (const NamedNumber& number : check.numbers)
    if (number.value && (check.kind != "sample_ratio" || number.name != "statistic"))
      add(check_number(number, numbers));
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
