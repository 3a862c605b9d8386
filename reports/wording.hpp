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
inline constexpr Phrase kRuleOfTable{"rule “{rule}”", "Regel „{rule}“"};
inline constexpr Phrase kRuleChanged{"rule “{rule}”; the plan was changed after the start",
                                     "Regel „{rule}“; der Plan wurde nach dem Start geändert"};
inline constexpr Phrase kPlanChanged{
    "**The plan was changed after the start** ({actual}). This report follows the one in force since the "
    "first "
    "exposure ({planned}).",
    "**Der Plan wurde nach dem Start geändert** ({actual}). Dieser Bericht folgt dem, der seit dem ersten "
    "Kontakt "
    "galt ({planned})."};
inline constexpr Phrase kPlanSetAside{
    "**The plan was changed after the start** ({actual}), and this report follows the changed one: what it "
    "says was "
    "not planned ({planned}).",
    "**Der Plan wurde nach dem Start geändert** ({actual}), und dieser Bericht folgt dem geänderten: Was er "
    "sagt, war "
    "so nicht geplant ({planned})."};
inline constexpr Phrase kCapMissing{
    "**{metric} is not capped as planned:** no value from before the start was known.",
    "**{metric} ist nicht wie geplant gekappt:** Von vor dem Start war kein Wert bekannt."};
inline constexpr Phrase kFalseAlarms{
    "**False alarms are not controlled by this method:** at the looks of this plan it would call a "
    "difference in "
    "{rate} of experiments without one.",
    "**Dieses Verfahren begrenzt Fehlalarme nicht:** Bei den Blicken dieses Plans meldete es in {rate} der "
    "Experimente "
    "ohne Unterschied einen."};
inline constexpr Phrase kAgainst{"Against {control}: ", "Gegen {control}: "};
inline constexpr Phrase kLiftAgainst{"Lift in {metric} against {control}",
                                     "Effekt auf {metric} gegen {control}"};
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
inline constexpr Phrase kRestatedSince{
    "**Restated:** what was recorded after the plan's date changes these numbers: {metric} {then} on the "
    "date, {now} "
    "since. The verdict is that of the date.",
    "**Neu berechnet:** Was nach dem Termin des Plans erfasst wurde, ändert diese Zahlen: {metric} {then} am "
    "Termin, "
    "{now} seither. Das Urteil ist das des Termins."};
inline constexpr Phrase kEpochWhy{
    "Units were exposed in epoch {places}, of which no version of the catalog says who should be in which "
    "arm: their "
    "split cannot be checked. Readings are withheld until the catalog knows the epoch.",
    "Einheiten wurden in Epoche {places} erfasst, für die keine Fassung des Katalogs die Aufteilung nennt: "
    "Sie lässt "
    "sich nicht prüfen. Alle Lesarten sind zurückgehalten, bis der Katalog die Epoche kennt."};
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

// The deeper sections of the page.
inline constexpr Phrase kSkip{"Skip to the results", "Zu den Ergebnissen springen"};
inline constexpr Phrase kScorecard{"Scorecard", "Ergebnistabelle"};
inline constexpr Phrase kScorecardCaption{
    "Each metric with control, variant, lift, interval and reading",
    "Jede Kennzahl mit Kontrolle, Variante, Effekt, Intervall und Lesart"};
inline constexpr Phrase kMovedLede{
    "Each bar is the range of lifts the data support; the dot is the best single guess. Colour appears only "
    "where a "
    "reading is clear: blue is better, orange is worse, for every metric.",
    "Jeder Balken ist der Bereich der Effekte, die zu den Daten passen; der Punkt ist die beste Schätzung. "
    "Farbe gibt es "
    "nur bei klarer Lesart: Blau ist besser, Orange schlechter, bei jeder Kennzahl."};
inline constexpr Phrase kMovedWithheld{
    "Shown in grey and for diagnosis only: the sample-ratio check failed, so no lift below can be read as an "
    "effect.",
    "Nur grau und zur Diagnose: Die Aufteilung stimmt nicht, kein Effekt unten darf als Wirkung gelesen "
    "werden."};
inline constexpr Phrase kMovedEarly{
    "Shown in grey: this plan is read on its date, and that is still to come. Lifts move a lot until then.",
    "Nur grau: Dieser Plan wird an seinem Termin gelesen, und der steht aus. Bis dahin schwanken Effekte "
    "stark."};
