#include "reports/html/marks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/axis.hpp"

namespace liftmark::reports::html {
namespace {

constexpr double kHalf = 42.0;   ///< per cent of the column from zero to the axis' end
constexpr double kReach = 49.0;  ///< marks are cut this far from the middle

double position(const Axis& axis, double value) {
  return 50.0 + kHalf * value / axis.end;
}
double kept_inside(double place) {
  return std::clamp(place, 50.0 - kReach, 50.0 + kReach);
}
bool is_off(double place) {
  return std::abs(place - 50.0) > kReach;
}

std::string label_of(const Axis& axis, double value, const Numbers& numbers) {
  if (axis.format.empty()) return numbers.axis_label(value);
  if (std::abs(value) < 1e-12) return "0";
  return (value > 0 ? "+" : "") + numbers.value(value, axis.format);
}

Writer& hue(Writer& out, Look look) {
  switch (look) {
    case Look::good:
      return out.markup(" good");
    case Look::bad:
      return out.markup(" bad");
    case Look::held:
      return out.markup(" held");
    case Look::ink:
      return out.markup(" ink");
    case Look::flat:
    case Look::withheld:
      break;
  }
  return out;
}

/// Arrow heads where the bar leaves the axis; a missing bound is an open end, drawn the same way.
void arrow(Writer& out, bool left, Look look) {
  if (left) {
    out.markup("<svg x=\"0\" width=\"10\" height=\"36\"><path class=\"clip");
    hue(out, look).markup("\" d=\"M9 11 0 18l9 7z\"/></svg>");
  } else {
    out.markup("<svg x=\"100%\" width=\"10\" height=\"36\"><path class=\"clip");
    hue(out, look).markup("\" d=\"M-9 11 0 18l-9 7z\"/></svg>");
  }
}

void bar_and_dot(Writer& out, const Axis& axis, const IntervalRow& row, const Numbers& numbers) {
  const Figure& figure = *row.figure;
  const double low = figure.lower ? position(axis, *figure.lower) : -1000.0;
  const double high = figure.upper ? position(axis, *figure.upper) : 1000.0;
  const double from = kept_inside(low), to = kept_inside(high);
  const bool elsewhere = low > 50.0 + kReach || high < 50.0 - kReach;  // all of it is off one end
  if (!elsewhere) {
    out.markup("<rect class=\"iv");
    hue(out, row.look).markup("\"").percent("x", from).markup(" y=\"13\"");
    out.percent("width", std::max(to - from, 0.4)).markup(" height=\"10\" rx=\"5\"/>");
  }
  if (is_off(low)) arrow(out, low < 50.0, row.look);
  if (is_off(high)) arrow(out, high < 50.0, row.look);
  const double dot = position(axis, *figure.estimate);
  if (is_off(dot)) {
    out.markup("<text class=\"tk\" y=\"34\"");
    out.percent("x", dot < 50.0 ? 2.0 : 98.0)
        .attribute("text-anchor", dot < 50.0 ? "start" : "end")
        .markup(">");
    const std::string text = axis.format.empty() ? numbers.lift_bound(*figure.estimate)
                                                 : label_of(axis, *figure.estimate, numbers);
    out.text(text).markup("</text>");
    return;
  }
  out.markup("<circle class=\"pt");
  hue(out, row.look).markup("\"").percent("cx", dot).markup(" cy=\"18\" r=\"5.5\"/>");
}

/// Round numbers inside [-end, end] at the axis' grid step, without 0.
std::vector<double> grid_values(const Axis& axis) {
  std::vector<double> values;
  const double step = grid_step(axis.end);
  for (int i = 1; i * step <= axis.end * 1.0001; ++i) {
    values.insert(values.begin(), -i * step);
    values.push_back(i * step);
  }
  return values;
}

}  // namespace

Look look_of(Tone tone) {
  switch (tone) {
    case Tone::good:
      return Look::good;
    case Tone::bad:
      return Look::bad;
    case Tone::held:
      return Look::held;
    case Tone::withheld:
      return Look::withheld;
    case Tone::flat:
      break;
  }
  return Look::flat;
}

void define_axis(Writer& out, const Axis& axis) {
  out.markup("<svg class=\"defs\" aria-hidden=\"true\"><defs><g")
      .attribute("id", fmt::format("g{}", axis.id))
      .markup(">");
  for (const double value : grid_values(axis)) {
    const double x = position(axis, value);
    out.markup("<line class=\"grid\" y2=\"100%\"").percent("x1", x).percent("x2", x).markup("/>");
  }
  out.markup("<line class=\"zero\" x1=\"50%\" x2=\"50%\" y2=\"100%\"/></g></defs></svg>");
}

void axis_labels(Writer& out, const Axis& axis, const Numbers& numbers) {
  out.markup("<svg class=\"ax\" height=\"22\" aria-hidden=\"true\">");
  std::vector<double> values = grid_values(axis);
  values.push_back(0.0);
  const double outermost = values.empty() ? 0.0 : *std::max_element(values.begin(), values.end());
  for (const double value : values) {
    const double x = position(axis, value);
    const bool minor = value != 0.0 && std::abs(std::abs(value) - outermost) > 1e-9 * axis.end;
    out.markup("<text").attribute("class", minor ? "tk minor" : "tk").percent("x", x);
    out.markup(" y=\"12\" text-anchor=\"middle\">").text(label_of(axis, value, numbers)).markup("</text>");
  }
  out.markup("</svg>");
}

void interval_row(Writer& out, const Axis& axis, const IntervalRow& row, const Numbers& numbers) {
  out.markup("<svg class=\"r\" height=\"36\" aria-hidden=\"true\"><use")
      .attribute("href", fmt::format("#g{}", axis.id))
      .markup("/>");
  const auto vertical = [&](Markup kind, double value) {
    const double x = position(axis, value);
    if (is_off(x)) return;
    out.markup("<line class=\"")
        .markup(kind)
        .markup("\" y1=\"2\" y2=\"34\"")
        .percent("x1", x)
        .percent("x2", x)
        .markup("/>");
  };
  if (row.reference) vertical("ref", *row.reference);
  if (row.margin) vertical("margin", *row.margin);
  if (row.figure != nullptr) bar_and_dot(out, axis, row, numbers);
  out.markup("</svg>");
}

void hero_interval(Writer& out, const Figure& figure, Look look, const Numbers& numbers) {
  const double reach = std::max({std::abs(*figure.estimate), std::abs(figure.lower.value_or(0.0)),
                                 std::abs(figure.upper.value_or(0.0))});
  const Axis axis{axis_for({reach}), 0, {}};
  out.markup("<svg class=\"hero\" height=\"64\" aria-hidden=\"true\">");
  std::vector<double> values = grid_values(axis);
  values.push_back(0.0);
  for (const double value : values) {
    const double x = position(axis, value);
    out.markup("<line").attribute("class", value == 0.0 ? "zero" : "grid").percent("x1", x).percent("x2", x);
    out.markup(" y2=\"44\"/><text class=\"tk\" y=\"60\" text-anchor=\"middle\"").percent("x", x).markup(">");
    out.text(numbers.axis_label(value)).markup("</text>");
  }
  const double from = kept_inside(figure.lower ? position(axis, *figure.lower) : -1000.0);
  const double to = kept_inside(figure.upper ? position(axis, *figure.upper) : 1000.0);
  out.markup("<rect class=\"iv");
  hue(out, look)
      .markup("\" y=\"14\" height=\"16\" rx=\"8\"")
      .percent("x", from)
      .percent("width", std::max(to - from, 0.6));
  out.markup("/><circle class=\"pt");
  hue(out, look)
      .markup("\" cy=\"22\" r=\"8\"")
      .percent("cx", position(axis, *figure.estimate))
      .markup("/></svg>");
}

namespace {

/// Where a time chart's points stand on its canvas.
struct Canvas {
  double width, height, left, right, top, bottom;
  double first = 1, last = 1, low = 0, high = 0.1, step = 0.05;
  double x(double at) const {
    return last > first ? left + (right - left) * (at - first) / (last - first) : right;
  }
  double y(double value) const { return bottom - (bottom - top) * (value - low) / (high - low); }
};

double round_step(double span) {
  const double power = std::pow(10.0, std::floor(std::log10(span)));
  for (const double step : {1.0, 2.0, 2.5, 5.0})
    if (span <= step * power * 1.0001) return step * power;
  return 10.0 * power;
}

Canvas canvas_of(const TimeChart& chart) {
  Canvas canvas = chart.large ? Canvas{1000, 300, 62, 890, 16, 262} : Canvas{480, 220, 52, 404, 16, 186};
  bool any = false;
  for (const Line& line : chart.lines)
    for (const Line::Point& point : line.points) {
      canvas.first = any ? std::min(canvas.first, point.at) : point.at;
      canvas.last = any ? std::max(canvas.last, point.at) : point.at;
      any = true;
    }
  double low = 0.0, high = chart.level.value_or(0.0);
  const double settled = canvas.first + 0.15 * (canvas.last - canvas.first);
  for (const Line& line : chart.lines)
    for (const Line::Point& point : line.points) {
      if (point.figure == nullptr || !point.figure->estimate) continue;
      // The widest, earliest intervals may leave the canvas: they must not flatten the rest.
      const bool early = point.at < settled;
      for (const auto& end : {point.figure->estimate, early ? std::nullopt : point.figure->lower,
                              early ? std::nullopt : point.figure->upper})
        if (end) low = std::min(low, *end), high = std::max(high, *end);
    }
  canvas.step = round_step(std::max(high - low, 1e-4) / 4.0);
  canvas.low = std::floor(low / canvas.step + 1e-9) * canvas.step;
  canvas.high =
      std::max(std::ceil(high / canvas.step - 1e-9), std::round(canvas.low / canvas.step) + 1) * canvas.step;
  return canvas;
}

void chart_axes(Writer& out, const TimeChart& chart, const Canvas& canvas, const Numbers& numbers) {
  const int steps = static_cast<int>(std::lround((canvas.high - canvas.low) / canvas.step));
  for (int i = 0; i <= steps; ++i) {
    const double value = canvas.low + i * canvas.step;
    const bool zero = std::abs(value) < 1e-9;
    out.markup("<line").attribute("class", zero ? "zero" : "grid");
    out.coordinate("x1", canvas.left).coordinate("x2", canvas.right).coordinate("y1", canvas.y(value));
    out.coordinate("y2", canvas.y(value)).markup("/><text class=\"tk\" text-anchor=\"end\"");
    out.coordinate("x", canvas.left - 8).coordinate("y", canvas.y(value) + 4).markup(">");
    out.text(zero                  ? "0"
             : chart.signed_labels ? numbers.axis_label(value)
                                   : numbers.share(value))
        .markup("</text>");
  }
  const double span = canvas.last - canvas.first;
  const double every = span <= 10    ? 3
                       : span <= 31  ? 7
                       : span <= 70  ? 14
                       : span <= 160 ? 28
                                     : std::ceil(span / 5);
  std::vector<double> days{canvas.first};
  for (double day = std::ceil((canvas.first + 0.5) / every) * every; day < canvas.last - 0.5 * every;
       day += every)
    if (day - canvas.first > 0.3 * every) days.push_back(day);
  if (span > 0) days.push_back(canvas.last);
  for (const double day : days) {
    out.markup("<text class=\"tk\"").attribute("text-anchor", "middle").coordinate("x", canvas.x(day));
    out.coordinate("y", canvas.bottom + 20).markup(">");
    out.text(fill(text_of(wording::kDay, numbers.language()), {{"n", numbers.decimal(day, 0)}}))
        .markup("</text>");
  }
}

/// Path data in steps from point to point, in tenths: half the bytes of coordinates.
class Path {
 public:
  explicit Path(Writer& out) : out_(out) {}
  void to(double x, double y, bool draw) {
    const long to_x = std::lround(10.0 * x), to_y = std::lround(10.0 * y);
    if (draw) {
      out_.markup("l").number(0.1 * static_cast<double>(to_x - x_));
      if (to_y >= y_) out_.markup(" ");
      out_.number(0.1 * static_cast<double>(to_y - y_));
    } else {
      out_.markup("M")
          .number(0.1 * static_cast<double>(to_x))
          .markup(" ")
          .number(0.1 * static_cast<double>(to_y));
    }
    x_ = to_x;
    y_ = to_y;
  }

