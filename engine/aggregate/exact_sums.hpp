#pragma once
// Sums and cross products of unit values, exact: neither threads nor arrival order nor layout can change a
// bit. Unit values are 64-bit integers (counts, or millionths), sums and products 128-bit with overflow
// checked, sums of cubes 256-bit. They become means and central moments once, at the end.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "stats/co_moments.hpp"

namespace liftmark {

__extension__ typedef __int128 Int128;

/// Adds; throws Error{data} when the result does not fit ("values too large to add exactly").
std::int64_t add_exactly(std::int64_t a, std::int64_t b);

/// What a store's own engine has summed over the units of a cell; see ExactSums::load.
struct LoadedSums {
  std::int64_t units = 0;
  std::vector<Int128> sums{}, products{};
  /// An engine of 128 bits forms the cubes of large values in two sums: `whole` x kCubeBase + `rest`.
  struct Cube {
    Int128 whole = 0, rest = 0;
  };
  static constexpr std::int64_t kCubeBase = 1'000'000;
  std::vector<Cube> cubes{};
};

/// Cells of sums over `dimension` values per unit, addressed by index.
class ExactSums {
 public:
  explicit ExactSums(std::size_t dimension = 1, std::size_t cells = 0);

  std::size_t dimension() const noexcept { return dimension_; }
  std::size_t cells() const noexcept { return cells_; }

  /// One unit with these values (`dimension` of them).
  void add(std::size_t cell, const std::int64_t* values) { add(cell, values, dimension_, 1); }
  /// What the first `leading` values add to a unit that is counted elsewhere with zeros there: all terms that
  /// involve one of them, and no unit.
  void add_leading(std::size_t cell, const std::int64_t* values, std::size_t leading) {
    add(cell, values, leading, 0);
  }
  /// Units whose values are all zero here.
  void add_units(std::size_t cell, std::int64_t units) { at(cell)[0] += units; }
  /// Adds cell `from` of another table of the same dimension.
  void merge(std::size_t cell, const ExactSums& other, std::size_t from);
  void subtract(std::size_t cell, const ExactSums& other, std::size_t from);
  /// The number of units, and all terms that do not involve one of the first `leading` values.
  void merge_trailing(std::size_t cell, const ExactSums& other, std::size_t from, std::size_t leading);
  /// Adds sums formed elsewhere, over the first `sums.cubes.size()` values: units, sums, the products of each
  /// of them with itself and the later ones (in the order of i, then j), and cubes.
  void load(std::size_t cell, const LoadedSums& sums);
  /// All cells of another table of the same shape.
  void merge(const ExactSums& other);
  void subtract(const ExactSums& other);
  /// More cells, behind the others and empty.
  void extend(std::size_t cells);

  std::int64_t units(std::size_t cell) const noexcept { return static_cast<std::int64_t>(at(cell)[0]); }
  Int128 sum(std::size_t cell, std::size_t i) const noexcept { return at(cell)[1 + i]; }
  /// Means and central moments; value i is an integer in units of 1 / `per_one`[i] (1 for counts, 10^6 for
  /// millionths).
  stats::CoMoments moments(std::size_t cell, std::span<const double> per_one) const;
  /// Appends the cell's integers, for a digest.
  void append(std::size_t cell, std::string& bytes) const;

 private:
  // A cell: units, sums, products (packed upper triangle), cubes (two words each).
  void add(std::size_t cell, const std::int64_t* values, std::size_t leading, std::int64_t units);
  Int128* at(std::size_t cell) noexcept { return words_.data() + cell * stride_; }
  const Int128* at(std::size_t cell) const noexcept { return words_.data() + cell * stride_; }
  std::size_t cubes() const noexcept { return 1 + dimension_ + dimension_ * (dimension_ + 1) / 2; }

  std::size_t dimension_;
  std::size_t cells_;
  std::size_t stride_;
  std::vector<Int128> words_;
};

}  // namespace liftmark
