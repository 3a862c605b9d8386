#include "paths.hpp"

namespace liftmark::tests {

const char* const kSourceDir = LIFTMARK_SOURCE_DIR;
const char* const kVectorsDir = LIFTMARK_SOURCE_DIR "/tests/vectors";
const char* const kSharedDir = LIFTMARK_SOURCE_DIR "/../shared";

}  // namespace liftmark::tests
