#include "engine/definition/predicate.hpp"

#include <fmt/format.h>

#include <charconv>

#include <nlohmann/json.hpp>

#include "assign/audience.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/json/document.hpp"

namespace liftmark {
namespace {

using assign::Predicate;
using nlohmann::json;
using Op = Predicate::Op;

/// What an operator takes beside the attribute.
enum class Operand { any_value, values, number, text, nothing };

struct Row {
  std::string_view key;
  Op op;
  Operand operand;
};
constexpr Row kOperators[] = {
    {"equals", Op::equals, Operand::any_value},
    {"in", Op::in, Operand::values},
    {"less", Op::less, Operand::number},
    {"less_equal", Op::less_equal, Operand::number},
    {"greater", Op::greater, Operand::number},
    {"greater_equal", Op::greater_equal, Operand::number},
    {"version_less", Op::version_less, Operand::text},
    {"version_less_equal", Op::version_less_equal, Operand::text},
    {"version_greater", Op::version_greater, Operand::text},
    {"version_greater_equal", Op::version_greater_equal, Operand::text},
    {"version_equals", Op::version_equals, Operand::text},
    {"prefix", Op::prefix, Operand::text},
    {"suffix", Op::suffix, Operand::text},
    {"contains", Op::contains, Operand::text},
    {"matches", Op::matches, Operand::text},
    {"present", Op::present, Operand::nothing},
};
constexpr std::size_t kLongestPattern = 256;

class PredicateReader {
 public:
  PredicateReader(PredicateSubject subject, std::vector<Problem>& problems)
      : subject_(subject), problems_(problems) {}

  Predicate read(const json& value, const std::string& where) {
    if (!value.is_object()) {
      report(where, "must be a predicate", value,
             R"(Write for example {"attribute": "country", "in": ["DE"]}.)");
      return {};
    }
    if (value.empty()) return {};
    if (value.contains("all")) return group(value, where, "all", Op::all);
    if (value.contains("any")) return group(value, where, "any", Op::any);
    if (value.contains("not")) return negation(value, where);
    if (value.contains("segment") && subject_ == PredicateSubject::attribute) return segment(value, where);
    return comparison(value, where);
  }

 private:
  const char* subject() const { return subject_ == PredicateSubject::attribute ? "attribute" : "property"; }

  void report(const std::string& where, std::string what, const json& value, std::string hint) {
    problems_.push_back({where, std::move(what), shortened(value), std::move(hint)});
  }

  void only(const json& value, const std::string& where, std::string_view key) {
    for (const auto& [name, found] : value.items())
      if (name != key)
        report(json_pointer(where, name), "unknown key", found,
               fmt::format("\"{}\" stands alone in its object.", key));
  }

  Predicate group(const json& value, const std::string& where, const char* key, Op op) {
    only(value, where, key);
    Predicate predicate{.op = op, .attribute = {}, .values = {}, .children = {}};
    const std::string list = json_pointer(where, key);
    if (!value[key].is_array() || value[key].empty()) {
      report(list, "must be a list of predicates", value[key], "Give at least one predicate.");
      return predicate;
    }
    for (std::size_t i = 0; i < value[key].size(); ++i)
      predicate.children.push_back(read(value[key][i], json_pointer(list, i)));
    return predicate;
  }

  Predicate negation(const json& value, const std::string& where) {
    only(value, where, "not");
    Predicate predicate{.op = Op::negate, .attribute = {}, .values = {}, .children = {}};
    predicate.children.push_back(read(value["not"], json_pointer(where, "not")));
    return predicate;
  }

  Predicate segment(const json& value, const std::string& where) {
    only(value, where, "segment");
    Predicate predicate{.op = Op::in_segment, .attribute = {}, .values = {}, .children = {}};
    if (value["segment"].is_string() && !value["segment"].get_ref<const std::string&>().empty())
      predicate.values.emplace_back(value["segment"].get<std::string>());
    else
      report(json_pointer(where, "segment"), "must be the name of a stored segment", value["segment"],
             "Write a text.");
    return predicate;
  }

