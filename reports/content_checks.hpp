#pragma once
// The lines under "Can we trust it?".

#include <string>
#include <vector>

#include "reports/content.hpp"

namespace liftmark::reports {

std::vector<CheckLine> check_lines(const Scorecard& scorecard, const Numbers& numbers);

/// "206,118 vs 202,391": the arms' sizes in the scorecard's order.
std::string arm_sizes(const Scorecard& scorecard, const Numbers& numbers);

}  // namespace liftmark::reports
