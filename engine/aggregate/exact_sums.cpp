#include "engine/aggregate/exact_sums.hpp"

#include <cstring>
#include <stdexcept>

#include <boost/multiprecision/cpp_int.hpp>

#include "engine/definition/error.hpp"

namespace liftmark {
namespace {

using boost::multiprecision::cpp_int;
__extension__ typedef unsigned __int128 UInt128;

[[noreturn]] void too_large() {
  throw Error(ErrorCode::data, "", "values are too large to add exactly",
              "Unit totals must stay below 9.2e12 and their sums of squares below 1.7e26; check the unit of "
              "the values.");
}

Int128 add_words(Int128 a, Int128 b) {
  Int128 sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) too_large();
  return sum;
}

/// A 256-bit two's-complement number as two words, low first.
void add_wide(Int128* target, UInt128 low, UInt128 high) {
  const UInt128 before = static_cast<UInt128>(target[0]);
  const UInt128 sum = before + low;
  target[0] = static_cast<Int128>(sum);
  target[1] = static_cast<Int128>(static_cast<UInt128>(target[1]) + high + (sum < before ? 1 : 0));
}

void add_cube(Int128* target, std::int64_t value) {
  constexpr std::int64_t kSmall = 1 << 20;  // its cube fits in 64 bits
  if (value > -kSmall && value < kSmall) {
    const std::int64_t cube = value * value * value;
    return add_wide(target, static_cast<UInt128>(static_cast<Int128>(cube)), cube < 0 ? ~UInt128{0} : 0);
  }
  const std::uint64_t size =
      value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  const UInt128 square = static_cast<UInt128>(size) * size;
  const UInt128 low_part = static_cast<UInt128>(static_cast<std::uint64_t>(square)) * size;
  const UInt128 high_part = (square >> 64) * size;  // shifted by 64 bits
  UInt128 low = low_part + (high_part << 64);
  UInt128 high = (high_part >> 64) + (low < low_part ? 1 : 0);
  if (value < 0) {
    low = ~low + 1;
    high = ~high + (low == 0 ? 1 : 0);
  }
  add_wide(target, low, high);
}

cpp_int big(Int128 value) {
  const bool negative = value < 0;
  const UInt128 size = negative ? ~static_cast<UInt128>(value) + 1 : static_cast<UInt128>(value);
  cpp_int result = static_cast<std::uint64_t>(size >> 64);
  result <<= 64;
  result += static_cast<std::uint64_t>(size);
  return negative ? cpp_int(-result) : result;
}

cpp_int big_wide(const Int128* words) {
  cpp_int result = big(words[1]);  // the sign is here
  result <<= 128;
  const UInt128 low = static_cast<UInt128>(words[0]);
  cpp_int tail = static_cast<std::uint64_t>(low >> 64);
  tail <<= 64;
  tail += static_cast<std::uint64_t>(low);
  return result + tail;
}

/// Adds value x factor to a number of two words.
void add_multiple(Int128* words, Int128 value, std::uint64_t factor) {
  const bool negative = value < 0;
  const UInt128 size = negative ? ~static_cast<UInt128>(value) + 1 : static_cast<UInt128>(value);
  const UInt128 below = static_cast<UInt128>(static_cast<std::uint64_t>(size)) * factor;
  const UInt128 above = (size >> 64) * factor;
  UInt128 low = below + (above << 64);
  UInt128 high = (above >> 64) + (low < below ? 1 : 0);
  if (negative) {
    low = ~low + 1;
    high = ~high + (low == 0 ? 1 : 0);
  }
  add_wide(words, low, high);
}

}  // namespace

std::int64_t add_exactly(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) too_large();
  return sum;
}

ExactSums::ExactSums(std::size_t dimension, std::size_t cells)
    : dimension_(dimension),
      cells_(cells),
      stride_(1 + dimension + dimension * (dimension + 1) / 2 + 2 * dimension),
      words_(cells * stride_, 0) {}

void ExactSums::add(std::size_t cell, const std::int64_t* values, std::size_t leading, std::int64_t units) {
  Int128* words = at(cell);
  words[0] += units;
  Int128* products = words + 1 + dimension_;
  Int128* cubed = words + cubes();
  for (std::size_t i = 0; i < leading; ++i) {
    const std::int64_t value = values[i];
    if (value == 0) {
      products += dimension_ - i;
      continue;
    }
    words[1 + i] = add_words(words[1 + i], value);
    for (std::size_t j = i; j < dimension_; ++j, ++products)
      if (values[j] != 0) *products = add_words(*products, static_cast<Int128>(value) * values[j]);
    add_cube(cubed + 2 * i, value);
  }
}

void ExactSums::merge(std::size_t cell, const ExactSums& other, std::size_t from) {
  merge_trailing(cell, other, from, 0);
}

