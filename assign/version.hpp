#pragma once
// Semantic versions (semver.org 2.0.0): strict grammar, precedence without build metadata.

#include <optional>
#include <string_view>

namespace liftmark::assign {

/// A parsed version; views into the text it came from.
struct Version {
  std::string_view major, minor, patch;  ///< decimal without leading zeros, any length
  std::string_view prerelease;           ///< dot-separated identifiers; empty for a release
};

/// The version, or nothing when the text is not one ("1.2", "v1.2.3" and "01.2.3" are not).
std::optional<Version> parse_version(std::string_view text) noexcept;

/// Negative, 0 or positive as `a` precedes, equals or follows `b` (semver.org 2.0.0, item 11).
int compare(const Version& a, const Version& b) noexcept;

}  // namespace liftmark::assign
