// Real files through the commands a person would type: import, apply, report, analyze. Every command here
// stands in docs/importing.md too.

#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/cli/running.hpp"
#include "engine/record/input_stream.hpp"
#include "paths.hpp"

namespace {

using namespace liftmark::tests;

const fs::path kData = fs::path(liftmark::tests::kSharedDir) / "data";

bool has_data(const char* file) {
  if (fs::exists(kData / file)) return true;
  WARN("the folder with real data is not here, so this test did not run: " << (kData / file).string());
  return false;
}

void check_close(const json& got, double want) {
  REQUIRE(got.is_number());
  CHECK(got.get<double>() == Approx(want).epsilon(1e-9));
}

/// One experiment per population, one arm each: nothing is compared, all is measured.
const char* const kShopCatalog = R"({
  "schema": "liftmark.catalog/1", "currency": "GBP",
  "metrics": [
    {"key": "orders", "kind": "count", "numerator": {"event": "purchase"}, "window_days": 400, "covariate": {"lookback_days": 0}},
    {"key": "revenue", "kind": "mean", "numerator": {"event": "purchase", "aggregate": "sum"}, "window_days": 400,
     "covariate": {"lookback_days": 0}},
    {"key": "net", "kind": "mean", "numerator": {"event": ["purchase", "refund"], "aggregate": "sum"},
     "window_days": 400, "scale": "fieller", "covariate": {"lookback_days": 0}},
    {"key": "aov", "kind": "ratio", "numerator": {"event": "purchase", "aggregate": "sum"},
     "denominator": {"event": "purchase"}, "window_days": 400, "covariate": {"lookback_days": 0}},
    {"key": "repeat", "kind": "repeat_purchase", "numerator": {"event": "purchase"}, "minimum_orders": 2,
     "window_days": 400}],
  "experiments": [
    {"key": "buyers", "arms": [{"key": "everyone", "role": "control"}],
     "hashing": {"scheme": "liftmark-1", "salt": "buyers-1"},
     "plan": {"primary": ["revenue"], "secondary": ["orders", "net", "aov", "repeat"]}},
    {"key": "customers", "arms": [{"key": "everyone", "role": "control"}],
     "hashing": {"scheme": "liftmark-1", "salt": "customers-1"},
     "plan": {"primary": ["revenue"], "secondary": ["net"]}}]})";

using Words = std::vector<std::string>;

Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// The stated cleaning of online_retail_II.expected.json, "sales_rule".
const Words kSales{"--where", "Invoice!^=C", "--where", "Quantity>0",
                   "--where", "Price>0",     "--where", "Customer ID!="};
const Words kOrderLines{
    "--map",      "unit=Customer ID", "--map",  "at=InvoiceDate", "--map", "value=Quantity*Price",
    "--group-by", "Invoice",          "--keep", "Country"};
const Words kExposures{"--kind", "exposures",     "--map",         "unit=Customer ID",
                       "--set",  "at=2009-12-01", "--set",         "arm=everyone",
                       "--keep", "Country",       "--recorded-at", "event-time"};

}  // namespace