void ExactSums::merge_trailing(std::size_t cell, const ExactSums& other, std::size_t from,
                               std::size_t leading) {
  if (other.dimension_ != dimension_) throw std::logic_error("ExactSums::merge: dimensions differ");
  Int128* words = at(cell);
  const Int128* added = other.at(from);
  words[0] += added[0];
  std::size_t product = 1 + dimension_;
  for (std::size_t i = 0; i < dimension_; ++i) {
    if (i >= leading) words[1 + i] = add_words(words[1 + i], added[1 + i]);
    for (std::size_t j = i; j < dimension_; ++j, ++product)
      if (i >= leading) words[product] = add_words(words[product], added[product]);
    const std::size_t cube = cubes() + 2 * i;
    if (i >= leading)
      add_wide(words + cube, static_cast<UInt128>(added[cube]), static_cast<UInt128>(added[cube + 1]));
  }
}

void ExactSums::load(std::size_t cell, const LoadedSums& loaded) {
  Int128* words = at(cell);
  words[0] += loaded.units;
  Int128* products = words + 1 + dimension_;
  auto product = loaded.products.begin();
  for (std::size_t i = 0; i < loaded.cubes.size(); ++i) {
    words[1 + i] = add_words(words[1 + i], loaded.sums[i]);
    for (std::size_t j = i; j < dimension_; ++j, ++products, ++product)
      *products = add_words(*products, *product);
    add_multiple(words + cubes() + 2 * i, loaded.cubes[i].whole, LoadedSums::kCubeBase);
    add_multiple(words + cubes() + 2 * i, loaded.cubes[i].rest, 1);
  }
}

void ExactSums::subtract(std::size_t cell, const ExactSums& other, std::size_t from) {
  if (other.dimension_ != dimension_) throw std::logic_error("ExactSums::subtract: dimensions differ");
  Int128* words = at(cell);
  const Int128* taken = other.at(from);
  for (std::size_t i = 0; i < cubes(); ++i) words[i] = add_words(words[i], -taken[i]);
  for (std::size_t i = cubes(); i < stride_; i += 2) {
    const UInt128 low = ~static_cast<UInt128>(taken[i]) + 1;
    add_wide(words + i, low, ~static_cast<UInt128>(taken[i + 1]) + (low == 0 ? 1 : 0));
  }
}

void ExactSums::merge(const ExactSums& other) {
  if (other.cells_ != cells_) throw std::logic_error("ExactSums::merge: shapes differ");
  for (std::size_t cell = 0; cell < cells_; ++cell) merge(cell, other, cell);
}

void ExactSums::subtract(const ExactSums& other) {
  if (other.cells_ != cells_) throw std::logic_error("ExactSums::subtract: shapes differ");
  for (std::size_t cell = 0; cell < cells_; ++cell) subtract(cell, other, cell);
}

void ExactSums::extend(std::size_t cells) {
  if (cells < cells_) throw std::logic_error("ExactSums::extend: cells would be lost");
  cells_ = cells;
  words_.resize(cells * stride_, 0);
}

stats::CoMoments ExactSums::moments(std::size_t cell, std::span<const double> per_one) const {
  const Int128* words = at(cell);
  const std::int64_t n = units(cell);
  if (n == 0) return stats::CoMoments(dimension_);
  const double count = static_cast<double>(n);
  std::vector<double> means(dimension_), comoments, thirds(dimension_);
  const Int128* products = words + 1 + dimension_;
  for (std::size_t i = 0; i < dimension_; ++i) {
    const cpp_int sum = big(words[1 + i]);
    means[i] = static_cast<double>(sum) / (count * per_one[i]);
    // n sum(xy) - sum(x) sum(y) is an integer: nothing cancels.
    for (std::size_t j = i; j < dimension_; ++j, ++products)
      comoments.push_back(static_cast<double>(cpp_int(n * big(*products) - sum * big(words[1 + j]))) /
                          (count * per_one[i] * per_one[j]));
    const cpp_int square = big(words[1 + dimension_ + i * dimension_ - i * (i + 1) / 2 + i]);
    const cpp_int cube = big_wide(words + cubes() + 2 * i);
    // n^2 sum (x - m)^3 = n^2 sum x^3 - 3 n sum(x) sum(x^2) + 2 sum(x)^3
    const cpp_int third = cpp_int(n) * n * cube - 3 * cpp_int(n) * sum * square + 2 * sum * sum * sum;
    thirds[i] = static_cast<double>(third) / (count * count * per_one[i] * per_one[i] * per_one[i]);
  }
  return stats::CoMoments::from_central(n, std::move(means), std::move(comoments), std::move(thirds));
}

void ExactSums::append(std::size_t cell, std::string& bytes) const {
  const Int128* words = at(cell);
  bytes.append(reinterpret_cast<const char*>(words), stride_ * sizeof(Int128));
}

}  // namespace liftmark
