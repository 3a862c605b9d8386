// Type I error of betting sequences, read after every single unit: the product's own capital at the true
// mean. Only that one mean decides whether the sequence ever excludes it, so no interval has to be inverted.

#include "properties/error_rate_betting.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "properties/error_rate_paths.hpp"
#include "properties/error_rates.hpp"
#include "stats/betting_sequences.hpp"

namespace liftmark::error_rates {
namespace {

constexpr double kAlpha = 0.05;

using Clock = BettingClock;

/// Units until the next one with a value, that one included, each with probability `rate`.
class Gaps {
 public:
  explicit Gaps(double rate) : per_log_(1 / std::log1p(-rate)) {}
  std::size_t next(Draws& draws) const {
    return 1 + static_cast<std::size_t>(std::log(draws.uniform()) * per_log_);
  }

 private:
  double per_log_;
};

bool one_arm_crosses(const Clock& clock, double rate, Draws& draws) {
  stats::HedgedCapital capital(rate, {.alpha = kAlpha});
  const Gaps gaps(rate);
  std::size_t next = gaps.next(draws);
  for (std::size_t t = 1; t <= clock.last(); ++t) {
    const bool success = t == next;
    capital.see(success ? 1 : 0, clock.log_time[t]);
    if (success) next += gaps.next(draws);
    if (capital.reaches(1 / kAlpha)) return true;
  }
  return false;
}

/// The same for rare conversions, from one to the next.
bool rare_crosses(const Clock& clock, double rate, Draws& draws) {
  BettingRuns capital(clock, rate, kAlpha);
  const Gaps gaps(rate);
  for (std::size_t before = 0, t = gaps.next(draws);; before = t, t += gaps.next(draws)) {
    capital.zeros(std::min(t, clock.last() + 1) - before - 1);
    if (capital.log_capital() >= -std::log(kAlpha)) return true;  // the gambler below wins on every zero
    if (t > clock.last()) return false;
    capital.one();
    if (capital.log_capital() >= -std::log(kAlpha)) return true;
  }
}

/// Values u^4 for u uniform: mean 1/5, most of them near 0.
bool skewed_crosses(const Clock& clock, Draws& draws) {
  stats::HedgedCapital capital(0.2, {.alpha = kAlpha});
  for (std::size_t t = 1; t <= clock.last(); ++t) {
    const double u = draws.uniform();
    capital.see(u * u * u * u, clock.log_time[t]);
    if (capital.reaches(1 / kAlpha)) return true;
  }
  return false;
}

/// Conversions at the same rate in both arms. A unit that does not convert is bet on as `share`, which is the
/// mean without a difference: the capital stands until the next conversion.
bool two_arms_cross(const Clock& clock, double rate, double share, Draws& draws) {
  stats::HedgedCapital capital(share, {.alpha = kAlpha});
  const Gaps gaps(rate);
  for (std::size_t before = 0, t = gaps.next(draws); t <= clock.last(); before = t, t += gaps.next(draws)) {
    capital.stand(static_cast<double>(t - before - 1),
                  clock.inverse_squares[t - 1] - clock.inverse_squares[before]);
    capital.see(draws.uniform() < share ? 1 : 0, clock.log_time[t]);
    if (capital.reaches(1 / kAlpha)) return true;
  }
  return false;
}

template <class Crosses>
double share_of(const Effort& effort, std::uint64_t seed, Crosses crosses) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < effort.replications; ++i) {
    Draws draws(seed, static_cast<std::uint64_t>(i));
    count += crosses(draws);
  }
  return static_cast<double>(count) / static_cast<double>(effort.replications);
}

std::string percent(double rate) {
  std::string text = std::to_string(rate * 100);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " %";
}

}  // namespace

BettingClock::BettingClock(std::int64_t n) : log_time(1, 0), inverse_squares(1, 0) {
  for (std::int64_t t = 1; t <= n; ++t) {
    const double next = static_cast<double>(t) + 1;
    log_time.push_back(std::log(next));
    inverse_squares.push_back(inverse_squares.back() + 1 / (next * next));
  }
}

