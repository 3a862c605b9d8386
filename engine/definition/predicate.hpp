#pragma once
// Predicates as JSON: {"all": [..]}, {"any": [..]}, {"not": {..}}, {"segment": "loyal"},
// {"attribute": "country", "in": ["DE", "AT"]}; over an event's properties "property" stands for "attribute".

#include <string>
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
nlohmann::json write_predicate(const assign::Predicate& predicate, PredicateSubject subject);

}  // namespace liftmark
