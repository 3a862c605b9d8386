#include "engine/aggregate/clickhouse/metric_queries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/aggregate/clickhouse/day_values.hpp"
#include "engine/definition/error.hpp"

namespace liftmark::clickhouse {
namespace {

using Part = MetricSums::Part;

/// Sums over groups of rows, as a statement and as its answer.
struct SumQuery {
  std::vector<std::string> values{};  ///< integers
  std::size_t leading = 0;            ///< of them whose own terms are wanted; 0: all
  std::string index = "0", cell = "cell", history = "toUInt8(1)";
  std::string from{};  ///< table or subquery with its WHERE
  bool wide = false;   ///< 128 bits on the server; counts do with 64
};

std::size_t leading_of(const SumQuery& query) {
  return query.leading == 0 ? query.values.size() : query.leading;
}

/// The query's groups and values i, c, h and x0, x1, .. with `columns` of each group. Rows of which every
/// value is 0 add nothing but themselves: count_statement() counts them all.
std::string over_groups(const SumQuery& query, const std::string& columns) {
  std::string inner = fmt::format("{} AS i, {} AS c, {} AS h", query.index, query.cell, query.history), any;
  for (std::size_t v = 0; v < query.values.size(); ++v) {
    inner += fmt::format(", toInt64({}) AS x{}", query.values[v], v);
    any += fmt::format("{}x{} != 0", v == 0 ? "" : " OR ", v);
  }
  return fmt::format("SELECT {} FROM (SELECT {} FROM {}) AS s WHERE {} GROUP BY i, c, h", columns, inner,
                     query.from, any);
}

std::string sum_statement(const SumQuery& query) {
  const std::size_t leading = leading_of(query);
  std::string outer = "i, c, h";
  const auto value = [&](std::size_t v) {
    return fmt::format(fmt::runtime(query.wide ? "toDecimal128(x{}, 0)" : "x{}"), v);
  };
  for (std::size_t a = 0; a < leading; ++a) outer += fmt::format(", sum({})", value(a));
  for (std::size_t a = 0; a < leading; ++a)
    for (std::size_t b = a; b < query.values.size(); ++b)
      outer += fmt::format(", sum({} * {})", value(a), value(b));
  // One sum of 128 bits holds the cube of a value below 5 x 10^12, two hold that of one below 10^14.
  for (std::size_t a = 0; a < leading; ++a)
    outer += query.wide ? fmt::format(
                              ", sum({0} * {0} * toDecimal128(intDiv(x{1}, {2}), 0)), sum({0} * {0} * "
                              "toDecimal128(x{1} % {2}, 0))",
                              value(a), a, LoadedSums::kCubeBase)
                        : fmt::format(", sum({0} * {0} * {0}), toInt64(0)", value(a));
  outer += ", count()";
  for (std::size_t a = 0; a < query.values.size(); ++a) outer += fmt::format(", max(abs(x{}))", a);
  return over_groups(query, outer);
}

/// How large the sums of cubes are, so that one that left its bits is not taken for a small one.
std::string size_statement(const SumQuery& query) {
  std::string outer;
  for (std::size_t a = 0; a < query.values.size(); ++a)
    outer += fmt::format("{0}sum(abs(toFloat64(x{1})) * abs(toFloat64(x{1})) * abs(toFloat64(x{1})))",
                         a == 0 ? "" : ", ", a);
  return over_groups(query, outer);
}

std::string count_statement(const SumQuery& query) {
  return fmt::format("SELECT {} AS i, {} AS c, {} AS h, count() FROM {} GROUP BY i, c, h", query.index,
                     query.cell, query.history, query.from);
}

SumRow place_of(const Rows& rows) {
  return {.index = rows.natural(0), .cell = rows.natural(1), .history = rows.natural(2) != 0};
}

/// Whether the server itself noticed that a product left 128 bits.
bool is_overflow(const Error& error) {
  return std::any_of(error.problems().begin(), error.problems().end(), [](const Problem& problem) {
    return problem.what.find("Decimal math overflow") != std::string::npos;
  });
}

/// Whether the sums of cubes of every group stay below `most`: by its largest value, which is cheap to know,
/// and where that leaves it open, by the sums themselves.
bool is_below(Cluster& cluster, const SumQuery& query, double bound, double most) {
  if (bound < most) return true;
  bool below = true;
  for_each_row(cluster, size_statement(query), [&](const Rows& rows) {
    for (std::size_t v = 0; v < query.values.size(); ++v) below = below && rows.real(v) < most;
  });
  return below;
}

/// The rows of all shards; false when a sum may have left the bits it was formed in.
bool read_sums(Cluster& cluster, const SumQuery& query, std::vector<SumRow>& result) {
  const std::size_t leading = leading_of(query), all = query.values.size();
  double bound = 0;
  result.clear();
  const auto take_row = [&](const Rows& rows) {
    SumRow row = place_of(rows);
    std::size_t field = 3;
    const auto take = [&](std::vector<liftmark::Int128>& to, std::size_t count) {
      for (; count > 0; --count) to.push_back(rows.wide(field++));
    };
    take(row.sums.sums, leading);
    take(row.sums.products, leading * all - leading * (leading - 1) / 2);
    for (std::size_t v = 0; v < leading; ++v) {
      LoadedSums::Cube cube{.whole = rows.wide(field++)};
      cube.rest = rows.wide(field++);
      if (!query.wide) std::swap(cube.whole, cube.rest);
      row.sums.cubes.push_back(cube);
    }
    const double units = rows.real(field++);
    for (std::size_t v = 0; v < all; ++v) {
      const double largest = rows.real(field++);
      bound = std::max(bound, units * largest * largest * largest);
    }
    result.push_back(std::move(row));
  };
  try {
    for_each_row(cluster, sum_statement(query), take_row);
  } catch (const Error& error) {
    if (!is_overflow(error)) throw;
    return false;
  }
  // Wide: the parts of cubes stay below 10^36, and of up to 10^12 units squares times 10^6 below 10^38.
  return is_below(cluster, query, bound, query.wide ? 1e42 : 4e18);
}

class MetricLoader {
 public:
  MetricLoader(const Run& run, std::size_t metric, Asked& asked, MetricSums& sums)
      : run_(run),
        metric_(run.needs.metrics[metric]),
        index_(metric),
        sums_(sums),
        asked_(asked),
        raw_(value_sql(run, metric)),
        mature_(mature_sql(run, metric_)),
        history_(history_sql(run, metric_)),
        wide_(std::any_of(metric_.per_one.begin(), metric_.per_one.end(),
                          [](double one) { return one > 1.0; })) {}