TEST_CASE(
    "online_retail_II: orders, customers, revenue, order value and repeat rate through import and the "
    "store") {
  const char* const name = "online_retail_II_2009_2010.csv.gz";
  if (!has_data(name)) return;
  const json want = json::parse(read(kData / "online_retail_II.expected.json"));
  const auto folder = fresh_folder("retail");
  const auto store = (folder / "shop.db").string();
  const auto file = (kData / name).string();
  run({"init", store});
  run({"apply", store, write(folder / "catalog.json", kShopCatalog)});
  const Words rejects{"--rejects", (folder / "rejects.csv").string()};
  run(Words{"import", store, file, "--set", "type=purchase"} + kOrderLines + kSales + rejects);
  run(Words{"import", store, file, "--set", "type=refund", "--where", "Invoice^=C", "--where",
            "Customer ID!="} +
      kOrderLines + rejects);
  run(Words{"import", store, file, "--set", "experiment=buyers"} + kExposures + kSales + rejects);
  run(Words{"import", store, file, "--set", "experiment=customers", "--where", "Customer ID!="} + kExposures +
      rejects);
  CHECK_FALSE(fs::exists(folder / "rejects.csv"));  // nothing but what the rule leaves out

  const json buyers = card_of({"report", store, "buyers"}, folder);
  const json& sales = want["sales"];
  CHECK(buyers["arms"][0]["units"] == sales["customers"]);
  const auto arm = [](const json& card, const char* key) { return metric(card, key)["arms"][0]; };
  check_close(arm(buyers, "orders")["numerator"], sales["orders"].get<double>());
  check_close(arm(buyers, "orders")["value"], sales["orders_per_customer"]["mean"]);
  check_close(arm(buyers, "orders")["variance"], sales["orders_per_customer"]["var_ddof1"]);
  check_close(arm(buyers, "revenue")["numerator"], sales["revenue"]);
  check_close(arm(buyers, "revenue")["value"], sales["revenue_per_customer"]["mean"]);
  check_close(arm(buyers, "revenue")["variance"], sales["revenue_per_customer"]["var_ddof1"]);
  check_close(arm(buyers, "revenue")["distribution"]["maximum"], sales["revenue_per_customer"]["max"]);
  check_close(arm(buyers, "aov")["value"], sales["AOV"]["ratio"]);
  // The arm's variance is per unit, linearised; the delta method's is of the ratio.
  check_close(arm(buyers, "aov")["variance"],
              sales["AOV"]["var_ratio_delta"].get<double>() * sales["customers"].get<double>());
  check_close(arm(buyers, "repeat")["numerator"], sales["ever_repeat_orders"]["n"]);
  check_close(arm(buyers, "repeat")["value"], sales["ever_repeat_orders"]["rate"]);

  const json customers = card_of({"report", store, "customers"}, folder);
  CHECK(customers["arms"][0]["units"] == want["quality"]["customers"]);
  check_close(arm(customers, "net")["numerator"], want["net_of_cancellations_revenue_customers_known"]);
  check_close(arm(customers, "revenue")["numerator"], sales["revenue"]);
  for (const json* card : {&buyers, &customers})
    for (const auto& row : (*card)["metrics"]) CHECK(row["comparisons"].empty());
}

