#include "engine/record/integer_column.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "engine/definition/error.hpp"

namespace liftmark {
namespace {

enum Encoding : std::uint8_t { kPacked = 1, kDelta = 2, kSparse = 3 };

// Units that times and money are often whole numbers of; order is part of the format.
constexpr std::array<std::uint64_t, 10> kScales{
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 60'000'000, 3'600'000'000, 86'400'000'000};
constexpr std::array<std::uint8_t, 10> kScaleOrder{9, 8, 7, 6, 5, 4, 3, 2, 1, 0};

struct Header {
  std::uint8_t encoding = kPacked;
  std::uint8_t width = 0;
  std::uint8_t scale = 0;
  std::uint8_t reserved = 0;
  std::uint32_t bytes = 0;  // of the payload
  std::int64_t base = 0;
};
static_assert(sizeof(Header) == 16);

[[noreturn]] void damaged() {
  throw Error(ErrorCode::storage, "", "a block of the store is damaged: a column ends early or is unknown",
              "restore a backup");
}

std::uint64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
}
std::uint64_t zigzag(std::uint64_t v) {
  return (v << 1) ^ (0 - (v >> 63));
}
std::uint64_t unzigzag(std::uint64_t v) {
  return (v >> 1) ^ (0 - (v & 1));
}

std::uint8_t width_of(std::uint64_t v) {
  return static_cast<std::uint8_t>(std::bit_width(v));
}

void pack(std::span<const std::uint64_t> values, unsigned width, std::string& out) {
  if (width == 0) return;
  const std::size_t start = out.size();
  out.resize(start + (values.size() * width + 7) / 8, '\0');
  std::uint64_t pending = 0;
  unsigned filled = 0;
  char* to = out.data() + start;
  for (const std::uint64_t v : values) {
    pending |= v << filled;
    if (filled + width >= 64) {
      std::memcpy(to, &pending, 8);
      to += 8;
      const unsigned used = 64 - filled;
      pending = used == 64 ? 0 : v >> used;
      filled = filled + width - 64;
    } else {
      filled += width;
    }
  }
  if (filled > 0) std::memcpy(to, &pending, (filled + 7) / 8);
}

/// The packed value at `bit`, however near the end it lies.
std::uint64_t packed_value(const char* from, std::size_t bytes, std::size_t bit, std::uint64_t mask) {
  unsigned char window[9] = {};
  const std::size_t first = bit >> 3;
  std::memcpy(window, from + first, std::min<std::size_t>(9, bytes - first));
  std::uint64_t word;
  std::memcpy(&word, window, 8);
  const unsigned shift = bit & 7;
  word >>= shift;
  if (shift != 0) word |= static_cast<std::uint64_t>(window[8]) << (64 - shift);
  return word & mask;
}

/// Calls put(i, value) for `count` packed values.
template <class Put>
void unpack(const char* from, std::size_t bytes, unsigned width, std::size_t count, Put put) {
  if (width == 0) {
    for (std::size_t i = 0; i < count; ++i) put(i, 0);
    return;
  }
  if (bytes < (count * width + 7) / 8) damaged();
  const std::uint64_t mask = width == 64 ? ~0ull : (1ull << width) - 1;
  std::size_t i = 0;
  if (width <= 56 && bytes >= 8) {
    // One unaligned load holds any value; the last ones, whose load would pass the end, go the slow way.
    const std::size_t safe_bits = (bytes - 7) * 8;
    const std::size_t safe = std::min(count, (safe_bits + width - 1) / width);
    for (std::size_t bit = 0; i < safe; ++i, bit += width) {
      std::uint64_t word;
      std::memcpy(&word, from + (bit >> 3), 8);
      put(i, (word >> (bit & 7)) & mask);
    }
  }
  for (; i < count; ++i) put(i, packed_value(from, bytes, i * width, mask));
}

bool divides_all(std::span<const std::int64_t> values, std::int64_t base, std::uint64_t scale) {
  return std::all_of(values.begin(), values.end(),
                     [&](std::int64_t v) { return difference(v, base) % scale == 0; });
}

std::uint8_t common_scale(std::span<const std::int64_t> values, std::int64_t base) {
  for (const std::uint8_t index : kScaleOrder)
    if (index == 0 || divides_all(values, base, kScales[index])) return index;
  return 0;
}

void write(Header header, std::span<const std::uint64_t> packed, std::string_view before, std::string& out) {
  const std::size_t at = out.size();
  out.append(sizeof(Header), '\0');
  out.append(before);
  pack(packed, header.width, out);
  header.bytes = static_cast<std::uint32_t>(out.size() - at - sizeof(Header));
  std::memcpy(out.data() + at, &header, sizeof(Header));
}

struct Range {
  std::int64_t least = 0;
  std::int64_t greatest = 0;
  std::size_t zeros = 0;
  std::uint64_t widest_step = 0;  // zigzag
};

Range range_of(std::span<const std::int64_t> values) {
  Range range{values[0], values[0], 0, 0};
  std::int64_t last = values[0];
  for (const std::int64_t v : values) {
    range.least = std::min(range.least, v);
    range.greatest = std::max(range.greatest, v);
    range.zeros += v == 0;
    range.widest_step |= zigzag(difference(v, last));
    last = v;
  }
  return range;
}

void encode_sparse(std::span<const std::int64_t> values, std::string& out) {
  std::string bitmap((values.size() + 7) / 8, '\0');
  std::vector<std::int64_t> kept;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] != 0) {
      bitmap[i >> 3] = static_cast<char>(static_cast<unsigned char>(bitmap[i >> 3]) | (1u << (i & 7)));
      kept.push_back(values[i]);
    }
  std::string inner;
  encode_integers(kept, inner);
  bitmap += inner;
  write({.encoding = kSparse}, {}, bitmap, out);
}

