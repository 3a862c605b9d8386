// "Did we do what we planned?" and "How this was computed".
#include <set>

#include "reports/html/page.hpp"

namespace liftmark::reports::html {
namespace {

void entry(Page& page, const Phrase& label, const std::string& value, bool code = false) {
  if (value.empty()) return;
  page.out.markup("<div><dt>")
      .text(page.say(label))
      .markup("</dt><dd>")
      .markup(code ? Markup("<code>") : Markup("<span>"));
  page.out.text(value).markup(code ? Markup("</code>") : Markup("</span>")).markup("</dd></div>");
}

std::string joined(const std::set<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : "; ") + word;
  return all;
}

std::string levels_of(const Page& page) {
  std::set<std::string> levels;
  for (const MetricResult& metric : page.scorecard.metrics)
    for (const Comparison& comparison : metric.comparisons)
      if (comparison.relative.level) levels.insert(page.numbers.share(*comparison.relative.level));
  return joined(levels);
}

std::string methods_of(const Page& page) {
  std::set<std::string> methods;
  for (const MetricResult& metric : page.scorecard.metrics)
    for (const Comparison& comparison : metric.comparisons)
      if (!comparison.method.empty()) methods.insert(page.word(comparison.method, wording::kMethods));
  if (methods.empty() && !page.scorecard.provenance.method.empty())
    methods.insert(page.word(page.scorecard.provenance.method, wording::kMethods));
  return joined(methods);
}

std::string scales_of(const Page& page) {
  std::set<std::string> scales;
  for (const MetricResult& metric : page.scorecard.metrics)
    for (const Comparison& comparison : metric.comparisons)
      if (!comparison.scale.empty()) scales.insert(page.word(comparison.scale, wording::kScales));
  return joined(scales);
}

/// "Revenue per visitor: 14 days, capped at €310.00", for metrics that have a window or a cap.
std::string windows_of(const Page& page) {
  std::string all;
  for (const MetricResult& metric : page.scorecard.metrics) {
    if (!metric.window_days && !metric.cap) continue;
    std::string one;
    if (metric.window_days)
      one = *metric.window_days == 1
                ? page.say(wording::kOneDay)
                : page.say(wording::kDays, {{"n", page.numbers.whole(*metric.window_days)}});
    if (metric.cap)
      one += (one.empty() ? "" : ", ") +
             page.say(wording::kCappedAt, {{"cap", page.numbers.value(*metric.cap, format_of(metric))}});
    all += (all.empty() ? "" : "; ") + shown_name(metric.name, metric.key) + ": " + one;
  }
  return all;
}

std::string counts_of(const Page& page) {
  std::string all;
  for (const NamedNumber& count : page.scorecard.provenance.counts)
    if (count.value)
      all += (all.empty() ? "" : ", ") + page.word(count.name, wording::kCounts) + " " +
             (*count.value == static_cast<double>(static_cast<std::int64_t>(*count.value))
                  ? page.numbers.decimal(*count.value, 0)
                  : page.numbers.value(*count.value, "number"));
  return all;
}

}  // namespace

void write_plan(Page& page) {
  if (page.scorecard.plan_against_run.empty()) return;
  Writer& out = page.out;
  page.open_section("plan", wording::kPlan);
  page.open_table("plain full rows", page.say(wording::kPlan));
  out.markup("<thead><tr>");
  page.head("l", page.say(wording::kPlanItem));
  page.head("l", page.say(wording::kPlanned));
  page.head("l", page.say(wording::kActual));
  page.head("l", page.say(wording::kKept));
  out.markup("</tr></thead><tbody>");
  for (const PlanRow& row : page.scorecard.plan_against_run) {
    out.markup("<tr><th class=\"l\" scope=\"row\">")
        .text(page.word(row.item, wording::kPlanItems))
        .markup("</th><td class=\"l\">");
    out.text(visible(row.planned))
        .markup("</td><td class=\"l\">")
        .text(visible(row.actual))
        .markup("</td><td class=\"l\">");
    out.text(page.say(row.kept ? wording::kAsPlanned : wording::kDiffers)).markup("</td></tr>");
  }
  out.markup("</tbody>");
  page.close_table();
  page.close_section();
}

void write_method(Page& page) {
  Writer& out = page.out;
  const Provenance& made = page.scorecard.provenance;
  out.markup("<section class=\"method\" aria-labelledby=\"method\"><h2 id=\"method\">")
      .text(page.say(wording::kMethod))
      .markup("</h2><dl class=\"prov\">");
  entry(page, wording::kMethodHead, methods_of(page));
  entry(page, wording::kScaleHead, scales_of(page));
  entry(page, wording::kLevelHead, levels_of(page));
  if (made.alpha) entry(page, wording::kAlphaHead, page.numbers.decimal(*made.alpha, 3));
  if (made.planned_units) entry(page, wording::kPlannedUnits, page.numbers.whole(*made.planned_units));
  if (!page.scorecard.verdict.rule.empty())
    entry(page, wording::kRuleHead, page.word(page.scorecard.verdict.rule, wording::kRuleTexts));
  entry(page, wording::kWindowsHead, windows_of(page));
  entry(page, wording::kAssignmentHead, visible(made.scheme));
  if (made.as_of != 0) entry(page, wording::kAsOf, page.numbers.timestamp(made.as_of));
  if (made.data_through) entry(page, wording::kDataThrough, page.numbers.timestamp(*made.data_through));
  entry(page, wording::kRowsHead, counts_of(page));
  entry(page, wording::kPlanDigest, visible(made.plan_digest), true);
  entry(page, wording::kCatalogDigest, visible(made.catalog_digest), true);
  entry(page, wording::kDataDigest, visible(made.data_digest), true);
  entry(page, wording::kVersion, made.version.empty() ? "" : "liftmark " + visible(made.version));
  entry(page, wording::kCommand, visible(made.command), true);
  out.markup("</dl></section>");
}

}  // namespace liftmark::reports::html
