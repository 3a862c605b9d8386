#pragma once
// HTML that cannot be broken into: markup is known when the program is compiled, everything else is escaped.

#include <cstddef>
#include <string>
#include <string_view>

#include "reports/wording.hpp"

namespace liftmark::reports::html {

/// Markup. Can only be made from a string literal, at compile time: nothing that was read can become one.
class Markup {
 public:
  template <std::size_t N>
  consteval Markup(const char (&literal)[N]) : text_(literal, N - 1) {}
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

class Writer {
 public:
  Writer& markup(Markup literal) {
    out_ += literal.text();
    return *this;
  }
  /// Escaped: & < > " ' become character references.
  Writer& text(std::string_view text);
  /// ` name="value"`, escaped. `name` includes no space and no equals sign.
  Writer& attribute(Markup name, std::string_view value);
  /// ` name="12.3%"`: a coordinate with at most 2 decimals.
  Writer& percent(Markup name, double value);
  /// ` name="12.3"`: a coordinate with at most 1 decimal.
  Writer& coordinate(Markup name, double value);
  /// The bare number of a path, at most 1 decimal.
  Writer& number(double value);
  /// Strong spans as <b>.
  Writer& rich(const Rich& spans);

  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace liftmark::reports::html
