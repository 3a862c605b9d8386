#include "reports/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "reports/formats.hpp"
#include "reports/json_fields.hpp"
#include "reports/unicode.hpp"

namespace liftmark::reports {
namespace {

/// Small values that read better on one line.
template <class T>
constexpr bool kOneLine =
    Of<T, Figure> || Of<T, NamedNumber> || Of<T, Check::Place> || Of<T, Distribution> || Of<T, TimePoint> ||
    Of<T, PowerPoint> || Of<T, PlanRow> || Of<T, FunnelStep::Arm> || Of<T, FunnelStep::Change> ||
    Of<T, Decomposition::Part> || Of<T, Curve::Point> || Of<T, CatalogBreadth> || Of<T, Ledger::Shipped>;

class Writer {
 public:
  std::string take() { return std::move(out_); }

  void operator()(const char* key, const auto& field) {
    separate();
    string(key);
    out_ += ": ";
    value(field);
  }

  void value(const Scorecard& scorecard) {
    open('{');
    (*this)("schema", std::string(kScorecardSchema));
    fields(*this, scorecard);
    close('}');
  }
  void value(const std::string& text) { string(text); }
  void value(bool flag) { out_ += flag ? "true" : "false"; }
  void value(int number) { out_ += fmt::format("{}", number); }
  void value(std::int64_t number) { out_ += fmt::format("{}", number); }
  void value(double number) {
    if (!std::isfinite(number)) throw std::logic_error("a scorecard holds a number that is not finite");
    if (number == 0.0 && std::signbit(number)) {
      out_ += "-0.0";  // "-0" would read back as the integer 0
      return;
    }
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out_.append(digits, end);
  }
  template <class T>
  void value(const std::optional<T>& maybe) {
    if (maybe) {
      value(*maybe);
    } else {
      out_ += "null";
    }
  }
  template <class T>
  void value(const std::vector<T>& items) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    open('[');
    for (const T& item : items) {
      separate();
      value(item);
    }
    close(']');
  }
  template <class Struct>
  requires std::is_class_v<Struct>
  void value(const Struct& object) {
    flat_ += kOneLine<Struct> ? 1 : 0;
    open('{');
    fields(*this, object);
    close('}');
    flat_ -= kOneLine<Struct> ? 1 : 0;
  }

 private:
  void open(char bracket) {
    out_ += bracket;
    ++depth_;
    first_ = true;
  }
  void close(char bracket) {
    --depth_;
    if (flat_ == 0) new_line();
    out_ += bracket;
    first_ = false;
  }
  void separate() {
    if (!first_) out_ += flat_ > 0 ? ", " : ",";
    if (flat_ == 0) new_line();
    first_ = false;
  }
  void new_line() { out_.append(1, '\n').append(2 * static_cast<std::size_t>(depth_), ' '); }

  /// Everything outside plain text is escaped, also what a browser or a terminal could act on.
  void string(std::string_view text) {
    out_ += '"';
    for (std::size_t position = 0; position < text.size();) {
      const char32_t code_point = next_code_point(text, position);
      if (code_point == '"' || code_point == '\\') {
        out_ += '\\';
        out_ += static_cast<char>(code_point);
      } else if (code_point < 0x20U || code_point == '<' || (code_point >= 0x7FU && code_point < 0xA0U) ||
                 (code_point >= 0x200BU && code_point <= 0x206FU) || code_point == 0x061CU ||
                 code_point == 0xFEFFU) {
        out_ += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code_point));
      } else {
        append_utf8(out_, code_point);
      }
    }
    out_ += '"';
  }

  std::string out_;
  int depth_ = 0;
  int flat_ = 0;  ///< how many one-line values we are in
  bool first_ = true;
};

using Json = nlohmann::json;

[[noreturn]] void reject(const std::string& where, const std::string& what) {
  throw InvalidScorecard(where, what);
}

template <class T>
void read(const Json& json, const std::string& where, T& into);

/// Takes the fields of one object; each key found is counted, so that unknown keys show.
class ObjectReader {
 public:
  ObjectReader(const Json& json, const std::string& where) : json_(json), where_(where) {
    if (!json.is_object()) reject(where, fmt::format("expected an object, found {}", json.type_name()));
  }
  void operator()(const char* key, auto& field) {
    known_.push_back(key);
    if (const auto found = json_.find(key); found != json_.end()) read(*found, where_ + "/" + key, field);
  }
  void finish() const {
    for (const auto& [key, unused] : json_.items()) {
      if (std::find(known_.begin(), known_.end(), key) == known_.end())
        reject(where_ + "/" + key, "no such key in schema " + std::string(kScorecardSchema));
    }
  }

 private:
  const Json& json_;
  const std::string& where_;
  std::vector<std::string> known_;
};

template <class T>
constexpr bool kIsOptional = false;
template <class T>
constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
constexpr bool kIsVector = false;
template <class T>
constexpr bool kIsVector<std::vector<T>> = true;

template <class Number>
Number integer(const Json& json, const std::string& where) {
  if (!json.is_number_integer())
    reject(where, fmt::format("expected an integer, found {}", json.type_name()));
  const bool too_large = json.is_number_unsigned() && !std::in_range<Number>(json.get<std::uint64_t>());
  if (too_large || !std::in_range<Number>(json.get<std::int64_t>()))
    reject(where, "the integer is out of range");
  return json.get<Number>();
}

template <class T>
void read(const Json& json, const std::string& where, T& into) {
  if constexpr (kIsOptional<T>) {
    if (json.is_null()) {
      into.reset();
    } else {
      read(json, where, into.emplace());
    }
  } else if constexpr (kIsVector<T>) {
    if (!json.is_array()) reject(where, fmt::format("expected an array, found {}", json.type_name()));
    into.clear();
    into.resize(json.size());
    for (std::size_t i = 0; i < json.size(); ++i) read(json[i], fmt::format("{}/{}", where, i), into[i]);
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) reject(where, fmt::format("expected a string, found {}", json.type_name()));
    into = json.get<std::string>();
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) reject(where, fmt::format("expected true or false, found {}", json.type_name()));
    into = json.get<bool>();
  } else if constexpr (std::is_same_v<T, double>) {
    if (!json.is_number()) reject(where, fmt::format("expected a number, found {}", json.type_name()));
    into = json.get<double>();
  } else if constexpr (std::is_integral_v<T>) {
    into = integer<T>(json, where);
  } else {
    ObjectReader reader(json, where);
    fields(reader, into);
    if constexpr (std::is_same_v<T, Scorecard>) {
      std::string schema;
      reader("schema", schema);
    }
    reader.finish();
  }
}

}  // namespace

InvalidScorecard::InvalidScorecard(std::string where, const std::string& what)
    : std::runtime_error(where.empty() ? what : where + ": " + what), where_(std::move(where)) {}

std::string to_json(const Scorecard& scorecard) {
  Writer writer;
  writer.value(scorecard);
  return writer.take() + "\n";
}

Scorecard scorecard_from_json(std::string_view text) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& error) {
    reject("", fmt::format("not JSON: {}", error.what()));
  }
  if (!json.is_object()) reject("", "a scorecard is a JSON object");
  const auto schema = json.find("schema");
  if (schema == json.end() || !schema->is_string() ||
      schema->get_ref<const std::string&>() != kScorecardSchema)
    reject("/schema", fmt::format("expected \"{}\"", kScorecardSchema));
  Scorecard scorecard;
  read(json, "", scorecard);
  return scorecard;
}

std::string render_json(const Scorecard& scorecard, const RenderOptions&) {
  return to_json(scorecard);
}

}  // namespace liftmark::reports
