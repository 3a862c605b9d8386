#pragma once
// What a report says, before it is HTML, Markdown or text: every name made visible, every number formatted,
// every sentence chosen. The formats only lay it out, so they cannot disagree.

#include <optional>
#include <string>
#include <vector>

#include "engine/scorecard/scorecard.hpp"
#include "reports/numbers.hpp"
#include "reports/options.hpp"
#include "reports/wording.hpp"

namespace liftmark::reports {

/// What a mark's colour may say. Only a reading gives `good` or `bad`.
enum class Tone { good, bad, flat, held, withheld };

struct Fact {
  std::string label, value;
};

struct VerdictBox {
  Tone tone = Tone::flat;
  std::string tag;       ///< "Ship"
  std::string rule;      ///< "rule “clear gain, no harm”, fixed before the start"; may be empty
  std::string headline;  ///< "Ship treatment."
  std::vector<Rich> why;
};

/// One comparison's lift, ready to be drawn and written. `figure` is null when there is nothing to draw.
struct LiftCell {
  const Figure* figure = nullptr;
  LiftText text;        ///< empty: show `missing`
  std::string missing;  ///< "no lift: too few units"
  Tone tone = Tone::flat;
};

struct Hero {
  std::string caption;   ///< "Lift in orders per visitor"
  std::string caveat;    ///< why it is not to be used; empty if it is
  std::string interval;  ///< "95% interval +1.2% to +7.3%"
  std::string sub;       ///< "412,722 units · 6.42% → 6.69%"
  LiftCell lift;
};

struct CheckLine {
  std::string status;  ///< machine word
  std::string title, status_word, detail;
};

struct ComparisonLine {
  std::string label;  ///< the arm, with its control where it has several
  std::string arm, against;
  std::string control, variant;  ///< values
  LiftCell lift;
  std::string reading;           ///< word, "Better"
  std::string symbol;            ///< says the same as the colour
  std::string p_value;           ///< may be empty
  std::optional<double> margin;  ///< signed: where the margin's line stands on the lift axis
};

struct MetricLine {
  const MetricResult* metric = nullptr;
  std::string name, note;
  std::vector<ComparisonLine> comparisons;
};

struct MetricGroup {
  std::string title, note;
  std::vector<MetricLine> metrics;
};

struct Content {
  std::string title, key, hypothesis;
  std::vector<Fact> facts;
  VerdictBox verdict;
  std::vector<VerdictBox> others;  ///< the other variants, one line each
  std::optional<Hero> hero;
  std::string notes_title;
  std::vector<Rich> notes;
  std::vector<CheckLine> checks;
  std::vector<MetricGroup> groups;
  std::string made_by;
};

/// A failed sample-ratio check: no reading of this scorecard may be shown.
bool is_withheld(const Scorecard& scorecard);
/// The plan is read on its date, and that is still to come.
bool is_before_horizon(const Scorecard& scorecard);

/// The word that may be shown for `comparison`: its reading, or "Withheld".
std::string shown_reading(const Scorecard& scorecard, const Comparison& comparison);
Tone tone_of(std::string_view reading);
/// The symbol that says the same as the colour: ▲ ▼ ◇ ✓ –.
std::string_view symbol_of(std::string_view reading);
std::string_view symbol_of_check(std::string_view status);

/// The numbers of `options`, with the scorecard's currency where the options name none.
Numbers numbers_for(const Scorecard& scorecard, const RenderOptions& options);
/// The metric's format, by its kind where it has none.
std::string_view format_of(const MetricResult& metric);
/// How many controls `arm` is compared with in this report.
std::size_t controls_of(const Scorecard& scorecard, const std::string& arm);
/// "sessions", or "sessions vs none" where the arm has several controls; made visible.
std::string compared_name(const Scorecard& scorecard, const std::string& arm, const std::string& against,
                          Language language);
/// A name that is empty falls back to the key; either is made visible.
std::string shown_name(const std::string& name, const std::string& key);
LiftCell lift_cell(const Figure& figure, Tone tone, const Numbers& numbers);
std::string reason_word(std::string_view reason, Language language);

/// Everything but the deeper sections, which each format draws from the scorecard itself.
Content content_of(const Scorecard& scorecard, const RenderOptions& options);

}  // namespace liftmark::reports
