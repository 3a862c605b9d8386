#pragma once
// Predicates as JSON: {"all": [..]}, {"any": [..]}, {"not": {..}}, {"segment": "loyal"},
// {"attribute": "country", "in": ["DE", "AT"]}; over an event's properties "property" stands for "attribute".

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "assign/experiment.hpp"
#include "assign/problem.hpp"

namespace liftmark {

/// What a predicate speaks of: a unit's attributes (and stored segments), or an event's properties.
enum class PredicateSubject { attribute, property };

/// The predicate; mistakes are added to `problems` with pointers below `where`. {} is true of everything.
assign::Predicate read_predicate(const nlohmann::json& value, const std::string& where,
                                 PredicateSubject subject, std::vector<Problem>& problems);
/// One condition on a row as a person writes it for a command: COLUMN=VALUE, !=, < <= > >= with a number, ^=
/// $= *= ~= (begins with, ends with, contains, matches RE2), each but the order also negated as !^= ..; with
/// nothing behind it = means empty and != not empty. Or a predicate over properties as JSON. Throws
/// Error{usage} at `option`.
assign::Predicate read_condition(std::string_view text, const std::string& option);
/// All of these conditions; none is true of everything.
assign::Predicate read_conditions(const std::vector<std::string>& texts, const std::string& option);
nlohmann::json write_predicate(const assign::Predicate& predicate, PredicateSubject subject);

}  // namespace liftmark