 private:
  Writer& out_;
  long x_ = 0, y_ = 0;
};

void band(Writer& out, const Line& line, const Canvas& canvas) {
  std::vector<const Line::Point*> points;
  for (const Line::Point& point : line.points)
    if (point.figure != nullptr && point.figure->lower && point.figure->upper) points.push_back(&point);
  if (points.empty()) return;
  out.markup("<path class=\"band ").text(line.hue).markup("\" d=\"");
  Path path(out);
  for (std::size_t i = 0; i < points.size(); ++i)
    path.to(canvas.x(points[i]->at), canvas.y(*points[i]->figure->upper), i > 0);
  for (std::size_t i = points.size(); i-- > 0;)
    path.to(canvas.x(points[i]->at), canvas.y(*points[i]->figure->lower), true);
  out.markup("z\"/>");
}

void curve(Writer& out, const Line& line, const Canvas& canvas) {
  out.markup("<path class=\"ln ").text(line.hue).markup("\" d=\"");
  Path path(out);
  bool drawing = false;
  for (const Line::Point& point : line.points) {
    const bool there = point.figure != nullptr && point.figure->estimate;
    if (there) path.to(canvas.x(point.at), canvas.y(*point.figure->estimate), drawing);
    drawing = there;
  }
  out.markup("\"/>");
}

/// The last values at the right edge, kept apart where they would overlap.
void end_labels(Writer& out, const TimeChart& chart, const Canvas& canvas, const Numbers& numbers) {
  struct Label {
    double y;
    std::string text;
    bool strong;
  };
  std::vector<Label> labels;
  for (const Line& line : chart.lines) {
    if (line.points.empty() || line.points.back().figure == nullptr) continue;
    const Figure& last = *line.points.back().figure;
    if (!last.estimate) continue;
    const auto text = [&](double value) {
      return chart.signed_labels ? numbers.lift_bound(value) : numbers.percent(value, 1);
    };
    labels.push_back({canvas.y(*last.estimate), text(*last.estimate), true});
    if (chart.lines.size() > 1) continue;
    if (last.upper) labels.push_back({canvas.y(*last.upper), text(*last.upper), false});
    if (last.lower) labels.push_back({canvas.y(*last.lower), text(*last.lower), false});
  }
  std::sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.y < b.y; });
  const auto strong =
      std::find_if(labels.begin(), labels.end(), [](const Label& label) { return label.strong; });
  const auto middle = static_cast<std::size_t>(strong - labels.begin());
  for (std::size_t i = middle + 1; i < labels.size(); ++i)
    labels[i].y = std::max(labels[i].y, labels[i - 1].y + 15);
  for (std::size_t i = std::min(middle, labels.size()); i-- > 0;)
    labels[i].y = std::min(labels[i].y, labels[i + 1].y - 15);
  for (const Label& label : labels) {
    out.markup("<text").attribute("class", label.strong ? "lab" : "tk").coordinate("x", canvas.right + 10);
    out.coordinate("y", label.y + 4).markup(">").text(label.text).markup("</text>");
  }
}

