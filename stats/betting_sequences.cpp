#include "stats/betting_sequences.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include <boost/math/special_functions/log1p.hpp>
#include <boost/math/tools/toms748_solve.hpp>

namespace liftmark::stats {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::domain_error(what);
}

void check_values(std::span<const double> values) {
  for (const double x : values) require(x >= 0 && x <= 1, "values must be from 0 to 1");
}

/// The bet before each value, at scale 1.
std::vector<double> plug_in_bets(std::span<const double> values) {
  std::vector<double> bets;
  bets.reserve(values.size());
  PlugInBets gambler;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double t = static_cast<double>(i + 1);
    bets.push_back(gambler.next(std::log1p(t)));
    gambler.see(values[i], t);
  }
  return bets;
}

double largest_bet(double room, const BettingRule& rule) {
  return room > 0 ? rule.truncation / room : std::numeric_limits<double>::max();
}

/// One side of the empirical Bernstein sequence, unclipped.
double bernstein_lower(std::span<const double> values, double alpha, double truncation, bool mirrored) {
  const auto bets = plug_in_bets(values);
  const double scale = PlugInBets::scale(0.5 * alpha);
  double weighted = 0, weights = 0, penalty = 0, sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = mirrored ? 1 - values[i] : values[i];
    const double bet = std::min(truncation, scale * bets[i]);
    const double before = i == 0 ? 0 : sum / static_cast<double>(i);
    weighted += bet * x;
    weights += bet;
    penalty -= (x - before) * (x - before) * boost::math::log1pmx(-bet);  // -log(1 - bet) - bet
    sum += x;
  }
  return (weighted - std::log(2 / alpha) - penalty) / weights;
}

}  // namespace

HedgedCapital::HedgedCapital(double m, const BettingRule& rule)
    : m_(m),
      most_above_(largest_bet(m, rule)),
      most_below_(largest_bet(1 - m, rule)),
      scale_above_(PlugInBets::scale(rule.theta * rule.alpha)),
      scale_below_(PlugInBets::scale((1 - rule.theta) * rule.alpha)),
      above_(rule.theta),
      below_(1 - rule.theta) {}

void HedgedCapital::fold() {
  for (auto [capital, folded] : {std::pair(&above_, &folded_above_), std::pair(&below_, &folded_below_)}) {
    if (*capital > 0) *folded += std::log(*capital);
    *capital = *capital > 0 ? 1 : 0;
  }
}

double HedgedCapital::log_capital() const {
  return std::max(std::log(above_) + folded_above_, std::log(below_) + folded_below_);
}

HedgedBets::HedgedBets(std::span<const double> values, const BettingRule& rule)
    : rule_(rule), values_(values.begin(), values.end()) {
  require(rule.alpha > 0 && rule.alpha < 1 && rule.theta > 0 && rule.theta < 1 && rule.truncation > 0 &&
              rule.truncation < 1,
          "alpha, theta and truncation must be between 0 and 1");
  check_values(values);
  bets_ = plug_in_bets(values);
  scale_above_ = PlugInBets::scale(rule.theta * rule.alpha);
  scale_below_ = PlugInBets::scale((1 - rule.theta) * rule.alpha);
}

double HedgedBets::log_step(double m, std::size_t i, bool above) const {
  const double bet =
      std::min((above ? scale_above_ : scale_below_) * bets_[i], largest_bet(above ? m : 1 - m, rule_));
  return std::log1p((above ? bet : -bet) * (values_[i] - m));
}

double HedgedBets::log_gain(double m, std::size_t count, bool above) const {
  double sum = std::log(above ? rule_.theta : 1 - rule_.theta);
  for (std::size_t i = 0; i < count; ++i) sum += log_step(m, i, above);
  return sum;
}

double HedgedBets::log_capital(double m, std::size_t count) const {
  require(m >= 0 && m <= 1 && count <= size(), "the mean must be from 0 to 1");
  return std::max(log_gain(m, count, true), log_gain(m, count, false));
}

