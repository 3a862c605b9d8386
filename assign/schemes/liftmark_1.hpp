#pragma once
// The native scheme, "liftmark-1"; docs/bucketing.md specifies it byte by byte.
//
//   unit  = XXH3-64(unit id)                          once per request
//   key   = XXH3-64(salt, seed = purpose)             once per catalog
//   draw  = XXH3-64(LE64(unit) LE64(key))             once per decision
//
// Hashing the id once and finalizing per experiment costs a third of hashing the id for each. Draws of
// different salts and of different purposes are independent, so raising traffic or a holdout says nothing
// about the arm.

#include <cstdint>
#include <string_view>

namespace liftmark::assign {

/// What a draw decides; the seed of the salt's hash.
enum class Purpose : std::uint64_t { arm = 1, traffic = 2, slot = 3, holdout = 4 };

/// XXH3-64 of the id's bytes. The id is used as given: no trimming, no case folding, no Unicode
/// normalization.
std::uint64_t unit_hash(std::string_view unit) noexcept;

/// The salt's key for one purpose.
std::uint64_t salt_key(std::string_view salt, Purpose purpose) noexcept;

/// A uniform 64-bit number for the unit under the key.
std::uint64_t draw(std::uint64_t unit, std::uint64_t key) noexcept;

}  // namespace liftmark::assign
