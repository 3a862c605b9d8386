#include "apps/cli/calc/table.hpp"

namespace liftmark::cli {

std::span<const CalcMethod> sample_ratio_methods() { return {}; }

}  // namespace liftmark::cli
