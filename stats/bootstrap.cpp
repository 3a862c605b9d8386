#include "stats/bootstrap.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

#include <boost/random/poisson_distribution.hpp>

#include "stats/distributions.hpp"
#include "stats/random_stream.hpp"

namespace liftmark::stats {
namespace {

/// Calls `work(first, last)` for batches of at most `size` replicates, on several threads; each writes its
/// own results.
template <typename Work>
void for_each_batch(const ResamplingOptions& options, std::size_t size, Work work) {
  const unsigned wanted =
      options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  const std::size_t batches = (options.replicates + size - 1) / size;
  const auto threads =
      static_cast<unsigned>(std::min<std::size_t>(wanted, std::max<std::size_t>(batches, 1)));
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t batch = next++; batch < batches; batch = next++)
      work(batch * size, std::min(options.replicates, (batch + 1) * size));
  };
  std::vector<std::jthread> pool;
  for (unsigned t = 1; t < threads; ++t) pool.emplace_back(run);
  run();
}

template <typename Work>
void for_each_replicate(const ResamplingOptions& options, Work work) {
  for_each_batch(options, 1, [&](std::size_t replicate, std::size_t) { work(replicate); });
}

/// Three independent Poisson(1) weights from one table look-up. Weights of at most 5 are told by a code; the
/// rest, one draw in 560, is drawn unit by unit. 16 random bits choose; where they are too few, because a
/// step of the distribution cuts their interval, more follow, so that the weights are exact to 2^-48.
class ThreePoissons {
 public:
  static constexpr std::size_t kUnits = 3, kLevels = 6, kCodes = kLevels * kLevels * kLevels;

  ThreePoissons() {
    double term = std::exp(-1.0), cumulative = 0.0;
    std::array<double, kLevels> probability{};
    for (std::size_t k = 0; k < kSteps; ++k) {
      if (k < kLevels) probability[k] = term;
      steps_[k] = cumulative += term;
      term /= static_cast<double>(k + 1);
    }
    double joint = 0.0;
    for (std::size_t code = 0; code < kCodes; ++code)
      codes_[code] = joint += probability[code % kLevels] * probability[code / kLevels % kLevels] *
                              probability[code / kLevels / kLevels];
    std::size_t code = 0;
    for (std::size_t u = 0; u < kEntries; ++u) {
      const double low = static_cast<double>(u) / kEntries, high = static_cast<double>(u + 1) / kEntries;
      while (code < kCodes && codes_[code] <= low) ++code;
      const bool cut = code < kCodes && codes_[code] < high;
      table_[u] = static_cast<std::uint8_t>(cut ? kCut : code);
    }
  }

  /// A code below kCodes; or a number from there on, where `code` looks closer.
  std::size_t quick(std::uint64_t sixteen_bits) const { return table_[sixteen_bits]; }
  /// A code below kCodes, or kCodes: the weights lie beyond, and `beyond` draws them.
  std::size_t code(std::uint64_t sixteen_bits, RandomStream& stream) const {
    if (quick(sixteen_bits) != kCut) return quick(sixteen_bits);
    const double u = (static_cast<double>(sixteen_bits) + stream.uniform()) / kEntries;
    return static_cast<std::size_t>(std::upper_bound(codes_.begin(), codes_.end(), u) - codes_.begin());
  }

  /// Three weights of which at least one has no code: the first such one by its geometric law, those before
  /// it with, those behind it with or without.
  std::array<double, kUnits> beyond(RandomStream& stream) const {
    const double few = steps_[kLevels - 1];
    double u = stream.uniform() * (1.0 - few * few * few);
    std::size_t first = 0;
    for (double reach = 1.0 - few; first + 1 < kUnits && u >= reach; ++first, reach *= few) u -= reach;
    std::array<double, kUnits> weights{};
    for (std::size_t unit = 0; unit < kUnits; ++unit) {
      const double free = stream.uniform();
      weights[unit] = weight(unit < first ? free * few : unit == first ? few + free * (1.0 - few) : free);
    }
    return weights;
  }

