#pragma once
// Which text of a unit another system hashes: the id, or an attribute's value spelt as that system spells it.

#include <string>
#include <string_view>

#include "assign/schemes/parameters.hpp"
#include "assign/schemes/scheme.hpp"

namespace liftmark::assign {

/// What to hash: the unit id when `attribute` is empty, else that attribute.
struct UnitSource {
  std::string attribute;
};

/// The attribute named by parameter `parameter` (such as "hashAttribute"); the unit id when the parameter is
/// absent or says `id_name`, the system's own name for the id.
UnitSource read_unit_source(ParameterReader& reader, std::string_view parameter, std::string_view id_name);

/// One unit's text. Numbers are written as ECMAScript's Number::toString does (12, 0.5, 1e+21), booleans as
/// true/false. Holds a small buffer for numbers and otherwise a view of the caller's text.
class UnitText {
 public:
  enum class Kind { missing, text, whole_number, fraction, boolean };

  UnitText(const UnitView& unit, const UnitSource& source) noexcept;
  UnitText(const UnitText&) = delete;
  UnitText& operator=(const UnitText&) = delete;

  std::string_view text() const noexcept { return text_; }
  Kind kind() const noexcept { return kind_; }
  /// What JavaScript takes for false: missing, "", 0, false.
  bool falsy() const noexcept { return falsy_; }

 private:
  void set_number(double number) noexcept;

  char buffer_[32];
  std::string_view text_;
  Kind kind_ = Kind::missing;
  bool falsy_ = true;
};

}  // namespace liftmark::assign