inline constexpr Phrase kAnalyst{"The analyst's numbers", "Die Zahlen für die Analyse"};
inline constexpr Phrase kMethodHead{"Method", "Verfahren"};
inline constexpr Phrase kDifference{"Difference", "Differenz"};
inline constexpr Phrase kAdjusted{"p, adjusted", "p, korrigiert"};
inline constexpr Phrase kVarianceReduction{"Variance saved", "Varianz gespart"};
inline constexpr Phrase kSteadyLede{
    "Cumulative lift. The shaded band is the interval at each day; a band that only narrows around one value "
    "is a steady "
    "effect.",
    "Effekt bis zum jeweiligen Tag. Das Band ist das Intervall an diesem Tag; verengt es sich nur um einen "
    "Wert, ist der "
    "Effekt beständig."};
inline constexpr Phrase kChartTitle{"Cumulative lift in {metric}, {arm}",
                                    "Effekt auf {metric} bis zum Tag, {arm}"};
inline constexpr Phrase kChartSummary{"On day {n}: {lift}, {interval}.", "An Tag {n}: {lift}, {interval}."};
inline constexpr Phrase kFirstClear{"day {n}: the band clears zero for the first time",
                                    "Tag {n}: Band erstmals ohne Null"};
inline constexpr Phrase kFirstClearShort{"clear from day {n}", "klar ab Tag {n}"};
inline constexpr Phrase kTableBehind{"Table behind this chart", "Tabelle zu diesem Bild"};
inline constexpr Phrase kRestInCsv{"The other days are in the CSV.",
                                   "Die übrigen Tage stehen in der CSV-Datei."};
inline constexpr Phrase kMoreCharts{"{n} more lines over time are in the CSV.",
                                    "{n} weitere Verläufe stehen in der CSV-Datei."};
inline constexpr Phrase kMoreMetrics{"{n} more metrics are in the CSV.",
                                     "{n} weitere Kennzahlen stehen in der CSV-Datei."};
inline constexpr Phrase kMoreRows{"And {n} more groups in the CSV.",
                                  "Und {n} weitere Gruppen in der CSV-Datei."};
inline constexpr Phrase kDayHead{"Day", "Tag"};
inline constexpr Phrase kUnitsSoFar{"Units so far", "Einheiten bisher"};
inline constexpr Phrase kUnitsHead{"Units", "Einheiten"};
inline constexpr Phrase kArm{"Arm", "Arm"};
inline constexpr Phrase kArmsTable{"What is known of each arm", "Was über jeden Arm bekannt ist"};
inline constexpr Phrase kPlannedShare{"Planned share", "Geplanter Anteil"};
inline constexpr Phrase kPlannedSplit{"planned", "geplant"};
inline constexpr Phrase kSettled{"Window over", "Fenster vorbei"};
inline constexpr Phrase kFallback{"Fallback", "Ausweichfall"};
inline constexpr Phrase kCrossed{"Saw several arms", "Sahen mehrere Arme"};
inline constexpr Phrase kErased{"Erased", "Gelöscht"};
inline constexpr Phrase kStep{"Step", "Schritt"};
inline constexpr Phrase kGotThisFar{"Share that got this far", "Anteil, der so weit kam"};
inline constexpr Phrase kStepRate{"Step rate, change", "Schrittrate, Änderung"};
inline constexpr Phrase kDimension{"Dimension", "Merkmal"};
inline constexpr Phrase kGroup{"Group", "Gruppe"};
inline constexpr Phrase kShare{"Share", "Anteil"};
inline constexpr Phrase kDiffersP{"differs? p {p}", "verschieden? p {p}"};
inline constexpr Phrase kNoneDiffer{
    "No dimension shows a difference beyond chance, so the rows stay uncoloured: read them as scatter around "
    "the overall "
    "lift (dashed line), not as separate results.",
    "Kein Merkmal zeigt Unterschiede über den Zufall hinaus, darum bleiben die Zeilen ohne Farbe: Streuung "
    "um den "
    "Gesamteffekt (gestrichelt), keine eigenen Ergebnisse."};
inline constexpr Phrase kSomeDiffer{
    "Groups differ by {dimensions}; only those rows are coloured. The other rows are scatter around the "
    "overall lift "
    "(dashed line).",
    "Gruppen unterscheiden sich nach {dimensions}; nur diese Zeilen sind gefärbt. Die übrigen streuen um den "
    "Gesamteffekt "
    "(gestrichelt)."};
