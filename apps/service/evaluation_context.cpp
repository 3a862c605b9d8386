#include "apps/service/evaluation_context.hpp"

#include <simdjson.h>

#include "engine/record/json_rows.hpp"

namespace liftmark::service {

using namespace simdjson;

namespace {

constexpr std::size_t kMostAttributes = 1000;

}  // namespace

std::string_view name(ContextFault fault) noexcept {
  constexpr std::string_view kNames[] = {"", "PARSE_ERROR", "INVALID_CONTEXT", "TARGETING_KEY_MISSING"};
  return kNames[static_cast<std::size_t>(fault)];
}

struct ContextReader::State {
  ondemand::parser parser;
};

ContextReader::ContextReader() : state_(std::make_unique<State>()) {}
ContextReader::~ContextReader() = default;

namespace {

/// Fills a reader from the context's members.
class Members {
 public:
  Members(ContextReader& reader, std::size_t id_bytes) : reader_(reader), id_bytes_(id_bytes) {}

  ContextFault read(ondemand::object context) {
    for (auto member : context) {
      std::string_view key;
      ondemand::value value;
      if (member.unescaped_key().get(key) || member.value().get(value)) return ContextFault::parse_error;
      ondemand::json_type type;
      if (value.type().get(type)) return ContextFault::parse_error;
      if (const ContextFault fault = take(key, value, type); fault != ContextFault::none) return fault;
    }
    if (reader_.attributes.size() > kMostAttributes)
      return invalid("the context has more than 1,000 attributes");
    if (reader_.unit.empty()) {
      reader_.detail = "the context has no targetingKey";
      return ContextFault::targeting_key_missing;
    }
    if (reader_.unit.size() > id_bytes_) return invalid("the targetingKey is too long");
    return ContextFault::none;
  }

 private:
  ContextFault invalid(std::string_view detail) {
    reader_.detail = detail;
    return ContextFault::invalid_context;
  }

  ContextFault take(std::string_view key, ondemand::value& value, ondemand::json_type type) {
    if (key == "targetingKey") {
      if (type == ondemand::json_type::null) return ContextFault::none;
      if (type != ondemand::json_type::string) return invalid("the targetingKey is no text");
      return value.get_string().get(reader_.unit) ? ContextFault::parse_error : ContextFault::none;
    }
    if (key == "segments" && type == ondemand::json_type::array) return take_segments(value);
    assign::AttributeValue taken;
    if (type == ondemand::json_type::string) {
      std::string_view text;
      if (value.get_string().get(text)) return ContextFault::parse_error;
      taken = text;
    } else if (type == ondemand::json_type::number) {
      double number = 0.0;
      if (value.get_double().get(number)) return ContextFault::parse_error;
      taken = number;
    } else if (type == ondemand::json_type::boolean) {
      bool flag = false;
      if (value.get_bool().get(flag)) return ContextFault::parse_error;
      taken = flag;
    } else {
      return ContextFault::none;  // no audience can ask for null, lists and objects
    }
    reader_.attributes.push_back({key, taken});
    return ContextFault::none;
  }

  ContextFault take_segments(ondemand::value& value) {
    ondemand::array list;
    if (value.get_array().get(list)) return ContextFault::parse_error;
    for (auto item : list) {
      std::string_view text;
      if (item.get_string().get(text)) return invalid("segments are texts");
      reader_.segments.push_back(text);
    }
    return ContextFault::none;
  }

  ContextReader& reader_;
  std::size_t id_bytes_;
};

}  // namespace

ContextFault ContextReader::read(std::string& body, std::size_t id_bytes, int depth) {
  unit = {};
  attributes.clear();
  segments.clear();
  detail = "the body is not JSON";
  if (!nests_within(body, depth)) {
    detail = "the body nests too deep";
    return ContextFault::parse_error;
  }
  body.reserve(body.size() + SIMDJSON_PADDING);
  ondemand::document document;
  if (state_->parser.iterate(body.data(), body.size(), body.capacity()).get(document))
    return ContextFault::parse_error;
  ondemand::object object;
  if (document.get_object().get(object)) return ContextFault::parse_error;
  ContextFault fault = ContextFault::invalid_context;
  for (auto member : object) {
    std::string_view key;
    ondemand::value value;
    if (member.unescaped_key().get(key) || member.value().get(value)) return ContextFault::parse_error;
    if (key != "context") continue;
    ondemand::object context;
    const auto error = value.get_object().get(context);
    detail = "the context is no object";
    if (error) return error == INCORRECT_TYPE ? ContextFault::invalid_context : ContextFault::parse_error;
    fault = Members(*this, id_bytes).read(context);
    if (fault == ContextFault::parse_error) detail = "the body is not JSON";
    if (fault != ContextFault::none) return fault;
  }
  const char* rest = nullptr;
  if (document.current_location().get(rest) != OUT_OF_BOUNDS) {
    detail = "the body is not JSON";
    return ContextFault::parse_error;
  }
  if (fault != ContextFault::none) detail = "the body has no context";
  return fault;
}

}  // namespace liftmark::service