std::vector<double> HedgedBets::log_capital_path(double m) const {
  require(m >= 0 && m <= 1, "the mean must be from 0 to 1");
  HedgedCapital capital(m, rule_);
  std::vector<double> path;
  path.reserve(size());
  for (std::size_t i = 0; i < size(); ++i) {
    capital.see(values_[i], std::log1p(static_cast<double>(i + 1)));
    path.push_back(capital.log_capital());
  }
  return path;
}

/// The gambler on a larger mean loses as m grows, the other one wins: each rules out one side.
double HedgedBets::end(std::size_t count, bool lower) const {
  const auto excess = [&](double m) { return log_gain(m, count, lower) + std::log(rule_.alpha); };
  const double outer = lower ? 0 : 1, inner = lower ? 1 : 0;
  const double at_outer = excess(outer), at_inner = excess(inner);
  if (at_outer <= 0) return outer;
  if (at_inner > 0) return inner;
  std::uintmax_t iterations = 100;
  const auto close = [](double a, double b) { return std::abs(a - b) <= 1e-12; };
  const auto [a, b] =
      lower ? boost::math::tools::toms748_solve(excess, outer, inner, at_outer, at_inner, close, iterations)
            : boost::math::tools::toms748_solve(excess, inner, outer, at_inner, at_outer, close, iterations);
  return lower ? a : b;
}

Interval HedgedBets::interval(std::size_t count) const {
  require(count <= size(), "more values are asked for than there are");
  double lower = end(count, true), upper = end(count, false);
  if (lower > upper) {
    lower = 0;
    upper = 1;
  }
  return {
      .lower = lower, .upper = upper, .level = 1 - rule_.alpha, .kind = IntervalKind::confidence_sequence};
}

Interval empirical_bernstein_sequence(std::span<const double> values, std::size_t count, double alpha,
                                      double truncation) {
  require(alpha > 0 && alpha < 1 && truncation > 0 && truncation < 1,
          "alpha and truncation must be between 0 and 1");
  require(count >= 1 && count <= values.size(), "at least one value is needed");
  const auto first = values.first(count);
  check_values(first);
  return {.lower = std::max(0.0, bernstein_lower(first, alpha, truncation, false)),
          .upper = 1 - std::max(0.0, bernstein_lower(first, alpha, truncation, true)),
          .level = 1 - alpha,
          .kind = IntervalKind::confidence_sequence};
}

Estimate two_arm_betting(const BoundedUnits& units, const BettingRule& rule) {
  constexpr std::string_view kMethod = "two_arm_betting";
  const double pi = units.treatment_share, bound = units.bound;
  if (units.values.size() != units.treated.size() || !(pi > 0) || !(pi < 1) || !(bound > 0) ||
      !std::isfinite(bound) || !(rule.alpha > 0) || !(rule.alpha < 1))
    return cannot_say(Reason::invalid_input, kMethod);
  if (units.values.empty()) return cannot_say(Reason::too_few_units, kMethod);
  const double width = bound / (pi * (1 - pi)), lowest = -bound / (1 - pi);
  std::vector<double> scaled;
  double sum = 0;
  scaled.reserve(units.values.size());
  for (std::size_t i = 0; i < units.values.size(); ++i) {
    const double y = units.values[i];
    if (!(y >= 0) || !(y <= bound)) return cannot_say(Reason::invalid_input, kMethod);
    const double bet_on = units.treated[i] != 0 ? y / pi : -y / (1 - pi);
    sum += bet_on;
    scaled.push_back(std::clamp((bet_on - lowest) / width, 0.0, 1.0));
  }
  const HedgedBets bets(scaled, rule);
  Estimate estimate;
  estimate.method = kMethod;
  estimate.point = sum / static_cast<double>(scaled.size());
  Interval interval = bets.interval(scaled.size());
  interval.lower = std::max(-bound, *interval.lower * width + lowest);
  interval.upper = std::min(bound, *interval.upper * width + lowest);
  estimate.interval = interval;
  const auto path = bets.log_capital_path(pi);  // no difference is at pi
  estimate.p_value = std::exp(std::min(0.0, -*std::max_element(path.begin(), path.end())));
  return estimate;
}

}  // namespace liftmark::stats