  void history_of_cap(const EventSql& events) {
    if (metric_.cap_history < 0) return;
    const Feature& feature = run_.needs.features[static_cast<std::size_t>(metric_.cap_history)];
    const std::string counts = events.counts(feature, fmt::format("(at - {})", run_.population.first));
    for_each_row(
        cluster(),
        fmt::format("SELECT f, count() FROM (SELECT low, high, {} AS f FROM ({}) AS e WHERE {} GROUP "
                    "BY low, high) AS u WHERE f != 0 GROUP BY f",
                    EventSql::total(feature, events.totalled(feature), "1"),
                    events.rows(types_sql(feature.types)), counts),
        [&](const Rows& rows) {
          for (std::int64_t units = rows.integer(1); units > 0; --units)
            sums_.add_cap_history(rows.integer(0));
        });
  }

  void cells() {
    SumQuery query = over_values(capped());
    query.index = "day";
    load(Part::by_day, query);
    query.from = values_where("crossed = 1");
    query.index = "0";
    load(Part::crossed, query);
    query.from = values_where("bot = 1");
    if (!run_.population.bot.empty()) load(Part::bots, query);
    for (std::size_t d = 0; d < run_.population.dimensions.size(); ++d) {
      query = over_values(capped());
      query.index = fmt::format("g{}", d);
      load(Part::groups, query, d);
    }
    if (metric_.metric->cap) load(Part::uncapped, over_values(raw_));
    if (mature_ == "1") return;
    for_each_row(cluster(),
                 fmt::format("SELECT cell, count() FROM lm_value WHERE NOT ({}) GROUP BY cell", mature_),
                 [&](const Rows& rows) { sums_.load_immature(arm_of(rows), rows.integer(1)); });
  }

