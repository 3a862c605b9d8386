#include "engine/record/json_row.hpp"

#include <simdjson.h>

#include <algorithm>

#include "engine/definition/error.hpp"

namespace liftmark {
namespace {

using namespace simdjson;

static_assert(kJsonPadding >= SIMDJSON_PADDING);

std::string_view trimmed(std::string_view text) {
  while (!text.empty() &&
         (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

/// Where in a row a member stands, which decides what its key means.
enum class Place { row, properties, details, context };

Place place_of(std::string_view key) noexcept {
  if (key == "properties" || key == "attributes") return Place::properties;
  if (key == "trackingEventDetails") return Place::details;
  if (key == "context") return Place::context;
  return Place::row;
}

/// JSON keys to fields under the mapping of the options.
class Mapping {
 public:
  explicit Mapping(const ImportOptions& options)
      : extra(extra_names(options)), options_(options), columns_(options.columns) {
    for (auto& [field, key] : columns_) {
      if (!find_field(field))
        throw Error(ErrorCode::usage, "--map", "there is no field \"" + field + "\"", "see import --help");
      const auto factors = field == "value" ? factors_of(key) : std::nullopt;
      if (!factors) continue;
      key = factors->first;
      factor = factors->second;
    }
    for (const auto& [field, text] : options.constants) {
      const auto known = find_field(field);
      if (!known)
        throw Error(ErrorCode::usage, "--set", "there is no field \"" + field + "\"", "see import --help");
      constants[static_cast<std::size_t>(*known)] = text;
    }
  }
  std::optional<Field> field(std::string_view key) const {
    for (const auto& [field, mapped] : columns_)
      if (mapped == key) return find_field(field);
    if (key == "time" || key == "timestamp") return Field::at;
    if (key == "targetingKey") return Field::unit;
    if (key == "trackingEventName") return Field::type;
    const auto found = find_field(key);
    if (found && columns_.contains(std::string(key))) return std::nullopt;
    return found;
  }
  bool keeps(std::string_view key) const {
    if (!options_.properties) return key != options_.group_by && key != factor;
    return std::find(options_.properties->begin(), options_.properties->end(), key) !=
           options_.properties->end();
  }
  std::array<std::string_view, kFields> constants{};
  std::vector<std::string> extra;
  std::string factor;  ///< key of the value's second factor; empty: there is none

 private:
  const ImportOptions& options_;
  std::map<std::string, std::string> columns_;
};

}  // namespace

struct JsonRowReader::State {
  explicit State(const ImportOptions& options) : mapping(options) {}

  std::string_view read(std::string_view line, std::size_t readable, RawRow& row) {
    row.field = mapping.constants;
    row.has_factor = !mapping.factor.empty();
    row.value_factor = {};
    row.extra.assign(mapping.extra.size(), {});
    row.properties.clear();
    ondemand::document document;
    if (parser.iterate(line.data(), line.size(), readable).get(document)) return "invalid_json";
    ondemand::object object;
    if (const auto error = document.get_object().get(object))
      return error == INCORRECT_TYPE ? "not_an_object" : "invalid_json";
    if (const std::string_view reason = read_members(object, row, Place::row); !reason.empty()) return reason;
    // Behind the object nothing may follow.
    const char* rest = nullptr;
    return document.current_location().get(rest) == OUT_OF_BOUNDS ? "" : "invalid_json";
  }

  std::string_view read_members(ondemand::object& object, RawRow& row, Place place) {
    for (auto member : object) {
      std::string_view key;
      if (member.unescaped_key().get(key)) return "invalid_json";
      ondemand::value value;
      if (member.value().get(value)) return "invalid_json";
      if (place == Place::context && key != "targetingKey") continue;  // what else is known is not the event
      ondemand::json_type type;
      if (value.type().get(type)) return "invalid_json";
      const Place inner_place = place == Place::row ? place_of(key) : Place::row;
      const bool tracking = inner_place == Place::details || inner_place == Place::context;
      // A column may well be called "context": only an object of that name is OpenFeature's.
      if (inner_place != Place::row && !(tracking && type != ondemand::json_type::object)) {
        ondemand::object inner;
        if (value.get_object().get(inner)) return "invalid_properties";
        if (const std::string_view reason = read_members(inner, row, inner_place); !reason.empty())
          return reason;
        continue;
      }
      std::string_view text;
      bool scalar = true;
      if (!read_scalar(value, text, scalar)) return scalar ? "invalid_json" : "nested_value";
      for (std::size_t i = 0; i < row.extra.size(); ++i)
        if (mapping.extra[i] == key) row.extra[i] = text;
      if (row.has_factor && mapping.factor == key) row.value_factor = text;
      const auto field = field_of(key, place);
      if (field) {
        if (!text.empty()) row.field[static_cast<std::size_t>(*field)] = text;
      } else if (!text.empty() && mapping.keeps(key)) {
        row.properties.push_back({key, text});
      }
    }
    return {};
  }

  std::optional<Field> field_of(std::string_view key, Place place) const {
    const bool of_row =
        place == Place::row || place == Place::context || (place == Place::details && key == "value");
    return of_row ? mapping.field(key) : std::nullopt;
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
      case ondemand::json_type::null: {
        bool none = false;  // the first letter alone says "null"; the rest may be anything
        text = {};
        return value.is_null().get(none) == SUCCESS && none;
      }
      default:
        scalar = false;
        return false;
    }
  }

  Mapping mapping;
  ondemand::parser parser;
};

JsonRowReader::JsonRowReader(const ImportOptions& options) : state_(std::make_unique<State>(options)) {}
JsonRowReader::~JsonRowReader() = default;

std::string_view JsonRowReader::read(std::string_view text, std::size_t readable, RawRow& row) {
  return state_->read(text, readable, row);
}

}  // namespace liftmark
