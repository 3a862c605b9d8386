#include "assign/ranges.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace liftmark::assign {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr double kBillion = 1e9;
constexpr double kLargestWeight = 1e6;
constexpr Wide kAll = Wide{1} << 64;

/// A range with its end as a number, so that 2^64 needs no special case.
struct Span {
  Wide first;
  Wide last;
  std::uint32_t arm;
};

std::vector<Span> widen(std::span<const BucketRange> ranges) {
  std::vector<Span> spans;
  spans.reserve(ranges.size());
  for (const BucketRange& range : ranges) {
    spans.push_back({range.first, range.last == 0 ? kAll : Wide{range.last}, range.arm});
  }
  return spans;
}

/// Sorted, with neighbours of the same arm joined and empty ones dropped.
std::vector<BucketRange> narrow(std::vector<Span> spans) {
  std::erase_if(spans, [](const Span& span) { return span.first == span.last; });
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.first < b.first; });
  std::vector<BucketRange> ranges;
  for (const Span& span : spans) {
    const auto last = static_cast<std::uint64_t>(span.last);  // 2^64 becomes 0, as BucketRange has it
    if (!ranges.empty() && ranges.back().arm == span.arm) {
      ranges.back().last = last;
    } else {
      ranges.push_back({static_cast<std::uint64_t>(span.first), last, span.arm});
    }
  }
  return ranges;
}

std::vector<Wide> mass_by_arm(std::span<const BucketRange> ranges, std::size_t arms) {
  std::vector<Wide> mass(arms, 0);
  for (const Span& span : widen(ranges)) {
    if (span.arm < arms) mass[span.arm] += span.last - span.first;
  }
  return mass;
}

constexpr std::uint32_t kNobody = 0xFFFFFFFFU;

/// `before`'s ranges with arms renumbered as in `after`; a removed arm becomes kNobody.
std::vector<Span> renumbered(const Experiment& before, const Experiment& after) {
  std::vector<Span> spans = widen(effective_ranges(before));
  for (Span& span : spans) {
    const std::string& key = before.arms.at(span.arm).key;
    const auto found =
        std::find_if(after.arms.begin(), after.arms.end(), [&](const Arm& a) { return a.key == key; });
    span.arm = found == after.arms.end() ? kNobody : static_cast<std::uint32_t>(found - after.arms.begin());
  }
  return spans;
}

}  // namespace

std::optional<std::uint64_t> billionths(double value) noexcept {
  if (!(value >= 0.0) || value > kLargestWeight) return std::nullopt;
  const auto units = static_cast<std::uint64_t>(std::llround(value * kBillion));
  if (units == 0 && value > 0.0) return std::nullopt;
  return units;
}

Threshold threshold(std::uint64_t part, std::uint64_t whole) noexcept {
  if (part >= whole) return {0, true};
  return {static_cast<std::uint64_t>((Wide{part} << 64) / whole), false};
}

Threshold share_threshold(double share) noexcept {
  const double clamped = share > 1.0 ? 1.0 : (share > 0.0 ? share : 0.0);
  return threshold(static_cast<std::uint64_t>(std::llround(clamped * kBillion)), 1'000'000'000U);
}

std::vector<BucketRange> ranges_of_weights(std::span<const Arm> arms) {
  std::vector<std::uint64_t> weights;
  std::uint64_t total = 0;
  for (const Arm& arm : arms) {
    const auto units = billionths(arm.weight);
    if (!units) return {};
    weights.push_back(*units);
    total += *units;
  }
  if (total == 0) return {};
  std::vector<Span> spans;
  std::uint64_t sum = 0;
  Wide first = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i];
    const Threshold end = threshold(sum, total);
    const Wide last = end.everything ? kAll : Wide{end.below};
    spans.push_back({first, last, static_cast<std::uint32_t>(i)});
    first = last;
  }
  return narrow(std::move(spans));
}

std::vector<BucketRange> effective_ranges(const Experiment& experiment) {
  return experiment.ranges.empty() ? ranges_of_weights(experiment.arms) : experiment.ranges;
}

std::vector<BucketRange> ranges_moving_least(const Experiment& before, const Experiment& after) {
  const std::vector<BucketRange> wanted = ranges_of_weights(after.arms);
  if (wanted.empty() || effective_ranges(before).empty()) return {};
  const std::vector<Wide> target = mass_by_arm(wanted, after.arms.size());
  std::vector<Span> kept = renumbered(before, after);
  std::vector<Wide> mass(after.arms.size(), 0);
  for (const Span& span : kept) {
    if (span.arm != kNobody) mass[span.arm] += span.last - span.first;
  }

  std::vector<Span> free;
  for (auto span = kept.rbegin(); span != kept.rend(); ++span) {
    const Wide size = span->last - span->first;
    Wide excess = size;
    if (span->arm != kNobody) {
      excess =
          mass[span->arm] > target[span->arm] ? std::min(size, mass[span->arm] - target[span->arm]) : Wide{0};
      mass[span->arm] -= excess;
    }
    if (excess == 0) continue;
    free.push_back({span->last - excess, span->last, kNobody});
    span->last -= excess;
  }
  std::erase_if(kept, [](const Span& span) { return span.arm == kNobody || span.first == span.last; });
  std::reverse(free.begin(), free.end());

  std::size_t next = 0;
  for (std::uint32_t arm = 0; arm < target.size(); ++arm) {
    while (mass[arm] < target[arm]) {
      Span& gap = free[next];
      const Wide taken = std::min(gap.last - gap.first, target[arm] - mass[arm]);
      kept.push_back({gap.first, gap.first + taken, arm});
      gap.first += taken;
      mass[arm] += taken;
      if (gap.first == gap.last) ++next;
    }
  }
  return narrow(std::move(kept));
}

double moved_share(const Experiment& before, const Experiment& after) {
  const std::vector<Span> old_spans = renumbered(before, after);
  const std::vector<Span> new_spans = widen(effective_ranges(after));
  Wide same = 0;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < old_spans.size() && j < new_spans.size()) {
    const Wide first = std::max(old_spans[i].first, new_spans[j].first);
    const Wide last = std::min(old_spans[i].last, new_spans[j].last);
    if (last > first && old_spans[i].arm == new_spans[j].arm) same += last - first;
    if (old_spans[i].last < new_spans[j].last) {
      ++i;
    } else {
      ++j;
    }
  }
  return std::ldexp(static_cast<double>(kAll - same), -64);
}

bool ranges_are_complete(std::span<const BucketRange> ranges, std::size_t arms) noexcept {
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const bool at_end = i + 1 == ranges.size();
    if (ranges[i].arm >= arms || ranges[i].first != expected) return false;
    if (at_end ? ranges[i].last != 0 : ranges[i].last <= ranges[i].first) return false;
    expected = ranges[i].last;
  }
  return !ranges.empty();
}

}  // namespace liftmark::assign
