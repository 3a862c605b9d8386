// Inference conditional on both margins of a 2x2 table: Fisher's exact test, and the odds ratio under the
// noncentral hypergeometric distribution. Sums walk outward from the mode by the ratio of neighbouring
// probabilities, so that nothing is lost to log-factorials of 1e10 and only the terms that matter are
// visited.

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <stdexcept>

#include "stats/distributions.hpp"
#include "stats/score_roots.hpp"
#include "stats/two_proportions.hpp"

namespace liftmark::stats {
namespace {

struct Margins {
  std::int64_t n1, n2, total;  ///< group sizes and all successes
  std::int64_t lowest() const { return std::max<std::int64_t>(0, total - n2); }
  std::int64_t highest() const { return std::min(n1, total); }
  /// P(k + 1) / P(k) under `odds`.
  double ratio(std::int64_t k, double odds) const {
    return static_cast<double>(n1 - k) / static_cast<double>(k + 1) *
           (static_cast<double>(total - k) / static_cast<double>(n2 - total + k + 1)) * odds;
  }
  std::int64_t mode(double odds) const {
    std::int64_t low = lowest() - 1;  // ratio(low) >= 1 as far as it is known
    std::int64_t high = highest();    // ratio(high) < 1: nothing beyond
    while (high - low > 1) {
      const std::int64_t middle = low + (high - low) / 2;
      (ratio(middle, odds) >= 1.0 ? low : high) = middle;
    }
    return high;
  }
};

/// Probabilities relative to the mode's, visited from the mode to one end: visit(k, weight) for each.
template <class Visit>
void walk(const Margins& margins, double odds, bool up, Visit visit) {
  std::int64_t k = margins.mode(odds);
  double weight = 1.0;
  // Below the smallest normal double a weight times 0.99 rounds to itself: stop there.
  while (weight >= std::numeric_limits<double>::min()) {
    visit(k, weight);
    if (k == (up ? margins.highest() : margins.lowest())) break;
    weight *= up ? margins.ratio(k, odds) : 1.0 / margins.ratio(k - 1, odds);
    k += up ? 1 : -1;
  }
}

struct Tails {
  double at_most = 0.0;   ///< P(K <= x)
  double at_least = 0.0;  ///< P(K >= x)
  double mean = 0.0;
};

Tails tails(const Margins& margins, double odds, std::int64_t x) {
  double total = 0.0;
  double below = 0.0;
  double above = 0.0;
  double offset = 0.0;  // sum of weight * (k - x)
  const std::int64_t mode = margins.mode(odds);
  for (const bool up : {true, false}) {
    walk(margins, odds, up, [&](std::int64_t k, double weight) {
      if (!up && k == mode) return;  // visited on the way up
      total += weight;
      if (k <= x) below += weight;
      if (k >= x) above += weight;
      offset += weight * static_cast<double>(k - x);
    });
  }
  return {below / total, above / total, static_cast<double>(x) + offset / total};
}

/// Total probability of the tables no likelier than x, under equal odds.
double two_sided(const Margins& margins, std::int64_t x, double slack) {
  std::optional<double> at_x;
  double total = 0.0;
  for (const bool up : {true, false}) {
    walk(margins, 1.0, up, [&](std::int64_t k, double weight) {
      if (k == x) at_x = weight;
    });
  }
  if (!at_x) return 0.0;  // below the smallest double
  const double limit = *at_x * (1.0 + slack);
  double unlikely = 0.0;
  const std::int64_t mode = margins.mode(1.0);
  for (const bool up : {true, false}) {
    walk(margins, 1.0, up, [&](std::int64_t k, double weight) {
      if (!up && k == mode) return;
      total += weight;
      if (weight <= limit) unlikely += weight;
    });
  }
  return std::min(1.0, unlikely / total);
}

Margins margins_of(const Successes& first, const Successes& second) {
  return {first.n, second.n, first.successes + second.successes};
}

/// log odds ratio where `f`, rising in it, is 0.
double log_odds_root(const Successes& first, const Successes& second,
                     const std::function<double(double)>& f) {
  const auto log_odds = [](const Successes& s) {
    return std::log((static_cast<double>(s.successes) + 0.5) /
                    (static_cast<double>(s.n - s.successes) + 0.5));
  };
  return root_of_increasing(f, log_odds(first) - log_odds(second), 0.5);
}

}  // namespace

FisherTest fisher_test(const Successes& first, const Successes& second, double slack) {
  for (const Successes& group : {first, second})
    if (problem_with(group) == Reason::invalid_input)
      throw std::domain_error("successes must be from 0 to n");
  const Margins margins = margins_of(first, second);
  const Tails both = tails(margins, 1.0, first.successes);
  return {two_sided(margins, first.successes, slack), std::min(1.0, both.at_least),
          std::min(1.0, both.at_most)};
}

Estimate fisher_odds_ratio(const Successes& first, const Successes& second, double alpha) {
  Reason reason = problem_with(first);
  if (reason == Reason::none) reason = problem_with(second);
  if (reason == Reason::none && !(alpha > 0.0 && alpha < 1.0)) reason = Reason::invalid_input;
  Estimate estimate = cannot_say(reason, "fisher_conditional");
  if (reason != Reason::none) return estimate;
  const Margins margins = margins_of(first, second);
  const std::int64_t x = first.successes;
  constexpr double kSlackOfR = 1e-7;
  estimate.p_value = two_sided(margins, x, kSlackOfR);
  estimate.interval = Interval{0.0, std::nullopt, 1.0 - alpha};
  if (x > margins.lowest())
    estimate.interval->lower = std::exp(log_odds_root(first, second, [&](double t) {
      return std::log(tails(margins, std::exp(t), x).at_least / (alpha / 2.0));
    }));
  if (x < margins.highest())
    estimate.interval->upper = std::exp(log_odds_root(first, second, [&](double t) {
      return std::log((alpha / 2.0) / tails(margins, std::exp(t), x).at_most);
    }));
  if (x == margins.lowest()) {
    estimate.point = 0.0;
  } else if (x == margins.highest()) {
    estimate.reason = Reason::unbounded;
  } else {
    estimate.point = std::exp(log_odds_root(first, second, [&](double t) {
      return tails(margins, std::exp(t), x).mean - static_cast<double>(x);
    }));
  }
  return estimate;
}

}  // namespace liftmark::stats
