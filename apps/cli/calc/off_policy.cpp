#include "apps/cli/calc/table.hpp"

namespace liftmark::cli {

std::span<const CalcMethod> off_policy_methods() { return {}; }

}  // namespace liftmark::cli