Header take_header(std::string_view& in, std::string_view& payload) {
  Header header;
  if (in.size() < sizeof(Header)) damaged();
  std::memcpy(&header, in.data(), sizeof(Header));
  if (in.size() < sizeof(Header) + header.bytes || header.scale >= kScales.size() || header.width > 64)
    damaged();
  payload = in.substr(sizeof(Header), header.bytes);
  in.remove_prefix(sizeof(Header) + header.bytes);
  return header;
}

/// No value of the column can pass 32 bits.
bool all_narrow(const Header& header) {
  constexpr std::uint64_t kMost = 0xFFFF'FFFF;
  if (header.width > 32 || header.base < 0 || static_cast<std::uint64_t>(header.base) > kMost) return false;
  const std::uint64_t room = kMost - static_cast<std::uint64_t>(header.base);
  return (std::uint64_t{1} << header.width) - 1 <= room / kScales[header.scale];
}

template <class T>
T narrow(std::uint64_t v) {
  if constexpr (sizeof(T) < 8)
    if (v > std::uint64_t{0xFFFF'FFFF}) damaged();
  return static_cast<T>(v);
}

template <class T>
void decode(std::string_view& in, std::span<T> values) {
  std::string_view payload;
  const Header header = take_header(in, payload);
  const std::uint64_t scale = kScales[header.scale];
  const auto base = static_cast<std::uint64_t>(header.base);
  const std::size_t count = values.size();
  switch (header.encoding) {
    case kPacked: {
      const auto put = [&](std::size_t i, std::uint64_t v) { values[i] = static_cast<T>(base + v * scale); };
      const auto put_checked = [&](std::size_t i, std::uint64_t v) {
        values[i] = narrow<T>(base + v * scale);
      };
      if (sizeof(T) == 8 || all_narrow(header))
        unpack(payload.data(), payload.size(), header.width, count, put);
      else
        unpack(payload.data(), payload.size(), header.width, count, put_checked);
      return;
    }
    case kDelta: {
      std::uint64_t last = base;
      unpack(payload.data(), payload.size(), header.width, count, [&](std::size_t i, std::uint64_t v) {
        last += unzigzag(v) * scale;
        values[i] = narrow<T>(last);
      });
      return;
    }
    case kSparse: {
      const std::size_t bitmap = (count + 7) / 8;
      if (payload.size() < bitmap) damaged();
      std::fill(values.begin(), values.end(), T{0});
      std::size_t kept = 0;
      for (std::size_t byte = 0; byte < bitmap; byte += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, payload.data() + byte, std::min<std::size_t>(8, bitmap - byte));
        kept += static_cast<std::size_t>(std::popcount(word));
      }
      std::string_view rest = payload.substr(bitmap);
      std::vector<T> inner(kept);
      decode(rest, std::span<T>(inner));
      std::size_t next = 0;
      for (std::size_t byte = 0; byte < bitmap; ++byte)
        for (unsigned bits = static_cast<unsigned char>(payload[byte]); bits != 0; bits &= bits - 1) {
          const std::size_t i = byte * 8 + static_cast<std::size_t>(std::countr_zero(bits));
          if (i >= count) damaged();
          values[i] = inner[next++];
        }
      return;
    }
    default:
      damaged();
  }
}

template <class T>
void decode_chosen_sparse(std::string_view payload, std::size_t count, std::span<const std::uint32_t> rows,
                          std::span<T> values);

template <class T>
void decode_chosen(std::string_view& in, std::size_t count, std::span<const std::uint32_t> rows,
                   std::span<T> values) {
  std::string_view payload;
  std::string_view rest = in;
  const Header header = take_header(rest, payload);
  const std::uint64_t scale = kScales[header.scale];
  const auto base = static_cast<std::uint64_t>(header.base);
  if (header.encoding == kPacked) {
    if (payload.size() < (count * header.width + 7) / 8) damaged();
    const std::uint64_t mask = header.width == 64 ? ~0ull : (1ull << header.width) - 1;
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const std::uint64_t steps = header.width == 0 ? 0
                                                    : packed_value(payload.data(), payload.size(),
                                                                   rows[k] * std::size_t{header.width}, mask);
      values[k] = narrow<T>(base + steps * scale);
    }
  } else if (header.encoding == kSparse) {
    decode_chosen_sparse(payload, count, rows, values);
  } else {
    std::vector<T> all(count);
    std::string_view whole = in;
    decode(whole, std::span<T>(all));
    for (std::size_t k = 0; k < rows.size(); ++k) values[k] = all[rows[k]];
  }
  in = rest;
}

