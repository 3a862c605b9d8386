#include "apps/cli/catalog_source.hpp"

#include <array>
#include <utility>
#include <vector>

#include "engine/definition/error.hpp"
#include "engine/record/input_stream.hpp"
#include "engine/record/reader.hpp"
#include "engine/record/store.hpp"

namespace liftmark::cli {

std::string read_text(const std::string& path) {
  const auto input = InputStream::open(path);
  std::string text;
  std::array<char, 65536> buffer{};
  while (const std::size_t count = input->read(buffer.data(), buffer.size()))
    text.append(buffer.data(), count);
  return text;
}

Catalog read_catalog_file(const std::string& path) {
  const std::string text = read_text(path);
  try {
    return parse_catalog(text);
  } catch (const Error& error) {
    std::vector<Problem> problems = error.problems();
    for (Problem& problem : problems)
      problem.where = path + (problem.where.empty() ? "" : ":" + problem.where);
    throw Error(error.code(), std::move(problems));
  }
}

Catalog read_stored_catalog(const std::string& store) {
  const auto version = Reader(store).catalog();
  if (!version)
    throw Error(ErrorCode::storage, store, "the store has no catalog yet",
                "liftmark apply puts one in force");
  return parse_catalog(version->json);
}

Catalog read_catalog(const std::string& path) {
  return is_store(path) ? read_stored_catalog(path) : read_catalog_file(path);
}

}  // namespace liftmark::cli
