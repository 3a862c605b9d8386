// Every format: byte for byte as remembered, safe with hostile names, in agreement on every number.
#include "reports/formats.hpp"

#include <algorithm>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "fixtures.hpp"
#include "paths.hpp"
#include "reports/index.hpp"
#include "reports/json.hpp"
#include "reports/unicode.hpp"

using namespace liftmark;
using reports::Language;
using reports::RenderOptions;

namespace {

RenderOptions options_for(Language language) {
  RenderOptions options;
  options.language = language;
  return options;
}

std::string rendered(std::string_view format, const Scorecard& card, Language language = Language::english) {
  return reports::find_format(format)->render(card, options_for(language));
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Equal to the file of this name; LIFTMARK_UPDATE_GOLDEN=1 writes it instead, to be looked at and committed.
void check_golden(const std::string& name, const std::string& text) {
  const auto path = std::filesystem::path(tests::kSourceDir) / "tests/golden/reports" / name;
  if (std::getenv("LIFTMARK_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  INFO(name);
  const bool same = read(path) == text;
  CHECK(same);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::stringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Cells of RFC 4180 text.
std::vector<std::vector<std::string>> csv_rows(const std::string& text) {
  std::vector<std::vector<std::string>> rows(1, {""});
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      rows.back().back() += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      rows.back().emplace_back();
    } else if (!quoted && c == '\n') {
      if (i + 1 < text.size()) rows.push_back({""});
    } else {
      rows.back().back() += c;
    }
  }
  CHECK_FALSE(quoted);
  return rows;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

const std::vector<std::string> kHostileNames{"<script>alert(1)</script>",
                                             "\"><img src=x onerror=alert(1)>",
                                             "' onload='x",
                                             "</style><style>*{display:none}",
                                             "--><!--",
                                             "&lt;b&gt;&amp;",
                                             "a\u202Egnp.exe\u2066b\u2069\u200B\u200F",
                                             "\u05E9\u05DC\u05D5\u05DD 123",
                                             "\U0001F600\U0001F468\u200D\U0001F469\u4E2D\u6587",
                                             std::string(300, 'W'),
                                             "=cmd|' /C calc'!A0",
                                             "+1+1",
                                             "-2+3",
                                             "@SUM(1)",
                                             "\t=1",
                                             "a,b;\"c\"\nd\r\ne",
                                             "\x1b[31mred\x1b[0m\x07",
                                             "\xff\xfe\xc0\x80 broken",
                                             "[x](javascript:alert(1)) **bold** | `code` _i_ # h",
                                             "{metric} {0} {} %s %n",
                                             "",
                                             " "};

/// Valid UTF-8 with nothing hidden: no control character but line ends, no bidirectional override.
void check_clean(const std::string& text, bool json) {
  bool clean = true;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t from = position;
    const char32_t c = reports::next_code_point(text, position);
    const bool broken = c == 0xFFFD && text.substr(from, 3) != "\xEF\xBF\xBD";
    const bool control = (c < 0x20 && c != '\n') || (c >= 0x7F && c < 0xA0);
    const bool hidden = (c >= 0x202A && c <= 0x202E) || c == 0x2066 || c == 0x2067 || c == 0x200E ||
                        c == 0x200F || c == 0x200B;
    if (broken || control || hidden || (json && c == '<')) clean = false;
  }
  CHECK(clean);
}

/// Every tag is one that the page writes, opened and closed in order; nothing that could act.
void check_markup(const std::string& html) {
  static const std::set<std::string> kVoid{"meta", "link", "br", "!doctype"};
  static const std::set<std::string> kKnown{
      "html",  "head",  "title", "style", "body",  "a",       "header",     "main",  "section",
      "div",   "p",     "h1",    "h2",    "h3",    "dl",      "dt",         "dd",    "ul",
      "li",    "b",     "s",     "span",  "small", "figure",  "figcaption", "table", "caption",
      "thead", "tbody", "tr",    "th",    "td",    "details", "summary",    "code",  "svg",
      "g",     "defs",  "use",   "line",  "rect",  "circle",  "path",       "text",  "desc"};
  std::vector<std::string> open;
  std::string problem;
  for (std::size_t at = 0; at < html.size(); ++at) {
    if (!open.empty() && open.back() == "style") at = html.find("</style>", at);
    if (html[at] == '>') problem = "stray > at " + html.substr(at, 40);
    if (html[at] != '<') continue;
    bool quoted = false;
    std::size_t end = at + 1;
    for (; end < html.size() && (quoted || html[end] != '>'); ++end) {
      if (html[end] == '"') quoted = !quoted;
      if (html[end] == '<') problem = "< inside a tag at " + html.substr(at, 60);
    }
    std::string tag = html.substr(at + 1, end - at - 1);
    at = end;
    const bool closing = tag.starts_with('/'), empty = tag.ends_with('/');
    const std::string name = tag.substr(closing ? 1 : 0, tag.find_first_of(" /", 1) - (closing ? 1 : 0));
    if (kVoid.count(name) > 0) continue;
    if (kKnown.count(name) == 0) problem = "unknown tag " + name;
    for (const char* acting : {" on", " style=", " src="})
      if (tag.substr(0, tag.find('"')).find(acting) != std::string::npos)
        problem = "an attribute that acts: " + tag;
    if (closing) {
      if (open.empty() || open.back() != name) problem = "closing " + name;
      if (!open.empty()) open.pop_back();
    } else if (!empty) {
      open.push_back(name);
    }
  }
  if (!open.empty()) problem = "never closed: " + open.back();
  INFO(problem);
  CHECK(problem.empty());
  for (const char* forbidden : {"http:", "https:", "url(", "javascript:\"", "<script", "@import"}) {
    INFO(forbidden);
    CHECK(html.find(forbidden) == std::string::npos);
  }
}

}  // namespace

TEST_CASE("golden files: the same bytes as were looked at") {
  const std::map<std::string, Scorecard> cards{{"rich", fixtures::rich()},
                                               {"sample-ratio-failed", fixtures::sample_ratio_failed()},
                                               {"before-horizon", fixtures::before_horizon()},
                                               {"sparse", fixtures::sparse()}};
  for (const auto& [name, card] : cards)
    for (const reports::Format& format : reports::kFormats)
      check_golden(name + "." + std::string(format.extension), format.render(card, {}));
  for (const char* format : {"text", "markdown", "html"})
    check_golden("two-variants-de." + std::string(reports::find_format(format)->extension),
                 rendered(format, fixtures::two_variants(), Language::german));
  RenderOptions colours;
  colours.colour = true;
  check_golden("rich-colour.txt", reports::render_text(fixtures::rich(), colours));
}

TEST_CASE("a failed sample ratio withholds every reading in every format that gives readings") {
  const Scorecard card = fixtures::sample_ratio_failed();
  for (const char* format : {"text", "markdown", "html", "csv"}) {
    const std::string text = rendered(format, card);
    INFO(format);
    CHECK_FALSE(std::regex_search(text, std::regex(R"(\b(Better|Worse|Within margin|No clear change)\b)")));
    CHECK(text.find("Withheld") != std::string::npos);
  }
  const std::string html = rendered("html", card);
  CHECK(html.find("Do not use these results yet.") != std::string::npos);
  CHECK(html.find("class=\"iv good") == std::string::npos);
  CHECK(html.find("class=\"iv bad") == std::string::npos);
  CHECK(html.find("chip good") == std::string::npos);
}

TEST_CASE("a fixed-horizon plan before its date says not until, and colours nothing") {
  Scorecard card = fixtures::before_horizon();
  for (MetricResult& metric : card.metrics)
    for (Comparison& one : metric.comparisons) one.reading = "Better";  // even if the scorecard said so
  for (const char* format : {"text", "markdown", "html"}) {
    const std::string text = rendered(format, card);
    INFO(format);
    CHECK(text.find("Not until 22 June 2026") != std::string::npos);
    CHECK_FALSE(std::regex_search(text, std::regex(R"(\bBetter\b)")));
  }
  CHECK(rendered("html", card).find("class=\"iv good") == std::string::npos);
}

namespace {
/// On one line, so that wrapping hides nothing.
std::string flat(std::string_view format, const Scorecard& card) {
  std::string text = rendered(format, card), one;
  for (const char c : text)
    if (c != '\n' || (!one.empty() && one.back() != ' ')) one += c == '\n' ? ' ' : c;
  return std::regex_replace(one, std::regex(" +"), " ");
}
}  // namespace

TEST_CASE("an unsettled denominator is called so") {
  auto card = fixtures::rich();
  for (auto& metric : card.metrics)
    if (metric.role == "primary") metric.grade_note = "denominator_unsettled";
  for (const char* format : {"text", "markdown", "html"})
    CHECK(flat(format, card).find("denominator unsettled") != std::string::npos);
}

TEST_CASE("a metric that was not measured is named where the verdict is") {
  auto card = fixtures::rich();
  card.verdict.word = "No decision";
  card.verdict.variants.at(0).word = "No decision";
  card.verdict.variants[0].because = "metric_not_measured";
  card.verdict.variants[0].metrics = {"latency"};
  for (const char* format : {"text", "markdown", "html"}) {
    CHECK(flat(format, card).find("was not measured") != std::string::npos);
    CHECK(flat(format, card).find("latency") != std::string::npos);
  }
}

TEST_CASE("with two controls every lift says against which") {
  auto card = fixtures::rich();
  auto& primary = card.metrics.at(0);
  auto other = primary.comparisons.at(0);
  other.against = "bestlist";
  primary.comparisons.push_back(other);
  for (const char* format : {"text", "markdown", "html"}) {
    CHECK(flat(format, card).find("Against " + primary.comparisons[0].against) != std::string::npos);
    CHECK(flat(format, card).find("Against bestlist") != std::string::npos);
  }
}

TEST_CASE("hostile names stay names in every format") {
  for (const std::string& name : kHostileNames) {
    INFO("name: " << reports::visible(name));
    const Scorecard card = fixtures::hostile(name);
    const Language other = name.size() % 2 == 0 ? Language::german : Language::english;
    for (const Language language : {other}) {
      const std::string html = rendered("html", card, language);
      check_clean(html, false);
      check_markup(html);
      const std::string text = rendered("text", card, language);
      check_clean(text, false);
      for (const std::string& line : lines_of(text)) {
        INFO(line);
        CHECK(reports::display_width(line) <= 80);
      }
      check_clean(rendered("markdown", card, language), false);
    }
    const std::string markdown = rendered("markdown", card);
    CHECK(markdown.find("<script") == std::string::npos);
    CHECK(markdown.find("](") == std::string::npos);
    const std::string csv = rendered("csv", card);
    check_clean(csv, false);
    for (const auto& row : csv_rows(csv)) {
      CHECK(row.size() == 26);
      for (std::size_t i = 0; i < row.size(); ++i) {
        const bool number = i >= 9 && i <= 22;
        if (!row[i].empty() && !number)
          CHECK(std::string("=+-@\t\r").find(row[i].front()) == std::string::npos);
      }
    }
    const std::string json = rendered("json", card);
    check_clean(json, true);
    const Scorecard back = reports::scorecard_from_json(json);
    CHECK(reports::to_json(back) == json);
    if (name.find('\xff') == std::string::npos) CHECK(back == card);
    check_markup(reports::render_index({{&card, name}, {&card, ""}}, {}));
  }
}

TEST_CASE("all formats agree on every lift, bound, value and reading") {
  for (const Scorecard& card : {fixtures::rich(), fixtures::two_variants(), fixtures::sparse(),
                                fixtures::sample_ratio_failed(), fixtures::large()}) {
    const auto json = nlohmann::json::parse(rendered("json", card));
    const auto rows = csv_rows(rendered("csv", card));
    const std::string html = rendered("html", card);
    const auto markdown = lines_of(rendered("markdown", card));
    const auto text = lines_of(rendered("text", card));
    const bool withheld = json["verdict"]["withheld"];
    std::vector<std::string> html_rows;
    const std::string table = html.substr(html.find("<table class=\"score\""),
                                          html.find("</table>") - html.find("<table class=\"score\""));
    static const std::regex kRow(R"(<tr role="row"[^>]*><th role="rowheader" scope="row">.*?</tr>)");
    for (auto it = std::sregex_iterator(table.begin(), table.end(), kRow); it != std::sregex_iterator(); ++it)
      html_rows.push_back(it->str());
    std::vector<std::string> markdown_rows;
    bool moved = false;  // tables of other questions may have as many columns
    for (const std::string& line : markdown) {
      if (line.starts_with("## ")) moved = line == "## What moved?";
      if (!moved) continue;
      if (std::count(line.begin(), line.end(), '|') == 7 && line.find("---") == std::string::npos &&
          line.find("| Metric |") == std::string::npos)
        markdown_rows.push_back(line);
    }
    std::vector<std::pair<std::string, std::string>> text_rows;
    bool plotted = false;  // from the heading to the next empty line
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      if (text[i].starts_with("What moved?")) plotted = true;
      if (text[i].empty()) plotted = false;
      if (plotted && text[i + 1].find(" → ") != std::string::npos)
        text_rows.push_back({text[i], text[i + 1]});
    }
    // The page's order: decision metrics, guardrails, the rest.
    std::vector<std::pair<const nlohmann::json*, const nlohmann::json*>> expected;
    for (const std::string role : {"primary", "guardrail", "secondary"})
      for (const auto& metric : json["metrics"])
        if (metric["role"] == role)
          for (const auto& comparison : metric["comparisons"]) expected.push_back({&metric, &comparison});
    REQUIRE(html_rows.size() == expected.size());
    REQUIRE(markdown_rows.size() == expected.size());
    REQUIRE(text_rows.size() == expected.size());
    const auto percent = [](double fraction) {
      char digits[64];
      std::snprintf(digits, sizeof digits, "%+.1f%%", 100.0 * fraction);
      std::string shown = replaced(digits, "-", "\u2212");
      return fraction == 0.0 ? std::string("0.0%") : shown;
    };
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto& lift = (*expected[i].second)["relative"];
      std::vector<std::string> shown;
      const bool bounded = !lift["lower"].is_null() || !lift["upper"].is_null();
      if (!lift["estimate"].is_null() && bounded)
        for (const char* key : {"estimate", "lower", "upper"})
          if (!lift[key].is_null()) shown.push_back(percent(lift[key]));
      const std::string reading = withheld ? "Withheld" : (*expected[i].second)["reading"].get<std::string>();
      if (!reading.empty()) shown.push_back(reading);
      for (const std::string& piece : shown) {
        INFO(piece << "\n"
                   << html_rows[i] << "\n"
                   << markdown_rows[i] << "\n"
                   << text_rows[i].first << "\n"
                   << text_rows[i].second);
        CHECK(html_rows[i].find(piece) != std::string::npos);
        CHECK(markdown_rows[i].find(piece) != std::string::npos);
        const bool in_text = text_rows[i].first.find(piece) != std::string::npos ||
                             text_rows[i].second.find(piece) != std::string::npos;
        CHECK(in_text);
      }
      // The arms' values: the same strings on the page, in Markdown and on the terminal.
      std::smatch values;
      REQUIRE(
          std::regex_search(html_rows[i], values, std::regex("aria-hidden=\"true\">([^<]* → [^<]*)</span>")));
      CHECK(text_rows[i].second.find(values[1].str()) != std::string::npos);
      CHECK(markdown_rows[i].find("| " + replaced(values[1].str(), " → ", " | ") + " |") !=
            std::string::npos);
      // CSV: the same doubles as JSON, exactly.
      const auto row = std::find_if(rows.begin(), rows.end(), [&](const std::vector<std::string>& one) {
        return one[1] == (*expected[i].first)["key"] && one[4] == (*expected[i].second)["arm"] &&
               one[8] == "overall";
      });
      REQUIRE(row != rows.end());
      std::size_t column = 13;
      for (const char* scale : {"absolute", "relative"})
        for (const char* key : {"estimate", "standard_error", "lower", "upper"}) {
          const auto& number = (*expected[i].second)[scale][key];
          const std::string& cell = (*row)[column++];
          if (number.is_null()) {
            CHECK(cell.empty());
          } else {
            CHECK(std::strtod(cell.c_str(), nullptr) == number.get<double>());
          }
        }
    }
  }
}

