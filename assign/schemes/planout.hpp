#pragma once
// PlanOut's random operators, apart from the catalog. A hash is 60 bits of SHA-1; see `planout_hash`.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "assign/schemes/hashes.hpp"

namespace liftmark::assign {

/// SHA-1 of `prefix` + unit, where prefix is "experiment salt.parameter salt." or "full salt.". Several units
/// are one text, joined with ".".
inline std::uint64_t planout_hash(std::string_view prefix, std::string_view unit) noexcept {
  return sha1_60({prefix, unit});
}

/// uniform(first, last): a double in [first, last].
double planout_uniform(std::uint64_t hash, double first, double last) noexcept;

/// randomInteger: a whole number in [first, last].
std::int64_t planout_integer(std::uint64_t hash, std::int64_t first, std::int64_t last) noexcept;

/// weightedChoice over cumulative weights: the first index whose end is not below uniform(0, total).
std::size_t planout_weighted(std::uint64_t hash, std::span<const double> ends) noexcept;

/// sample: `draws` of `choices`, a Fisher-Yates shuffle from the end, then the first `draws`.
std::vector<std::int64_t> planout_sample(std::string_view prefix, std::string_view unit,
                                         std::vector<std::int64_t> choices, std::size_t draws);

/// fastSample: the same shuffle stopped after `draws` swaps; the tail.
std::vector<std::int64_t> planout_fast_sample(std::string_view prefix, std::string_view unit,
                                              std::vector<std::int64_t> choices, std::size_t draws);

}  // namespace liftmark::assign
