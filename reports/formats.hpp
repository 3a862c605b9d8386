#pragma once
// The formats of a report: one row and one function each.

#include <array>
#include <string>
#include <string_view>

#include "engine/scorecard/scorecard.hpp"
#include "reports/options.hpp"

namespace liftmark::reports {

/// The same scorecard and options always give the same bytes: no clock, no locale, no order of threads.
using Render = std::string (*)(const Scorecard& scorecard, const RenderOptions& options);

std::string render_text(const Scorecard& scorecard, const RenderOptions& options);
std::string render_html(const Scorecard& scorecard, const RenderOptions& options);
std::string render_markdown(const Scorecard& scorecard, const RenderOptions& options);
std::string render_csv(const Scorecard& scorecard, const RenderOptions& options);
std::string render_json(const Scorecard& scorecard, const RenderOptions& options);

struct Format {
  std::string_view name;       ///< what --format takes
  std::string_view extension;  ///< of a file, without the dot
  std::string_view media_type;
  std::string_view description;
  Render render;
};

inline constexpr std::array kFormats{
    Format{"html", "html", "text/html; charset=utf-8", "one self-contained page", render_html},
    Format{"text", "txt", "text/plain; charset=utf-8", "for a terminal, 80 columns", render_text},
    Format{"markdown", "md", "text/markdown; charset=utf-8", "for chat and mail", render_markdown},
    Format{"csv", "csv", "text/csv; charset=utf-8", "tidy rows in full precision", render_csv},
    Format{"json", "json", "application/json", "every number in full precision", render_json},
};

/// The row of `name`, or null.
constexpr const Format* find_format(std::string_view name) {
  for (const Format& format : kFormats)
    if (format.name == name) return &format;
  return nullptr;
}

}  // namespace liftmark::reports