inline constexpr Phrase kSpendersLede{
    "The same lift under other treatments of large values and odd units.",
    "Derselbe Effekt bei anderem Umgang mit großen Werten und auffälligen Einheiten."};
inline constexpr Phrase kUsedAbove{"used above", "oben verwendet"};
inline constexpr Phrase kTopShare{"{metric}: the largest 0.1% of units hold {share} of the total.",
                                  "{metric}: Die größten 0,1 % der Einheiten halten {share} der Summe."};
inline constexpr Phrase kPowerLede{
    "Smallest lift found with {power} probability if it is there.",
    "Kleinster Effekt, der mit Wahrscheinlichkeit {power} gefunden wird, wenn es ihn gibt."};
inline constexpr Phrase kPowerLedePlain{"Smallest lift that could be found.",
                                        "Kleinster Effekt, der gefunden werden konnte."};
inline constexpr Phrase kPowerTitle{"Smallest detectable lift in {metric}, by day",
                                    "Kleinster erkennbarer Effekt auf {metric} je Tag"};
inline constexpr Phrase kPowerSummary{"{mde} on day {n}.", "{mde} an Tag {n}."};
inline constexpr Phrase kPlannedLevel{"planned: {mde}", "geplant: {mde}"};
inline constexpr Phrase kMoneyLede{
    "Parts that add up to the total. This is accounting, not cause: the parts condition on buying.",
    "Teile, die sich zur Summe addieren. Das ist Buchhaltung, nicht Ursache: Die Teile setzen einen Kauf "
    "voraus."};
inline constexpr Phrase kPart{"Part", "Teil"};
inline constexpr Phrase kLogPoints{"Log points", "Log-Punkte"};
inline constexpr Phrase kTotal{"Total", "Summe"};
inline constexpr Phrase kInMoney{"In money", "In Geld"};
inline constexpr Phrase kMeasure{"Measure", "Größe"};
inline constexpr Phrase kBasis{"Basis", "Bezug"};
inline constexpr Phrase kAmount{"Amount", "Betrag"};
inline constexpr Phrase kAssumptions{"Assumptions", "Annahmen"};
inline constexpr Phrase kBeyond{"What else changed?", "Was änderte sich noch?"};
inline constexpr Phrase kBreadth{"What was shown and bought", "Was gezeigt und gekauft wurde"};
inline constexpr Phrase kCoverage{"Catalog covered", "Katalog abgedeckt"};
inline constexpr Phrase kDiversity{"Diversity", "Vielfalt"};
inline constexpr Phrase kNovelty{"Novelty", "Neuheit"};
inline constexpr Phrase kCurveTitle{"{metric} by day since first exposure",
                                    "{metric} je Tag seit dem ersten Kontakt"};
inline constexpr Phrase kCurveSummary{"{arm}: {value} ({interval})", "{arm}: {value} ({interval})"};
inline constexpr Phrase kBreadthChanges{"How that changed", "Wie sich das änderte"};
inline constexpr Phrase kEffectiveItems{"Effective items", "Wirksame Artikel"};
inline constexpr Phrase kSurvival{"Time to the event", "Zeit bis zum Ereignis"};
inline constexpr Phrase kEvents{"Events", "Ereignisse"};
inline constexpr Phrase kHazard{"Hazard ratio", "Hazard-Verhältnis"};
inline constexpr Phrase kDaysWithout{"Days without it, difference", "Tage ohne, Differenz"};
inline constexpr Phrase kLogRank{"p, log-rank", "p, Log-Rank"};
inline constexpr Phrase kRefunds{"Booked and kept", "Gebucht und behalten"};
inline constexpr Phrase kBooked{"Booked", "Gebucht"};
inline constexpr Phrase kNet{"Net", "Netto"};
inline constexpr Phrase kReturned{"Returned", "Erstattet"};
inline constexpr Phrase kRefundDelay{"Days to refund, median", "Tage bis zur Erstattung, Median"};
inline constexpr Phrase kUnderArm{"{arm}, under {other}", "{arm}, unter {other}"};
inline constexpr Phrase kSinceExposure{"By days since first exposure", "Nach Tagen seit dem ersten Kontakt"};
inline constexpr Phrase kDaily{"Day by day", "Tag für Tag"};
inline constexpr Phrase kEarly{"First days", "Erste Tage"};
inline constexpr Phrase kLate{"Last days", "Letzte Tage"};
inline constexpr Phrase kTrend{"Change over time", "Änderung über die Zeit"};
inline constexpr Phrase kShrunken{"Pulled in", "Herangezogen"};
inline constexpr Phrase kShrunkenLede{
    "“Pulled in” is the group's lift drawn towards the overall one, the more the less it was measured.",
    "„Herangezogen“ ist der Effekt der Gruppe, zum Gesamteffekt gerückt, je ungenauer gemessen, desto mehr."};
