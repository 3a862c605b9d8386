#pragma once
// Texts into SQL and out of tab-separated answers. Nothing goes into a statement but through these.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace liftmark::clickhouse {

__extension__ typedef __int128 Int128;

/// A string literal, whatever bytes the text has.
std::string literal(std::string_view text);
/// A name in backquotes.
std::string identifier(std::string_view name);
/// "('a', 'b')" of literals, or of numbers; one that matches nothing when empty.
std::string literal_list(const std::vector<std::string>& texts);

/// Appends a field of a TabSeparated row, escaped, without the separator.
void append_field(std::string_view text, std::string& row);
/// Appends "['a','b']" as a field.
void append_array(const std::vector<std::string_view>& texts, std::string& row);

/// The rows of an answer in TabSeparated, one after the other; fields are unescaped when asked for.
class Rows {
 public:
  explicit Rows(std::string answer) : answer_(std::move(answer)), rest_(answer_) {}
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  /// Moves to the next row; false at the end.
  bool next();
  std::size_t fields() const noexcept { return fields_.size(); }
  std::string text(std::size_t field) const;
  /// Throws Error{storage} when the field is no whole number of 64 (128) bits: the server is not what we take
  /// it for.
  std::int64_t integer(std::size_t field) const;
  std::uint64_t natural(std::size_t field) const;
  Int128 wide(std::size_t field) const;
  double real(std::size_t field) const;
  /// An array of whole numbers, "[1,-2]"; of texts, "['a','b']".
  std::vector<std::int64_t> integers(std::size_t field) const;
  std::vector<std::string> texts(std::size_t field) const;

 private:
  std::string_view field(std::size_t field) const;
  std::string answer_;
  std::string_view rest_;
  std::vector<std::string_view> fields_;
};

}  // namespace liftmark::clickhouse