TEST_CASE("CDNOW: columns between runs of blanks, dates of eight digits") {
  if (!has_data("CDNOW_master.txt.gz")) return;
  const auto folder = fresh_folder("cdnow");
  const auto store = (folder / "cd.db").string();
  run({"init", store});
  run({"apply", store, write(folder / "catalog.json", kShopCatalog)});
  const Words columns{"--delimiter", "whitespace", "--map", "unit=customer_id"};
  const auto file = (kData / "CDNOW_master.txt.gz").string();
  run(Words{"import", store, file, "--map", "at=date", "--map", "value=dollar_value", "--set",
            "type=purchase"} +
      columns);
  run(Words{"import", store, file, "--kind", "exposures", "--set", "experiment=buyers", "--set",
            "arm=everyone", "--set", "at=1997-01-01", "--keep", "none", "--recorded-at", "event-time"} +
      columns);
  const json card = card_of({"report", store, "buyers"}, folder);
  // 23,570 customers (the data set's own description). awk counts 59,201 rows dated before 1997-01-01 plus
  // 400 days, the metrics' window, and adds them up to 2,110,821.41.
  CHECK(card["arms"][0]["units"] == 23'570);
  check_close(metric(card, "orders")["arms"][0]["numerator"], 59'201);
  check_close(metric(card, "revenue")["arms"][0]["numerator"], 2'110'821.41);
}

namespace {

const char* const kMailCatalog = R"({
  "schema": "liftmark.catalog/1", "currency": "USD",
  "metrics": [
    {"key": "visit", "kind": "proportion", "numerator": {"event": "visit"}, "covariate": {"lookback_days": 0}},
    {"key": "spend", "kind": "mean", "numerator": {"event": "purchase", "aggregate": "sum"},
     "covariate": {"lookback_days": 0}}],
  "experiments": [{"key": "mail", "hashing": {"salt": "mail-1"},
    "arms": [{"key": "No E-Mail", "role": "control"}, {"key": "Mens E-Mail"}, {"key": "Womens E-Mail"}],
    "plan": {"primary": ["visit"], "secondary": ["spend"], "method": "fixed", "horizon_days": 400,
             "segments": ["channel", "history_segment", "newbie"]}}]})";

/// The file has no customer and no time: its row is the customer, and all happens at one moment. Columns:
/// recency,history_segment,history,mens,womens,zip_code,newbie,channel,segment,visit,conversion,spend; the
/// only commas inside quotes are of "6) $750 - $1,000" and "7) $1,000 +".
struct MailFiles {
  std::string exposures = "unit,at,arm,history_segment,newbie,channel\n", events = "unit,at,type,value\n";
};
MailFiles mail_files() {
  const auto input = liftmark::InputStream::open((kData / "hillstrom.csv.gz").string());
  std::string text, chunk(1 << 16, '\0');
  while (const std::size_t size = input->read(chunk.data(), chunk.size())) text.append(chunk, 0, size);
  std::stringstream lines(text);
  std::string line;
  std::getline(lines, line);
  MailFiles files;
  for (int row = 1; std::getline(lines, line); ++row) {
    Words cells(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"')
        quoted = !quoted;
      else if (c == ',' && !quoted)
        cells.emplace_back();
      else if (c != '\r')
        cells.back() += c;
    }
    const std::string unit = "c" + std::to_string(row);
    files.exposures +=
        unit + ",2008-03-01," + cells[8] + ",\"" + cells[1] + "\"," + cells[6] + "," + cells[7] + "\n";
    if (cells[9] == "1") files.events += unit + ",2008-03-02,visit,\n";
    if (cells[10] == "1") files.events += unit + ",2008-03-02,purchase," + cells[11] + "\n";
  }
  files.events += "c1,2008-04-01,end,\n";  // so that every window is over
  return files;
}

}  // namespace