inline constexpr Phrase kShrunkenHead{"Pulled towards the overall lift", "Zum Gesamteffekt gezogen"};
inline constexpr Phrase kTreatment{"Treatment of the data", "Umgang mit den Daten"};
inline constexpr Phrase kOfExposed{"Of exposed", "Der Exponierten"};
inline constexpr Phrase kOfStepBefore{"Of the step before", "Des Schritts davor"};
inline constexpr Phrase kSmallestLift{"Smallest lift found", "Kleinster erkennbarer Effekt"};
inline constexpr Phrase kInteractions{"Together with other experiments", "Zusammen mit anderen Experimenten"};
inline constexpr Phrase kWith{"With", "Mit"};
inline constexpr Phrase kInteraction{"Interaction", "Wechselwirkung"};
inline constexpr Phrase kLedgerLift{"Open against held out: {lift} ({interval}).",
                                    "Offen gegen zurückgehalten: {lift} ({interval})."};
inline constexpr Phrase kLedgerTitle{"Cumulative lift of everything shipped, {metric}",
                                     "Gesamteffekt alles Eingeführten, {metric}"};
inline constexpr Phrase kShippedTable{"Shipped", "Eingeführt"};
inline constexpr Phrase kOpenAgainstHeldOut{"Open against held out", "Offen gegen zurückgehalten"};
inline constexpr Phrase kShippedSum{"What was shipped, added up", "Eingeführtes, summiert"};
inline constexpr Phrase kShippedSumCorrected{"the same, corrected for having picked it",
                                             "dasselbe, korrigiert um die Auswahl"};
inline constexpr Phrase kGap{"Gap: held out less corrected sum",
                             "Lücke: zurückgehalten minus korrigierte Summe"};
inline constexpr Phrase kForShare{"For share of units", "Für Anteil der Einheiten"};
inline constexpr Phrase kPicked{"Correction", "Korrektur"};
inline constexpr Phrase kNotShipped{"not shipped", "nicht eingeführt"};
inline constexpr Phrase kPlanItem{"What", "Was"};
inline constexpr Phrase kPlanned{"Planned", "Geplant"};
inline constexpr Phrase kActual{"Happened", "Geschehen"};
inline constexpr Phrase kKept{"Kept?", "Eingehalten?"};
inline constexpr Phrase kAsPlanned{"as planned", "wie geplant"};
inline constexpr Phrase kDiffers{"differs", "weicht ab"};
inline constexpr Phrase kScaleHead{"Scale", "Skala"};
inline constexpr Phrase kLevelHead{"Interval level", "Intervallniveau"};
inline constexpr Phrase kAlphaHead{"Alpha", "Alpha"};
inline constexpr Phrase kPlannedUnits{"Planned units", "Geplante Einheiten"};
inline constexpr Phrase kRuleHead{"Decision rule", "Entscheidungsregel"};
inline constexpr Phrase kWindowsHead{"Windows and caps", "Fenster und Kappung"};
inline constexpr Phrase kCappedAt{"capped at {cap}", "gekappt bei {cap}"};
inline constexpr Phrase kAssignmentHead{"Assignment", "Zuteilung"};
inline constexpr Phrase kAsOf{"As of", "Stand"};
inline constexpr Phrase kDataThrough{"Data through", "Daten bis"};
inline constexpr Phrase kRowsHead{"Rows", "Zeilen"};
inline constexpr Phrase kPlanDigest{"Plan, SHA-256", "Plan, SHA-256"};
inline constexpr Phrase kCatalogDigest{"Catalog, SHA-256", "Katalog, SHA-256"};
inline constexpr Phrase kDataDigest{"Data, SHA-256", "Daten, SHA-256"};
inline constexpr Phrase kVersion{"Made by", "Erstellt mit"};
inline constexpr Phrase kCommand{"Rebuild with", "Neu bauen mit"};

