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

/// Poisson(1) from 16 random bits at a time: a table by the leading bits, small enough to stay in the nearest
/// cache, and more bits for the few entries that a step of the distribution function cuts, so that the result
/// is exact to 2^-48.
class PoissonOne {
 public:
  PoissonOne() {
    double term = std::exp(-1.0), cumulative = 0.0;
    for (std::size_t k = 0; k < kSteps; ++k) {
      cumulative += term;
      term /= static_cast<double>(k + 1);
      steps_[k] = cumulative;
    }
    std::size_t weight = 0;
    for (std::size_t u = 0; u < kEntries; ++u) {
      const double low = static_cast<double>(u) / kEntries, high = static_cast<double>(u + 1) / kEntries;
      while (weight < kSteps && steps_[weight] <= low) ++weight;
      table_[u] = weight < kSteps && steps_[weight] < high ? kCut : static_cast<double>(weight);
    }
  }

  /// Four weights from one draw.
  std::array<double, 4> four(RandomStream& stream) const {
    const std::uint64_t bits = stream.next();
    std::array<double, 4> weights{leading(bits), leading(bits >> 16), leading(bits >> 32),
                                  leading(bits >> 48)};
    if ((weights[0] < 0) | (weights[1] < 0) | (weights[2] < 0) | (weights[3] < 0)) [[unlikely]]
      for (std::size_t lane = 0; lane < 4; ++lane)
        if (weights[lane] < 0) weights[lane] = cut((bits >> (16 * lane)) & 0xFFFF, stream);
    return weights;
  }

 private:
  static constexpr std::size_t kSteps = 16;  // P(weight >= 16) < 1e-13
  static constexpr unsigned kBits = 11;
  static constexpr std::size_t kEntries = std::size_t{1} << kBits;
  static constexpr double kCut = -1;

  double leading(std::uint64_t bits) const { return table_[(bits & 0xFFFF) >> (16 - kBits)]; }
  double cut(std::uint64_t sixteen, RandomStream& stream) const {
    const double u = (static_cast<double>(sixteen) + stream.uniform()) / 65536;
    return static_cast<double>(std::upper_bound(steps_.begin(), steps_.end(), u) - steps_.begin());
  }

  std::array<double, kSteps> steps_{};
  std::array<double, kEntries> table_{};
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
  static const PoissonOne poisson;
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
  while (numerator.size() % 4 != 0) {  // weights come in fours; a padded unit adds nothing
    numerator.push_back(0.0);
    denominator.push_back(0.0);
  }
  // A batch of replicates goes through the units together, a block that fits the cache at a time: reading a
  // million units from memory once a replicate takes longer than drawing their weights.
  constexpr std::size_t kBatch = 32, kBlock = 1024;
  struct Running {
    RandomStream stream;
    std::array<double, 4> above{}, below{};
  };
  std::vector<double> results(options.replicates);
  for_each_batch(options, kBatch, [&](std::size_t first, std::size_t last) {
    std::vector<Running> batch;
    for (std::size_t r = first; r < last; ++r) batch.push_back({RandomStream(options.seed, r)});
    for (std::size_t from = 0; from < numerator.size(); from += kBlock) {
      const std::size_t to = std::min(numerator.size(), from + kBlock);
      for (Running& one : batch) {
        Running now = one;
        for (std::size_t i = from; i < to; i += 4) {
          const auto weight = poisson.four(now.stream);
          for (std::size_t lane = 0; lane < 4; ++lane) {
            now.above[lane] += weight[lane] * numerator[i + lane];
            now.below[lane] += weight[lane] * denominator[i + lane];
          }
        }
        one = now;
      }
    }
    for (std::size_t r = first; r < last; ++r) {
      Running& one = batch[r - first];
      double total = (one.below[0] + one.below[1]) + (one.below[2] + one.below[3]);
      if (plain > 0) {
        StreamGenerator generator{&one.stream};
        total += static_cast<double>(
            boost::random::poisson_distribution<std::int64_t, double>(static_cast<double>(plain))(generator));
      }
      results[r] = total != 0.0 ? ((one.above[0] + one.above[1]) + (one.above[2] + one.above[3])) / total
                                : std::numeric_limits<double>::quiet_NaN();
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
