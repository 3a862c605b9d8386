#include "reports/html/writer.hpp"

#include <fmt/format.h>

namespace liftmark::reports::html {
namespace {

void append_trimmed(std::string& out, double value, int decimals) {
  std::string digits = fmt::format("{:.{}f}", value, decimals);
  while (digits.ends_with('0')) digits.pop_back();
  if (digits.ends_with('.')) digits.pop_back();
  out += digits == "-0" ? "0" : digits;
}

}  // namespace

Writer& Writer::text(std::string_view text) {
  for (const char character : text) {
    switch (character) {
      case '&':
        out_ += "&amp;";
        break;
      case '<':
        out_ += "&lt;";
        break;
      case '>':
        out_ += "&gt;";
        break;
      case '"':
        out_ += "&quot;";
        break;
      case '\'':
        out_ += "&#39;";
        break;
      default:
        out_ += character;
    }
  }
  return *this;
}

Writer& Writer::attribute(Markup name, std::string_view value) {
  out_ += ' ';
  out_ += name.text();
  out_ += "=\"";
  text(value);
  out_ += '"';
  return *this;
}

Writer& Writer::percent(Markup name, double value) {
  out_ += ' ';
  out_ += name.text();
  out_ += "=\"";
  append_trimmed(out_, value, 2);
  out_ += "%\"";
  return *this;
}

Writer& Writer::coordinate(Markup name, double value) {
  out_ += ' ';
  out_ += name.text();
  out_ += "=\"";
  append_trimmed(out_, value, 1);
  out_ += '"';
  return *this;
}

Writer& Writer::number(double value) {
  const std::size_t start = out_.size();
  append_trimmed(out_, value, 1);
  // ".5" says the same as "0.5".
  if (const std::size_t zero = out_.find("0.", start);
      zero == start || (zero == start + 1 && out_[start] == '-'))
    out_.erase(zero, 1);
  return *this;
}

Writer& Writer::rich(const Rich& spans) {
  for (const Span& span : spans) {
    if (span.strong) markup("<b>");
    text(span.text);
    if (span.strong) markup("</b>");
  }
  return *this;
}

}  // namespace liftmark::reports::html
