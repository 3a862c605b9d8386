// Tables on a terminal of 80 columns.
#include <optional>

#include "reports/terminal.hpp"
#include "reports/wording.hpp"

namespace liftmark::reports {
namespace {

constexpr int kIndent = 4;
constexpr int kGap = 2;

bool is_nothing(const std::string& cell) {
  return cell.empty() || cell == "–";
}

/// `text` broken at spaces into lines of at most `columns` columns; a longer word stands alone.
std::vector<std::string> wrapped(std::string_view text, int columns) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    std::string& last = lines.back();
    if (!last.empty() && display_width(last) + 1 + display_width(word) > columns)
      lines.emplace_back(word);
    else
      last += (last.empty() ? "" : " ") + std::string(word);
  }
  return lines;
}

int longest_word(std::string_view text) {
  int columns = 0;
  for (const std::string& word : wrapped(text, 1)) columns = std::max(columns, display_width(word));
  return columns;
}

/// One column of a table as it will stand: where it is in the row, how wide, on which side its cells begin.
struct Column {
  std::size_t index;
  int width;
  bool left;
};

/// A table laid out: the leading `headings` names stand over their rows, the other columns side by side.
struct Layout {
  std::size_t headings = 0;
  std::vector<Column> columns;

  int indent() const { return headings == 0 ? kIndent : kIndent + 2; }
  int width() const {
    int all = indent() - kGap;
    for (const Column& column : columns) all += column.width + kGap;
    return all;
  }
};

/// A column in which no row says anything is left out.
Layout layout_of(const ContentTable& table, std::size_t headings, std::string_view interval) {
  Layout layout{headings, {}};
  for (std::size_t i = headings; i < table.head.size(); ++i) {
    int width = longest_word(table.head[i]);
    bool any = false;
    for (const auto& row : table.rows) {
      width = std::max(width, display_width(row[i]));
      any = any || !is_nothing(row[i]);
    }
    if (any) layout.columns.push_back({i, width, i < table.names || table.head[i] == interval});
  }
  return layout;
}

/// The layout with the fewest headings that fits, if there is one. Headings stand over numbers: a table of
/// words alone has none.
std::optional<Layout> fitting_layout(const ContentTable& table, std::string_view interval, int width) {
  const bool words_only = table.names >= table.head.size();
  const std::size_t most = words_only ? 1 : std::max<std::size_t>(table.names, 1);
  for (std::size_t headings = 0; headings < most; ++headings) {
    Layout layout = layout_of(table, headings, interval);
    if (!layout.columns.empty() && layout.width() <= width) return layout;
  }
  return std::nullopt;
}

std::string placed(const std::string& text, const Column& column) {
  return column.left ? left_aligned(text, column.width) : right_aligned(text, column.width);
}

void write_heads(Terminal& terminal, const ContentTable& table, const Layout& layout) {
  std::vector<std::vector<std::string>> heads;
  std::size_t lines = 0;
  for (const Column& column : layout.columns) {
    heads.push_back(wrapped(table.head[column.index], column.width));
    lines = std::max(lines, heads.back().size());
  }
  for (std::size_t line = 0; line < lines; ++line) {
    std::string text(static_cast<std::size_t>(layout.indent()), ' ');
    for (std::size_t i = 0; i < heads.size(); ++i) {
      const std::size_t above = lines - heads[i].size();  // heads stand on their rows
      text += placed(line < above ? "" : heads[i][line - above], layout.columns[i]);
      text += std::string(kGap, ' ');
    }
    terminal.line(terminal.faint(text.substr(0, text.find_last_not_of(' ') + 1)));
  }
}

/// How many leading names of two rows are the same.
std::size_t same_names(const ContentTable& table, const std::vector<std::string>& one,
                       const std::vector<std::string>& other) {
  std::size_t same = 0;
  while (same < table.names && one[same] == other[same]) ++same;
  return same;
}

void write_grid(Terminal& terminal, const ContentTable& table, const Layout& layout) {
  write_heads(terminal, table, layout);
  const std::vector<std::string>* before = nullptr;
  for (const auto& row : table.rows) {
    const std::size_t same = before == nullptr ? 0 : same_names(table, *before, row);
    if (layout.headings > 0 && same < layout.headings) {
      std::string heading;
      for (std::size_t i = 0; i < layout.headings; ++i)
        if (!is_nothing(row[i])) heading += (heading.empty() ? "" : " · ") + row[i];
      terminal.paragraph({{heading, false}}, kIndent);
    }
    std::string text(static_cast<std::size_t>(layout.indent()), ' ');
    for (const Column& column : layout.columns) {
      // A name is said once; the last one always, so that no row begins with nothing but numbers.
      const bool repeated = column.index < same && column.index + 1 < table.names;
      text += placed(repeated ? "" : row[column.index], column) + std::string(kGap, ' ');
    }
    terminal.line(text);
    before = &row;
  }
}

/// "Phone; Lift +5.8% (+0.8% to +10.8%)": names, then head by head, an interval right behind its estimate.
Rich row_of(const ContentTable& table, const std::vector<std::string>& row, std::string_view interval) {
  Rich cells;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i].empty() || row[i] == "–") continue;
    if (table.head[i] == interval && !cells.empty()) {
      cells.push_back({" (" + row[i] + ")", false});
      continue;
    }
    const bool name = i < table.names;
    std::string before = cells.empty() ? "" : name ? " · " : "; ";
    if (!name) before += table.head[i] + " ";
    cells.push_back({std::move(before), false});
    cells.push_back({row[i], i == table.names});
  }
  return cells;
}

}  // namespace

void write_section(Terminal& terminal, const ContentSection& section, Language language) {
  const std::string_view interval = text_of(wording::kIntervalHead, language);
  terminal.line(terminal.strong(shortened(section.title, terminal.width())));
  if (!section.note.empty()) terminal.paragraph({{section.note, false}}, 2);
  for (const ContentTable& table : section.tables) {
    if (!table.title.empty()) terminal.paragraph({{table.title, true}}, 2);
    if (const auto layout = fitting_layout(table, interval, terminal.width())) {
      write_grid(terminal, table, *layout);
      continue;
    }
    for (const auto& row : table.rows) terminal.paragraph(row_of(table, row, interval), kIndent, "  •");
  }
  terminal.line();
}

}  // namespace liftmark::reports
