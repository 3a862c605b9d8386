#include "reports/unicode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace liftmark::reports {
namespace {

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, char32_t code_point) {
  return std::any_of(ranges.begin(), ranges.end(), [=](const Range& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

/// Characters that change how their neighbours are read, or that cannot be seen (UAX 9, UTR 36).
constexpr std::array<Range, 10> kHidden{{{0x061C, 0x061C},
                                         {0x180E, 0x180E},
                                         {0x200B, 0x200B},
                                         {0x200E, 0x200F},
                                         {0x2028, 0x202E},
                                         {0x2060, 0x206F},
                                         {0xFE00, 0xFE0E},
                                         {0xFEFF, 0xFEFF},
                                         {0xFFF9, 0xFFFB},
                                         {0xE0000, 0xE0FFF}}};
/// Letters that run from right to left and would pull the text behind them along.
constexpr std::array<Range, 5> kRightToLeft{
    {{0x0590, 0x08FF}, {0xFB1D, 0xFDFF}, {0xFE70, 0xFEFC}, {0x10800, 0x10FFF}, {0x1E800, 0x1EFFF}}};
constexpr std::array<Range, 12> kCombining{{{0x0300, 0x036F},
                                            {0x0483, 0x0489},
                                            {0x0591, 0x05BD},
                                            {0x0610, 0x061A},
                                            {0x064B, 0x065F},
                                            {0x093C, 0x094D},
                                            {0x0E31, 0x0E3A},
                                            {0x1AB0, 0x1AFF},
                                            {0x200C, 0x200D},
                                            {0x20D0, 0x20FF},
                                            {0xFE0F, 0xFE0F},
                                            {0xFE20, 0xFE2F}}};
constexpr std::array<Range, 9> kWide{{{0x1100, 0x115F},
                                      {0x2E80, 0x303E},
                                      {0x3041, 0xA4CF},
                                      {0xAC00, 0xD7A3},
                                      {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},
                                      {0xFF00, 0xFF60},
                                      {0x1F300, 0x1FAFF},
                                      {0x20000, 0x3FFFD}}};

int column_count(char32_t code_point) {
  if (within(kCombining, code_point) || code_point == 0x2068U || code_point == 0x2069U) return 0;
  return within(kWide, code_point) ? 2 : 1;
}

bool is_continuation(std::string_view text, std::size_t position) {
  return position < text.size() && (static_cast<unsigned char>(text[position]) & 0xC0U) == 0x80U;
}

}  // namespace

char32_t next_code_point(std::string_view text, std::size_t& position) {
  constexpr char32_t kReplacement = 0xFFFD;
  const auto lead = static_cast<unsigned char>(text[position++]);
  if (lead < 0x80U) return lead;
  const int extra = lead >= 0xF0U ? 3 : lead >= 0xE0U ? 2 : 1;
  if (lead < 0xC2U || lead > 0xF4U) return kReplacement;
  char32_t code_point = lead & (0x3FU >> static_cast<unsigned>(extra));
  for (int i = 0; i < extra; ++i) {
    if (!is_continuation(text, position + static_cast<std::size_t>(i))) return kReplacement;
    code_point = (code_point << 6U) |
                 (static_cast<unsigned char>(text[position + static_cast<std::size_t>(i)]) & 0x3FU);
  }
  const bool overlong = (extra == 2 && code_point < 0x800U) || (extra == 3 && code_point < 0x10000U);
  if (overlong || code_point > 0x10FFFFU || (code_point >= 0xD800U && code_point <= 0xDFFFU))
    return kReplacement;
  position += static_cast<std::size_t>(extra);
  return code_point;
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto byte = [&](char32_t value) { out.push_back(static_cast<char>(value)); };
  if (code_point < 0x80U) {
    byte(code_point);
  } else if (code_point < 0x800U) {
    byte(0xC0U | (code_point >> 6U));
    byte(0x80U | (code_point & 0x3FU));
  } else if (code_point < 0x10000U) {
    byte(0xE0U | (code_point >> 12U));
    byte(0x80U | ((code_point >> 6U) & 0x3FU));
    byte(0x80U | (code_point & 0x3FU));
  } else {
    byte(0xF0U | (code_point >> 18U));
    byte(0x80U | ((code_point >> 12U) & 0x3FU));
    byte(0x80U | ((code_point >> 6U) & 0x3FU));
    byte(0x80U | (code_point & 0x3FU));
  }
}

std::string visible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool isolate = false;
  for (std::size_t position = 0; position < text.size();) {
    const char32_t code_point = next_code_point(text, position);
    isolate = isolate || within(kRightToLeft, code_point);
    if (code_point < 0x20U) {
      append_utf8(out, 0x2400U + code_point);
    } else if (code_point == 0x7FU) {
      append_utf8(out, 0x2421U);
    } else if ((code_point >= 0x80U && code_point < 0xA0U) || within(kHidden, code_point)) {
      out += fmt::format("[U+{:04X}]", static_cast<std::uint32_t>(code_point));
    } else {
      append_utf8(out, code_point);
    }
  }
  return isolate ? "\u2068" + out + "\u2069" : out;
}

int display_width(std::string_view text) {
  int width = 0;
  for (std::size_t position = 0; position < text.size();)
    width += column_count(next_code_point(text, position));
  return width;
}

std::string shortened(std::string_view text, int columns) {
  if (display_width(text) <= columns) return std::string(text);
  int width = 0;
  std::size_t end = 0;
  for (std::size_t position = 0; position < text.size();) {
    width += column_count(next_code_point(text, position));
    if (width > columns - 1) break;
    end = position;
  }
  while (end > 0 && text[end - 1] == ' ') --end;
  return std::string(text.substr(0, end)) + "\u2026";
}

std::string left_aligned(std::string_view text, int columns) {
  return std::string(text) +
         std::string(static_cast<std::size_t>(std::max(0, columns - display_width(text))), ' ');
}

std::string right_aligned(std::string_view text, int columns) {
  return std::string(static_cast<std::size_t>(std::max(0, columns - display_width(text))), ' ') +
         std::string(text);
}

}  // namespace liftmark::reports
