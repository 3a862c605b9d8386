#pragma once
// From a catalog to the Assigner.

#include <memory>

#include "assign/assigner.hpp"
#include "engine/definition/catalog.hpp"

namespace liftmark {

/// The catalog's experiments, layers and holdouts as assign takes them.
assign::Definitions assignment_definitions(const Catalog& catalog);

/// Ready to answer. `parse_catalog` has already refused what does not compile; otherwise throws
/// Error{definition}.
std::shared_ptr<const assign::Assigner> compile_assigner(const Catalog& catalog);

}  // namespace liftmark