 private:
  static constexpr std::size_t kSteps = 16;  // P(weight >= 16) < 1e-13
  static constexpr std::size_t kEntries = std::size_t{1} << 16;
  static constexpr std::size_t kCut = kCodes + 1;

  double weight(double u) const {
    return static_cast<double>(std::upper_bound(steps_.begin(), steps_.end(), u) - steps_.begin());
  }

  std::array<double, kSteps> steps_{};  ///< distribution function of one weight
  std::array<double, kCodes> codes_{};  ///< cumulative probability of the codes
  std::array<std::uint8_t, kEntries> table_{};
};

/// A numerator and a denominator, added in one instruction.
using Pair [[gnu::vector_size(16)]] = double;

/// What three units add under every code.
class ThreeUnits {
 public:
  void fill(const double* numerator, const double* denominator) {
    std::size_t known = 1;
    for (std::size_t unit = 0; unit < ThreePoissons::kUnits; ++unit, known *= ThreePoissons::kLevels) {
      units_[unit] = Pair{numerator[unit], denominator[unit]};
      for (std::size_t weight = 1; weight < ThreePoissons::kLevels; ++weight)
        for (std::size_t code = 0; code < known; ++code)
          sums_[weight * known + code] = sums_[code] + static_cast<double>(weight) * units_[unit];
    }
  }
  Pair operator[](std::size_t code) const { return sums_[code]; }
  /// Of a draw that is no code.
  Pair slowly(std::uint64_t sixteen_bits, const ThreePoissons& weights, RandomStream& stream) const {
    const std::size_t code = weights.code(sixteen_bits, stream);
    if (code < ThreePoissons::kCodes) return sums_[code];
    const auto each = weights.beyond(stream);
    return each[0] * units_[0] + each[1] * units_[1] + each[2] * units_[2];
  }

 private:
  std::array<Pair, ThreePoissons::kCodes> sums_{};  ///< of code 0: zeros
  std::array<Pair, ThreePoissons::kUnits> units_{};
};

/// Units whose weights one draw of 64 bits chooses.
class TwelveUnits {
 public:
  static constexpr std::size_t kUnits = 4 * ThreePoissons::kUnits;

  void fill(const double* numerator, const double* denominator) {
    for (std::size_t k = 0; k < threes_.size(); ++k)
      threes_[k].fill(numerator + ThreePoissons::kUnits * k, denominator + ThreePoissons::kUnits * k);
  }
  Pair draw(const ThreePoissons& weights, RandomStream& stream) const {
    const std::uint64_t bits = stream.next();
    const std::size_t a = weights.quick(bits & 0xFFFF), b = weights.quick(bits >> 16 & 0xFFFF),
                      c = weights.quick(bits >> 32 & 0xFFFF), d = weights.quick(bits >> 48);
    if (std::max(std::max(a, b), std::max(c, d)) < ThreePoissons::kCodes) [[likely]]
      return (threes_[0][a] + threes_[1][b]) + (threes_[2][c] + threes_[3][d]);
    return slowly(bits, weights, stream);
  }

 private:
  [[gnu::noinline]] Pair slowly(std::uint64_t bits, const ThreePoissons& weights,
                                RandomStream& stream) const {
    Pair total{0.0, 0.0};
    for (std::size_t k = 0; k < threes_.size(); ++k)
      total += threes_[k].slowly(bits >> (16 * k) & 0xFFFF, weights, stream);
    return total;
  }
  std::array<ThreeUnits, 4> threes_;
};

/// boost::random wants a generator object.
struct StreamGenerator {
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()() { return stream->next(); }
  RandomStream* stream;
};

/// The q-quantile of sorted replicates, interpolated on the normal scale between order statistics (R + 1) q.
double normal_scale_quantile(std::span<const double> sorted, double q) {
  const auto r = static_cast<double>(sorted.size());
  const double rank = (r + 1.0) * q;
  const double below = std::floor(rank);
  if (below < 1.0) return sorted.front();
  if (below >= r) return sorted.back();
  const auto k = static_cast<std::size_t>(below);
  if (rank == below) return sorted[k - 1];
  const double z_low = normal_quantile(below / (r + 1.0)),
               z_high = normal_quantile((below + 1.0) / (r + 1.0));
  const double fraction = (normal_quantile(q) - z_low) / (z_high - z_low);
  return sorted[k - 1] + fraction * (sorted[k] - sorted[k - 1]);
}