  Predicate comparison(const json& value, const std::string& where) {
    Predicate predicate{.op = Op::present, .attribute = {}, .values = {}, .children = {}};
    if (!value.contains(subject()) || !value[subject()].is_string() ||
        value[subject()].get_ref<const std::string&>().empty())
      report(where, fmt::format("needs \"{}\" with a name", subject()), value,
             fmt::format("Add \"{}\".", subject()));
    else
      predicate.attribute = value[subject()].get<std::string>();
    int operators = 0;
    for (const auto& [name, operand] : value.items()) {
      if (name == subject()) continue;
      const Row* row = find(name);
      if (!row) {
        unknown(json_pointer(where, name), name, operand);
        ++operators;
        continue;
      }
      ++operators;
      predicate.op = row->op;
      predicate.values = operands(*row, operand, json_pointer(where, name));
    }
    if (operators != 1)
      report(where, operators == 0 ? "needs an operator" : "has several operators", value,
             "Give exactly one operator; combine predicates with \"all\" or \"any\".");
    return predicate;
  }

  static const Row* find(std::string_view key) {
    for (const Row& row : kOperators)
      if (row.key == key) return &row;
    return nullptr;
  }

  void unknown(const std::string& where, std::string_view name, const json& operand) {
    std::vector<std::string_view> known{"all", "any", "not", subject()};
    if (subject_ == PredicateSubject::attribute) known.push_back("segment");
    for (const Row& row : kOperators) known.push_back(row.key);
    const std::string_view meant = nearest(name, known);
    report(where, "unknown key", operand,
           meant.empty() ? fmt::format("Operators: {}.", fmt::join(known, ", "))
                         : fmt::format("Did you mean \"{}\"?", meant));
  }

  std::vector<assign::Value> operands(const Row& row, const json& operand, const std::string& where) {
    switch (row.operand) {
      case Operand::any_value:
        return scalar(operand, where);
      case Operand::values: {
        std::vector<assign::Value> values;
        if (!operand.is_array() || operand.empty()) {
          report(where, "must be a list of values", operand, "Give at least one value.");
          return values;
        }
        for (std::size_t i = 0; i < operand.size(); ++i)
          for (assign::Value& value : scalar(operand[i], json_pointer(where, i)))
            values.push_back(std::move(value));
        return values;
      }
      case Operand::number:
        if (operand.is_number()) return {operand.get<double>()};
        report(where, "must be a number", operand,
               "Numbers are written without quotes; versions have operators of their own.");
        return {};
      case Operand::text:
        return text(row, operand, where);
      case Operand::nothing:
        if (!operand.is_boolean() || !operand.get<bool>())
          report(where, "must be true", operand, R"(For absence write {"not": {.. "present": true}}.)");
        return {};
    }
    return {};
  }

  std::vector<assign::Value> scalar(const json& operand, const std::string& where) {
    if (operand.is_string()) return {operand.get<std::string>()};
    if (operand.is_boolean()) return {operand.get<bool>()};
    if (operand.is_number()) return {operand.get<double>()};
    report(where, "must be a text, a number, true or false", operand, "Lists need the operator \"in\".");
    return {};
  }

  std::vector<assign::Value> text(const Row& row, const json& operand, const std::string& where) {
    if (!operand.is_string()) {
      report(where, "must be a text", operand, "Put it in double quotes.");
      return {};
    }
    std::string value = operand.get<std::string>();
    if (row.op == Op::matches && value.size() > kLongestPattern) {
      report(where, "a pattern may have at most 256 bytes", operand, "Split it with \"any\".");
      return {};
    }
    return {std::move(value)};
  }

