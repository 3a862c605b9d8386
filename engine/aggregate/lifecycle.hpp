#pragma once
// The stage of a customer's life by the last purchase: one rule for reports and for stored segments.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/record/event.hpp"

namespace liftmark {

enum class Lifecycle : std::uint8_t { active, lapsed, lapsing, fresh };
/// By enumerator; sorted.
inline constexpr std::array<std::string_view, 4> kLifecycleNames{"active", "lapsed", "lapsing", "new"};
inline constexpr Micros kActiveFor = 30 * kMicrosPerDay, kLapsingFor = 90 * kMicrosPerDay;

/// `since`: from the last purchase to the moment asked for; unset: never bought. Up to 30 days active, up to
/// 90 lapsing, then lapsed.
constexpr Lifecycle lifecycle_after(std::optional<Micros> since) noexcept {
  if (!since) return Lifecycle::fresh;
  if (*since <= kActiveFor) return Lifecycle::active;
  return *since <= kLapsingFor ? Lifecycle::lapsing : Lifecycle::lapsed;
}

constexpr std::string_view name(Lifecycle stage) noexcept {
  return kLifecycleNames[static_cast<std::size_t>(stage)];
}

}  // namespace liftmark