void marked_day(Writer& out, const TimeChart& chart, const Canvas& canvas) {
  if (!chart.marked_day || *chart.marked_day < canvas.first || *chart.marked_day > canvas.last) return;
  const double x = canvas.x(*chart.marked_day);
  const bool leftwards = x > canvas.left + 0.55 * (canvas.right - canvas.left);
  out.markup("<line class=\"evt\"").coordinate("x1", x).coordinate("x2", x).coordinate("y1", canvas.top - 10);
  out.coordinate("y2", canvas.bottom)
      .markup("/><text class=\"an\"")
      .coordinate("x", leftwards ? x - 7 : x + 7);
  out.coordinate("y", canvas.top).attribute("text-anchor", leftwards ? "end" : "start").markup(">");
  out.text(chart.mark).markup("</text>");
}

}  // namespace

void time_chart(Writer& out, const TimeChart& chart, const Numbers& numbers, int id) {
  const Canvas canvas = canvas_of(chart);
  out.markup("<svg class=\"wide\"")
      .attribute("viewBox", fmt::format("0 0 {} {}", canvas.width, canvas.height));
  out.markup(" role=\"img\"").attribute("aria-labelledby", fmt::format("t{0} d{0}", id)).markup("><title");
  out.attribute("id", fmt::format("t{}", id)).markup(">").text(chart.title).markup("</title><desc");
  out.attribute("id", fmt::format("d{}", id)).markup(">").text(chart.summary).markup("</desc>");
  chart_axes(out, chart, canvas, numbers);
  // A nested canvas cuts off what leaves the plot.
  const double width = canvas.right - canvas.left + 6, height = canvas.bottom - canvas.top;
  out.markup("<svg class=\"cut\"")
      .coordinate("x", canvas.left)
      .coordinate("y", canvas.top)
      .coordinate("width", width);
  out.coordinate("height", height);
  out.attribute("viewBox", fmt::format("{} {} {} {}", canvas.left, canvas.top, width, height)).markup(">");
  for (const Line& line : chart.lines) band(out, line, canvas);
  for (const Line& line : chart.lines) curve(out, line, canvas);
  out.markup("</svg>");
  if (chart.level) {
    const double y = canvas.y(*chart.level);
    out.markup("<line class=\"margin\"").coordinate("x1", canvas.left).coordinate("x2", canvas.right);
    out.coordinate("y1", y)
        .coordinate("y2", y)
        .markup("/><text class=\"an\"")
        .coordinate("x", canvas.left + 8);
    out.coordinate("y", y + 15).markup(">").text(chart.level_text).markup("</text>");
  }
  marked_day(out, chart, canvas);
  end_labels(out, chart, canvas, numbers);
  out.markup("</svg>");
}

std::string_view arm_hue(std::size_t index) {
  return index == 0 ? "c" : index == 1 ? "t" : "u";
}

}  // namespace liftmark::reports::html