namespace {

/// Every figure of a JSON scorecard with where it stands, e.g. "money/0/figure".
void collect_figures(const nlohmann::json& value, const std::string& path,
                     std::vector<std::pair<std::string, nlohmann::json>>& into) {
  if (value.is_object() && value.contains("estimate") && value.contains("lower") && value.contains("upper")) {
    into.push_back({path, value});
    return;
  }
  if (value.is_object())
    for (const auto& [key, part] : value.items()) collect_figures(part, path + "/" + key, into);
  if (value.is_array())
    for (std::size_t i = 0; i < value.size(); ++i)
      collect_figures(value[i], path + "/" + std::to_string(i), into);
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "every figure of every section is in CSV exactly, and the same on the page, in Markdown and on the "
    "terminal") {
  for (const Scorecard& card : {fixtures::rich(), fixtures::two_variants()}) {
    const auto json = nlohmann::json::parse(rendered("json", card));
    std::set<double> in_csv;
    for (const auto& row : csv_rows(rendered("csv", card)))
      for (const std::string& cell : row)
        if (!cell.empty()) in_csv.insert(std::strtod(cell.c_str(), nullptr));
    const std::map<std::string, std::string> texts{
        {"html", rendered("html", card)},
        {"markdown", replaced(rendered("markdown", card), "\\", "")},
        {"text", rendered("text", card)}};
    std::vector<std::pair<std::string, nlohmann::json>> figures;
    collect_figures(json, "", figures);
    REQUIRE(figures.size() > 100);
    std::size_t compared = 0;
    for (const auto& [path, figure] : figures) {
      INFO(path << " " << figure.dump());
      for (const char* key : {"estimate", "lower", "upper"})
        if (!figure[key].is_null()) {
          INFO(key);
          CHECK(in_csv.count(figure[key].get<double>()) == 1);
        }
      // Points of lines are drawn, not written; amounts are checked by CSV.
      const bool point = has(path, "/points/") || has(path, "/timeline/");
      const bool amount =
          has(path, "/absolute") || has(path, "/money/") || has(path, "/survival/") ||
          (has(path, "/decompositions/") &&
           json["decompositions"][static_cast<std::size_t>(path[16] - '0')]["kind"] == "surfaces");
      if (point || amount || figure["estimate"].is_null() || figure["lower"].is_null()) continue;
      ++compared;
      for (const auto& [format, text] : texts)
        for (const char* key : {"estimate", "lower", "upper"}) {
          char digits[64];
          const double fraction = figure[key];
          std::snprintf(digits, sizeof digits, "%+.1f%%", 100.0 * fraction);
          const std::string shown = fraction == 0.0 ? "0.0%" : replaced(digits, "-", "\u2212");
          INFO(format << ": " << shown);
          CHECK(text.find(shown) != std::string::npos);
        }
    }
    CHECK(compared > 40);
  }
}

TEST_CASE("no lift without its interval") {
  Scorecard card = fixtures::rich();
  card.metrics[0].comparisons[0].relative.lower.reset();
  card.metrics[0].comparisons[0].relative.upper.reset();
  card.metrics[0].comparisons[0].relative.estimate = 0.777;
  for (const char* format : {"text", "markdown", "html"})
    CHECK(rendered(format, card).find("77.7") == std::string::npos);
}

TEST_CASE("a line without intervals is not drawn") {
  Scorecard card = fixtures::rich();
  const std::string line = "class=\"ln good";  // of a decision metric that is better
  REQUIRE(rendered("html", card).find(line) != std::string::npos);
  for (auto& metric : card.metrics)
    for (auto& timeline : metric.timelines)
      for (auto& point : timeline.points) point.relative.lower = point.relative.upper = std::nullopt;
  CHECK(rendered("html", card).find(line) == std::string::npos);
}

TEST_CASE("the page keeps its budget at 30 metrics, 3 arms, 120 days") {
  const std::string html = rendered("html", fixtures::large());
  CHECK(html.size() < 150'000);
  CHECK(fixtures::large().metrics.size() == 30);
}

TEST_CASE("the process's locale changes nothing") {
  const std::string before = rendered("text", fixtures::rich()) + rendered("csv", fixtures::rich()) +
                             rendered("html", fixtures::rich());
  const char* set = std::setlocale(LC_ALL, "de_DE.UTF-8");
  if (set == nullptr) std::setlocale(LC_ALL, "C.UTF-8");
  CHECK(rendered("text", fixtures::rich()) + rendered("csv", fixtures::rich()) +
            rendered("html", fixtures::rich()) ==
        before);
  std::setlocale(LC_ALL, "C");
}

TEST_CASE("the wording never overclaims, in either language") {
  const std::filesystem::path folder = std::filesystem::path(tests::kSourceDir) / "reports";
  const std::string words = read(folder / "wording.hpp");
  std::string phrases;
  static const std::regex kLiteral("\"([^\"]*)\"");
  std::stringstream stream(words);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("//")) continue;
    for (auto it = std::sregex_iterator(line.begin(), line.end(), kLiteral); it != std::sregex_iterator();
         ++it)
      phrases += (*it)[1].str() + "\n";
  }
  REQUIRE(phrases.size() > 5000);
  for (const char* banned : {"winner", "proved", "proven", "significan", "% chance", "Gewinner", "bewiesen",
                             "signifikan", "TODO"}) {
    INFO(banned);
    CHECK(phrases.find(banned) == std::string::npos);
  }
}

TEST_CASE("an index of experiments: decisions first, a link to each report") {
  const Scorecard ship = fixtures::rich(), failed = fixtures::sample_ratio_failed(),
                  early = fixtures::before_horizon(), few = fixtures::sparse();
  const std::string html = reports::render_index(
      {{&early, "early.html"}, {&ship, "ship it.html"}, {&failed, "failed.html"}, {&few, ""}}, {});
  check_markup(html);
  check_golden("index.html", html);
  CHECK(html.find("./ship%20it.html") < html.find("./early.html"));
  check_markup(reports::render_index({}, {}));
}
