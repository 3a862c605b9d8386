#pragma once
// How a scorecard is to be shown. Nothing here comes from the process: no clock, no locale, no terminal.

#include <string>

namespace liftmark::reports {

enum class Language { english, german };

struct RenderOptions {
  Language language = Language::english;
  std::string currency;  ///< ISO 4217; empty: the experiment's own
  bool colour = false;   ///< text only: ANSI colours; the caller knows about terminals and NO_COLOR
  int width = 80;        ///< text only: columns, at least 60
};

}  // namespace liftmark::reports
