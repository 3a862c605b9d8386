#pragma once
// One column of integers, packed: constant, offset from the least, differences, or the non-zero ones only;
// always after division by the largest common power of ten (or minute, hour, day). Internal to the block
// format.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace liftmark {

/// Appends the shortest encoding of `values` to `out`.
void encode_integers(std::span<const std::int64_t> values, std::string& out);
/// Decodes values.size() integers from the front of `in` and removes them from it. Throws Error(storage) when
/// the bytes end early or name an unknown encoding.
void decode_integers(std::string_view& in, std::span<std::int64_t> values);
/// As above into 32 bits; a value that does not fit throws.
void decode_integers(std::string_view& in, std::span<std::uint32_t> values);
/// Of a column of `count` integers only those at `rows`, ascending.
void decode_some(std::string_view& in, std::size_t count, std::span<const std::uint32_t> rows,
                 std::span<std::int64_t> values);
void decode_some(std::string_view& in, std::size_t count, std::span<const std::uint32_t> rows,
                 std::span<std::uint32_t> values);
/// Removes a column from the front of `in` without decoding.
void skip_integers(std::string_view& in);
/// Whether the column at the front of `in` certainly lies within [low, high], as far as its header says.
bool lies_within(std::string_view in, std::int64_t low, std::int64_t high);

}  // namespace liftmark
