// `liftmark segments` on real purchase histories, imported as a person would; stored segments in audiences.
//
// Expected numbers: online_retail_II.expected.json (pandas; see its "methods") and, for CDNOW, awk over the
// file itself:
//   awk '{n++; s+=$4; c[$1]++} END {for (i in c) {u++; r+=c[i]>1}; print u, n, r, s}'

#include "engine/record/segments.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/cli/commands.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/csv_reader.hpp"
#include "engine/record/privacy.hpp"
#include "paths.hpp"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kData = fs::path(liftmark::tests::kSharedDir) / "data";

bool has_data(const char* file) {
  if (fs::exists(kData / file)) return true;
  WARN("the folder with real data is not here, so this test did not run: " << file);
  return false;
}

/// A fresh folder for one test.
struct Scratch {
  fs::path folder = fs::temp_directory_path() / "liftmark_segments_test";
  Scratch() {
    fs::remove_all(folder);
    fs::create_directories(folder);
  }
  ~Scratch() { fs::remove_all(folder); }
  std::string operator/(const char* name) const { return (folder / name).string(); }
};

void command(liftmark::cli::AddCommand add, std::vector<std::string> arguments) {
  liftmark::cli::Command program;
  add(program);
  const int code = program.run(arguments);
  REQUIRE(code == 0);
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

json segments(const Scratch& scratch, std::vector<std::string> more) {
  more.insert(more.begin(), {"segments", scratch / "shop.db"});
  more.insert(more.end(), {"--format", "json", "--output", scratch / "segments.json"});
  command(liftmark::cli::add_segments, more);
  return json::parse(read(scratch / "segments.json"));
}

void import_events(const Scratch& scratch, const std::string& file) {
  liftmark::Store::create(scratch / "shop.db");
  command(liftmark::cli::add_import,
          {"import", scratch / "shop.db", file, "--set", "type=purchase", "--quiet"});
}

/// The lines that the expected file calls sales: not cancelled, quantity and price above 0, a known customer.
void clean_online_retail(const std::string& to) {
  const auto input = liftmark::InputStream::open(kData / "online_retail_II_2009_2010.csv.gz");
  liftmark::CsvReader csv(*input, "online_retail_II");
  const auto invoice = csv.require_column("Invoice"), quantity = csv.require_column("Quantity"),
             price = csv.require_column("Price"), customer = csv.require_column("Customer ID"),
             date = csv.require_column("InvoiceDate");
  std::ofstream out(to, std::ios::binary);
  out.precision(12);
  out << "unit,at,value,invoice\n";
  while (csv.next()) {
    csv.require_good();
    const auto row = csv.fields();
    if (row[invoice].starts_with("C") || row[customer].empty()) continue;
    const auto pieces = std::stol(std::string(row[quantity]));
    const double each = std::stod(std::string(row[price]));
    if (pieces <= 0 || each <= 0) continue;
    out << row[customer] << ',' << row[date] << ',' << static_cast<double>(pieces) * each << ','
        << row[invoice] << '\n';
  }
}

}  // namespace

TEST_CASE("online_retail_II: orders, customers, repeat buyers, RFM limits and counts of expected.json") {
  if (!has_data("online_retail_II_2009_2010.csv.gz")) return;
  const json expected = json::parse(read((kData / "online_retail_II.expected.json").string()));
  const Scratch scratch;
  clean_online_retail(scratch / "sales.csv");
  import_events(scratch, scratch / "sales.csv");
  const json found =
      segments(scratch, {"--date", "2010-12-10", "--order-property", "invoice", "--ties", "rank"});
  CHECK(found["buyers"] == expected["sales"]["customers"]);
  CHECK(found["orders"] == expected["sales"]["orders"]);
  CHECK(found["repeat_buyers"] == expected["sales"]["ever_repeat_orders"]["n"]);
  CHECK(double(found["repeat_buyers"]) / double(found["buyers"]) ==
        Approx(double(expected["sales"]["ever_repeat_orders"]["rate"])).epsilon(1e-12));
  CHECK(double(found["spent"]) == Approx(double(expected["sales"]["revenue"])).epsilon(1e-9));
  CHECK(double(found["spent"]) / double(found["orders"]) ==
        Approx(double(expected["sales"]["AOV"]["ratio"])).epsilon(1e-9));
  const json& edges = expected["rfm"]["quantile_edges"];
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(double(found["cut_points"]["recency_days"][i]) ==
          Approx(double(edges["recency"][i])).epsilon(1e-12));
    CHECK(double(found["cut_points"]["orders"][i]) == Approx(double(edges["orders"][i])).epsilon(1e-12));
    CHECK(double(found["cut_points"]["spent"][i]) == Approx(double(edges["amount"][i])).epsilon(1e-9));
  }
  CHECK(found["segments"]["rfm:555"] == expected["rfm"]["count_555"]);
  CHECK(found["segments"]["rfm:111"] == expected["rfm"]["count_111"]);
}

