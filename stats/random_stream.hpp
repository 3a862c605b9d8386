#pragma once
// A stream of random numbers for each replicate, so that results do not depend on the number of threads.

#include <cstdint>

namespace liftmark::stats {

__extension__ typedef unsigned __int128 Uint128;

/// SplitMix64 (Steele, Lea and Flood 2014): a counter with a strong mix. Streams (seed, index) start far
/// apart.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint64_t index)
      : state_(mix(seed ^ mix(index * kGolden + 0x632BE59BD9B4E019ULL))) {}

  std::uint64_t next() {
    state_ += kGolden;
    return mix(state_);
  }
  /// In [0, n), n > 0. Lemire 2019; the bias is below 2^-32 for n < 2^32.
  std::uint64_t below(std::uint64_t n) {
    return static_cast<std::uint64_t>((static_cast<Uint128>(next()) * n) >> 64);
  }
  /// In (0, 1).
  double uniform() { return (static_cast<double>(next() >> 12) + 0.5) * 0x1.0p-52; }

 private:
  static constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ULL;
  static constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace liftmark::stats