// The index.
inline constexpr Phrase kExperiments{"Experiments", "Experimente"};
inline constexpr Phrase kNoExperiments{"No experiment yet.", "Noch kein Experiment."};
inline constexpr Phrase kToDecide{"Waiting for a decision", "Wartet auf eine Entscheidung"};
inline constexpr Phrase kRunning{"Running", "Läuft"};
inline constexpr Phrase kTheRest{"Over", "Vorbei"};
inline constexpr Phrase kExperiment{"Experiment", "Experiment"};
inline constexpr Phrase kVerdict{"Verdict", "Urteil"};
inline constexpr Phrase kToGo{"To go", "Noch"};
inline constexpr Phrase kHealth{"Health", "Zustand"};
inline constexpr Phrase kAllPassed{"all checks passed", "alles bestanden"};

// Footer.
inline constexpr Phrase kMadeByUndated{"liftmark {version}", "liftmark {version}"};
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
    CodeWord{"clear_win_no_harm", {"clear gain, no harm", "klarer Gewinn, kein Schaden"}},
    CodeWord{"all_primaries", {"every decision metric gains", "jede Entscheidungskennzahl gewinnt"}},
    CodeWord{"do_no_harm", {"gain or no harm", "Gewinn oder kein Schaden"}}};
inline constexpr std::array kReasonsOfVerdict{
    CodeWord{"all_primaries_better",
             {"every decision metric is better", "jede Entscheidungskennzahl ist besser"}},
    CodeWord{"no_harm_at_horizon",
             {"no harm was found at the planned end", "am geplanten Ende ist kein Schaden zu sehen"}},
    CodeWord{"no_primary_metric",
             {"no metric was named to decide by", "keine Kennzahl wurde zum Entscheiden benannt"}},
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
    CodeWord{"metric_not_measured",
             {"a metric of the plan was not measured", "eine Kennzahl des Plans wurde nicht gemessen"}},
    CodeWord{"guardrail_not_settled",
             {"a decision metric is better, but a guardrail is not known to be within its margin",
              "eine Entscheidungskennzahl ist besser, aber eine Leitplanke nicht sicher in ihrer Spanne"}},
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
inline constexpr Phrase kNoTrend{"none seen", "keine zu sehen"};
inline constexpr std::array kTrends{
    CodeWord{"novelty", {"novelty wears off", "der Reiz des Neuen lässt nach"}},
    CodeWord{"primacy", {"it grows with habit", "es wächst mit der Gewöhnung"}}};

inline constexpr std::array kMethods{
    CodeWord{
        "asymptotic_confidence_sequence",
        {"always valid (asymptotic confidence sequence)", "immer gültig (asymptotische Konfidenzfolge)"}},
    CodeWord{
        "always_valid",
        {"always valid (asymptotic confidence sequence)", "immer gültig (asymptotische Konfidenzfolge)"}},
    CodeWord{"fixed", {"fixed horizon", "fester Termin"}},
    CodeWord{"fixed_horizon", {"fixed horizon", "fester Termin"}},
    CodeWord{"group_sequential", {"group sequential", "gruppensequenziell"}},
    CodeWord{"mixture_sprt", {"mixture sequential test (mSPRT)", "sequenzieller Mischungstest (mSPRT)"}},
    CodeWord{"exact_counts", {"exact sequence for counts", "exakte Folge für Anzahlen"}},
    CodeWord{"betting", {"betting sequence", "Wettfolge"}},
    CodeWord{"miettinen_nurminen", {"Miettinen-Nurminen score", "Miettinen-Nurminen-Score"}},
    CodeWord{"bayesian", {"Bayesian", "bayesianisch"}}};
inline constexpr std::array kScales{
    CodeWord{"log", {"log ratio", "Log-Verhältnis"}},
    CodeWord{"fieller", {"Fieller ratio", "Verhältnis nach Fieller"}},
    CodeWord{"delta", {"delta-method ratio", "Verhältnis nach Delta-Methode"}}};
inline constexpr std::array kRuleTexts{
    CodeWord{"clear_win_no_harm",
             {"Ship when a decision metric is better and every guardrail is within its margin; stop when a "
              "decision metric is worse or a guardrail is breached.",
              "Einführen, wenn eine Entscheidungskennzahl besser und jede Leitplanke in ihrer Spanne ist; "
              "stoppen, wenn eine "
              "Entscheidungskennzahl schlechter oder eine Leitplanke verletzt ist."}},
    CodeWord{
        "all_primaries",
        {"Ship when every decision metric is better and every guardrail is within its margin; stop when a "
         "decision metric is worse or a guardrail is breached.",
         "Einführen, wenn jede Entscheidungskennzahl besser und jede Leitplanke in ihrer Spanne ist; "
         "stoppen, "
         "wenn eine Entscheidungskennzahl schlechter oder eine Leitplanke verletzt ist."}},
    CodeWord{
        "do_no_harm",
        {"Ship when a decision metric is better, or at the planned end when nothing got worse, and every "
         "guardrail is within its margin; stop when a decision metric is worse or a guardrail is breached.",
         "Einführen, wenn eine Entscheidungskennzahl besser ist oder am geplanten Ende nichts schlechter "
         "wurde, "
         "und jede Leitplanke in ihrer Spanne ist; stoppen, wenn eine Entscheidungskennzahl schlechter oder "
         "eine Leitplanke verletzt ist."}}};
inline constexpr std::array kDimensions{
    CodeWord{"rfm", {"Recency, frequency, spend", "Aktualität, Häufigkeit, Umsatz"}},
    CodeWord{"lifecycle", {"Lifecycle", "Lebenszyklus"}},
    CodeWord{"cold_start", {"Known or new", "Bekannt oder neu"}}};
inline constexpr std::array kTreatments{
    CodeWord{"uncapped", {"No cap", "Ohne Kappung"}},
    CodeWord{"cap", {"Cap at {n}", "Gekappt bei {n}"}},
    CodeWord{"restated", {"as known since", "nach heutigem Stand"}},
    CodeWord{"without_crossovers",
             {"Without units that saw several arms", "Ohne Einheiten in mehreren Armen"}},
    CodeWord{"without_bots", {"Without likely bots", "Ohne mutmaßliche Bots"}},
    CodeWord{"without_top", {"Without the {n} largest units", "Ohne die {n} größten Einheiten"}},
    CodeWord{"unadjusted", {"Without covariates", "Ohne Kovariaten"}},
    CodeWord{"window_any", {"Windows not yet over included", "Mit laufenden Fenstern"}},
    CodeWord{"stage_wise", {"Corrected for stopping at a look", "Korrigiert um den Halt bei einem Blick"}},
    CodeWord{"term_weight", {"{detail} weighted {n} times", "{detail} mit {n}-fachem Gewicht"}},
    CodeWord{"weights_lowest",
             {"Weights that speak most against it", "Gewichte, die am meisten dagegen sprechen"}},
    CodeWord{"weights_highest",
             {"Weights that speak most for it", "Gewichte, die am meisten dafür sprechen"}}};
inline constexpr std::array kBreadthMeasures{
    CodeWord{"effective_items", {"Effective items", "Wirksame Artikel"}},
    CodeWord{"coverage", {"Catalog covered", "Katalog abgedeckt"}},
    CodeWord{"novelty", {"Novelty", "Neuheit"}}};
inline constexpr std::array kDecompositions{CodeWord{"factors", {"by factor", "nach Faktoren"}},
                                            CodeWord{"surfaces", {"by surface", "nach Ort"}}};
inline constexpr std::array kParts{
    CodeWord{"conversion", {"Buyers per unit", "Käufer je Einheit"}},
    CodeWord{"orders_per_buyer", {"Orders per buyer", "Bestellungen je Käufer"}},
    CodeWord{"order_value", {"Gross order value", "Brutto-Bestellwert"}},
    CodeWord{"aov", {"Gross order value", "Brutto-Bestellwert"}},
    CodeWord{"kept_after_refunds", {"Kept after refunds", "Nach Erstattungen behalten"}}};
inline constexpr std::array kMoneyKinds{
    CodeWord{"incremental_revenue", {"Added revenue", "Zusätzlicher Umsatz"}},
    CodeWord{"incremental_margin", {"Added margin", "Zusätzliche Marge"}},
    CodeWord{"return_on_cost", {"Return on cost", "Ertrag je Kosten"}}};
inline constexpr std::array kMoneyBases{
    CodeWord{"per_day", {"per day", "je Tag"}},
    CodeWord{"if_shipped", {"per day if shipped", "je Tag bei Einführung"}},
    CodeWord{"so_far", {"so far", "bisher"}}};
inline constexpr std::array kPlanItems{
    CodeWord{"guardrail", {"Guardrail", "Leitplanke"}},
    CodeWord{"horizon_days", {"Planned end, days", "Geplantes Ende, Tage"}},
    CodeWord{"plan", {"Plan", "Plan"}},
    CodeWord{"plan_set_aside", {"Plan, set aside on request", "Plan, auf Wunsch nicht befolgt"}},
    CodeWord{"restated", {"Verdict on the date, and since", "Urteil am Termin, und seither"}},
    CodeWord{"cut", {"Read as on", "Gelesen zum Stand von"}},
    CodeWord{"method", {"Method", "Verfahren"}},
    CodeWord{"alpha", {"Alpha", "Alpha"}},
    CodeWord{"planned_units", {"Units", "Einheiten"}},
    CodeWord{"min_days", {"Days", "Tage"}},
    CodeWord{"arm_shares", {"Arm shares", "Anteile der Arme"}},
    CodeWord{"windows", {"Windows", "Fenster"}},
    CodeWord{"primary", {"Decision metric", "Entscheidungskennzahl"}}};
inline constexpr std::array kCounts{
    CodeWord{"exposures", {"exposures", "Kontakte"}},
    CodeWord{"events", {"events", "Ereignisse"}},
    CodeWord{"duplicates", {"duplicates", "Dubletten"}},
    CodeWord{"rejected", {"rejected", "abgelehnt"}},
    CodeWord{"false_alarm_rate", {"false alarms at these looks", "Fehlalarme bei diesen Blicken"}},
    CodeWord{"units", {"units", "Einheiten"}},
    CodeWord{"units_per_day", {"units per day", "Einheiten je Tag"}},
    CodeWord{"traffic", {"share of traffic", "Anteil am Verkehr"}},
    CodeWord{"margin_rate", {"margin rate", "Margensatz"}},
    CodeWord{"cost_per_unit", {"cost per unit", "Kosten je Einheit"}}};

// The health checks.
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
    CheckNumber{"conflicts", false, {"{n} conflicting", "{n} widersprüchlich"}},
    CheckNumber{
        "late_hour",
        false,
        {"in the store {n} rows over an hour late", "im Speicher {n} Zeilen über eine Stunde zu spät"}},
    CheckNumber{"late_day", false, {"{n} over a day", "{n} über einen Tag"}},
    CheckNumber{"late_week", false, {"{n} over a week", "{n} über eine Woche"}},
    CheckNumber{
        "bot_units", false, {"{n} units with impossible rates", "{n} Einheiten mit unmöglichem Tempo"}},
    CheckNumber{"sources_ahead", false, {"{n} sources ahead", "{n} Quellen gehen vor"}},
    CheckNumber{"largest_lead_seconds", false, {"by up to {n} s", "um bis zu {n} s"}},
    CheckNumber{"silent_hours", false, {"{n} silent hours of a source", "{n} stumme Stunden einer Quelle"}}};

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
    CodeWord{
        "epoch_without_shares",
        {"units in an epoch that no catalog knows", "Einheiten in einer Epoche, die kein Katalog kennt"}},
    CodeWord{"in_the_store", {"of all rows in the store", "von allen Zeilen im Speicher"}},
    CodeWord{"no_covariates", {"nothing known from before the start", "nichts von vor dem Start bekannt"}},
    CodeWord{"own_tables", {"your own tables do not say", "eigene Tabellen sagen es nicht"}},
    CodeWord{"table", {"a table has no times", "eine Tabelle hat keine Zeiten"}},
    CodeWord{"skewed_for_this_size", {"very skewed for this size", "sehr schief für diese Größe"}},
    CodeWord{"few_conversions",
             {"fewer than 20 conversions in an arm", "weniger als 20 Konversionen in einem Arm"}},
    CodeWord{"no_unit_values", {"nothing known of single units", "nichts von einzelnen Einheiten bekannt"}},
    CodeWord{"tail_changed",
             {"the treatment changed the largest values", "die größten Werte haben sich verändert"}}};

}  // namespace wording
}  // namespace liftmark::reports