  PredicateSubject subject_;
  std::vector<Problem>& problems_;
};

/// The short forms of a condition, longest first: the first that stands at a place is meant.
struct Sign {
  std::string_view text;
  Op op;
  bool negated = false;
};
constexpr Sign kSigns[] = {
    {"!^=", Op::prefix, true},  {"!$=", Op::suffix, true}, {"!*=", Op::contains, true},
    {"!~=", Op::matches, true}, {"!=", Op::equals, true},  {"^=", Op::prefix},
    {"$=", Op::suffix},         {"*=", Op::contains},      {"~=", Op::matches},
    {"<=", Op::less_equal},     {">=", Op::greater_equal}, {"<", Op::less},
    {">", Op::greater},         {"=", Op::equals},
};
constexpr const char* kConditionHint =
    "write COLUMN=VALUE, COLUMN!=VALUE, COLUMN>NUMBER, COLUMN^=START .., or a predicate as JSON";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

[[noreturn]] void bad_condition(const std::string& option, const char* what, std::string_view text) {
  throw Error(ErrorCode::usage, Problem{option, what, std::string(text), kConditionHint});
}

std::vector<assign::Value> operand_of(const Sign& sign, std::string_view text, std::string_view condition,
                                      const std::string& option) {
  const bool numeric = sign.op == Op::less || sign.op == Op::less_equal || sign.op == Op::greater ||
                       sign.op == Op::greater_equal;
  if (!numeric) return {std::string(text)};
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    bad_condition(option, "compares with something that is no number", condition);
  return {number};
}

void throw_misuse(std::vector<Problem>& problems) {
  for (Problem& problem : problems)
    if (problem.hint.empty()) problem.hint = kConditionHint;
  if (!problems.empty()) throw Error(ErrorCode::usage, std::move(problems));
}

Predicate json_condition(std::string_view text, const std::string& option) {
  const json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) bad_condition(option, "is no JSON", text);
  std::vector<Problem> problems;
  Predicate predicate = read_predicate(value, option, PredicateSubject::property, problems);
  if (problems.empty()) assign::Audience::compile(predicate, option, problems);
  throw_misuse(problems);
  return predicate;
}

json write_value(const assign::Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return nullptr;
}

}  // namespace

assign::Predicate read_predicate(const json& value, const std::string& where, PredicateSubject subject,
                                 std::vector<Problem>& problems) {
  return PredicateReader(subject, problems).read(value, where);
}

Predicate read_condition(std::string_view text, const std::string& option) {
  if (trimmed(text).starts_with('{')) return json_condition(text, option);
  const Sign* sign = nullptr;
  std::size_t at = 0;
  for (; at < text.size() && sign == nullptr; ++at)
    for (const Sign& each : kSigns)
      if (text.substr(at).starts_with(each.text)) {
        sign = &each;
        break;
      }
  if (sign == nullptr) bad_condition(option, "is no condition", text);
  --at;
  const std::string_view column = trimmed(text.substr(0, at));
  if (column.empty()) bad_condition(option, "names no column", text);
  const std::string_view operand = trimmed(text.substr(at + sign->text.size()));
  Predicate leaf{.op = sign->op, .attribute = std::string(column), .values = {}, .children = {}};
  bool negated = sign->negated;
  if (operand.empty() && sign->op == Op::equals) {
    leaf.op = Op::present;
    negated = !negated;  // "=" asks for an empty cell
  } else {
    leaf.values = operand_of(*sign, operand, text, option);
  }
  std::vector<Problem> problems;
  assign::Audience::compile(leaf, option, problems);
  throw_misuse(problems);
  if (!negated) return leaf;
  Predicate negation{.op = Op::negate, .attribute = {}, .values = {}, .children = {}};
  negation.children.push_back(std::move(leaf));
  return negation;
}

Predicate read_conditions(const std::vector<std::string>& texts, const std::string& option) {
  Predicate all;
  for (const std::string& text : texts) all.children.push_back(read_condition(text, option));
  return all;
}

json write_predicate(const Predicate& predicate, PredicateSubject subject) {
  if (predicate.op == Op::all && predicate.children.empty()) return json::object();
  if (predicate.op == Op::all || predicate.op == Op::any) {
    json children = json::array();
    for (const Predicate& child : predicate.children) children.push_back(write_predicate(child, subject));
    return {{predicate.op == Op::all ? "all" : "any", children}};
  }
  if (predicate.op == Op::negate) return {{"not", write_predicate(predicate.children.at(0), subject)}};
  if (predicate.op == Op::in_segment) return {{"segment", write_value(predicate.values.at(0))}};
  json written{{subject == PredicateSubject::attribute ? "attribute" : "property", predicate.attribute}};
  for (const Row& row : kOperators) {
    if (row.op != predicate.op) continue;
    json operand = true;
    if (row.operand == Operand::values) {
      operand = json::array();
      for (const assign::Value& value : predicate.values) operand.push_back(write_value(value));
    } else if (!predicate.values.empty()) {
      operand = write_value(predicate.values.front());
    }
    written[std::string(row.key)] = operand;
  }
  return written;
}

}  // namespace liftmark
