#include "engine/record/block.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "engine/definition/error.hpp"
#include "engine/record/integer_column.hpp"

namespace liftmark {
namespace {

constexpr char kFormat[4] = {'L', 'M', 'B', '1'};
constexpr std::size_t kCompressAbove = 512;
constexpr int kCompressionLevel = 1;

struct Seal {
  char format[4];
  std::uint32_t crc;       // of the bytes that follow this header's first 8
  std::uint32_t unpacked;  // size before compression; 0: not compressed
  std::uint32_t rows;
};
static_assert(sizeof(Seal) == 16);

[[noreturn]] void damaged(const char* why) {
  throw Error(ErrorCode::storage, "", std::string("a block of the store is damaged: ") + why,
              "restore a backup (liftmark backup makes them)");
}

std::string seal(std::string_view payload, std::size_t rows, bool compress) {
  Seal header{};
  std::memcpy(header.format, kFormat, 4);
  header.rows = static_cast<std::uint32_t>(rows);
  std::string out(sizeof(Seal), '\0');
  if (compress && payload.size() > kCompressAbove) {
    const std::size_t bound = ZSTD_compressBound(payload.size());
    out.resize(sizeof(Seal) + bound);
    const std::size_t size =
        ZSTD_compress(out.data() + sizeof(Seal), bound, payload.data(), payload.size(), kCompressionLevel);
    if (ZSTD_isError(size) != 0) throw std::logic_error("zstd: cannot compress");
    out.resize(sizeof(Seal) + size);
    header.unpacked = static_cast<std::uint32_t>(payload.size());
  } else {
    out += payload;
  }
  std::memcpy(out.data(), &header, sizeof(Seal));
  header.crc = crc32c(std::string_view(out).substr(8));
  std::memcpy(out.data(), &header, sizeof(Seal));
  return out;
}

/// The payload of a sealed part; `buffer` holds it when it was compressed.
std::string_view unseal(std::string_view blob, std::size_t& rows, std::string& buffer) {
  Seal header;
  if (blob.size() < sizeof(Seal)) damaged("too short");
  std::memcpy(&header, blob.data(), sizeof(Seal));
  if (std::memcmp(header.format, kFormat, 4) != 0) damaged("unknown format");
  if (crc32c(blob.substr(8)) != header.crc) damaged("checksum does not match");
  rows = header.rows;
  const std::string_view payload = blob.substr(sizeof(Seal));
  if (header.unpacked == 0) return payload;
  buffer.resize(header.unpacked);
  const std::size_t size = ZSTD_decompress(buffer.data(), buffer.size(), payload.data(), payload.size());
  if (ZSTD_isError(size) != 0 || size != buffer.size()) damaged("cannot decompress");
  return buffer;
}

template <class T>
void put_integers(const std::vector<T>& values, std::string& out) {
  if constexpr (std::is_same_v<T, std::int64_t>) {
    encode_integers(values, out);
  } else {
    const std::vector<std::int64_t> wide(values.begin(), values.end());
    encode_integers(wide, out);
  }
}

template <class T>
void take_integers(std::string_view& in, std::size_t rows, std::vector<T>& values) {
  values.resize(rows);
  decode_integers(in, std::span<T>(values));
}

void take_bytes(std::string_view& in, std::size_t rows, std::vector<std::uint8_t>& values) {
  std::vector<std::uint32_t> wide;
  take_integers(in, rows, wide);
  values.resize(rows);
  for (std::size_t i = 0; i < rows; ++i) values[i] = static_cast<std::uint8_t>(wide[i]);
}

void put_number(std::uint32_t value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), 4);
}
std::uint32_t take_number(std::string_view& in) {
  if (in.size() < 4) damaged("too short");
  std::uint32_t value;
  std::memcpy(&value, in.data(), 4);
  in.remove_prefix(4);
  return value;
}

