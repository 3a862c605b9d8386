#pragma once
// One description of an object's fields serves reading and writing: `describe(fields, plan)` names each field
// once, with its rule; FieldReader fills the struct from JSON and reports every mistake, FieldWriter gives
// the JSON back with all defaults spelled out.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/definition/json/document.hpp"

namespace liftmark {

/// What a field must be. The range is [least, most], without its ends if `open`.
struct Rule {
  bool required = false;
  double least = -std::numeric_limits<double>::max();
  double most = std::numeric_limits<double>::max();
  bool open = false;
  bool may_be_empty = true;  ///< texts and lists
  int multiple_of = 1;       ///< whole numbers
};
inline constexpr Rule kRequired{.required = true, .may_be_empty = false};

/// A name of an enumerator, for choice fields.
template <typename Enum>
struct Choice {
  std::string_view name;
  Enum value;
};

class FieldReader {
 public:
  static constexpr bool kReading = true;
  /// `where` is the object's JSON pointer. A value that is no object is reported and then read as empty.
  FieldReader(const nlohmann::json& object, std::string where, std::vector<Problem>& problems);

  bool has(std::string_view key) const { return object_ && object_->contains(std::string(key)); }
  const std::string& where() const { return where_; }
  std::string where(std::string_view key) const { return json_pointer(where_, key); }
  std::vector<Problem>& problems() { return *problems_; }
  void report(std::string_view key, std::string what, std::string hint);

  void field(std::string_view key, std::string& target, const Rule& rule = {});
  void field(std::string_view key, double& target, const Rule& rule = {});
  void field(std::string_view key, std::int64_t& target, const Rule& rule = {});
  void field(std::string_view key, int& target, const Rule& rule = {});
  void field(std::string_view key, bool& target);
  void field(std::string_view key, std::vector<std::string>& target, const Rule& rule = {});
  void field(std::string_view key, std::vector<int>& target, const Rule& rule = {});
  template <typename T>
  void field(std::string_view key, std::optional<T>& target, const Rule& rule = {}) {
    T value{};
    const std::size_t before = problems_->size();
    if (!has(key)) {
      names_.push_back(key);
      return;
    }
    field(key, value, rule);
    if (problems_->size() == before) target = value;
  }

  /// A text, or a list of texts: `"event": "purchase"` or `"event": ["purchase", "refund"]`.
  void one_or_more(std::string_view key, std::vector<std::string>& target, const Rule& rule = {});

  template <typename Enum, std::size_t N>
  void choice(std::string_view key, Enum& target, const Choice<Enum> (&choices)[N], const Rule& rule = {}) {
    std::string text;
    const auto* found = value(key, rule);
    if (!found) return;
    if (found->is_string()) text = found->get<std::string>();
    std::vector<std::string_view> names;
    for (const auto& choice : choices) {
      if (found->is_string() && choice.name == text) {
        target = choice.value;
        return;
      }
      names.push_back(choice.name);
    }
    report_choice(key, names);
  }

  /// A nested object, described by `describe(fields, target)`. Absent: target stays.
  template <typename T, typename Describe>
  void object(std::string_view key, T& target, Describe describe, const Rule& rule = {}) {
    const auto* found = value(key, rule);
    if (!found) return;
    FieldReader fields(*found, where(key), *problems_);
    describe(fields, target);
    fields.finish();
  }

  /// A list of objects.
  template <typename T, typename Describe>
  void objects(std::string_view key, std::vector<T>& target, Describe describe, const Rule& rule = {}) {
    const auto* found = list(key, rule);
    if (!found) return;
    target.clear();
    for (std::size_t i = 0; i < found->size(); ++i) {
      FieldReader fields((*found)[i], json_pointer(where(key), i), *problems_);
      T item{};
      describe(fields, item);
      fields.finish();
      target.push_back(std::move(item));
    }
  }

  /// Any value: `read(json, where, problems)` gives the target.
  template <typename Target, typename Read, typename Write>
  void custom(std::string_view key, Target& target, Read read, Write, const Rule& rule = {}) {
    if (const auto* found = value(key, rule)) target = read(*found, where(key), *problems_);
  }

  /// Every name that no field has taken, by `read(json)`; to be called last.
  template <typename Target, typename Read, typename Write>
  void others(std::map<std::string, Target>& target, Read read, Write) {
    if (!object_) return;
    for (const auto& [key, found] : object_->items()) {
      if (std::find(names_.begin(), names_.end(), std::string_view(key)) != names_.end()) continue;
      target.insert_or_assign(key, read(found));
    }
    open_ = true;
  }

  /// Names that are not fields here but are handled by the caller.
  void known(std::string_view key) { names_.push_back(key); }
  /// Reports the names that no field has taken.
  void finish();

 private:
  const nlohmann::json* value(std::string_view key, const Rule& rule);
  const nlohmann::json* list(std::string_view key, const Rule& rule);
  void report_choice(std::string_view key, const std::vector<std::string_view>& names);
  void number(std::string_view key, const nlohmann::json& found, double& target, const Rule& rule);

  const nlohmann::json* object_ = nullptr;
  std::string where_;
  std::vector<Problem>* problems_;
  std::vector<std::string_view> names_;
  bool open_ = false;  ///< others() has taken the rest
};

class FieldWriter {
 public:
  static constexpr bool kReading = false;

  nlohmann::json take() { return std::move(object_); }

  template <typename T>
  void field(std::string_view key, T& target, const Rule& = {}) {
    object_[std::string(key)] = target;
  }
  template <typename T>
  void field(std::string_view key, std::optional<T>& target, const Rule& = {}) {
    if (target) object_[std::string(key)] = *target;
  }
  void one_or_more(std::string_view key, std::vector<std::string>& target, const Rule& = {}) {
    object_[std::string(key)] = target;
  }
  template <typename Enum, std::size_t N>
  void choice(std::string_view key, Enum& target, const Choice<Enum> (&choices)[N], const Rule& = {}) {
    for (const auto& choice : choices)
      if (choice.value == target) object_[std::string(key)] = choice.name;
  }
  template <typename T, typename Describe>
  void object(std::string_view key, T& target, Describe describe, const Rule& = {}) {
    FieldWriter fields;
    describe(fields, target);
    object_[std::string(key)] = fields.take();
  }
  template <typename T, typename Describe>
  void objects(std::string_view key, std::vector<T>& target, Describe describe, const Rule& = {}) {
    auto items = nlohmann::json::array();
    for (T& item : target) {
      FieldWriter fields;
      describe(fields, item);
      items.push_back(fields.take());
    }
    object_[std::string(key)] = std::move(items);
  }
  template <typename Target, typename Read, typename Write>
  void custom(std::string_view key, Target& target, Read, Write write, const Rule& = {}) {
    object_[std::string(key)] = write(target);
  }
  template <typename Target, typename Read, typename Write>
  void others(std::map<std::string, Target>& target, Read, Write write) {
    for (const auto& [key, value] : target) object_[key] = write(value);
  }

 private:
  nlohmann::json object_ = nlohmann::json::object();
};

}  // namespace liftmark
