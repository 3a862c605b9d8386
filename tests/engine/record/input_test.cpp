#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/definition/error.hpp"
#include "engine/definition/predicate.hpp"
#include "engine/record/csv_reader.hpp"
#include "engine/record/decimal.hpp"
#include "engine/record/import.hpp"
#include "engine/record/temporary_store.hpp"
#include "paths.hpp"

using namespace liftmark;

namespace {

std::filesystem::path write(const TemporaryStore& place, const std::string& name,
                            const std::string& content) {
  const auto path = place.folder() / name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

/// Each record as its fields joined by "|", or "!reason@line".
std::vector<std::string> read(const std::string& content, CsvOptions options = {}) {
  TemporaryStore place;
  const auto input = InputStream::open(write(place, "t.csv", content));
  CsvReader csv(*input, "t.csv", options);
  std::vector<std::string> rows;
  while (csv.next()) {
    if (csv.problem() != CsvProblem::none) {
      rows.push_back(fmt::format("!{}@{}", name(csv.problem()), csv.line()));
      continue;
    }
    std::string row;
    for (const auto field : csv.fields())
      row.append(row.empty() ? "" : "|").append(field.empty() ? "-" : field);
    rows.push_back(row);
  }
  return rows;
}

using Rows = std::vector<std::string>;

std::string gzip(const std::string& text) {
  std::string packed(text.size() + 1000, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.erase(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

std::string zstd(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

}  // namespace

TEST_CASE("RFC 4180, rule by rule") {
  CHECK(read("a,b\n1,2\n") == Rows{"1|2"});
  CHECK(read("a,b\r\n1,2\r\n3,4") == Rows{"1|2", "3|4"});
  CHECK(read("a,b\r\n1,2\r") == Rows{"1|2"});
  CHECK(read("\xEF\xBB\xBF"
             "a,b\n1,2") == Rows{"1|2"});
  CHECK(read("a,b\n\"x,\ny\",\"q\"\"q\"\n") == Rows{"x,\ny|q\"q"});
  CHECK(read("a,b\n\"\",\n") == Rows{"-|-"});
  CHECK(read("a,b\n\"\"\"\"\"\",1\n") == Rows{"\"\"|1"});
  CHECK(read("a\n\n\r\n1\n\n2") == Rows{"1", "2"});
  CHECK(read("a;b\n1;2,5\n", {.separator = ';'}) == Rows{"1|2,5"});
  CHECK(read("a,b\n").empty());
}

TEST_CASE("columns between runs of blanks") {
  const liftmark::CsvOptions blanks{.blanks_separate = true};
  CHECK(read(" a  b\tc\n 1 2   3\n4\t5 6  \r\n", blanks) == Rows{"1|2|3", "4|5|6"});
  CHECK(read("a b\n\"x y\" 2\n", blanks) == Rows{"x y|2"});
  CHECK(read("a b\n1\n   \n1 2 3\n4 5", blanks) ==
        Rows{"!wrong_column_count@2", "!wrong_column_count@3", "!wrong_column_count@4", "4|5"});
  liftmark::CsvOptions named;
  liftmark::set_separator(named, "whitespace", "--delimiter");
  CHECK(named.blanks_separate);
  liftmark::set_separator(named, "tab", "--delimiter");
  CHECK(named.separator == '\t');
  CHECK_THROWS_WITH(liftmark::set_separator(named, "--", "--delimiter"), Catch::Contains("whitespace"));
}

TEST_CASE("bad records are named with their line, and the good ones after them are read") {
  CHECK(read("a,b\n1\n1,2,3\n4,5\n") == Rows{"!wrong_column_count@2", "!wrong_column_count@3", "4|5"});
  CHECK(read("a,b\nx\"y,1\n\"x\"y,1\n4,5\n") == Rows{"!broken_quotes@2", "!broken_quotes@3", "4|5"});
  CHECK(read("a,b\n\"open,1\n4,5\n6,7\n") == Rows{"!broken_quotes@2", "4|5", "6|7"});
  CHECK(read("a,b\n\xff\xfe,1\n4,5\n") == Rows{"!invalid_utf8@2", "4|5"});
  CHECK(read("a,b\n\"m\nn\",1\n1\n") == Rows{"m\nn|1", "!wrong_column_count@4"});
  const std::string wide = "a,b\n" + std::string(1'000'000, ',') + "\n4,5\n";
  CHECK(read(wide) == Rows{"!too_many_columns@2", "4|5"});
  const std::string longer = "a,b\n" + std::string(3'000'000, 'x') + "\n4,5\n";
  CHECK(read(longer) == Rows{"!record_too_long@2", "4|5"});
  const std::string open = "a,b\n\"" + std::string(3'000'000, 'x') + "\n4,5\n";
  CHECK(read(open) == Rows{"!record_too_long@2", "4|5"});
}

TEST_CASE("headers that cannot be used are refused with the reason") {
  CHECK_THROWS_WITH(read(""), Catch::Contains("the file is empty"));
  CHECK_THROWS_WITH(read("a,,c\n"), Catch::Contains("column 2 has no name"));
  CHECK_THROWS_WITH(read("a,b,a\n"), Catch::Contains("stands twice"));
  CHECK_THROWS_WITH(read(std::string("\xFF\xFE"
                                     "a\0",
                                     4)),
                    Catch::Contains("UTF-16"));
  CHECK_THROWS_WITH(read(std::string(1'000'000, ',')), Catch::Contains("too many columns"));
}

TEST_CASE("gzip and zstd are unpacked, several members too; damage is said") {
  TemporaryStore place;
  std::string text = "a,b\n";
  for (int i = 0; i < 100'000; ++i) text += fmt::format("{},{}\n", i, i * 7);
  const auto count = [&](const std::string& bytes) {
    const auto input = InputStream::open(write(place, "t", bytes));
    CsvReader csv(*input, "t");
    int rows = 0;
    while (csv.next()) ++rows;
    return rows;
  };
  CHECK(count(text) == 100'000);
  CHECK(count(gzip(text)) == 100'000);
  CHECK(count(zstd(text)) == 100'000);
  CHECK(count(gzip(text) + gzip("9,9\n")) == 100'001);
  CHECK(count(zstd(text) + zstd("9,9\n")) == 100'001);
  CHECK_THROWS_WITH(count(gzip(text).substr(0, 50'000)), Catch::Contains("damaged or ends early"));
  CHECK_THROWS_WITH(count(zstd(text).substr(0, 50'000)), Catch::Contains("damaged or ends early"));
  CHECK_THROWS_AS(InputStream::open(place.folder() / "none"), Error);
  CHECK_THROWS_WITH(InputStream::open(place.folder()), Catch::Contains("folder"));
}

TEST_CASE("decimals are exact to six places, half to even beyond") {
  CHECK(parse_decimal("12.34") == 12'340'000);
  CHECK(parse_decimal("-0.000001") == -1);
  CHECK(parse_decimal("+3") == 3'000'000);
  CHECK(parse_decimal(".5") == 500'000);
  CHECK(parse_decimal("5.") == 5'000'000);
  CHECK(parse_decimal("1e3") == 1'000'000'000);
  CHECK(parse_decimal("1.5E-2") == 15'000);
  CHECK(parse_decimal("0.30000000000000004") == 300'000);
  CHECK(parse_decimal("0.0000005") == 0);
  CHECK(parse_decimal("0.0000015") == 2);
  CHECK(parse_decimal("0.00000150000000000000000000000001") == 2);
  CHECK(parse_decimal("-0.0000025") == -2);
  CHECK(parse_decimal("1e-400") == 0);
  CHECK(parse_decimal("0e999") == 0);
  CHECK(parse_decimal("9223372036854.775807") == INT64_MAX);
  for (const char* text : {"", "-", ".", "1e", "1,5", " 1", "1 ", "0x1", "nan", "inf", "1e400",
                           "9223372036854.775808", "--1", "1.2.3"})
    CHECK_FALSE(parse_decimal(text).has_value());
  CHECK(multiply(12'000'000, 6'950'000) == 83'400'000);  // 12 x 6.95
  CHECK(multiply(-1'000'000, 500'000) == -500'000);
  CHECK(multiply(500'000, 1) == 0);
  CHECK(multiply(500'000, 3) == 2);
  CHECK_FALSE(multiply(INT64_MAX, INT64_MAX).has_value());
  CHECK(format_decimal(-12'340'000) == "-12.34");
  CHECK(format_decimal(1) == "0.000001");
  CHECK(format_decimal(INT64_MIN) == "-9223372036854.775808");
}

TEST_CASE("moments: ISO 8601, or numbers since the epoch by their size") {
  // 2026-03-01T00:00:00Z is 1772323200 (date -u -d 2026-03-01 +%s).
  CHECK(parse_moment("2026-03-01") == 1'772'323'200'000'000);
  CHECK(parse_moment("1772323200") == 1'772'323'200'000'000);
  CHECK(parse_moment("1772323200.25") == 1'772'323'200'250'000);
  CHECK(parse_moment("1772323200123") == 1'772'323'200'123'000);
  CHECK(parse_moment("1772323200123456") == 1'772'323'200'123'456);
  CHECK(parse_moment("20260301") == 1'772'323'200'000'000);
  CHECK(parse_moment("99999999") == 99'999'999'000'000);  // no date: seconds
  CHECK_FALSE(parse_moment("yesterday").has_value());
  CHECK_FALSE(parse_moment("").has_value());
}

namespace {

struct Imported {
  ImportResult first, again;
  std::map<std::string, std::int64_t> totals;  // per "unit type"
};

Imported import(const TemporaryStore& place, const std::filesystem::path& file, ImportOptions options = {}) {
  options.rejects = place.folder() / "rejects.csv";
  Store store = Store::create(place.path());
  Imported done;
  {
    Recorder recorder(store, {.oldest = INT64_MAX / 2});
    done.first = import_file(recorder, file, options);
    done.again = import_file(recorder, file, options);
  }
  Reader reader(place.path());
  EventScanner scanner(reader, {});
  for (std::size_t s = 0; s < scanner.slices(); ++s) {
    const EventSlice& slice = scanner.read(s);
    for (UnitIndex unit = slice.first_unit; unit < slice.last_unit; ++unit)
      for (auto i = slice.begin(unit); i < slice.end(unit); ++i)
        done.totals[reader.unit_id(unit) + " " + reader.types()[slice.type[i]]] += slice.value[i];
  }
  return done;
}

}  // namespace

TEST_CASE("importing a CSV file: good rows kept, bad ones counted by reason, a second time adds nothing") {
  TemporaryStore place;
  const auto file = write(place, "events.csv",
                          "unit,type,at,value,slot\n"
                          "anna,purchase,2026-01-02T03:04:05Z,10.50,top\n"
                          "anna,purchase,2026-01-02T03:04:05Z,10.50,top\n"  // the same row is another event
                          "ben,view,1767323045,,\n"
                          "ben,view,never,,\n"
                          ",view,1767323045,,\n"
                          "ben,purchase,1767323045,ten,\n"
                          "ben,purchase\n");
  const Imported done = import(place, file);
  CHECK(done.first.rows == 7);
  CHECK(done.first.accepted == 3);
  CHECK(done.first.rejected_by_reason ==
        std::map<std::string, std::int64_t>{
            {"invalid_time", 1}, {"invalid_value", 1}, {"missing_unit", 1}, {"wrong_column_count", 1}});
  CHECK(done.again.accepted == 0);
  CHECK(done.again.duplicate == 3);
  CHECK(done.totals == std::map<std::string, std::int64_t>{{"anna purchase", 21'000'000}, {"ben view", 0}});
  std::ifstream rejects(done.first.rejects);
  std::string text((std::istreambuf_iterator<char>(rejects)), {});
  CHECK(text.find(",5,invalid_time,at\n") != std::string::npos);
  CHECK(text.find(",8,wrong_column_count,\n") != std::string::npos);
  CHECK(text.find("ten") == std::string::npos);  // no content, so no identity, in the rejects file
}

TEST_CASE("columns are mapped, constants set, values multiplied exactly") {
  TemporaryStore place;
  const auto file =
      write(place, "orders.csv",
            "Invoice,Quantity,InvoiceDate,Price,Customer ID\n489434,12,2009-12-01 07:45:00,6.95,13085\n"
            "C489449,-12,2009-12-01 10:33:00,2.955,16321\n489436,1,2009-12-01 09:06:00,1,\n");
  const Imported done =
      import(place, file,
             {.columns = {{"unit", "Customer ID"}, {"at", "InvoiceDate"}, {"value", "Quantity*Price"}},
              .constants = {{"type", "purchase"}}});
  CHECK(done.first.accepted == 2);
  CHECK(done.first.rejected_by_reason == std::map<std::string, std::int64_t>{{"missing_unit", 1}});
  CHECK(done.totals ==
        std::map<std::string, std::int64_t>{{"13085 purchase", 83'400'000}, {"16321 purchase", -35'460'000}});
  TemporaryStore other;
  CHECK_THROWS_WITH(import(other, file), Catch::Contains("there is no column \"unit\""));
}

TEST_CASE("rows are left out by a condition and counted, apart from rejected ones") {
  TemporaryStore place;
  const auto file = write(place, "lines.csv",
                          "Invoice,Quantity,Price,at,Customer ID\n"
                          "1,2,5,2010-01-02,anna\n"
                          "C2,-2,5,2010-01-03,anna\n"
                          "3,0,5,2010-01-03,anna\n"
                          "4,1,x,2010-01-03,anna\n"  // no number: not above 0, so left out like the next
                          "5,1,0,2010-01-03,anna\n"
                          "6,1,2,never,anna\n"
                          "7,1,2,2010-01-04,\n");
  ImportOptions options{.columns = {{"unit", "Customer ID"}, {"value", "Quantity*Price"}},
                        .constants = {{"type", "purchase"}}};
  options.where = liftmark::TextPredicate(
      liftmark::read_conditions({"Invoice!^=C", "Quantity>0", "Price>0", "Customer ID!="}, "--where"));
  const Imported done = import(place, file, options);
  CHECK(done.first.rows == 7);
  CHECK(done.first.filtered == 5);
  CHECK(done.first.accepted == 1);
  CHECK(done.first.rejected_by_reason == std::map<std::string, std::int64_t>{{"invalid_time", 1}});
  CHECK(done.again.duplicate == 1);
  CHECK(done.again.filtered == 5);
  CHECK(done.totals == std::map<std::string, std::int64_t>{{"anna purchase", 10'000'000}});
  TemporaryStore other;
  options.where = liftmark::TextPredicate(liftmark::read_condition("Qty>0", "--where"));
  CHECK_THROWS_WITH(import(other, file, options), Catch::Contains("there is no column \"Qty\""));
}

TEST_CASE("the lines of an order become one event") {
  TemporaryStore place;
  const auto file = write(place, "lines.csv",
                          "Invoice,Quantity,Price,at,unit,Country,Stock\n"
                          "1,2,5,2010-01-02T10:00,anna,DE,a\n"
                          "2,1,3,2010-01-02T11:00,ben,AT,b\n"
                          "1,3,0.5,2010-01-02T09:00,anna,DE,b\n"
                          "1,3,0.5,2010-01-02T09:00,ben,DE,b\n"
                          ",3,0.5,2010-01-02T09:00,ben,DE,b\n");
  ImportOptions options{.columns = {{"value", "Quantity*Price"}}, .constants = {{"type", "purchase"}}};
  options.group_by = "Invoice";
  const Imported done = import(place, file, options);
  CHECK(done.first.rows == 5);
  CHECK(done.first.accepted == 2);
  CHECK(done.first.joined == 1);
  CHECK(done.first.rejected_by_reason ==
        std::map<std::string, std::int64_t>{{"differs_in_group", 1}, {"missing_group", 1}});
  CHECK(done.again.accepted == 0);
  CHECK(done.again.duplicate == 2);
  // 2 x 5 + 3 x 0.5 by hand.
  CHECK(done.totals ==
        std::map<std::string, std::int64_t>{{"anna purchase", 11'500'000}, {"ben purchase", 3'000'000}});
  Reader reader(place.path());
  EventScanner scanner(reader, {.properties = {"Country", "Stock", "Invoice"}});
  int orders = 0;
  for (std::size_t s = 0; s < scanner.slices(); ++s) {
    const EventSlice& slice = scanner.read(s);
    for (UnitIndex unit = slice.first_unit; unit < slice.last_unit; ++unit)
      for (auto i = slice.begin(unit); i < slice.end(unit); ++i) {
        ++orders;
        const bool anna = reader.unit_id(unit) == "anna";
        CHECK(reader.text(slice.properties[0][i]) == (anna ? "DE" : "AT"));
        CHECK((slice.properties[1][i] == 0) == anna);  // its two lines differ in Stock
        CHECK(slice.properties[2][i] == 0);            // the group is the id
        // 2010-01-02T09:00:00Z is 1262422800 (date -u -d .. +%s): the earliest of the lines.
        if (anna) CHECK(slice.at[i] == 1'262'422'800'000'000);
      }
  }
  CHECK(orders == 2);
}

TEST_CASE("NDJSON: products, conditions and groups by key") {
  TemporaryStore place;
  const auto file =
      write(place, "lines.ndjson",
            R"({"order":"1","unit":"anna","at":"2010-01-02","quantity":2,"price":5})"
            "\n"
            R"({"order":"1","unit":"anna","at":"2010-01-02","quantity":1,"price":"0.25"})"
            "\n"
            R"({"order":"2","unit":"anna","at":"2010-01-02","quantity":1,"properties":{"price":1}})"
            "\n"
            R"({"order":"3","unit":"anna","at":"2010-01-02","quantity":1})"
            "\n"
            R"({"order":"4","unit":"anna","at":"2010-01-02","quantity":-1,"price":1})");
  ImportOptions options{.columns = {{"value", "quantity*price"}}, .constants = {{"type", "purchase"}}};
  options.where = liftmark::TextPredicate(
      liftmark::read_condition(R"({"property": "quantity", "greater": 0})", "--where"));
  options.group_by = "order";
  const Imported done = import(place, file, options);
  CHECK(done.first.accepted == 2);
  CHECK(done.first.joined == 1);
  CHECK(done.first.filtered == 1);
  CHECK(done.first.rejected_by_reason == std::map<std::string, std::int64_t>{{"invalid_value", 1}});
  CHECK(done.totals == std::map<std::string, std::int64_t>{{"anna purchase", 11'250'000}});
}

TEST_CASE("importing NDJSON: escapes, nested properties, bad lines") {
  TemporaryStore place;
  const auto file = write(
      place, "events.ndjson",
      R"({"id":"1","unit":"ann\u00e9","type":"purchase","at":"2026-01-02","value":12.5,"properties":{"slot":"top"}})"
      "\n"
      R"({"id":"2","unit":"ben","type":"purchase","at":1767323045,"value":"0.1","first":true,"none":null})"
      "\n\n"
      R"({"id":"3","unit":"ben")"
      "\n"
      R"([1,2])"
      "\n"
      R"({"id":"4","unit":"ben","type":"view","at":1767323045} trailing)"
      "\n"
      R"({"id":"5","unit":"ben","type":"view","at":1767323045,"deep":[1]})"
      "\n"
      R"({"id":"7","unit":"ben","type":"view","at":1767323045,"note":nul})"  // found by fuzzing: it ended all
      "\n"
      R"({"id":"8","unit":"ben","type":"view","at":1767323045,"note":n""e+})"
      "\n"
      R"({"id":"9","unit":"ben","type":"view","at":1767323045,"note":tru})"
      "\n"
      R"({"id":"6","experiment":"checkout","arm":"blue","unit":"ben","at":1767323045,"epoch":2})");
  const Imported done = import(place, file);
  CHECK(done.first.accepted == 3);
  CHECK(done.first.rejected_by_reason ==
        std::map<std::string, std::int64_t>{{"invalid_json", 5}, {"nested_value", 1}, {"not_an_object", 1}});
  CHECK(done.totals ==
        std::map<std::string, std::int64_t>{{"ann\xc3\xa9 purchase", 12'500'000}, {"ben purchase", 100'000}});
  const ExposureColumns exposures = Reader(place.path()).exposures("checkout");
  REQUIRE(exposures.size() == 1);
  CHECK(exposures.arms[exposures.arm[0]].epoch == 2);
}

TEST_CASE("the real online shop's orders load, line by line") {
  const auto file = std::filesystem::path(tests::kSharedDir) / "data" / "online_retail_II_2009_2010.csv.gz";
  if (!std::filesystem::exists(file)) {
    WARN("shared data is not there: the online shop's orders were not imported");
    SUCCEED();
    return;
  }
  TemporaryStore place;
  const Imported done =
      import(place, file,
             {.columns = {{"unit", "Customer ID"}, {"at", "InvoiceDate"}, {"value", "Quantity*Price"}},
              .constants = {{"type", "purchase"}},
              .properties = std::vector<std::string>{"Invoice", "Country"},
              .max_rejected_share = 0.5});
  // online_retail_II.expected.json: 525,461 rows of which 107,927 lack the customer.
  CHECK(done.first.rows == 525'461);
  CHECK(done.first.rejected_by_reason == std::map<std::string, std::int64_t>{{"missing_unit", 107'927}});
  CHECK(done.first.accepted == 525'461 - 107'927);
  CHECK(done.again.accepted == 0);
  CHECK(done.totals.size() == 4'383);
}