  void parts() {
    for (std::size_t step = 0; step < metric_.steps.size(); ++step) {
      SumQuery query = without_strata({fmt::format("s{} > {}", index_, step)});
      query.index = std::to_string(step);
      load(Part::steps, query);
    }
    if (!metric_.factors.empty()) {
      std::vector<std::string> values;
      for (const int feature : metric_.factors) values.push_back(fmt::format("f{}", feature));
      load(Part::factors, without_strata(values));
    }
    if (!metric_.terms.empty()) load(Part::terms, without_strata(term_sql(run_, index_)));
  }

  /// Non-zero raw values and how often each came, and the largest with their place.
  void distribution() {
    if (metric_.layout.binary) return;
    for_each_row(cluster(),
                 fmt::format("SELECT cell, toInt64({}) AS x, count() FROM {} GROUP BY cell, x", raw_[0],
                             values_where(raw_[0] + " != 0")),
                 [&](const Rows& rows) { sums_.load_value(arm_of(rows), rows.integer(1), rows.integer(2)); });
    std::string columns, order;
    for (std::size_t v = 0; v < raw_.size(); ++v) {
      columns += fmt::format(", toInt64({}) AS x{}", raw_[v], v);
      if (v > 0) order += fmt::format(", x{}", v);
    }
    for_each_row(
        cluster(),
        fmt::format("SELECT cell, {} AS h{} FROM {} ORDER BY x0 DESC, cell, h DESC{} LIMIT {}", history_,
                    columns, values_where(raw_[0] + " > 0"), order, TopUnits<UnitValues>::kMost),
        [&](const Rows& rows) {
          UnitValues values{};
          for (std::size_t v = 0; v < raw_.size(); ++v) values[v] = rows.integer(2 + v);
          sums_.load_top(rows.natural(0), rows.natural(1) != 0, values);
        });
  }

  /// Values by days since the first exposure, and weighted by them. Those that are 0 add nothing.
  void days() {
    if (!metric_.daily) return;
    const std::size_t places = metric_.layout.ratio ? 2 : 1;
    std::vector<std::string> daily, changed;
    SumQuery trend{.wide = wide_};
    for (std::size_t place = 0; place < places; ++place) {
      daily.push_back(fmt::format("d{}", metric_.features[place]));
      changed.push_back(daily.back() + " != 0");
      for (std::string& sum : trend_sql(metric_, place)) trend.values.push_back(std::move(sum));
    }
    SumQuery since{.values = daily, .leading = places};
    for (std::size_t v = places; v < raw_.size(); ++v) since.values.push_back(raw_[v]);
    since.index = "d";
    since.history = history_;
    since.wide = wide_;
    since.from = fmt::format("lm_day WHERE d < {} AND ({}) AND {}", metric_.window / kMicrosPerDay,
                             fmt::join(changed, " OR "), mature_);
    load(Part::since, since);
    trend.from = "lm_trend WHERE " + mature_;
    load(Part::trend, trend);
  }

  void surfaces(const EventSql& events, TextCodes& texts) {
    if (metric_.surface < 0) return;
    const Feature& feature = run_.needs.features[static_cast<std::size_t>(metric_.features.front())];
    const std::string value = feature.aggregation == Aggregation::sum ? events.number(feature) : "toInt64(1)";
    // An empty name stands for no surface; a surface has an equals sign before it, whatever it is called.
    const std::string by_unit = fmt::format(
        "(SELECT if(ph{0}, concat('=', pt{0}), '') AS name, any(cell) AS k, sum({1}) AS x FROM ({2}) AS j "
        "WHERE {3} AND {4} GROUP BY low, high, name) AS n",
        metric_.surface, value, events.rows_of_units("lm_unit", "t0, cell"), events.counts(feature), mature_);
    std::vector<std::string> names;
    for_each_row(cluster(), "SELECT DISTINCT name FROM " + by_unit, [&](const Rows& rows) {
      if (std::find(names.begin(), names.end(), rows.text(0)) == names.end()) names.push_back(rows.text(0));
    });
    for (const std::string& name : names) {
      SumQuery query{.values = {"x"}, .wide = wide_};
      query.cell = "k";
      query.from = fmt::format("{} WHERE name = {}", by_unit, literal(name));
      const std::size_t code = name.empty() ? 0 : texts.code(name.substr(1));
      query.index = std::to_string(code);
      sums_.load({.part = Part::surface, .index = code}, {});  // one where every value is 0 is one too
      load(Part::surface, query);
    }
  }

