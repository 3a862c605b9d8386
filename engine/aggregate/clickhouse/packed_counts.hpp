#pragma once
// Many counts in few sums: adding a row to a sum costs a server more than working out a condition, so counts
// of a unit's rows share words of 64 bits: sum(a + b * 65536 + ..). Internal to the ClickHouse engine.

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace liftmark::clickhouse {

class PackedCounts {
 public:
  /// `word`: what the sums' names begin with. Groups must have fewer than 2^bits rows, of 16 or 32.
  PackedCounts(std::string word, unsigned bits) : word_(std::move(word)), bits_(bits) {}

  /// Counts rows where `condition` is 1, not 0; equal ones once. Returns the count over a row that has the
  /// words as columns.
  std::string add(const std::string& condition) {
    const std::size_t places = 64 / bits_;
    const auto [found, added] = places_.try_emplace(condition, places_.size());
    const std::size_t word = found->second / places, shift = found->second % places * bits_;
    if (added && shift == 0) terms_.emplace_back();
    if (added)
      terms_[word] +=
          fmt::format("{}({}) * {}", shift == 0 ? "" : " + ", condition, std::uint64_t{1} << shift);
    return fmt::format("toUInt{0}(bitAnd(bitShiftRight({1}{2}, {3}), {4}))", bits_, word_, word, shift,
                       (std::uint64_t{1} << bits_) - 1);
  }
  std::size_t words() const noexcept { return terms_.size(); }
  std::string name(std::size_t word) const { return fmt::format("{}{}", word_, word); }
  /// What a row adds to a word.
  std::string term(std::size_t word) const { return fmt::format("toUInt64({})", terms_[word]); }

 private:
  std::string word_;
  unsigned bits_;
  std::vector<std::string> terms_{};
  std::map<std::string, std::size_t> places_{};
};

}  // namespace liftmark::clickhouse
