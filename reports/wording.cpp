#include "reports/wording.hpp"

#include <algorithm>
#include <stdexcept>

namespace liftmark::reports {

Rich fill_rich(std::string_view pattern, const Fillings& fillings) {
  Rich out{{}};
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern.substr(i, 2) == "**") {
      const bool strong = !out.back().strong;
      if (out.back().text.empty()) out.pop_back();
      out.push_back({{}, strong});
      ++i;
    } else if (pattern[i] == '{') {
      const std::size_t end = pattern.find('}', i);
      const std::string_view name = pattern.substr(i + 1, end - i - 1);
      const auto found = std::find_if(fillings.begin(), fillings.end(),
                                      [&](const Filling& filling) { return filling.name == name; });
      if (found == fillings.end()) throw std::logic_error("nothing fills {" + std::string(name) + "}");
      out.back().text += found->text;
      i = end;
    } else {
      out.back().text += pattern[i];
    }
  }
  if (out.back().text.empty() && out.size() > 1) out.pop_back();
  return out;
}

std::string fill(std::string_view pattern, const Fillings& fillings) {
  std::string out;
  for (const Span& span : fill_rich(pattern, fillings)) out += span.text;
  return out;
}

std::string word_for(std::string_view code, const CodeWord* first, std::size_t count, Language language) {
  const auto found =
      std::find_if(first, first + count, [&](const CodeWord& word) { return word.code == code; });
  if (found != first + count) return std::string(text_of(found->phrase, language));
  std::string readable(code);
  std::replace(readable.begin(), readable.end(), '_', ' ');
  return readable;
}

}  // namespace liftmark::reports
