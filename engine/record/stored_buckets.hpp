#pragma once
// What a store of hashed ids knows of its units' buckets, so that an edit of the catalog can be previewed
// without the ids.

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace liftmark {

struct StoredBuckets {
  std::vector<std::uint64_t> buckets;  ///< one a unit
  std::size_t without = 0;  ///< exposed units whose bucket was not kept under this salt: recorded before the
                            ///< catalog had the experiment, or with another salt
};

/// The buckets of the units exposed to a liftmark-1 experiment with this salt, as of the last commit. Throws
/// as Reader does.
StoredBuckets stored_buckets(const std::filesystem::path& store, std::string_view experiment,
                             std::string_view salt);

}  // namespace liftmark