std::vector<double> finite_sorted(std::span<const double> replicates) {
  std::vector<double> sorted;
  std::copy_if(replicates.begin(), replicates.end(), std::back_inserter(sorted),
               [](double value) { return std::isfinite(value); });
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace

double sample_mean(std::span<const double> sample) {
  double mean = 0.0, n = 0.0;
  for (const double value : sample) mean += (value - mean) / ++n;
  return mean;
}

double sample_median(std::span<const double> sample) {
  std::vector<double> values(sample.begin(), sample.end());
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  const double below = *std::max_element(values.begin(), middle);
  return below + (*middle - below) / 2.0;
}

std::vector<double> bootstrap_replicates(std::span<const double> sample, const SampleStatistic& statistic,
                                         const ResamplingOptions& options) {
  std::vector<double> results(options.replicates, std::numeric_limits<double>::quiet_NaN());
  if (sample.empty()) return {};
  for_each_replicate(options, [&](std::size_t replicate) {
    RandomStream stream(options.seed, replicate);
    thread_local std::vector<double> drawn;
    drawn.resize(sample.size());
    for (double& value : drawn) value = sample[stream.below(sample.size())];
    results[replicate] = statistic(drawn);
  });
  return results;
}

std::vector<double> poisson_bootstrap_ratio(const UnitTotals& units, const ResamplingOptions& options) {
  static const ThreePoissons weights;
  std::vector<double> numerator, denominator;
  std::size_t plain = 0;  // numerator 0, denominator 1
  for (std::size_t i = 0; i < units.numerator.size(); ++i) {
    const double below = units.denominator.empty() ? 1.0 : units.denominator[i];
    if (units.numerator[i] == 0.0 && below == 1.0) {
      ++plain;
      continue;
    }
    numerator.push_back(units.numerator[i]);
    denominator.push_back(below);
  }
  const std::size_t padded = (numerator.size() + TwelveUnits::kUnits - 1) / TwelveUnits::kUnits;
  numerator.resize(padded * TwelveUnits::kUnits);  // a padded unit adds nothing
  denominator.resize(padded * TwelveUnits::kUnits);
  // A batch of replicates goes through the units together, so that what units add under each code is made
  // once for all of them and then looked up.
  constexpr std::size_t kBatch = 1024;
  struct Running {
    RandomStream stream;
    Pair total{};
  };
  std::vector<double> results(options.replicates);
  for_each_batch(options, kBatch, [&](std::size_t first, std::size_t last) {
    std::vector<Running> batch;
    for (std::size_t r = first; r < last; ++r) batch.push_back({RandomStream(options.seed, r)});
    TwelveUnits twelve;
    for (std::size_t from = 0; from < numerator.size(); from += TwelveUnits::kUnits) {
      twelve.fill(numerator.data() + from, denominator.data() + from);
      for (Running& one : batch) {
        RandomStream stream = one.stream;
        one.total += twelve.draw(weights, stream);
        one.stream = stream;
      }
    }
    for (std::size_t r = first; r < last; ++r) {
      Running& one = batch[r - first];
      double total = one.total[1];
      if (plain > 0) {
        StreamGenerator generator{&one.stream};
        total += static_cast<double>(
            boost::random::poisson_distribution<std::int64_t, double>(static_cast<double>(plain))(generator));
      }
      results[r] = total != 0.0 ? one.total[0] / total : std::numeric_limits<double>::quiet_NaN();
    }
  });
  std::erase_if(results, [](double value) { return !std::isfinite(value); });
  return results;
}

std::optional<double> bias_correction(std::span<const double> replicates, double observed) {
  const auto below = static_cast<double>(
      std::count_if(replicates.begin(), replicates.end(), [&](double value) { return value < observed; }));
  const auto n = static_cast<double>(replicates.size());
  if (below == 0.0 || below == n) return std::nullopt;
  return normal_quantile(below / n);
}

double acceleration(std::span<const double> influence) {
  double cubes = 0.0, squares = 0.0;
  for (const double value : influence) {
    cubes += value * value * value;
    squares += value * value;
  }
  return squares > 0.0 ? cubes / (6.0 * std::pow(squares, 1.5)) : 0.0;
}

std::vector<double> jackknife_influence(std::span<const double> sample, const SampleStatistic& statistic) {
  if (sample.size() < 2) return std::vector<double>(sample.size(), 0.0);
  std::vector<double> rest(sample.begin() + 1, sample.end()), influence;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    influence.push_back(statistic(rest));
    if (i < rest.size()) rest[i] = sample[i];
  }
  const double mean = sample_mean(influence);
  for (double& value : influence) value = static_cast<double>(sample.size() - 1) * (mean - value);
  return influence;
}