void put_texts(const TextColumn& texts, std::string& out) {
  std::vector<std::int64_t> lengths(texts.size());
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    lengths[i] = texts.end[i] - last;
    last = texts.end[i];
  }
  encode_integers(lengths, out);
  put_number(static_cast<std::uint32_t>(texts.bytes.size()), out);
  out += texts.bytes;
}
void take_texts(std::string_view& in, std::size_t count, TextColumn& texts) {
  take_integers(in, count, texts.end);
  std::uint64_t total = 0;
  for (std::uint32_t& end : texts.end) {
    total += end;
    end = static_cast<std::uint32_t>(total);
  }
  const std::uint32_t size = take_number(in);
  if (total != size || in.size() < size) damaged("texts do not fit");
  texts.bytes.assign(in.substr(0, size));
  in.remove_prefix(size);
}

std::string encode_properties(const BlockRows& rows) {
  std::string out;
  put_number(static_cast<std::uint32_t>(rows.properties.size()), out);
  for (const PropertyColumn& column : rows.properties) {
    std::string body;
    put_integers(column.code, body);
    put_number(static_cast<std::uint32_t>(column.inline_text.size()), body);
    if (column.inline_text.size() > 0) put_texts(column.inline_text, body);
    put_number(column.key, out);
    put_number(static_cast<std::uint32_t>(body.size()), out);
    out += body;
  }
  return out;
}

/// Times are stored as they are or as the delay behind the event time, whichever is shorter.
void put_recorded(const BlockRows& rows, std::string& out) {
  std::string plain;
  std::string relative;
  encode_integers(rows.recorded_at, plain);
  std::vector<std::int64_t> delay(rows.size());
  for (std::size_t i = 0; i < delay.size(); ++i)
    delay[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(rows.recorded_at[i]) -
                                         static_cast<std::uint64_t>(rows.at[i]));
  encode_integers(delay, relative);
  const bool as_delay = relative.size() < plain.size();
  put_number(as_delay ? 1 : 0, out);
  out += as_delay ? relative : plain;
}

}  // namespace

void BlockRows::clear() {
  unit.clear();
  type.clear();
  at.clear();
  recorded_at.clear();
  value.clear();
  flags.clear();
  properties.clear();
  source.clear();
  content.clear();
  id.clear();
  reference.clear();
}

PropertyColumn& BlockRows::property(std::uint32_t key) {
  auto found = std::lower_bound(properties.begin(), properties.end(), key,
                                [](const PropertyColumn& column, std::uint32_t k) { return column.key < k; });
  if (found == properties.end() || found->key != key) {
    found = properties.insert(found, PropertyColumn{});
    found->key = key;
  }
  return *found;
}

EncodedBlock encode(const BlockRows& rows) {
  std::string hot;
  put_integers(rows.unit, hot);
  put_integers(rows.type, hot);
  put_integers(rows.at, hot);
  put_recorded(rows, hot);
  put_integers(rows.value, hot);
  put_integers(rows.flags, hot);
  std::string detail;
  put_integers(rows.source, detail);
  put_integers(rows.content, detail);
  put_texts(rows.id, detail);
  put_texts(rows.reference, detail);
  EncodedBlock block;
  block.hot = seal(hot, rows.size(), false);
  if (!rows.properties.empty()) block.properties = seal(encode_properties(rows), rows.size(), false);
  block.detail = seal(detail, rows.size(), true);
  return block;
}

void decode_hot(std::string_view blob, BlockRows& rows) {
  std::string buffer;
  std::size_t count = 0;
  std::string_view in = unseal(blob, count, buffer);
  take_integers(in, count, rows.unit);
  take_integers(in, count, rows.type);
  take_integers(in, count, rows.at);
  const bool as_delay = take_number(in) == 1;
  take_integers(in, count, rows.recorded_at);
  if (as_delay)
    for (std::size_t i = 0; i < count; ++i)
      rows.recorded_at[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(rows.recorded_at[i]) +
                                                      static_cast<std::uint64_t>(rows.at[i]));
  take_integers(in, count, rows.value);
  take_bytes(in, count, rows.flags);
}

std::size_t rows_of(std::string_view blob) {
  Seal header;
  if (blob.size() < sizeof(Seal)) damaged("too short");
  std::memcpy(&header, blob.data(), sizeof(Seal));
  return header.rows;
}

