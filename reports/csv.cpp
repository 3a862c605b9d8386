// Tidy CSV: one row per metric, arm, segment and day, every number in full precision.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

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
  for (const Timeline& timeline : metric.timelines) {
    for (const auto& [series, figure] : {std::pair{"since_exposure_early", &timeline.early},
                                         std::pair{"since_exposure_late", &timeline.late}}) {
      if (!figure->estimate) continue;
      Row row = base;
      row.arm = timeline.arm;
      row.against = timeline.against;
      row.series = series;
      row.relative = *figure;
      row.level = figure->level;
      row.p_value = timeline.trend_p_value;
      row.reason = figure->reason;
      table.add(row);
    }
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

Row metric_row(const Scorecard& scorecard, const std::string& key, std::string series) {
  Row row;
  row.metric = key;
  row.series = std::move(series);
  for (const MetricResult& metric : scorecard.metrics)
    if (metric.key == key) {
      row.kind = metric.kind;
      row.role = metric.role;
    }
  return row;
}

enum class Unit { fraction, amount };
void set_figure(Row& row, const Figure& figure, Unit unit) {
  (unit == Unit::fraction ? row.relative : row.absolute) = figure;
  row.level = figure.level;
  row.reason = figure.reason;
}

void add_funnels(Table& table, const Scorecard& scorecard) {
  for (const Funnel& funnel : scorecard.funnels)
    for (const FunnelStep& step : funnel.steps)
      for (const FunnelStep::Arm& arm : step.arms) {
        Row row = metric_row(scorecard, funnel.metric, "funnel_step");
        row.dimension = "step";
        row.group = step.step;
        row.arm = arm.arm;
        row.units = static_cast<double>(arm.units);
        row.value = arm.step_rate;
        bool compared = false;
        for (const FunnelStep::Change& change : step.changes) {
          if (change.arm != arm.arm) continue;
          Row with = row;
          with.against = change.against;
          set_figure(with, change.relative, Unit::fraction);
          table.add(with);
          compared = true;
        }
        if (!compared) table.add(row);
      }
}

void add_decompositions(Table& table, const Scorecard& scorecard) {
  for (const Decomposition& one : scorecard.decompositions) {
    const auto add = [&](const std::string& part, const Figure& figure) {
      Row row = metric_row(scorecard, one.metric, "decomposition");
      row.dimension = one.kind;
      row.group = part;
      row.arm = one.arm;
      row.against = one.against;
      set_figure(row, figure, one.kind == "factors" ? Unit::fraction : Unit::amount);
      table.add(row);
    };
    for (const auto& part : one.parts) add(part.part, part.figure);
    add("total", one.total);
  }
}

void add_money(Table& table, const Scorecard& scorecard) {
  for (const MoneyRow& one : scorecard.money) {
    Row row = metric_row(scorecard, one.metric, "money");
    row.dimension = one.basis;
    row.group = one.kind;
    row.arm = one.arm;
    row.against = one.against;
    set_figure(row, one.figure, Unit::amount);
    table.add(row);
  }
}

void add_ledgers(Table& table, const Scorecard& scorecard) {
  for (const Ledger& ledger : scorecard.ledgers) {
    const auto row_of = [&](const std::string& group, const Figure& figure) {
      Row row = metric_row(scorecard, ledger.metric, "ledger");
      row.dimension = ledger.holdout;
      row.group = group;
      set_figure(row, figure, Unit::fraction);
      return row;
    };
    table.add(row_of("cumulative", ledger.cumulative));
    table.add(row_of("shipped_sum", ledger.shipped_sum));
    table.add(row_of("shipped_sum_corrected", ledger.shipped_sum_corrected));
    table.add(row_of("gap", ledger.gap));
    for (const TimePoint& point : ledger.timeline) {
      Row row = row_of("cumulative", point.relative);
      row.series = "ledger_cumulative";
      row.day = point.day;
      row.units = static_cast<double>(point.units);
      table.add(row);
    }
    for (const Ledger::Shipped& shipped : ledger.shipped) {
      Row row = row_of(shipped.experiment, shipped.lift);
      row.series = shipped.shipped ? "ledger_shipped" : "ledger_not_shipped";
      row.arm = shipped.arm;
      row.value = shipped.coverage;
      table.add(row);
    }
  }
}

void add_interactions(Table& table, const Scorecard& scorecard) {
  for (const Interaction& one : scorecard.interactions) {
    Row row = metric_row(scorecard, one.metric, "interaction");
    row.dimension = one.with_experiment;
    row.group = one.other_arm;
    row.arm = one.arm;
    row.against = one.against;
    set_figure(row, one.interaction, Unit::fraction);
    table.add(row);
    for (const Interaction::Effect& effect : one.effects) {
      Row under = row;
      under.series = "interaction_effect";
      under.group = effect.other_arm;
      under.units = static_cast<double>(effect.units);
      set_figure(under, effect.relative, Unit::fraction);
      table.add(under);
    }
  }
}

void add_survival(Table& table, const Scorecard& scorecard) {
  for (const Curve& curve : scorecard.curves)
    for (const Curve::Point& point : curve.points) {
      Row row = metric_row(scorecard, curve.metric, "curve");
      row.arm = curve.arm;
      row.day = point.day;
      set_figure(row, point.value, Unit::amount);
      table.add(row);
    }
  for (const SurvivalComparison& one : scorecard.survival) {
    Row row = metric_row(scorecard, one.metric, "hazard_ratio");
    row.arm = one.arm;
    row.against = one.against;
    row.units = static_cast<double>(one.events);
    row.p_value = one.log_rank_p_value;
    set_figure(row, one.hazard_ratio, Unit::amount);
    table.add(row);
    row.series = "restricted_mean";
    row.p_value.reset();
    set_figure(row, one.restricted_mean, Unit::amount);
    table.add(row);
  }
}

void add_goods(Table& table, const Scorecard& scorecard) {
  const auto value_row = [&](Row row, const char* series, const std::optional<double>& value) {
    if (!value) return;
    row.series = series;
    row.value = value;
    table.add(row);
  };
  for (const CatalogBreadth& one : scorecard.breadth) {
    Row row = metric_row(scorecard, one.metric, "");
    row.arm = one.arm;
    value_row(row, "coverage", one.coverage);
    value_row(row, "diversity", one.diversity);
    value_row(row, "novelty", one.novelty);
    value_row(row, "effective_items", one.effective_items);
    for (const CatalogBreadth::Change& change : one.changes) {
      Row with = row;
      with.series = "breadth_change";
      with.against = change.against;
      with.group = change.measure;
      set_figure(with, change.relative, Unit::fraction);
      table.add(with);
    }
  }
  for (const RefundRow& one : scorecard.refunds) {
    Row row = metric_row(scorecard, one.metric, "");
    row.arm = one.arm;
    row.units = static_cast<double>(one.units);
    value_row(row, "booked", one.booked);
    value_row(row, "net", one.net);
    value_row(row, "return_rate", one.return_rate);
    value_row(row, "refund_delay_median_days", one.delay_median_days);
  }
}

void add_power(Table& table, const Scorecard& scorecard) {
  for (const PowerSummary& one : scorecard.power)
    for (const PowerPoint& point : one.points) {
      Row row = metric_row(scorecard, one.metric, "detectable_lift");
      row.arm = one.arm;
      row.against = one.against;
      row.day = point.day;
      row.units = static_cast<double>(point.units);
      row.value = point.mde;
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
        if (!segment.shrunken) continue;
        Row shrunken = row;
        shrunken.series = "segment_shrunken";
        shrunken.arm = segments.arm;
        shrunken.against = segments.against;
        set_figure(shrunken, *segment.shrunken, Unit::fraction);
        table.add(shrunken);
      }
    }
  }
  constexpr std::array kSections{add_funnels, add_decompositions, add_money,   add_survival,
                                 add_goods,   add_interactions,   add_ledgers, add_power};
  for (const auto add : kSections) add(table, scorecard);
  return table.take();
}

}  // namespace liftmark::reports