TEST_CASE("Hillstrom: through import and the store, by channel, history segment and newbie") {
  if (!has_data("hillstrom.csv.gz")) return;
  const json want = json::parse(read(kData / "hillstrom.expected.json"))["segments"];
  const auto folder = fresh_folder("hillstrom");
  const auto store = (folder / "mail.db").string();
  const MailFiles files = mail_files();
  run({"init", store});
  run({"apply", store, write(folder / "catalog.json", kMailCatalog)});
  run({"import", store, write(folder / "exposures.csv", files.exposures), "--set", "experiment=mail",
       "--recorded-at", "event-time"});
  run({"import", store, write(folder / "events.csv", files.events), "--recorded-at", "event-time"});
  const json card = card_of({"report", store, "mail"}, folder);
  CHECK(card["experiment"]["units"] == 64'000);
  int compared = 0;
  for (const json& table : card["segments"])
    for (const json& row : table["rows"]) {
      const json& numbers = want[table["dimension"].get<std::string>()][row["group"].get<std::string>()]
                                [table["arm"].get<std::string>()][table["metric"].get<std::string>()];
      INFO(table["dimension"] << " " << row["group"] << " " << table["arm"] << " " << table["metric"]);
      const json& got = row["comparisons"][0];
      check_close(got["absolute"]["estimate"], numbers["abs_diff"]);
      check_close(got["absolute"]["standard_error"],
                  numbers[table["metric"] == "visit" ? "se_unpooled" : "se"]);
      check_close(got["relative"]["estimate"], numbers["rel_lift"]);
      ++compared;
    }
  CHECK(compared == 2 * 2 * (3 + 7 + 2));  // metrics x variants x groups of the three dimensions
}

TEST_CASE("tables of other experiments load by the command their documentation gives") {
  if (!has_data("upworthy_counts_derived.csv.gz")) return;
  const auto folder = fresh_folder("tables");
  const auto upworthy = card_of({"analyze", "--summary", (kData / "upworthy_counts_derived.csv.gz").string(),
                                 "--where", "clickability_test_id=546d88fb84ad38b2ce000024", "--row-arms",
                                 "--proportion", "ctr=clicks/impressions"},
                                folder);
  // The file's first two rows: 150 of 3052 and 122 of 3033.
  const json& ctr = metric(upworthy, "ctr");
  CHECK(ctr["arms"][0]["arm"] == "row 1");
  check_close(ctr["arms"][0]["value"], 150.0 / 3052);
  CHECK(ctr["comparisons"].size() == ctr["arms"].size() - 1);

  for (const char* shop : {"men", "women"}) {
    const std::string name = std::string("_") + shop + ".csv.gz";
    const auto obd =
        card_of({"analyze", "--arm-file", "random=" + (kData / ("obd_random" + name)).string(), "--arm-file",
                 "bts=" + (kData / ("obd_bts" + name)).string(), "--control", "random", "--proportion",
                 "click", "--segment", "position", "--where", "propensity_score>0"},
                folder);
    CHECK(metric(obd, "click")["comparisons"].size() == 1);
    CHECK(obd["arms"][0]["units"].get<int>() == 10'000);
    // Features of items: no arm and nothing that happened.
    CHECK(failure({"analyze", (kData / ("obd_random_" + std::string(shop) + "_item_context.csv")).string(),
                   "--arm", "item_feature_1", "--proportion", "click"})
              .find("there is no column \"click\"") != std::string::npos);
  }
}

TEST_CASE("msu_library: click maps say visits in a sentence only; the five pages as a summary table") {
  if (!has_data("msu_library_v1_Interact.csv")) return;
  const auto folder = fresh_folder("msu");
  std::string table = "arm,metric,n,successes\n";
  Words arms{"analyze", "--proportion", "No. clicks"};
  for (const char* page : {"v1_Interact", "v2_Connect", "v3_Learn", "v4_Help", "v5_Services"}) {
    const auto file = kData / ("msu_library_" + std::string(page) + ".csv");
    const std::string name = std::string(page).substr(3);
    arms = arms + Words{"--arm-file", name + "=" + file.string()};
    std::string link = ",a," + name + ",";
    for (auto at = link.begin() + 3; at != link.end(); ++at) *at = static_cast<char>(std::toupper(*at));
    const std::string text = read(file);
    const auto clicks = text.find(link);
    const auto visits = text.find(" visits");
    REQUIRE(clicks != std::string::npos);
    REQUIRE(visits != std::string::npos);
    const auto begin = text.rfind(' ', visits - 1) + 1;
    table += name + ",click," + text.substr(begin, visits - begin) + "," +
             std::to_string(std::stoi(text.substr(clicks + link.size()))) + "\n";
  }
  // Lines of five and six columns, and counts of clicks where 0 or 1 is meant: no unit stands in these files.
  CHECK(failure(arms).find("rows were rejected") != std::string::npos);
  const auto card =
      card_of({"analyze", "--summary", write(folder / "msu.csv", table), "--control", "Interact"}, folder);
  // Visits and clicks on the named link, as the files say: 42 of 10,283 and 45 of 2,064.
  const json& click = metric(card, "click");
  check_close(click["arms"][0]["value"], 42.0 / 10'283);
  for (const json& arm : click["arms"])
    if (arm["arm"] == "Services") check_close(arm["value"], 45.0 / 2'064);
  CHECK(click["comparisons"].size() == 4);
}