namespace {

/// What is left of a hot part behind the units; `take` decodes a column into its place.
void decode_event_columns(std::string_view in, std::size_t rows, const EventColumnsOut& out,
                          const auto& take) {
  take(in, out.type);
  take(in, out.at);
  const bool as_delay = take_number(in) == 1;
  if (as_delay && !out.recorded_at_wanted && lies_within(in, 0, kLateAfter)) {
    skip_integers(in);
    std::memset(out.timing, 0, rows);
  } else {
    take(in, out.recorded_at);
    for (std::size_t i = 0; i < rows; ++i) {
      const auto at = static_cast<std::uint64_t>(out.at[i]);
      const auto read = static_cast<std::uint64_t>(out.recorded_at[i]);
      const auto delay = static_cast<Micros>(as_delay ? read : read - at);
      out.recorded_at[i] = static_cast<Micros>(as_delay ? read + at : read);
      out.timing[i] = static_cast<std::uint8_t>((delay > kLateAfter ? kLate : 0) | (delay < 0 ? kFuture : 0));
    }
  }
  take(in, out.value);
}

}  // namespace

void decode_units(std::string_view blob, std::vector<UnitIndex>& units) {
  std::string buffer;
  std::size_t count = 0;
  std::string_view in = unseal(blob, count, buffer);
  take_integers(in, count, units);
}

void decode_events(std::string_view blob, const EventColumnsOut& out) {
  std::string buffer;
  std::size_t count = 0;
  std::string_view in = unseal(blob, count, buffer);
  decode_integers(in, std::span(out.unit, count));
  decode_event_columns(in, count, out, [count](std::string_view& column, auto* values) {
    decode_integers(column, std::span(values, count));
  });
}

void decode_some_events(std::string_view blob, const std::vector<bool>& wanted,
                        std::vector<std::uint32_t>& rows, const EventColumnsOut& out) {
  std::string buffer;
  std::size_t count = 0;
  std::string_view in = unseal(blob, count, buffer);
  decode_integers(in, std::span(out.unit, count));
  rows.clear();
  for (std::size_t i = 0; i < count; ++i)
    if (out.unit[i] < wanted.size() && wanted[out.unit[i]]) rows.push_back(static_cast<std::uint32_t>(i));
  for (std::size_t k = 0; k < rows.size(); ++k) out.unit[k] = out.unit[rows[k]];
  decode_event_columns(in, rows.size(), out, [&](std::string_view& column, auto* values) {
    decode_some(column, count, rows, std::span(values, rows.size()));
  });
}

void decode_properties(std::string_view blob, const std::vector<std::uint32_t>& keys, BlockRows& rows) {
  rows.properties.clear();
  if (blob.empty()) return;
  std::string buffer;
  std::size_t count = 0;
  std::string_view in = unseal(blob, count, buffer);
  if (count != rows.size()) damaged("parts differ in length");
  const std::uint32_t columns = take_number(in);
  for (std::uint32_t c = 0; c < columns; ++c) {
    const std::uint32_t key = take_number(in);
    const std::uint32_t size = take_number(in);
    if (in.size() < size) damaged("too short");
    std::string_view body = in.substr(0, size);
    in.remove_prefix(size);
    if (!keys.empty() && std::find(keys.begin(), keys.end(), key) == keys.end()) continue;
    PropertyColumn& column = rows.properties.emplace_back();
    column.key = key;
    take_integers(body, count, column.code);
    const std::uint32_t texts = take_number(body);
    if (texts > 0) take_texts(body, texts, column.inline_text);
  }
}

void decode_detail(std::string_view blob, BlockRows& rows) {
  std::string buffer;
  std::size_t count = 0;
  std::string_view in = unseal(blob, count, buffer);
  take_integers(in, count, rows.source);
  take_integers(in, count, rows.content);
  take_texts(in, count, rows.id);
  take_texts(in, count, rows.reference);
}

