#include "faults/stored_ids.hpp"

#include <cstdlib>

#include "engine/record/export.hpp"

namespace faults {

int rounds() {
  const char* text = std::getenv("LIFTMARK_FAULT_ROUNDS");
  return text == nullptr ? 25 : std::atoi(text);
}

std::map<std::string, int> stored_ids(const std::filesystem::path& store) {
  std::map<std::string, int> ids;
  std::string text;
  liftmark::export_rows(store, {.format = liftmark::ExportOptions::Format::csv},
                        [&](std::string_view piece) { text += piece; });
  std::size_t from = text.find('\n') + 1;
  while (from < text.size()) {
    ++ids[text.substr(from, text.find(',', from) - from)];
    from = text.find('\n', from) + 1;
  }
  return ids;
}

}  // namespace faults
