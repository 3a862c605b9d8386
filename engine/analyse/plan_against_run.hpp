#pragma once
// What was frozen beside what happened.

#include <vector>

#include "engine/analyse/analyse.hpp"

namespace liftmark {

/// `compared_units`: the fewest mature units of two compared arms, which planned units are compared with.
std::vector<PlanRow> plan_against_run(const Statistics& statistics, const Analysis& analysis,
                                      std::int64_t compared_units);

}  // namespace liftmark
