#include "engine/definition/json/fields.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace liftmark {
namespace {

using nlohmann::json;

std::string range(const Rule& rule) {
  const bool low = rule.least > -std::numeric_limits<double>::max();
  const bool high = rule.most < std::numeric_limits<double>::max();
  if (low && high)
    return rule.open ? fmt::format("more than {} and less than {}", rule.least, rule.most)
                     : fmt::format("from {} to {}", rule.least, rule.most);
  if (low) return fmt::format("{} {}", rule.open ? "more than" : "at least", rule.least);
  if (high) return fmt::format("{} {}", rule.open ? "less than" : "at most", rule.most);
  return "any number";
}

bool inside(double value, const Rule& rule) {
  return rule.open ? value > rule.least && value < rule.most : value >= rule.least && value <= rule.most;
}

}  // namespace

FieldReader::FieldReader(const json& object, std::string where, std::vector<Problem>& problems)
    : where_(std::move(where)), problems_(&problems) {
  if (object.is_object())
    object_ = &object;
  else
    problems_->push_back({where_, "must be an object", shortened(object), "Write { \"name\": value, .. }."});
}

void FieldReader::report(std::string_view key, std::string what, std::string hint) {
  const bool found = has(key);
  problems_->push_back({where(key), std::move(what),
                        found ? shortened((*object_)[std::string(key)]) : std::string(), std::move(hint)});
}

const json* FieldReader::value(std::string_view key, const Rule& rule) {
  names_.push_back(key);
  if (!object_) return nullptr;
  const auto found = object_->find(std::string(key));
  if (found != object_->end()) return &*found;
  if (rule.required) report(key, "is missing", fmt::format("Add \"{}\".", key));
  return nullptr;
}

const json* FieldReader::list(std::string_view key, const Rule& rule) {
  const json* found = value(key, rule);
  if (!found) return nullptr;
  if (!found->is_array()) {
    report(key, "must be a list", "Write [ .. ].");
    return nullptr;
  }
  if (found->empty() && !rule.may_be_empty) report(key, "must not be empty", "Give at least one.");
  return found;
}

void FieldReader::field(std::string_view key, std::string& target, const Rule& rule) {
  const json* found = value(key, rule);
  if (!found) return;
  if (!found->is_string()) return report(key, "must be a text", "Put it in double quotes.");
  target = found->get<std::string>();
  if (target.empty() && !rule.may_be_empty) return report(key, "must not be empty", "Give it a text.");
  const bool control = std::any_of(target.begin(), target.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; });
  if (control || target.size() > 4096)
    report(key, "must be a printable text of at most 4096 bytes", "Remove control characters or shorten it.");
}

void FieldReader::number(std::string_view key, const json& found, double& target, const Rule& rule) {
  if (!found.is_number())
    return report(key, "must be a number", fmt::format("Write a number {}, without quotes.", range(rule)));
  const double number = found.get<double>();
  if (!inside(number, rule))
    return report(key, "is out of range", fmt::format("It must be {}.", range(rule)));
  target = number;
}

void FieldReader::field(std::string_view key, double& target, const Rule& rule) {
  if (const json* found = value(key, rule)) number(key, *found, target, rule);
}

void FieldReader::field(std::string_view key, std::int64_t& target, const Rule& rule) {
  const json* found = value(key, rule);
  if (!found) return;
  if (!found->is_number_integer() || (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX))
    return report(key, "must be a whole number", fmt::format("It must be {}.", range(rule)));
  double checked = 0.0;
  const std::size_t before = problems_->size();
  number(key, *found, checked, rule);
  if (problems_->size() != before) return;
  target = found->get<std::int64_t>();
  if (target % rule.multiple_of != 0)
    report(key, fmt::format("must be a multiple of {}", rule.multiple_of),
           fmt::format("Use {} or {}.", target / rule.multiple_of * rule.multiple_of,
                       (target / rule.multiple_of + 1) * rule.multiple_of));
}

void FieldReader::field(std::string_view key, int& target, const Rule& rule) {
  Rule narrow = rule;
  narrow.least = std::max(narrow.least, static_cast<double>(std::numeric_limits<int>::min()));
  narrow.most = std::min(narrow.most, static_cast<double>(std::numeric_limits<int>::max()));
  std::int64_t number = target;
  field(key, number, narrow);
  target = static_cast<int>(number);
}

void FieldReader::field(std::string_view key, bool& target) {
  const json* found = value(key, {});
  if (!found) return;
  if (!found->is_boolean())
    return report(key, "must be true or false", "Write true or false, without quotes.");
  target = found->get<bool>();
}

void FieldReader::field(std::string_view key, std::vector<std::string>& target, const Rule& rule) {
  const json* found = list(key, rule);
  if (!found) return;
  target.clear();
  for (std::size_t i = 0; i < found->size(); ++i) {
    const json& item = (*found)[i];
    if (!item.is_string() || item.get_ref<const std::string&>().empty())
      problems_->push_back(
          {json_pointer(where(key), i), "must be a text", shortened(item), "Put it in double quotes."});
    else
      target.push_back(item.get<std::string>());
  }
}

void FieldReader::field(std::string_view key, std::vector<int>& target, const Rule& rule) {
  const json* found = list(key, rule);
  if (!found) return;
  target.clear();
  for (std::size_t i = 0; i < found->size(); ++i) {
    const json& item = (*found)[i];
    if (item.is_number_integer() && inside(item.get<double>(), rule) && std::abs(item.get<double>()) <= 1e9)
      target.push_back(item.get<int>());
    else
      problems_->push_back({json_pointer(where(key), i), "must be a whole number", shortened(item),
                            fmt::format("It must be {}.", range(rule))});
  }
}

void FieldReader::one_or_more(std::string_view key, std::vector<std::string>& target, const Rule& rule) {
  const json* found =
      object_ && object_->contains(std::string(key)) ? &(*object_)[std::string(key)] : nullptr;
  if (found && found->is_string()) {
    std::string one;
    field(key, one, kRequired);
    target.assign(1, one);
    return;
  }
  Rule strict = rule;
  strict.may_be_empty = false;
  field(key, target, strict);
}

void FieldReader::report_choice(std::string_view key, const std::vector<std::string_view>& names) {
  const json& found = (*object_)[std::string(key)];
  const std::string_view meant =
      found.is_string() ? nearest(found.get_ref<const std::string&>(), names) : std::string_view();
  const std::string hint =
      meant.empty() ? fmt::format("Use one of: {}.", fmt::join(names, ", "))
                    : fmt::format("Did you mean \"{}\"? One of: {}.", meant, fmt::join(names, ", "));
  report(key, "is not a known choice", hint);
}

void FieldReader::finish() {
  if (!object_ || open_) return;
  for (const auto& [key, found] : object_->items()) {
    if (std::find(names_.begin(), names_.end(), std::string_view(key)) != names_.end()) continue;
    const std::string_view meant = nearest(key, names_);
    const std::string hint = meant.empty() ? fmt::format("Known keys here: {}.", fmt::join(names_, ", "))
                                           : fmt::format("Did you mean \"{}\"?", meant);
    report(key, "unknown key", hint);
  }
}

}  // namespace liftmark
