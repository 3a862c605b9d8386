#pragma once
// The units with the largest values, in bounded memory, so that the sums can be had without them.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace liftmark {

/// `Values` is an array whose first number is the one that ranks.
template <typename Values>
class TopUnits {
 public:
  static constexpr std::size_t kMost = 1000;  ///< that may be left out
  struct Row {
    std::size_t place = 0;  ///< where the unit's values were added
    Values values{};
    /// Larger first; equal values in an order that arrival does not decide. Rows equal in all are the same.
    friend bool operator<(const Row& a, const Row& b) {
      if (a.values[0] != b.values[0]) return a.values[0] > b.values[0];
      return a.place != b.place ? a.place < b.place : a.values < b.values;
    }
    friend bool operator==(const Row& a, const Row& b) { return a.place == b.place && a.values == b.values; }
  };

  void add(std::size_t place, const Values& values) {
    if (values[0] <= 0) return;
    add(Row{place, values});
  }
  void merge(const TopUnits& other) {
    for (const Row& row : other.rows_) add(row);
    if (other.dropped_) drop_behind(*other.dropped_);
  }

  /// From now on, before any was added, rows that rank behind what `other` has dropped are dropped as well.
  void follow(const TopUnits& other) { dropped_ = other.dropped_; }

  /// Takes out units of another's that were added here, and takes in those of a third. False when the largest
  /// kMost of what is left may not all be known any more.
  bool replace(const TopUnits& old, const TopUnits& fresh) {
    std::vector<Row> taken = old.rows_;
    std::sort(taken.begin(), taken.end());
    std::sort(rows_.begin(), rows_.end());
    std::vector<Row> rest;
    std::set_difference(rows_.begin(), rows_.end(), taken.begin(), taken.end(), std::back_inserter(rest));
    rows_ = std::move(rest);
    std::make_heap(rows_.begin(), rows_.end());
    merge(fresh);
    return !dropped_ || rows_.size() >= kMost;
  }

  /// How many to leave out of `units`: one, and one in a thousand (at most kMost); without rows none.
  std::vector<std::size_t> sizes(std::int64_t units) const {
    std::vector<std::size_t> sizes;
    if (rows_.empty()) return sizes;
    sizes.push_back(1);
    const auto share = std::min({rows_.size(), kMost, static_cast<std::size_t>((units + 999) / 1000)});
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
  // More than may be left out, so that some can be taken out again and the largest are still known.
  static constexpr std::size_t kKept = 2 * kMost;

  void add(const Row& row) {
    if (dropped_ && *dropped_ < row) return;
    if (rows_.size() == kKept) {
      dropped_ = row < rows_.front() ? rows_.front() : row;
      if (!(row < rows_.front())) return;
      std::pop_heap(rows_.begin(), rows_.end());
      rows_.pop_back();
    }
    rows_.push_back(row);
    std::push_heap(rows_.begin(), rows_.end());
  }

  /// Somebody else dropped this row: what ranks behind it is not known in full.
  void drop_behind(const Row& row) {
    if (dropped_ && *dropped_ < row) return;
    dropped_ = row;
    std::erase_if(rows_, [&](const Row& kept) { return row < kept; });
    std::make_heap(rows_.begin(), rows_.end());
  }

  std::vector<Row> rows_;       ///< a heap, the smallest in front
  std::optional<Row> dropped_;  ///< the largest of those not kept: all larger ones are
};

}  // namespace liftmark
