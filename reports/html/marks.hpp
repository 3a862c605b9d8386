#pragma once
// The three marks that draw everything: the interval row, the band over time, the bar.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/content.hpp"
#include "reports/html/writer.hpp"
#include "reports/numbers.hpp"

namespace liftmark::reports::html {

/// How a mark looks: the readings' tones, or neutral ink where colour would claim too much.
enum class Look { good, bad, flat, held, withheld, ink };
Look look_of(Tone tone);

/// How the numbers of an axis are written: as lifts, or as amounts of this format.
struct Axis {
  double end = 0.1;         ///< symmetric about 0
  int id = 0;               ///< of the grid that its rows share
  std::string_view format;  ///< empty: lifts
};

/// The grid lines of an axis, once, for all its rows to refer to.
void define_axis(Writer& out, const Axis& axis);
/// The tick labels over the rows' column.
void axis_labels(Writer& out, const Axis& axis, const Numbers& numbers);

struct IntervalRow {
  const Figure* figure = nullptr;  ///< null: only the grid
  Look look = Look::flat;
  std::optional<double> margin;     ///< dotted line
  std::optional<double> reference;  ///< dashed line, e.g. the overall lift
};
/// One row: grid, bar from bound to bound, dot on the estimate. What lies off the axis gets an arrow, and its
/// number when the dot itself is off.
void interval_row(Writer& out, const Axis& axis, const IntervalRow& row, const Numbers& numbers);

/// The big single interval beside the verdict, with its own axis under it.
void hero_interval(Writer& out, const Figure& figure, Look look, const Numbers& numbers);

/// A line in time with the band of its intervals.
struct Line {
  struct Point {
    double at = 0;
    const Figure* figure = nullptr;  ///< null where there is none
  };
  std::vector<Point> points;
  std::string_view hue;  ///< class: good, bad, flat, ink, c, t, u
};
struct TimeChart {
  std::vector<Line> lines;
  std::string title, summary;     ///< for a screen reader
  std::optional<int> marked_day;  ///< a vertical line with `mark`
  std::string mark;
  std::optional<double> level;  ///< dotted horizontal line with `level_text`
  std::string level_text;
  bool large = true;
  bool signed_labels = true;  ///< lifts; else plain shares
};
void time_chart(Writer& out, const TimeChart& chart, const Numbers& numbers, int id);

/// Class of an arm's grey by its place: control c, first variant t, others u.
std::string_view arm_hue(std::size_t index);

}  // namespace liftmark::reports::html
