#pragma once
// Copies of a store, and its schema's version.

#include <filesystem>

namespace liftmark {

/// Writes a consistent, compact copy of the store to `target` (mode 0600), also while it is being written to,
/// and verifies it. Throws Error(storage) when the target exists, the disk is full, or the copy fails its
/// check.
void backup(const std::filesystem::path& store, const std::filesystem::path& target);

struct Migration {
  int from = 0;
  int to = 0;
  std::filesystem::path backup;  ///< made before anything changed; empty when there was nothing to do
};
/// Brings the store to this program's schema in one transaction, after a verified backup beside it. Throws
/// StoreLocked while somebody writes, Error(storage) when the schema is newer than the program or the disk
/// says no; then nothing has changed.
Migration migrate(const std::filesystem::path& store);

}  // namespace liftmark
