#pragma once
// Simulated experiments as increments of sufficient statistics, for the measured error rates.

#include <cstdint>
#include <string>
#include <vector>

#include "stats/lift.hpp"
#include "stats/random_stream.hpp"

namespace liftmark::error_rates {

/// Random draws of one replication.
class Draws {
 public:
  Draws(std::uint64_t seed, std::uint64_t replication) : stream_(seed, replication) {}
  double uniform() { return stream_.uniform(); }
  std::uint64_t bits() { return stream_.next(); }
  double normal();
  /// Binomial(n, p): inversion for small means, else transformed rejection (Hoermann 1993, algorithm BTRS).
  std::int64_t binomial(std::int64_t n, double p);

 private:
  stats::RandomStream stream_;
  double spare_ = 0;
  bool has_spare_ = false;
};

/// A kind of unit: its numerator and denominator, and how likely it is.
struct UnitType {
  double numerator = 0;
  double denominator = 1;
  double probability = 0;
};

/// How units behave. Either a few types, or buyers with lognormal spend (log-mean 0).
struct Shop {
  std::string name;
  std::vector<UnitType> types;
  double buyers = 0;  ///< share of buyers; 0: use types
  double sigma = 1;   ///< of log spend
  bool binary() const { return types.size() == 2; }
  bool ratio() const { return types.size() > 2; }
};
Shop conversion(double rate);
/// Clicks per session: one or three sessions a user, clicks that come together.
Shop clicks_per_session();
Shop spend(double buyers, double sigma);

/// Power sums of one arm. Values are of order 1, so plain sums keep enough digits here.
struct ArmSums {
  double n = 0, y = 0, yy = 0, yyy = 0, d = 0, dd = 0, yd = 0;
  void add(double count, double numerator, double denominator);
  ArmSums plus(const ArmSums& other) const;
};

/// `units` more units of the shop in an arm. Types: exact multinomial counts. Spend: every buyer drawn, from
/// 65,536 quantiles of the lognormal law whose top 1/256 is drawn continuously.
void add_units(const Shop& shop, std::int64_t units, Draws& draws, ArmSums& arm);

/// The contrast that stats::contrast would give from these sums (held to it by a test).
stats::Contrast contrast_of(const Shop& shop, const ArmSums& control, const ArmSums& treatment);

/// Total units at `looks` looks, from `first` to `last`, evenly on the log scale.
std::vector<std::int64_t> log_spaced_looks(int looks, std::int64_t first, std::int64_t last);

}  // namespace liftmark::error_rates
