#include "apps/cli/calc/table.hpp"

namespace liftmark::cli {

std::span<const CalcMethod> bayes_methods() { return {}; }

}  // namespace liftmark::cli
