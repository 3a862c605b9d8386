#pragma once
// Lines on a terminal: styled where colour is asked for, broken at spaces, at most `width` columns.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "reports/content.hpp"
#include "reports/options.hpp"
#include "reports/tables.hpp"
#include "reports/unicode.hpp"

namespace liftmark::reports {

constexpr int kLeastWidth = 60;

/// SGR codes. Blue is better, orange is worse: the two hues most readers can tell apart.
constexpr std::string_view sgr_of(Tone tone) {
  switch (tone) {
    case Tone::good:
      return "38;5;32";
    case Tone::bad:
      return "38;5;166";
    case Tone::flat:
    case Tone::held:
    case Tone::withheld:
      break;
  }
  return "";
}

class Terminal {
 public:
  explicit Terminal(const RenderOptions& options)
      : colour_(options.colour), width_(std::max(options.width, kLeastWidth)) {}

  int width() const { return width_; }
  std::string take() { return std::move(out_); }

  std::string styled(std::string_view text, std::string_view sgr) const {
    if (!colour_ || sgr.empty() || text.empty()) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", sgr, text);
  }
  std::string strong(std::string_view text) const { return styled(text, "1"); }
  std::string faint(std::string_view text) const { return styled(text, "2"); }

  void line(std::string_view text = {}) {
    out_ += text;
    while (out_.ends_with(' ')) out_.pop_back();
    out_ += '\n';
  }

  /// `spans` broken at spaces; every line starts `indent` columns in, the first with `lead` there.
  void paragraph(const Rich& spans, int indent, std::string_view lead = {}) {
    const std::string margin(static_cast<std::size_t>(indent), ' ');
    std::string current = std::string(lead) + margin.substr(static_cast<std::size_t>(display_width(lead)));
    int column = indent;
    for (const Word& word : words_of(spans, width_ - indent)) {
      const bool first = column == indent;
      if (!first && column + 1 + word.columns > width_) {
        line(current);
        current = margin;
        column = indent;
      } else if (!first) {
        current += ' ';
        ++column;
      }
      for (const Span& piece : word.pieces) current += piece.strong ? strong(piece.text) : piece.text;
      column += word.columns;
    }
    line(current);
  }

 private:
  /// What stands between two spaces; may be strong in part.
  struct Word {
    Rich pieces;
    int columns = 0;
  };
  /// Words of more than `most` columns are cut into several.
  static std::vector<Word> words_of(const Rich& spans, int most) {
    std::vector<Word> words(1);
    for (const Span& span : spans) {
      for (std::size_t position = 0; position < span.text.size();) {
        const std::size_t from = position;
        next_code_point(span.text, position);
        const std::string character = span.text.substr(from, position - from);
        const int columns = display_width(character);
        if (character == " " || words.back().columns + columns > most) words.emplace_back();
        if (character == " ") continue;
        Rich& pieces = words.back().pieces;
        if (pieces.empty() || pieces.back().strong != span.strong) pieces.push_back({{}, span.strong});
        pieces.back().text += character;
        words.back().columns += columns;
      }
    }
    std::erase_if(words, [](const Word& word) { return word.columns == 0; });
    return words;
  }

  bool colour_;
  int width_;
  std::string out_;
};

/// A section of tables. A table stands in columns where it fits the width, its leading names as headings over
/// the rows if that makes it fit, else every row is a paragraph.
void write_section(Terminal& terminal, const ContentSection& section, Language language);

}  // namespace liftmark::reports
