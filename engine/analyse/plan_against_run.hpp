#pragma once
// What was frozen beside what happened.

#include <vector>

#include "engine/analyse/analyse.hpp"

namespace liftmark {

std::vector<PlanRow> plan_against_run(const Statistics& statistics, const Analysis& analysis);

}  // namespace liftmark