namespace {

/// Column by column: the order of rows is a random one in memory, and one column of a part fits the cache.
template <class Number>
void append_column(const std::vector<Number>& from, const std::vector<std::uint32_t>& order,
                   std::vector<Number>& to) {
  const std::size_t before = to.size();
  to.resize(before + order.size());
  for (std::size_t i = 0; i < order.size(); ++i) to[before + i] = from[order[i]];
}

void append_column(const TextColumn& from, const std::vector<std::uint32_t>& order, TextColumn& to) {
  if (from.bytes.empty()) {
    to.end.resize(to.end.size() + order.size(), static_cast<std::uint32_t>(to.bytes.size()));
    return;
  }
  for (const std::uint32_t row : order) to.add(from[row]);
}

}  // namespace

void append_rows(const BlockRows& from, const std::vector<std::uint32_t>& order, BlockRows& to) {
  const std::size_t before = to.size();
  append_column(from.unit, order, to.unit);
  append_column(from.type, order, to.type);
  append_column(from.at, order, to.at);
  append_column(from.recorded_at, order, to.recorded_at);
  append_column(from.value, order, to.value);
  append_column(from.flags, order, to.flags);
  append_column(from.source, order, to.source);
  append_column(from.content, order, to.content);
  append_column(from.id, order, to.id);
  append_column(from.reference, order, to.reference);
  for (const PropertyColumn& column : from.properties) {
    PropertyColumn& into = to.property(column.key);
    into.code.resize(before, 0);
    std::vector<std::uint32_t> inline_index;
    if (column.inline_text.size() > 0) {
      inline_index.resize(column.code.size());
      std::uint32_t next = 0;
      for (std::size_t i = 0; i < column.code.size(); ++i)
        if (column.code[i] == kInlineValue) inline_index[i] = next++;
    }
    for (const std::uint32_t row : order) {
      into.code.push_back(column.code[row]);
      if (column.code[row] == kInlineValue) into.inline_text.add(column.inline_text[inline_index[row]]);
    }
  }
  for (PropertyColumn& column : to.properties) column.code.resize(to.size(), 0);
}

BlockRows gather(const BlockRows& from, const std::vector<std::uint32_t>& order) {
  BlockRows to;
  append_rows(from, order, to);
  return to;
}

namespace {

constexpr std::array<std::array<std::uint32_t, 256>, 8> crc_tables() {
  std::array<std::array<std::uint32_t, 256>, 8> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0x82F63B78u : 0u);
    table[0][i] = crc;
  }
  for (std::size_t t = 1; t < 8; ++t)
    for (std::size_t i = 0; i < 256; ++i)
      table[t][i] = (table[t - 1][i] >> 8) ^ table[0][table[t - 1][i] & 0xFF];
  return table;
}
constexpr auto kCrcTables = crc_tables();

std::uint32_t crc_portable(std::uint32_t crc, const char* data, std::size_t size) {
  for (; size >= 8; size -= 8, data += 8) {
    std::uint64_t word;
    std::memcpy(&word, data, 8);
    word ^= crc;
    crc = 0;
    for (std::size_t b = 0; b < 8; ++b) crc ^= kCrcTables[7 - b][(word >> (8 * b)) & 0xFF];
  }
  for (; size > 0; --size, ++data)
    crc = (crc >> 8) ^ kCrcTables[0][(crc ^ static_cast<unsigned char>(*data)) & 0xFF];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc_hardware(std::uint32_t start, const char* data,
                                                             std::size_t size) {
  std::uint64_t crc = start;
  for (; size >= 8; size -= 8, data += 8) {
    std::uint64_t word;
    std::memcpy(&word, data, 8);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  auto rest = static_cast<std::uint32_t>(crc);
  for (; size > 0; --size, ++data) rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(*data));
  return rest;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
#if defined(__x86_64__)
  static const bool hardware = __builtin_cpu_supports("sse4.2") != 0;
  if (hardware) return ~crc_hardware(~0u, bytes.data(), bytes.size());
#endif
  return ~crc_portable(~0u, bytes.data(), bytes.size());
}

}  // namespace liftmark
