#pragma once
// Every sentence and word of every report, in English and German, in one place.
//
// Templates: {name} is filled in, **word** is strong. Plain about uncertainty: an interval is where the true
// lift plausibly lies; nothing is "proved", there is no "winner" and no "95% chance".

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/options.hpp"

namespace liftmark::reports {

struct Phrase {
  std::string_view english, german;
};

constexpr std::string_view text_of(const Phrase& phrase, Language language) {
  return language == Language::german ? phrase.german : phrase.english;
}

/// What a template's {name} stands for.
struct Filling {
  std::string_view name;
  std::string text;
};
using Fillings = std::vector<Filling>;

/// A run of text. What was filled in is never read as template.
struct Span {
  std::string text;
  bool strong = false;
};
using Rich = std::vector<Span>;

/// The template with its names filled in, as plain text (no ** in it). Throws std::logic_error on a name
/// that `fillings` lacks.
std::string fill(std::string_view pattern, const Fillings& fillings);
Rich fill_rich(std::string_view pattern, const Fillings& fillings);

/// A machine word of the scorecard and what it is called.
struct CodeWord {
  std::string_view code;
  Phrase phrase;
};

/// The phrase of `code` in `table`; a word the table lacks comes back readable ("late_files" -> "late
/// files").
std::string word_for(std::string_view code, const CodeWord* first, std::size_t count, Language language);
template <std::size_t N>
std::string word_for(std::string_view code, const std::array<CodeWord, N>& table, Language language) {
  return word_for(code, table.data(), N, language);
}

namespace wording {

inline constexpr Phrase kFromTo{"{low} to {high}", "{low} bis {high}"};
inline constexpr Phrase kAtLeast{"at least {low}", "mindestens {low}"};
inline constexpr Phrase kAtMost{"at most {high}", "höchstens {high}"};
inline constexpr Phrase kVersus{" vs ", " zu "};
inline constexpr Phrase kOf{"{part} of {whole}", "{part} von {whole}"};

// The page's questions.
inline constexpr Phrase kReport{"Experiment report", "Experimentbericht"};
inline constexpr Phrase kAlsoKnow{"Also worth knowing", "Außerdem wissenswert"};
inline constexpr Phrase kWhatToDo{"What to do now", "Was jetzt zu tun ist"};
inline constexpr Phrase kTrust{"Can we trust it?", "Können wir dem trauen?"};
inline constexpr Phrase kMoved{"What moved?", "Was hat sich bewegt?"};
inline constexpr Phrase kSteady{"Was it steady?", "War es beständig?"};
inline constexpr Phrase kWho{"Who was in it, and where did they go?", "Wer war dabei, und wohin gingen sie?"};
inline constexpr Phrase kGroups{"Did some groups react differently?", "Reagierten Gruppen unterschiedlich?"};
inline constexpr Phrase kSpenders{"Is it a few big spenders?", "Liegt es an wenigen Großkäufern?"};
inline constexpr Phrase kBigEnough{"Was it big enough?", "War es groß genug?"};
inline constexpr Phrase kMoney{"Where did the money come from?", "Woher kam das Geld?"};
inline constexpr Phrase kLedger{"Does it add up over time?", "Geht es über die Zeit auf?"};
inline constexpr Phrase kPlan{"Did we do what we planned?", "Lief es wie geplant?"};
inline constexpr Phrase kMethod{"How this was computed", "Wie das berechnet wurde"};

// Facts of the header.
inline constexpr Phrase kKey{"Key", "Schlüssel"};
inline constexpr Phrase kRan{"Ran", "Laufzeit"};
inline constexpr Phrase kUnit{"Unit", "Einheit"};
inline constexpr Phrase kOwner{"Owner", "Verantwortlich"};
inline constexpr Phrase kArms{"Arms", "Arme"};
inline constexpr Phrase kSplit{"Planned split", "Geplante Aufteilung"};
inline constexpr Phrase kStatus{"Status", "Status"};
inline constexpr Phrase kUnits{"{n} units", "{n} Einheiten"};
inline constexpr Phrase kDays{"{n} days", "{n} Tage"};
inline constexpr Phrase kOneDay{"1 day", "1 Tag"};
inline constexpr Phrase kDay{"day {n}", "Tag {n}"};

// The verdict.
inline constexpr Phrase kRule{"rule “{rule}”, fixed before the start",
                              "Regel „{rule}“, vor dem Start festgelegt"};
inline constexpr Phrase kShipIt{"Ship {arm}.", "{arm} einführen."};
inline constexpr Phrase kStopIt{"Stop {arm}.", "{arm} stoppen."};
inline constexpr Phrase kKeepRunning{"Keep it running.", "Weiterlaufen lassen."};
inline constexpr Phrase kNoDecision{"No decision from this experiment.",
                                    "Keine Entscheidung aus diesem Experiment."};
inline constexpr Phrase kNotUntil{"Not until {date}.", "Nicht vor dem {date}."};
inline constexpr Phrase kDoNotUse{"Do not use these results yet.", "Diese Ergebnisse noch nicht verwenden."};
inline constexpr Phrase kNoVerdict{"What the data say.", "Was die Daten sagen."};
inline constexpr Phrase kRose{
    "{metric} rose by **{lift}**. The true lift is plausibly anywhere from {low} to {high}, and every value "
    "in that "
    "range is a gain.",
    "{metric} stieg um **{lift}**. Der wahre Effekt liegt plausibel irgendwo zwischen {low} und {high}, und "
    "jeder "
    "Wert darin ist ein Gewinn."};
inline constexpr Phrase kFellGood{
    "{metric} fell by **{lift}**, which is what was hoped for. The true change is plausibly anywhere from "
    "{low} to "
    "{high}, and every value in that range is a gain.",
    "{metric} sank um **{lift}**, wie erhofft. Die wahre Änderung liegt plausibel irgendwo zwischen {low} "
    "und {high}, "
    "und jeder Wert darin ist ein Gewinn."};
inline constexpr Phrase kLost{
    "{metric} changed by **{lift}**. The true change is plausibly anywhere from {low} to {high}, and every "
    "value in "
    "that range is a loss.",
    "{metric} änderte sich um **{lift}**. Die wahre Änderung liegt plausibel irgendwo zwischen {low} und "
    "{high}, und "
    "jeder Wert darin ist ein Verlust."};
inline constexpr Phrase kUnclear{
    "{metric}: the best guess is **{lift}**, but anything from {low} to {high} fits the data, no change "
    "included.",
    "{metric}: Die beste Schätzung ist **{lift}**, aber alles von {low} bis {high} passt zu den Daten, auch "
    "keine "
    "Änderung."};
inline constexpr Phrase kOneSided{
    "{metric}: the best guess is **{lift}**, and the data support {interval}.",
    "{metric}: Die beste Schätzung ist **{lift}**, die Daten stützen {interval}."};
inline constexpr Phrase kRangeOnly{
    "{metric}: **{lift}** so far, {low} to {high}. Not to be read as a result yet.",
    "{metric}: bisher **{lift}**, {low} bis {high}. Noch nicht als Ergebnis zu lesen."};
inline constexpr Phrase kCannotSay{"{metric}: no lift can be given yet ({reason}).",
                                   "{metric}: Noch kein Effekt angebbar ({reason})."};
inline constexpr Phrase kBecause{"Why: {because}.", "Grund: {because}."};
inline constexpr Phrase kGuardrailsHeld{"Every guardrail stayed within its margin.",
                                        "Jede Leitplanke blieb in ihrer Spanne."};
inline constexpr Phrase kChecksPassed{"Every data check passed.", "Jede Datenprüfung bestanden."};
inline constexpr Phrase kChecksWatched{"Look at what is marked under “Can we trust it?”.",
                                       "Markiertes unter „Können wir dem trauen?“ ansehen."};
inline constexpr Phrase kSrmWhy{
    "The arms do not have the sizes they were meant to have: {sizes}, p {p}. A split this uneven does not "
    "come from "
    "chance alone, so who was counted differs between the arms and any lift below may be an artefact. "
    "Readings are "
    "withheld until the cause is found.",
    "Die Arme haben nicht die vorgesehene Größe: {sizes}, p {p}. Eine so ungleiche Aufteilung entsteht nicht "
    "allein "
    "durch Zufall; gezählt wurden also je Arm andere, und jeder Effekt unten kann ein Artefakt sein. Alle "
    "Lesarten "
    "sind zurückgehalten, bis die Ursache gefunden ist."};
inline constexpr Phrase kWithheldHero{"Withheld: the sample-ratio check failed. For diagnosis only:",
                                      "Zurückgehalten: Die Aufteilung stimmt nicht. Nur zur Diagnose:"};
inline constexpr Phrase kNotYetHero{"Not a result yet, the plan's date is still to come:",
                                    "Noch kein Ergebnis, der Termin des Plans steht aus:"};
inline constexpr Phrase kSrmLook{"**Where to look first:** the gap is largest in {places}.",
                                 "**Wo zuerst suchen:** Die Lücke ist am größten bei {places}."};
inline constexpr Phrase kSrmCauses{
    "Usual causes: redirects or crashes in one arm, exposure recorded after the page loads, bots removed "
    "from only one "
    "arm, shares changed without a new epoch.",
    "Übliche Ursachen: Weiterleitungen oder Abstürze in einem Arm, Erfassung erst nach dem Laden der Seite, "
    "Bots nur in "
    "einem Arm entfernt, Anteile ohne neue Epoche geändert."};
inline constexpr Phrase kHorizonWhy{
    "This plan is read once, on its date. Looking earlier raises false alarms, so no reading is given before "
    "then.",
    "Dieser Plan wird einmal gelesen, an seinem Termin. Früheres Hinsehen erhöht Fehlalarme, darum gibt es "
    "vorher keine "
    "Lesart."};
inline constexpr Phrase kDaysToGo{"{n} days to go.", "Noch {n} Tage."};
inline constexpr Phrase kOneDayToGo{"1 day to go.", "Noch 1 Tag."};
inline constexpr Phrase kLiftIn{"Lift in {metric}", "Effekt auf {metric}"};
inline constexpr Phrase kInterval{"{level} interval {interval}", "{level}-Intervall {interval}"};
inline constexpr Phrase kChangedTo{"{control} → {variant}", "{control} → {variant}"};
inline constexpr Phrase kGrade{
    "**{metric} is not decision-grade:** its denominator moved as well, so read both parts.",
    "**{metric} taugt nicht zur Entscheidung:** Auch der Nenner hat sich bewegt, beide Teile "
    "lesen."};
inline constexpr Phrase kUnsettled{
    "**{metric}: denominator unsettled.** Its change may come from below the line.",
    "**{metric}: Nenner ungeklärt.** Die Änderung kann vom Nenner kommen."};
inline constexpr Phrase kAlsoMoved{
    "**{metric}: {reading}** in {arm}, {lift} ({interval}). Not part of the decision rule.",
    "**{metric}: {reading}** in {arm}, {lift} ({interval}). Nicht Teil der "
    "Entscheidungsregel."};
inline constexpr Phrase kTrendNote{
    "**{metric} in {arm}: the effect changes with time since first exposure** ({trend}).",
    "**{metric} in {arm}: Der Effekt ändert sich mit der Zeit seit dem ersten Kontakt** "
    "({trend})."};
inline constexpr Phrase kRestated{
    "**Restated:** an erasure or purge has changed this report's data since.",
    "**Neu berechnet:** Eine Löschung hat die Daten dieses Berichts seither verändert."};

// What moved.
inline constexpr Phrase kMetric{"Metric", "Kennzahl"};
inline constexpr Phrase kControl{"Control", "Kontrolle"};
inline constexpr Phrase kVariant{"Variant", "Variante"};
inline constexpr Phrase kLift{"Lift", "Effekt"};
inline constexpr Phrase kIntervalHead{"Interval", "Intervall"};
inline constexpr Phrase kReading{"Reading", "Lesart"};
inline constexpr Phrase kPValue{"p", "p"};
inline constexpr Phrase kDecisionMetric{"Decision metric", "Entscheidungskennzahl"};
inline constexpr Phrase kDecisionMetrics{"Decision metrics", "Entscheidungskennzahlen"};
inline constexpr Phrase kDecisionNote{"what the verdict rests on", "worauf das Urteil beruht"};
inline constexpr Phrase kGuardrails{"Guardrails", "Leitplanken"};
inline constexpr Phrase kGuardrailNote{"must not get worse by more than the dotted margin",
                                       "dürfen nicht schlechter werden als die gepunktete Spanne"};
inline constexpr Phrase kGuardrailNotePlain{"must not get worse by more than their margin",
                                            "dürfen nicht um mehr als ihre Spanne schlechter werden"};
inline constexpr Phrase kSecondary{"Secondary", "Weitere"};
inline constexpr Phrase kSecondaryNote{"for understanding, not for deciding",
                                       "zum Verstehen, nicht zum Entscheiden"};
inline constexpr Phrase kLowerIsBetter{"lower is better", "weniger ist besser"};
inline constexpr Phrase kMargin{"margin {margin}", "Spanne {margin}"};
inline constexpr Phrase kNoLift{"no lift: {reason}", "kein Effekt: {reason}"};

// Footer.
inline constexpr Phrase kMadeBy{"liftmark {version}, as of {as_of}", "liftmark {version}, Stand {as_of}"};

// Machine words.
inline constexpr std::array kVerdictWords{CodeWord{"Ship", {"Ship", "Einführen"}},
                                          CodeWord{"Stop", {"Stop", "Stoppen"}},
                                          CodeWord{"Keep running", {"Keep running", "Weiterlaufen"}},
                                          CodeWord{"No decision", {"No decision", "Keine Entscheidung"}}};
inline constexpr std::array kReadings{CodeWord{"Better", {"Better", "Besser"}},
                                      CodeWord{"Worse", {"Worse", "Schlechter"}},
                                      CodeWord{"No clear change", {"No clear change", "Nicht eindeutig"}},
                                      CodeWord{"Within margin", {"Within margin", "In der Spanne"}},
                                      CodeWord{"Not yet settled", {"Not yet settled", "Noch offen"}},
                                      CodeWord{"Breached", {"Breached", "Verletzt"}},
                                      CodeWord{"Withheld", {"Withheld", "Zurückgehalten"}},
                                      CodeWord{"Not until horizon", {"Not until date", "Nicht vor Termin"}},
                                      CodeWord{"", {"Cannot say", "Nicht sagbar"}}};
inline constexpr std::array kRules{
    CodeWord{"clear_win_no_harm", {"clear gain, no harm", "klarer Gewinn, kein Schaden"}}};
inline constexpr std::array kReasonsOfVerdict{
    CodeWord{"sample_ratio_failed", {"the sample-ratio check failed", "die Aufteilung stimmt nicht"}},
    CodeWord{"guardrail_breached", {"a guardrail is breached", "eine Leitplanke ist verletzt"}},
    CodeWord{"primary_worse", {"a decision metric is worse", "eine Entscheidungskennzahl ist schlechter"}},
    CodeWord{"before_min_days", {"the planned minimum time is not over", "die Mindestlaufzeit ist nicht um"}},
    CodeWord{
        "burn_in",
        {"too few units for an honest interval yet", "noch zu wenige Einheiten für ein ehrliches Intervall"}},
    CodeWord{"primary_better",
             {"a decision metric is better and every guardrail is within its margin",
              "eine Entscheidungskennzahl ist besser und jede Leitplanke in ihrer Spanne"}},
    CodeWord{"horizon_reached",
             {"the planned end is reached without a clear result",
              "das geplante Ende ist ohne klares Ergebnis erreicht"}},
    CodeWord{"not_settled", {"nothing is settled yet", "noch ist nichts entschieden"}},
    CodeWord{"before_horizon", {"the plan's date is still to come", "der Termin des Plans steht noch aus"}}};
inline constexpr std::array kChecks{
    CodeWord{"sample_ratio", {"Sample ratio", "Aufteilung"}},
    CodeWord{"crossovers", {"One arm per unit", "Ein Arm je Einheit"}},
    CodeWord{"balance", {"Before-period balance", "Gleichstand vor dem Start"}},
    CodeWord{"completeness", {"Complete data", "Vollständige Daten"}},
    CodeWord{"full_weeks", {"Full weeks", "Ganze Wochen"}},
    CodeWord{"sensitivity", {"Enough units", "Genug Einheiten"}},
    CodeWord{"duplicates", {"Duplicates", "Dubletten"}},
    CodeWord{"late_events", {"Late events", "Späte Ereignisse"}},
    CodeWord{"clock_skew", {"Clocks", "Uhren"}},
    CodeWord{"gaps", {"No gaps", "Keine Lücken"}},
    CodeWord{"bots", {"Bots", "Bots"}},
    CodeWord{"distribution", {"Extreme values", "Extremwerte"}}};
inline constexpr std::array kCheckStatus{
    CodeWord{"passed", {"passed", "bestanden"}}, CodeWord{"watched", {"worth watching", "zu beobachten"}},
    CodeWord{"failed", {"failed", "nicht bestanden"}}, CodeWord{"not_run", {"not run", "nicht ausgeführt"}}};
inline constexpr std::array kReasons{
    CodeWord{"burn_in", {"too few units yet", "noch zu wenige Einheiten"}},
    CodeWord{"too_few_units", {"too few units", "zu wenige Einheiten"}},
    CodeWord{"zero_variance", {"no variation in the data", "keine Streuung in den Daten"}},
    CodeWord{"zero_baseline", {"control is zero", "Kontrolle ist null"}},
    CodeWord{"window_not_complete", {"its window is not complete", "Zeitfenster noch nicht abgeschlossen"}},
    CodeWord{"unbounded", {"the interval has no end on one side", "das Intervall ist einseitig offen"}},
    CodeWord{"sample_ratio_failed", {"the sample-ratio check failed", "die Aufteilung stimmt nicht"}},
    CodeWord{"before_horizon", {"the plan's date is still to come", "der Termin des Plans steht noch aus"}},
    CodeWord{"", {"not available", "nicht verfügbar"}}};
inline constexpr std::array kStatuses{
    CodeWord{"draft", {"draft", "Entwurf"}}, CodeWord{"running", {"running", "läuft"}},
    CodeWord{"stopped", {"stopped", "beendet"}}, CodeWord{"complete", {"complete", "abgeschlossen"}},
    CodeWord{"archived", {"archived", "archiviert"}}};
inline constexpr std::array kCheckNotes{
    CodeWord{"not_enough_data", {"not enough data", "zu wenige Daten"}},
    CodeWord{"no_history", {"no history before the start", "keine Vorgeschichte"}},
    CodeWord{"no_plan", {"no plan to compare with", "kein Plan zum Vergleich"}},
    CodeWord{"no_timestamps", {"the table has no times", "die Tabelle hat keine Zeiten"}}};
inline constexpr std::array kTrends{
    CodeWord{"novelty", {"novelty wears off", "der Reiz des Neuen lässt nach"}},
    CodeWord{"primacy", {"it grows with habit", "es wächst mit der Gewöhnung"}}};

}  // namespace wording
}  // namespace liftmark::reports
