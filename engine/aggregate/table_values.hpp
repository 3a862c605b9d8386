#pragma once
// Fields of a table as numbers, and columns by name.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assign/problem.hpp"

namespace liftmark {

/// What a field says: a number, or why it says none.
struct FieldValue {
  std::optional<double> number;
  const char* reason = "";  ///< "missing_value", "not_a_number" or "out_of_range"
};

/// Decimal numbers of at most 1e15 in size; true/false, yes/no, t/f in any case are 1/0. Blanks around are
/// ignored; an empty field, NA, N/A, null and NaN are missing. Commas, currency signs and infinities are no
/// numbers.
FieldValue field_value(std::string_view field) noexcept;

/// Without leading and trailing blanks.
std::string_view trimmed(std::string_view text) noexcept;

/// Column numbers by name. A column that is not there becomes a problem that names the nearest one there is.
class ColumnIndex {
 public:
  ColumnIndex(const std::vector<std::string>& header, std::string file);
  /// Where the column is; on a miss notes the problem (`asked_by`: the option that named it) and returns
  /// nothing.
  std::optional<std::size_t> find(const std::string& column, std::string_view asked_by);
  bool has(std::string_view column) const noexcept;
  std::size_t size() const noexcept { return names_.size(); }
  const std::string& name(std::size_t i) const { return names_[i]; }
  /// Throws Error{data} with every problem noted so far.
  void throw_problems() const;

 private:
  std::vector<std::string> names_;
  std::string file_;
  std::vector<Problem> problems_;
};

}  // namespace liftmark