 private:
  Cluster& cluster() const { return run_.store.cluster(); }
  std::size_t arm_of(const Rows& rows) const {
    return run_.population.arm_of(static_cast<std::uint16_t>(rows.natural(0)));
  }
  std::string values_where(const std::string& condition) const {
    return fmt::format("lm_value WHERE {} AND {}", mature_, condition);
  }
  SumQuery over_values(std::vector<std::string> values) const {
    SumQuery query{.values = std::move(values), .wide = wide_};
    query.history = history_;
    query.from = values_where("1");
    return query;
  }
  SumQuery without_strata(std::vector<std::string> values) const {
    SumQuery query{.values = std::move(values), .wide = wide_};
    query.from = values_where("1");
    return query;
  }

  std::vector<std::string> capped() const {
    std::vector<std::string> values = raw_;
    const auto threshold = sums_.threshold();
    if (!threshold) return values;
    const std::size_t covariate = metric_.layout.ratio ? 2 : 1;
    for (const std::size_t v : {std::size_t{0}, covariate})
      if (v == 0 || metric_.layout.covariates > 0)
        values[v] =
            fmt::format("greatest(least(toInt64({0}), toInt64({1})), toInt64(-{1}))", values[v], *threshold);
    return values;
  }

  void load(Part part, SumQuery query, std::size_t dimension = 0) {
    std::vector<SumRow> rows;
    if (!read_sums(cluster(), query, rows)) {
      const bool once_more = !query.wide;
      query.wide = true;
      if (!once_more || !read_sums(cluster(), query, rows))
        throw Error(ErrorCode::data, "metric " + metric_.metric->key,
                    "values are too large for ClickHouse to add exactly",
                    "check the unit of the values, or report from a store in a file");
    }
    if (part != Part::trend && part != Part::surface && part != Part::since)
      for (const SumRow& row : counts(query)) rows.push_back(row);
    for (const SumRow& row : rows)
      sums_.load({.part = part,
                  .index = row.index,
                  .dimension = dimension,
                  .cell = row.cell,
                  .history = row.history},
                 row.sums);
  }

  /// All units of each group, zeros too: of metrics with the same maturity and lookback, the same.
  const std::vector<SumRow>& counts(const SumQuery& query) {
    const std::string sql = count_statement(query);
    const auto [found, added] = asked_.counts.try_emplace(sql);
    if (added)
      for_each_row(cluster(), sql, [&, &rows = found->second](const Rows& counted) {
        rows.push_back(place_of(counted));
        rows.back().sums.units = counted.integer(3);
      });
    return found->second;
  }

  const Run& run_;
  const MetricNeeds& metric_;
  std::size_t index_;
  MetricSums& sums_;
  Asked& asked_;
  std::vector<std::string> raw_;
  std::string mature_, history_;
  bool wide_;
};

}  // namespace

ValueCode TextCodes::code(const std::string& text) {
  const auto [found, added] = codes_.try_emplace(text, static_cast<ValueCode>(texts_.size() + 1));
  if (added) texts_.push_back(text);
  return found->second;
}

std::string_view TextCodes::text(ValueCode code) const {
  return code == 0 ? std::string_view() : texts_[code - 1];
}

void load_metric(const Run& run, const EventSql& events, std::size_t metric, Asked& asked, TextCodes& texts,
                 MetricSums& sums) {
  MetricLoader loader(run, metric, asked, sums);
  loader.history_of_cap(events);
  loader.cells();
  loader.parts();
  loader.distribution();
  loader.days();
  loader.surfaces(events, texts);
}

}  // namespace liftmark::clickhouse