TEST_CASE("CDNOW loads: 23,570 customers, 69,659 orders, and its segments") {
  if (!has_data("CDNOW_master.txt.gz")) return;
  const Scratch scratch;
  const auto input = liftmark::InputStream::open(kData / "CDNOW_master.txt.gz");
  std::string text(16'000'000, '\0');
  std::size_t size = 0;
  while (const std::size_t count = input->read(text.data() + size, text.size() - size)) size += count;
  std::istringstream rows(text.substr(0, size));
  std::ofstream out(scratch / "orders.csv", std::ios::binary);
  out << "unit,at,discs,value\n";
  std::string customer, date, discs, dollars;
  while (rows >> customer >> date >> discs >> dollars) {
    if (customer == "customer_id") continue;
    out << customer << ',' << date.substr(0, 4) << '-' << date.substr(4, 2) << '-' << date.substr(6, 2) << ','
        << discs << ',' << dollars << '\n';
  }
  out.close();
  import_events(scratch, scratch / "orders.csv");
  const json found = segments(scratch, {"--date", "1998-07-01"});
  CHECK(found["buyers"] == 23570);
  CHECK(found["orders"] == 69659);
  CHECK(double(found["spent"]) == Approx(2'500'315.63).epsilon(1e-9));
  std::int64_t staged = 0;
  for (const char* stage : {"active", "lapsing", "lapsed", "new"})
    staged += found["segments"].value(std::string("lifecycle:") + stage, 0);
  CHECK(staged == 23570);
}

// Five customers by hand, as of 2024-07-01: a bought yesterday, b 40 days ago, c 200 days ago and only once,
// d never bought, e today's order lies after the date.
TEST_CASE("stored segments: written, used by an audience, gone with the unit that is erased") {
  const Scratch scratch;
  std::ofstream(scratch / "events.csv") << "unit,type,at,value\n"
                                           "a,purchase,2024-06-30,50\na,purchase,2024-06-01,50\n"
                                           "b,purchase,2024-05-22,20\n"
                                           "c,purchase,2023-12-14,5\n"
                                           "d,visit,2024-06-30,0\n"
                                           "e,purchase,2024-07-01T08:00,70\n";
  liftmark::Store::create(scratch / "shop.db");
  command(liftmark::cli::add_import, {"import", scratch / "shop.db", scratch / "events.csv", "--quiet"});
  CHECK(liftmark::StoredSegments(scratch / "shop.db").of("a").empty());
  const json found = segments(scratch, {"--date", "2024-07-01", "--write", "--units", scratch / "units.csv"});
  CHECK(found["buyers"] == 3);
  CHECK(found["segments"]["lifecycle:active"] == 1);
  CHECK(found["segments"]["lifecycle:lapsing"] == 1);
  CHECK(found["segments"]["lifecycle:lapsed"] == 1);
  CHECK(found["segments"]["lifecycle:new"] == 2);
  CHECK(read(scratch / "units.csv").find("b,lapsing,needs_attention,313,40,1,20\n") != std::string::npos);

  const auto in = [&](const char* unit, std::string_view segment) {
    const liftmark::StoredSegments stored(scratch / "shop.db");
    const auto names = stored.of(unit);
    return std::find(names.begin(), names.end(), segment) != names.end();
  };
  CHECK(in("a", "lifecycle:active"));
  CHECK(in("a", "recency:5"));
  CHECK(in("b", "lifecycle:lapsing"));
  CHECK(in("d", "rfm:no_history"));
  CHECK_FALSE(in("nobody", "lifecycle:new"));
  // A second run replaces the first.
  segments(scratch, {"--date", "2024-07-02", "--write"});
  CHECK(in("e", "lifecycle:active"));
  {
    liftmark::Store store = liftmark::Store::open(scratch / "shop.db");
    liftmark::Recorder recorder(store);
    CHECK(liftmark::erase(recorder, "a").units == 1);
    liftmark::link_units(recorder, "cookie", "visitor");  // and then the visitor logs in
    liftmark::link_units(recorder, "visitor", "b");
  }
  CHECK(in("visitor", "lifecycle:lapsing"));
  CHECK(in("cookie", "lifecycle:lapsing"));
  CHECK_FALSE(in("a", "lifecycle:active"));
  CHECK(in("b", "lifecycle:lapsing"));
}
