#pragma once
// Money and quantities as exact decimals with six places.

#include <optional>
#include <string>
#include <string_view>

#include "engine/record/event.hpp"

namespace liftmark {

/// Reads "12", "-0.5", "+3.25", "1e3", "1.5E-2" exactly, as millionths. Digits beyond the sixth place are
/// rounded, half to even, so that 0.30000000000000004 is 0.3. Nothing when it is no such number or does not
/// fit 64 bits (about 9.2e12). Spaces, thousands separators, hexadecimal, nan and inf are no numbers.
std::optional<Millionths> parse_decimal(std::string_view text) noexcept;

/// A property's number: a plain decimal without exponent as millionths, more than 6 places rounded half away
/// from zero; nothing if it is no such number or does not fit.
std::optional<Millionths> parse_millionths(std::string_view text) noexcept;

/// The exact product of two decimals, rounded half to even at the sixth place; nothing when it does not fit.
std::optional<Millionths> multiply(Millionths a, Millionths b) noexcept;

/// "12.5": no trailing zeros, no exponent.
std::string format_decimal(Millionths value);

/// A moment as ISO 8601 text (see parse_time), as a date of 8 digits (19970131; as seconds that would be
/// 1970, and no shop's), or as a number since the epoch: seconds (also with a fraction), milliseconds from
/// 1e11 on, microseconds from 1e14 on.
std::optional<Micros> parse_moment(std::string_view text) noexcept;

}  // namespace liftmark
