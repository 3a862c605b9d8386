// Tidy CSV: one row per metric, arm, segment and day, every number in full precision.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <stdexcept>

#include "reports/content.hpp"
#include "reports/formats.hpp"
#include "reports/unicode.hpp"

namespace liftmark::reports {
namespace {

constexpr std::string_view kHeader =
    "experiment,metric,kind,role,arm,against,dimension,group,series,day,units,value,variance,"
    "absolute_estimate,absolute_standard_error,absolute_lower,absolute_upper,"
    "relative_estimate,relative_standard_error,relative_lower,relative_upper,level,p_value,method,reading,"
    "reason\n";

/// One row's cells; what does not apply stays empty.
struct Row {
  std::string metric, kind, role, arm, against, dimension, group, series, method, reading, reason;
  std::optional<double> day, units, value, variance, level, p_value;
  Figure absolute, relative;
};

/// A cell that spreadsheets cannot take for a formula: such text gets an apostrophe in front (OWASP).
void text_cell(std::string& out, std::string_view text) {
  std::string shown = visible(text);
  if (!shown.empty() && std::string_view("=+-@|%").find(shown.front()) != std::string_view::npos)
    shown.insert(0, 1, '\'');
  if (shown.find_first_of(",\"\n\r;\t'") == std::string::npos) {
    out += shown;
    return;
  }
  out += '"';
  for (const char character : shown) {
    if (character == '"') out += '"';
    out += character;
  }
  out += '"';
}

void number_cell(std::string& out, const std::optional<double>& number) {
  if (!number) return;
  if (!std::isfinite(*number)) throw std::logic_error("a scorecard holds a number that is not finite");
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, *number == 0.0 ? 0.0 : *number).ptr);
}

class Table {
 public:
  explicit Table(const Scorecard& scorecard) : scorecard_(scorecard), out_(kHeader) {}
  std::string take() { return std::move(out_); }

  void add(const Row& row) {
    text_cell(out_, scorecard_.experiment.key);
    for (const std::string* text : {&row.metric, &row.kind, &row.role, &row.arm, &row.against, &row.dimension,
                                    &row.group, &row.series}) {
      out_ += ',';
      text_cell(out_, *text);
    }
    for (const auto* number : {&row.day, &row.units, &row.value, &row.variance}) cell(*number);
    for (const Figure* figure : {&row.absolute, &row.relative})
      for (const auto* number : {&figure->estimate, &figure->standard_error, &figure->lower, &figure->upper})
        cell(*number);
    cell(row.level);
    cell(row.p_value);
    for (const std::string* text : {&row.method, &row.reading, &row.reason}) {
      out_ += ',';
      text_cell(out_, *text);
    }
    out_ += '\n';
  }

  /// The arms that only serve as control, then each variant with its comparison.
  void add_arms(Row row, const std::vector<MetricArm>& arms, const std::vector<Comparison>& comparisons) {
    for (const MetricArm& arm : arms) {
      bool compared = false;
      for (const Comparison& one : comparisons) compared = compared || one.arm == arm.arm;
      if (compared) continue;
      add(with_arm(row, arm));
    }
    for (const Comparison& one : comparisons) {
      Row compared = row;
      for (const MetricArm& arm : arms)
        if (arm.arm == one.arm) compared = with_arm(row, arm);
      compared.arm = one.arm;
      add(with_comparison(compared, one));
    }
  }

 private:
  void cell(const std::optional<double>& number) {
    out_ += ',';
    number_cell(out_, number);
  }
  static Row with_arm(Row row, const MetricArm& arm) {
    row.arm = arm.arm;
    row.units = static_cast<double>(arm.units);
    row.value = arm.value;
    row.variance = arm.variance;
    row.reason = arm.reason;
    return row;
  }
  Row with_comparison(Row row, const Comparison& one) const {
    row.against = one.against;
    row.absolute = one.absolute;
    row.relative = one.relative;
    row.level = one.relative.level;
    row.p_value = one.p_value;
    row.method = one.method;
    row.reading = shown_reading(scorecard_, one);
    row.reason = one.reason.empty() ? one.relative.reason : one.reason;
    return row;
  }

  const Scorecard& scorecard_;
  std::string out_;
};

void add_timelines(Table& table, const Row& base, const MetricResult& metric) {
  for (const Timeline& timeline : metric.timelines)
    for (const TimePoint& point : timeline.points) {
      Row row = base;
      row.arm = timeline.arm;
      row.against = timeline.against;
      row.series = timeline.kind;
      row.day = point.day;
      row.units = static_cast<double>(point.units);
      row.relative = point.relative;
      row.level = point.relative.level;
      row.reason = point.relative.reason;
      table.add(row);
    }
}

void add_sensitivities(Table& table, const Row& base, const MetricResult& metric) {
  for (const Sensitivity& one : metric.sensitivities) {
    Row row = base;
    row.arm = one.arm;
    row.against = one.against;
    row.series = one.kind;
    row.value = one.parameter;
    row.relative = one.relative;
    row.level = one.relative.level;
    row.reason = one.relative.reason;
    table.add(row);
  }
}

}  // namespace

std::string render_csv(const Scorecard& scorecard, const RenderOptions&) {
  Table table(scorecard);
  for (const MetricResult& metric : scorecard.metrics) {
    Row base;
    base.metric = metric.key;
    base.kind = metric.kind;
    base.role = metric.role;
    base.series = "overall";
    table.add_arms(base, metric.arms, metric.comparisons);
    add_sensitivities(table, base, metric);
    add_timelines(table, base, metric);
    for (const SegmentTable& segments : scorecard.segments) {
      if (segments.metric != metric.key) continue;
      for (const SegmentRow& segment : segments.rows) {
        Row row = base;
        row.series = "segment";
        row.dimension = segments.dimension;
        row.group = segment.group;
        row.units = static_cast<double>(segment.units);
        table.add_arms(row, segment.arms, segment.comparisons);
      }
    }
  }
  return table.take();
}

}  // namespace liftmark::reports