BettingRuns::BettingRuns(const BettingClock& clock, double rate, double alpha)
    : clock_(clock),
      rate_(rate),
      scale_(stats::PlugInBets::scale(0.5 * alpha)),
      above_(std::log(0.5)),
      below_(std::log(0.5)) {}

BettingRuns::Bets BettingRuns::bets(const stats::PlugInBets& gambler, std::size_t t) const {
  const double bet = scale_ * gambler.next(clock_.log_time[t]);
  return {std::min(bet, 0.5 / rate_), std::min(bet, 0.5 / (1 - rate_))};
}

void BettingRuns::one() {
  const Bets bet = bets(gambler_, ++t_);
  above_ += std::log1p(bet.above * (1 - rate_));
  below_ += std::log1p(-bet.below * (1 - rate_));
  gambler_.see(1, static_cast<double>(t_));
}

BettingRuns::Bets BettingRuns::on_zero(std::size_t ahead) const {
  stats::PlugInBets then = gambler_;
  const std::size_t t = t_ + ahead;  // the value after `ahead` zeros
  then.see_equal(0, static_cast<double>(t_), static_cast<double>(ahead),
                 clock_.inverse_squares[t] - clock_.inverse_squares[t_]);
  const Bets bet = bets(then, t + 1);
  return {std::log1p(-bet.above * rate_), std::log1p(bet.below * rate_)};
}

void BettingRuns::zeros(std::size_t count) {
  while (count > 0) {
    const std::size_t piece = std::min(count, 1 + t_ / 16);
    if (piece < 8) {
      for (std::size_t i = 0; i < piece; ++i) add(on_zero(i), 1);
    } else {  // a parabola through the first, the middle and the last gain, summed over 2 half + 1 values
      const std::size_t half = (piece - 1) / 2;
      const Bets first = on_zero(0), middle = on_zero(half), last = on_zero(2 * half);
      const double h = static_cast<double>(half);
      const double ends = (h + 1) * (2 * h + 1) / (6 * h);  // sum of (k/h)^2 / 2 over -h .. h
      add(first, ends);
      add(last, ends);
      add(middle, 2 * h + 1 - 2 * ends);
      if (piece > 2 * half + 1) add(on_zero(piece - 1), 1);
    }
    gambler_.see_equal(0, static_cast<double>(t_), static_cast<double>(piece),
                       clock_.inverse_squares[t_ + piece] - clock_.inverse_squares[t_]);
    t_ += piece;
    count -= piece;
  }
}

std::vector<Rate> betting_rates(const Effort& effort) {
  const std::string section = "type I error, watched after every unit";
  const Clock clock(effort.betting_n), short_clock(effort.betting_n / 10);
  std::uint64_t seed = 201;
  std::vector<Rate> rates;
  const auto measure = [&](const std::string& setting, const Clock& until, const char* method, auto crosses) {
    rates.push_back({section, setting + ", n up to " + std::to_string(until.last()), method, kAlpha,
                     share_of(effort, seed++, crosses)});
  };
  for (const double rate : {0.001, 0.01, 0.1})
    for (const double share : {0.5, 0.1})
      measure("conversion " + percent(rate) + (share == 0.5 ? ", 50/50" : ", 90/10"), clock,
              "hedged betting, two arms",
              [&](Draws& draws) { return two_arms_cross(clock, rate, share, draws); });
  for (const double rate : {0.001, 0.01})
    measure("conversion " + percent(rate), clock, "hedged betting, one arm",
            [&](Draws& draws) { return rare_crosses(clock, rate, draws); });
  measure("conversion 10 %", short_clock, "hedged betting, one arm",
          [&](Draws& draws) { return one_arm_crosses(short_clock, 0.1, draws); });
  measure("bounded values, mean 0.2", short_clock, "hedged betting, one arm",
          [&](Draws& draws) { return skewed_crosses(short_clock, draws); });
  return rates;
}

}  // namespace liftmark::error_rates
