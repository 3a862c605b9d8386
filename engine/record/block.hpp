#pragma once
// The columnar block: how rows lie in the store, both as recorded (one block a commit) and compacted (sorted
// by unit). Format liftmark-block-1 ("LMB1"), described in docs/store.md; a released format stays readable
// for ever.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/record/event.hpp"

namespace liftmark {

/// Texts end to end.
struct TextColumn {
  std::string bytes;
  std::vector<std::uint32_t> end;  ///< offset behind each text
  void add(std::string_view text) {
    bytes.append(text);
    end.push_back(static_cast<std::uint32_t>(bytes.size()));
  }
  std::string_view operator[](std::size_t row) const {
    const std::uint32_t from = row == 0 ? 0 : end[row - 1];
    return std::string_view(bytes).substr(from, end[row] - from);
  }
  std::size_t size() const noexcept { return end.size(); }
  void clear() {
    bytes.clear();
    end.clear();
  }
};

/// A property's value that is not interned: its text stands in PropertyColumn::inline_text.
inline constexpr std::uint32_t kInlineValue = 0xFFFF'FFFF;

struct PropertyColumn {
  std::uint32_t key = 0;            ///< code of the key in the dictionary
  std::vector<std::uint32_t> code;  ///< per row: 0 absent, kInlineValue, or the value's code
  TextColumn inline_text;           ///< texts of the inline rows, in order of rows
};

/// Row flags.
inline constexpr std::uint8_t kFallback = 1;  ///< exposure: the default arm after a failure
inline constexpr std::uint8_t kRepeat =
    2;  ///< exposure that does not lower the earliest; kept until compaction

/// Rows of one kind as columns of equal length.
struct BlockRows {
  // hot: what every pass reads
  std::vector<UnitIndex> unit;
  std::vector<std::uint32_t> type;  ///< event type, or for exposures the code of (experiment, epoch, arm)
  std::vector<Micros> at;
  std::vector<Micros> recorded_at;
  std::vector<std::int64_t> value;  ///< millionths; for exposures the bits of the propensity (0: none)
  std::vector<std::uint8_t> flags;
  // properties
  std::vector<PropertyColumn> properties;  ///< ascending keys
  // detail: what only exports and identity need
  std::vector<std::uint32_t> source;
  std::vector<std::uint32_t> content;  ///< content hash while the ids are not yet in a run; 0 later
  TextColumn id;
  TextColumn reference;

  std::size_t size() const noexcept { return unit.size(); }
  void clear();
  /// The column of `key`, made (all absent so far) when missing.
  PropertyColumn& property(std::uint32_t key);
};

/// The three parts of a block, each sealed with format name and CRC-32C, so that a pass reads only what it
/// needs.
struct EncodedBlock {
  std::string hot, properties, detail;
};

EncodedBlock encode(const BlockRows& rows);

/// Where the hot columns of a block of events go: all of the block's length.
struct EventColumnsOut {
  UnitIndex* unit;
  std::uint32_t* type;
  Micros* at;
  Micros* recorded_at;
  Millionths* value;
  std::uint8_t* timing;            ///< Timing
  bool recorded_at_wanted = true;  ///< false: recorded_at is scratch, and often left alone
};
/// Number of rows of a sealed part.
std::size_t rows_of(std::string_view blob);
/// The column of units alone.
void decode_units(std::string_view blob, std::vector<UnitIndex>& units);
/// As decode_hot, into columns of rows_of(blob) rows each.
void decode_events(std::string_view blob, const EventColumnsOut& out);
/// The same of the rows of some units alone (`wanted` by unit index); `rows` become their places in the
/// block.
void decode_some_events(std::string_view blob, const std::vector<bool>& wanted,
                        std::vector<std::uint32_t>& rows, const EventColumnsOut& out);

/// Decoders replace the columns of their part. Throw Error(storage) on a wrong format name or checksum.
void decode_hot(std::string_view blob, BlockRows& rows);
/// Only the columns of `keys` (empty: all); rows.size() must be known (decode_hot first).
void decode_properties(std::string_view blob, const std::vector<std::uint32_t>& keys, BlockRows& rows);
void decode_detail(std::string_view blob, BlockRows& rows);

/// Appends the rows `order` of `from` to `to` (all columns); a property only one of them has is absent in the
/// other.
void append_rows(const BlockRows& from, const std::vector<std::uint32_t>& order, BlockRows& to);
/// Rows in the order of `order`.
BlockRows gather(const BlockRows& from, const std::vector<std::uint32_t>& order);

/// CRC-32C (Castagnoli), RFC 3720 section B.4: "123456789" gives 0xE3069283.
std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace liftmark
