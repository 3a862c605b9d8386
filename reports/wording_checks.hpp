#pragma once
// The words of the health checks: what their numbers and notes are called. Belongs to reports/wording.hpp.

#include <array>

#include "reports/wording.hpp"

namespace liftmark::reports::wording {

/// How the number of a check is called and written; `share` as a percentage.
struct CheckNumber {
  std::string_view name;
  bool share;
  Phrase phrase;  ///< with {n}
};
inline constexpr std::array kCheckNumbers{
    CheckNumber{"crossover_share", true, {"{n} saw several arms", "{n} sahen mehrere Arme"}},
    CheckNumber{"limit", true, {"limit {n}", "Grenze {n}"}},
    CheckNumber{"largest_gap", true, {"largest gap {n}", "größte Lücke {n}"}},
    CheckNumber{"days_seen", false, {"{n} days with data", "{n} Tage mit Daten"}},
    CheckNumber{"days_expected", false, {"{n} expected", "{n} erwartet"}},
    CheckNumber{"days_missing", false, {"{n} days missing", "{n} Tage fehlen"}},
    CheckNumber{"weeks", false, {"{n} weeks", "{n} Wochen"}},
    CheckNumber{"planned_weeks", false, {"planned {n}", "geplant {n}"}},
    CheckNumber{"days", false, {"{n} days", "{n} Tage"}},
    CheckNumber{"planned_days", false, {"planned {n}", "geplant {n}"}},
    CheckNumber{"units", false, {"{n} units", "{n} Einheiten"}},
    CheckNumber{"planned_units", false, {"planned {n}", "geplant {n}"}},
    CheckNumber{"mde", true, {"can find {n}", "kann {n} finden"}},
    CheckNumber{"planned_mde", true, {"planned {n}", "geplant {n}"}},
    CheckNumber{"duplicates", false, {"{n} duplicates, counted once", "{n} Dubletten, einfach gezählt"}},
    CheckNumber{"duplicate_share", true, {"{n} of rows", "{n} der Zeilen"}},
    CheckNumber{"late_events", false, {"{n} late", "{n} verspätet"}},
    CheckNumber{"late_share", true, {"{n} late", "{n} verspätet"}},
    CheckNumber{"skewness", false, {"skewness {n}", "Schiefe {n}"}},
    CheckNumber{"units_needed",
                false,
                {"a mean by itself needs {n} units", "ein Mittelwert für sich braucht {n} Einheiten"}},
    CheckNumber{"top_share", true, {"largest 0.1% hold {n}", "größte 0,1 % halten {n}"}},
    CheckNumber{"crossed_units", false, {"{n} units", "{n} Einheiten"}},
    CheckNumber{"settled_share",
                true,
                {"{n} of units have a complete window", "{n} der Einheiten mit vollem Fenster"}},
    CheckNumber{"days_over", false, {"{n} over whole weeks", "{n} über ganze Wochen hinaus"}},
    CheckNumber{"rows", false, {"{n} rows", "{n} Zeilen"}},
    CheckNumber{"share", true, {"{n} of all", "{n} von allen"}},
    CheckNumber{"repeated_exposures", false, {"{n} repeated exposures", "{n} wiederholte Kontakte"}},
    CheckNumber{"conflicts", false, {"{n} conflicting", "{n} widersprüchlich"}}};

inline constexpr std::array kCheckNotes{
    CodeWord{"not_enough_data", {"not enough data", "zu wenige Daten"}},
    CodeWord{"too_few_units", {"too few units", "zu wenige Einheiten"}},
    CodeWord{"no_history", {"no history before the start", "keine Vorgeschichte"}},
    CodeWord{"no_plan", {"no plan to compare with", "kein Plan zum Vergleich"}},
    CodeWord{"no_expected_shares",
             {"no planned shares to compare with", "keine geplanten Anteile zum Vergleich"}},
    CodeWord{"chi_square", {"chi-square test", "Chi-Quadrat-Test"}},
    CodeWord{"sequential_multinomial", {"valid at every look", "bei jedem Blick gültig"}},
    CodeWord{"unit_in_empty_arm",
             {"units in an arm that should have none", "Einheiten in einem Arm, der leer sein soll"}},
    CodeWord{"no_covariates", {"nothing known from before the start", "nichts von vor dem Start bekannt"}},
    CodeWord{"table", {"a table has no times", "eine Tabelle hat keine Zeiten"}},
    CodeWord{"skewed_for_this_size", {"very skewed for this size", "sehr schief für diese Größe"}},
    CodeWord{"few_conversions",
             {"fewer than 20 conversions in an arm", "weniger als 20 Konversionen in einem Arm"}},
    CodeWord{"no_unit_values", {"nothing known of single units", "nichts von einzelnen Einheiten bekannt"}},
    CodeWord{"tail_changed",
             {"the treatment changed the largest values", "die größten Werte haben sich verändert"}}};

}  // namespace liftmark::reports::wording
