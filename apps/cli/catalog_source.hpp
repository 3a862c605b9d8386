#pragma once
// Where a command takes its catalog from: a file, or the one in force in a store.

#include <string>

#include "engine/definition/catalog.hpp"

namespace liftmark::cli {

/// The whole of a file, unpacked when it is gzip or zstd; "-" is standard input. Throws Error(data) when it
/// cannot be read.
std::string read_text(const std::string& path);

/// The catalog of a JSON file. Problems name the file before the JSON pointer.
Catalog read_catalog_file(const std::string& path);

/// The catalog in force in the store. Throws Error(storage) when there is none yet.
Catalog read_stored_catalog(const std::string& store);

/// Either, by what the file is.
Catalog read_catalog(const std::string& path);

}  // namespace liftmark::cli
