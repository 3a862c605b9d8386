#pragma once
// Where the tree and the reference data lie. Constants of one source file rather than macros, so that the
// others compile to the same bytes wherever the tree stands.

namespace liftmark::tests {

extern const char* const kSourceDir;   ///< the top of this tree
extern const char* const kVectorsDir;  ///< reference numbers with their sources
extern const char* const kSharedDir;   ///< the design and its data, beside the tree; may be absent

}  // namespace liftmark::tests
