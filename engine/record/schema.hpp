#pragma once
// The tables of a store, their version and how older versions become newer. Documented in docs/store.md.

#include "engine/record/database.hpp"

namespace liftmark {

inline constexpr int kSchemaVersion = 2;
inline constexpr int kApplicationId = 0x4C465431;  // "LFT1"

/// Creates all tables in an empty database.
void create_schema(Database& database);
/// Throws Error(storage) unless the database is a store of exactly this version; says whether it is older
/// (migrate) or newer (upgrade the program).
void check_schema(Database& database);
/// Brings a store of an older version to this one, or throws and changes nothing: one transaction. Throws
/// Error(storage) for a newer version.
void run_schema_steps(Database& database);
/// The connection settings of STORAGE.md; `durable` chooses synchronous FULL or NORMAL.
void configure(Database& database, bool durable);

}  // namespace liftmark
