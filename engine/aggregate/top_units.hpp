#pragma once
// The units with the largest values, in bounded memory, so that the sums can be had without them.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace liftmark {

/// `Values` is an array whose first number is the one that ranks.
template <typename Values>
class TopUnits {
 public:
  static constexpr std::size_t kMost = 1000;
  struct Row {
    std::size_t place = 0;  ///< where the unit's values were added
    Values values{};
    /// Larger first; equal values in an order that arrival does not decide. Rows equal in all are the same.
    friend bool operator<(const Row& a, const Row& b) {
      if (a.values[0] != b.values[0]) return a.values[0] > b.values[0];
      return a.place != b.place ? a.place < b.place : a.values < b.values;
    }
  };

  void add(std::size_t place, const Values& values) {
    if (values[0] <= 0) return;
    const Row row{place, values};
    if (rows_.size() == kMost) {
      if (!(row < rows_.front())) return;
      std::pop_heap(rows_.begin(), rows_.end());
      rows_.pop_back();
    }
    rows_.push_back(row);
    std::push_heap(rows_.begin(), rows_.end());
  }
  void merge(const TopUnits& other) {
    for (const Row& row : other.rows_) add(row.place, row.values);
  }

  /// How many to leave out of `units`: one, and one in a thousand (at most kMost); without rows none.
  std::vector<std::size_t> sizes(std::int64_t units) const {
    std::vector<std::size_t> sizes;
    if (rows_.empty()) return sizes;
    sizes.push_back(1);
    const auto share = std::min(rows_.size(), static_cast<std::size_t>((units + 999) / 1000));
    if (share > 1) sizes.push_back(share);
    return sizes;
  }
  /// The largest `count`, largest first.
  std::vector<Row> largest(std::size_t count) const {
    std::vector<Row> rows = rows_;
    std::sort(rows.begin(), rows.end());
    rows.resize(std::min(count, rows.size()));
    return rows;
  }

 private:
  std::vector<Row> rows_;  ///< a heap, the smallest in front
};

}  // namespace liftmark