Estimate bootstrap_interval(std::span<const double> replicates, double observed, BootstrapInterval kind,
                            double alpha, double acceleration) {
  constexpr std::array<std::string_view, 3> kNames{"bootstrap_percentile", "bootstrap_basic",
                                                   "bootstrap_bca"};
  const std::string_view method = kNames[static_cast<std::size_t>(kind)];
  const auto sorted = finite_sorted(replicates);
  if (sorted.size() < 2) return cannot_say(Reason::too_few_units, method);
  if (!(alpha > 0.0 && alpha < 1.0)) return cannot_say(Reason::invalid_input, method);
  Estimate estimate;
  estimate.method = method;
  estimate.point = observed;
  if (sorted.front() == sorted.back()) {
    estimate.reason = Reason::zero_variance;
    return estimate;
  }
  double low = alpha / 2.0, high = 1.0 - alpha / 2.0;
  if (kind == BootstrapInterval::bca) {
    const auto z0 = bias_correction(sorted, observed);
    if (!z0) {
      estimate.reason = Reason::no_convergence;
      return estimate;
    }
    const auto level = [&](double z) {
      return normal_cdf(*z0 + (*z0 + z) / (1.0 - acceleration * (*z0 + z)));
    };
    const double z = normal_upper_quantile(alpha / 2.0);
    low = level(-z);
    high = level(z);
  }
  const double lower = normal_scale_quantile(sorted, low), upper = normal_scale_quantile(sorted, high);
  const bool mirrored = kind == BootstrapInterval::basic;
  estimate.interval =
      Interval{mirrored ? 2.0 * observed - upper : lower, mirrored ? 2.0 * observed - lower : upper,
               1.0 - alpha, IntervalKind::confidence};
  return estimate;
}

Estimate permutation_test(std::span<const double> first, std::span<const double> second,
                          const ResamplingOptions& options) {
  constexpr std::string_view kName = "permutation";
  if (first.empty() || second.empty()) return cannot_say(Reason::too_few_units, kName);
  std::vector<double> pooled(first.begin(), first.end());
  pooled.insert(pooled.end(), second.begin(), second.end());
  const double centre = sample_mean(pooled);
  double observed = 0.0, scale = 0.0;
  for (const double value : first) observed += value - centre;
  for (double& value : pooled) scale += std::abs(value -= centre);
  // With the pooled mean at 0 the difference in means is proportional to the first sample's sum.
  const double limit = std::abs(observed) - 1e-12 * scale;
  std::atomic<std::size_t> extreme{0};
  for_each_replicate(options, [&](std::size_t replicate) {
    RandomStream stream(options.seed, replicate);
    thread_local std::vector<double> shuffled;
    shuffled = pooled;
    double sum = 0.0;
    for (std::size_t i = 0; i < first.size(); ++i) {  // Fisher-Yates, as far as needed
      std::swap(shuffled[i], shuffled[i + stream.below(shuffled.size() - i)]);
      sum += shuffled[i];
    }
    if (std::abs(sum) >= limit) ++extreme;
  });
  Estimate estimate;
  estimate.method = kName;
  estimate.point = sample_mean(second) - sample_mean(first);
  estimate.p_value =
      (1.0 + static_cast<double>(extreme.load())) / (1.0 + static_cast<double>(options.replicates));
  return estimate;
}

}  // namespace liftmark::stats
