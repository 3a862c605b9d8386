// NDJSON: one object a line. simdjson's on-demand parser reads each line in place.

#include <simdjson.h>

#include <cstring>
#include <deque>

#include "engine/definition/error.hpp"
#include "engine/record/import_row.hpp"
#include "engine/record/utf8.hpp"

namespace liftmark {
namespace {

using namespace simdjson;

constexpr std::size_t kBuffer = 1 << 20;
constexpr std::size_t kMaxLine = 1 << 20;

/// Lines of a stream, with simdjson's padding readable behind each.
class LineReader {
 public:
  explicit LineReader(InputStream& input) : input_(input), buffer_(kBuffer + SIMDJSON_PADDING) {}

  /// The next line without its end; false at the end of the input. `too_long`: its content was passed over.
  bool next(std::string_view& line, bool& too_long) {
    too_long = false;
    std::size_t searched = 0;
    for (;;) {
      const char* from = buffer_.data() + begin_;
      const auto* stop =
          static_cast<const char*>(std::memchr(from + searched, '\n', end_ - begin_ - searched));
      if (stop != nullptr || (at_end_ && begin_ < end_)) {
        const std::size_t length = stop != nullptr ? static_cast<std::size_t>(stop - from) : end_ - begin_;
        line = {from, length};
        begin_ += length + (stop != nullptr ? 1 : 0);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        too_long = too_long || length > kMaxLine;
        ++number_;
        return true;
      }
      if (at_end_) return false;
      searched = end_ - begin_;
      if (searched > kMaxLine) {
        too_long = true;
        begin_ = end_;
        searched = 0;
      }
      fill();
    }
  }
  std::int64_t number() const noexcept { return number_; }
  /// Bytes readable from `line` on, padding included.
  std::size_t readable(std::string_view line) const {
    return buffer_.size() - static_cast<std::size_t>(line.data() - buffer_.data());
  }

 private:
  void fill() {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (end_ + SIMDJSON_PADDING >= buffer_.size()) buffer_.resize(buffer_.size() * 2);
    const std::size_t got = input_.read(buffer_.data() + end_, buffer_.size() - SIMDJSON_PADDING - end_);
    end_ += got;
    at_end_ = got == 0;
  }
  InputStream& input_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::int64_t number_ = 0;
  bool at_end_ = false;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() &&
         (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

/// JSON keys to fields under the mapping of the options.
class Mapping {
 public:
  explicit Mapping(const ImportOptions& options) : options_(options) {
    for (const auto& [field, key] : options.columns)
      if (!find_field(field))
        throw Error(ErrorCode::usage, "--map", "there is no field \"" + field + "\"", "see import --help");
    for (const auto& [field, text] : options.constants) {
      const auto known = find_field(field);
      if (!known)
        throw Error(ErrorCode::usage, "--set", "there is no field \"" + field + "\"", "see import --help");
      constants[static_cast<std::size_t>(*known)] = text;
    }
  }
  std::optional<Field> field(std::string_view key) const {
    for (const auto& [field, mapped] : options_.columns)
      if (mapped == key) return find_field(field);
    if (key == "time" || key == "timestamp") return Field::at;
    const auto found = find_field(key);
    if (found && options_.columns.contains(std::string(key))) return std::nullopt;
    return found;
  }
  bool keeps(std::string_view key) const {
    if (!options_.properties) return true;
    return std::find(options_.properties->begin(), options_.properties->end(), key) !=
           options_.properties->end();
  }
  std::array<std::string_view, kFields> constants{};

 private:
  const ImportOptions& options_;
};

/// Reads one object into a RawRow. Unescaped strings live in the parser until the next line.
class ObjectReader {
 public:
  explicit ObjectReader(const Mapping& mapping) : mapping_(mapping) {}

  /// Empty when good, else the reason.
  std::string_view read(std::string_view line, std::size_t readable, RawRow& row) {
    row.field = mapping_.constants;
    row.properties.clear();
    ondemand::document document;
    if (parser_.iterate(line.data(), line.size(), readable).get(document)) return "invalid_json";
    ondemand::object object;
    if (const auto error = document.get_object().get(object))
      return error == INCORRECT_TYPE ? "not_an_object" : "invalid_json";
    if (const std::string_view reason = read_members(object, row, true); !reason.empty()) return reason;
    // Behind the object nothing may follow.
    const char* rest = nullptr;
    return document.current_location().get(rest) == OUT_OF_BOUNDS ? "" : "invalid_json";
  }

 private:
  std::string_view read_members(ondemand::object& object, RawRow& row, bool top) {
    for (auto member : object) {
      std::string_view key;
      if (member.unescaped_key().get(key)) return "invalid_json";
      ondemand::value value;
      if (member.value().get(value)) return "invalid_json";
      if (top && (key == "properties" || key == "attributes")) {
        ondemand::object inner;
        if (value.get_object().get(inner)) return "invalid_properties";
        if (const std::string_view reason = read_members(inner, row, false); !reason.empty()) return reason;
        continue;
      }
      std::string_view text;
      bool scalar = true;
      if (!read_scalar(value, text, scalar)) return scalar ? "invalid_json" : "nested_value";
      const auto field = top ? mapping_.field(key) : std::nullopt;
      if (field) {
        if (!text.empty()) row.field[static_cast<std::size_t>(*field)] = text;
      } else if (!text.empty() && mapping_.keeps(key)) {
        row.properties.push_back({key, text});
      }
    }
    return {};
  }

  /// Strings unescaped, numbers and booleans as written, null as empty.
  static bool read_scalar(ondemand::value& value, std::string_view& text, bool& scalar) {
    ondemand::json_type type;
    if (value.type().get(type)) return false;
    switch (type) {
      case ondemand::json_type::string:
        return value.get_string().get(text) == SUCCESS;
      case ondemand::json_type::number: {
        double number = 0.0;
        text = trimmed(value.raw_json_token());
        return value.get_double().get(number) == SUCCESS;
      }
      case ondemand::json_type::boolean: {
        bool flag = false;
        if (value.get_bool().get(flag)) return false;
        text = flag ? "true" : "false";
        return true;
      }
      case ondemand::json_type::null:
        text = {};
        return value.is_null();
      default:
        scalar = false;
        return false;
    }
  }

  const Mapping& mapping_;
  ondemand::parser parser_;
};

}  // namespace

void import_ndjson(InputStream& input, const std::string&, const ImportOptions& options, RowImporter& rows) {
  const Mapping mapping(options);
  ObjectReader reader(mapping);
  LineReader lines(input);
  RawRow row;
  std::string_view line;
  bool too_long = false;
  while (lines.next(line, too_long)) {
    if (lines.number() == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    if (!too_long && line.find_first_not_of(" \t") == std::string_view::npos) continue;
    row.line = lines.number();
    row.raw = line;
    if (too_long)
      rows.reject(row.line, "record_too_long");
    else if (!is_utf8(line))
      rows.reject(row.line, "invalid_utf8");
    else if (const std::string_view reason = reader.read(line, lines.readable(line), row); !reason.empty())
      rows.reject(row.line, reason);
    else
      rows.add(row);
    if ((row.line & 1023) == 0) rows.show_progress(input);
  }
}

}  // namespace liftmark
