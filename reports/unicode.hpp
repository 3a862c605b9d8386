#pragma once
// Names come from people and from files: what may be shown of them, and how wide it is on a terminal.

#include <cstddef>
#include <string>
#include <string_view>

namespace liftmark::reports {

/// One code point of `text` at `position`, which moves behind it. U+FFFD for a byte that is not UTF-8.
char32_t next_code_point(std::string_view text, std::size_t& position);
void append_utf8(std::string& out, char32_t code_point);

/// `text` with everything that could hide or reorder what stands around it made visible: control
/// characters as pictures (ESC becomes U+241B), bidirectional and zero-width controls as [U+202E],
/// bytes that are not UTF-8 as U+FFFD. A name with
/// right-to-left letters is isolated (U+2068 .. U+2069). Other clean text comes back unchanged. Apply once.
std::string visible(std::string_view text);

/// Columns on a terminal: 0 for combining marks, 2 for East Asian wide characters and emoji.
int display_width(std::string_view text);

/// `text` cut to at most `columns` columns, ending with an ellipsis when something was left out.
std::string shortened(std::string_view text, int columns);

/// `text` filled with spaces to `columns`; longer text comes back unchanged.
std::string left_aligned(std::string_view text, int columns);
std::string right_aligned(std::string_view text, int columns);

}  // namespace liftmark::reports
