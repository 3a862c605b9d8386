#include "assign/schemes/scheme.hpp"

namespace liftmark::assign {

std::string Bucketing::explain(const UnitView& unit) const {
  const SchemeDecision decision = decide(unit);
  return "bucket " + std::to_string(decision.bucket);
}

const Scheme* find_scheme(std::string_view name) noexcept {
  for (const Scheme& scheme : kSchemes) {
    if (scheme.name == name) return &scheme;
  }
  return nullptr;
}

}  // namespace liftmark::assign
