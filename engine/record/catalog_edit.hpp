#pragma once
// Putting a catalog in force: what it changes, whom it moves, and the refusal to reshuffle what runs.

#include <filesystem>
#include <string>
#include <vector>

#include "assign/preview.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/definition/changes.hpp"
#include "engine/record/clickhouse/store.hpp"
#include "engine/record/recorder.hpp"

namespace liftmark {

/// How a new catalog is taken.
struct CatalogEdit {
  bool dry_run = false;      ///< say what would change, store nothing
  bool new_epoch = false;    ///< a running experiment that would be reshuffled starts a new epoch
  bool allow_moves = false;  ///< units may change arm within an epoch
};

/// What an edit comes to.
struct AppliedCatalog {
  CatalogVersion version;  ///< in force afterwards; after a dry run with the digest it would have
  Catalog after;
  std::vector<Change> changes;
  std::vector<assign::Movement>
      moves;  ///< of the units the store knows; empty when nothing in it enters a hash
  std::vector<std::string> reshuffled;  ///< experiments whose epoch was raised
};

/// Compares the catalog with the one in force and puts it in its place. Throws Error{definition} when units
/// of a running experiment would change arm and the edit does not say how to take that, or when another
/// catalog was put in force meanwhile.
AppliedCatalog apply_catalog(Recorder& recorder, const std::filesystem::path& store, Catalog after,
                             const CatalogEdit& edit);
/// The same in ClickHouse, where another catalog is noticed up to the moment of writing, not during it.
/// Throws Error{data} where it would have to look at too many units.
AppliedCatalog apply_catalog(clickhouse::Store& store, Catalog after, const CatalogEdit& edit);

}  // namespace liftmark
