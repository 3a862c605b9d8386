#include "apps/cli/calc/table.hpp"

namespace liftmark::cli {

std::span<const CalcMethod> group_sequential_methods() { return {}; }

}  // namespace liftmark::cli