template <class T>
void decode_chosen_sparse(std::string_view payload, std::size_t count, std::span<const std::uint32_t> rows,
                          std::span<T> values) {
  const std::size_t bitmap = (count + 7) / 8;
  if (payload.size() < bitmap) damaged();
  std::vector<std::uint32_t> inner_rows;  // of the chosen rows that are not zero, their places among those
  std::vector<std::uint32_t> places;
  std::uint32_t kept = 0;
  std::size_t next = 0;
  for (std::size_t byte = 0; byte < bitmap; ++byte) {
    const unsigned bits = static_cast<unsigned char>(payload[byte]);
    for (; next < rows.size() && rows[next] / 8 == byte; ++next) {
      const unsigned bit = rows[next] % 8;
      values[next] = 0;
      if ((bits >> bit & 1u) == 0) continue;
      inner_rows.push_back(kept + static_cast<std::uint32_t>(std::popcount(bits & ((1u << bit) - 1))));
      places.push_back(static_cast<std::uint32_t>(next));
    }
    kept += static_cast<std::uint32_t>(std::popcount(bits));
  }
  std::vector<T> inner(inner_rows.size());
  std::string_view rest = payload.substr(bitmap);
  decode_chosen(rest, kept, inner_rows, std::span<T>(inner));
  for (std::size_t k = 0; k < inner.size(); ++k) values[places[k]] = inner[k];
}

}  // namespace

void encode_integers(std::span<const std::int64_t> values, std::string& out) {
  if (values.empty()) return write({}, {}, {}, out);
  const Range range = range_of(values);
  if (range.least == range.greatest) return write({.base = range.least}, {}, {}, out);
  const std::size_t count = values.size();
  if (range.zeros > count / 4 * 3 && count >= 64) return encode_sparse(values, out);
  const std::uint8_t scale = common_scale(values, range.least);
  const std::uint64_t divisor = kScales[scale];
  const std::uint8_t plain = width_of(difference(range.greatest, range.least) / divisor);
  // A difference of two multiples is a multiple; its zigzag is at most one bit wider than its size.
  std::vector<std::uint64_t> packed(count);
  const std::uint8_t whole = width_of(difference(range.greatest, range.least));
  if (whole < 63 && width_of(range.widest_step) < whole) {
    std::uint64_t widest = 0;
    std::int64_t last = values[0];
    for (std::size_t i = 0; i < count; ++i) {
      const auto step =
          static_cast<std::int64_t>(difference(values[i], last)) / static_cast<std::int64_t>(divisor);
      packed[i] = zigzag(static_cast<std::uint64_t>(step));
      widest |= packed[i];
      last = values[i];
    }
    if (width_of(widest) < plain)
      return write({.encoding = kDelta, .width = width_of(widest), .scale = scale, .base = values[0]}, packed,
                   {}, out);
  }
  for (std::size_t i = 0; i < count; ++i) packed[i] = difference(values[i], range.least) / divisor;
  write({.encoding = kPacked, .width = plain, .scale = scale, .base = range.least}, packed, {}, out);
}

void decode_integers(std::string_view& in, std::span<std::int64_t> values) {
  decode(in, values);
}
void decode_integers(std::string_view& in, std::span<std::uint32_t> values) {
  decode(in, values);
}

void decode_some(std::string_view& in, std::size_t count, std::span<const std::uint32_t> rows,
                 std::span<std::int64_t> values) {
  decode_chosen(in, count, rows, values);
}
void decode_some(std::string_view& in, std::size_t count, std::span<const std::uint32_t> rows,
                 std::span<std::uint32_t> values) {
  decode_chosen(in, count, rows, values);
}

bool lies_within(std::string_view in, std::int64_t low, std::int64_t high) {
  std::string_view payload;
  const Header header = take_header(in, payload);
  if (header.encoding != kPacked || header.width > 62 || header.base < low || header.base > high)
    return false;
  const std::uint64_t steps = difference(high, header.base) / kScales[header.scale];
  return (std::uint64_t{1} << header.width) - 1 <= steps;
}

void skip_integers(std::string_view& in) {
  std::string_view payload;
  take_header(in, payload);
}

}  // namespace liftmark
