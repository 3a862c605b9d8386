#pragma once
// Moments as text: ISO 8601 in, RFC 3339 out. Microseconds since the Unix epoch, UTC.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace liftmark {

/// Reads "2026-03-01", "2026-03-01T12:30", "2026-03-01T12:30:15.250Z" or with an offset "+02:00"; a space may
/// stand for the T; without an offset the time is UTC. Fractions beyond microseconds are cut. Nothing if it
/// is no such moment or outside the years 1900 to 9999.
std::optional<std::int64_t> parse_time(std::string_view text) noexcept;

/// "2026-03-01T12:30:15Z", with a fraction only where there is one.
std::string format_time(std::int64_t microseconds);

}  // namespace liftmark
