// What goes into a URL and into SQL, whatever people write. No server is needed.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

#include <catch2/catch.hpp>

#include "engine/definition/error.hpp"
#include "engine/record/clickhouse/address.hpp"
#include "engine/record/clickhouse/client.hpp"
#include "engine/record/clickhouse/own_column.hpp"
#include "engine/record/clickhouse/sql_text.hpp"
#include "engine/record/reader.hpp"
#include "engine/record/temporary_store.hpp"

using namespace liftmark;
using namespace liftmark::clickhouse;

TEST_CASE("an address names user, shards and database") {
  const Address one = parse_address("clickhouse://ana@db.example.com:9000/shop");
  CHECK_FALSE(one.tls);
  CHECK(one.user == "ana");
  CHECK(one.database == "shop");
  REQUIRE(one.shards.size() == 1);
  CHECK(one.url(0) == "http://db.example.com:9000/");
  const Address two = parse_address("clickhouses://a,[::1]:9,b:65535/shop");
  CHECK(two.tls);
  CHECK(two.user == "default");
  REQUIRE(two.shards.size() == 3);
  CHECK(two.url(0) == "https://a:8443/");
  CHECK(two.url(1) == "https://[::1]:9/");
  CHECK(two.shards[2].port == 65535);
  CHECK(parse_address("clickhouse://h/d").shards[0].port == 8123);
}

TEST_CASE("an address that is none is refused") {
  for (const char* text :
       {"clickhouse://", "clickhouse://h", "clickhouse://h/", "clickhouse:///d", "clickhouse://h:0/d",
        "clickhouse://h:65536/d", "clickhouse://h:12x/d", "clickhouse://h,/d", "clickhouse://h/d?x=1",
        "clickhouse://h/d/e", "clickhouse://@h/d", "clickhouse://u\n@h/d", "clickhouse://h#x/d",
        "clickhouse://[::1/d", "clickhouse://[zz]/d", "clickhouse://[::1]9/d", "shop.db"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_address(text), Error);
  }
  CHECK_FALSE(is_address("shop.db"));
  CHECK_FALSE(is_address("./clickhouse://h/d"));
}

TEST_CASE("a password in an address is refused and not repeated") {
  try {
    parse_address("clickhouse://ana:s3cret@h/d");
    FAIL("taken");
  } catch (const Error& error) {
    CHECK(describe(error).find("s3cret") == std::string::npos);
    CHECK(describe(error).find("LIFTMARK_CLICKHOUSE_PASSWORD") != std::string::npos);
  }
}

TEST_CASE("the password comes from a file that only its owner reads") {
  const TemporaryStore folder;
  const auto path = folder.folder() / "password";
  std::ofstream(path) << "s3cret\n";
  ::unsetenv("LIFTMARK_CLICKHOUSE_PASSWORD");
  ::setenv("LIFTMARK_CLICKHOUSE_PASSWORD_FILE", path.c_str(), 1);
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  CHECK_THROWS_AS(read_password(), Error);
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  CHECK(read_password() == "s3cret");
  ::setenv("LIFTMARK_CLICKHOUSE_PASSWORD", "other", 1);
  CHECK(read_password() == "other");
  ::unsetenv("LIFTMARK_CLICKHOUSE_PASSWORD");
  ::unsetenv("LIFTMARK_CLICKHOUSE_PASSWORD_FILE");
  CHECK(read_password().empty());
}

TEST_CASE("commands that need a file say so of an address") {
  CHECK_THROWS_WITH(Reader("clickhouse://h/d"), Catch::Contains("in ClickHouse"));
}

TEST_CASE("hostile texts stay inside their quotes") {
  CHECK(literal("O'Brien") == "'O\\'Brien'");
  CHECK(literal("\\'; DROP TABLE event; --") == "'\\\\\\'; DROP TABLE event; --'");
  CHECK(literal(std::string_view("a\0b\n\t\r", 6)) == "'a\\0b\\n\\t\\r'");
  CHECK(identifier("a`b\\") == "`a\\`b\\\\`");
  CHECK(literal_list({"a", "'"}) == "('a', '\\'')");
  std::string row;
  append_field("tab\there\nline\\", row);
  CHECK(row == "tab\\there\\nline\\\\");
  row.clear();
  append_array({"a'b", "c,d", "]"}, row);
  CHECK(row == "['a\\'b','c,d',']']");
}

TEST_CASE("rows give back the texts that went in") {
  const std::vector<std::string_view> texts{"a'b", "c,d", "]", "", "\t\\n\n"};
  std::string field, array;
  append_field("x\ty\\", field);
  append_array(texts, array);
  // Of a field in TabSeparated: the array's own escapes as they stand.
  Rows rows(field + "\t" + array + "\t-5\t[1,-2]\t[]\n1\t2\n");
  REQUIRE(rows.next());
  REQUIRE(rows.fields() == 5);
  CHECK(rows.text(0) == "x\ty\\");
  CHECK(rows.texts(1) == std::vector<std::string>(texts.begin(), texts.end()));
  CHECK(rows.integer(2) == -5);
  CHECK(rows.integers(3) == std::vector<std::int64_t>{1, -2});
  CHECK(rows.integers(4).empty());
  CHECK(rows.texts(4).empty());
  REQUIRE(rows.next());
  CHECK(rows.natural(1) == 2);
  CHECK_THROWS_AS(rows.text(2), Error);
  CHECK_FALSE(rows.next());
}

TEST_CASE("128-bit sums are read whole") {
  Rows rows("-170141183460469231731687303715884105728\t170141183460469231731687303715884105727\t1e5\t\n");
  REQUIRE(rows.next());
  clickhouse::Int128 least = 1;
  least <<= 126;
  least = -least - least;
  CHECK((rows.wide(0) == least));
  CHECK((rows.wide(1) == -(least + 1)));
  CHECK_THROWS_AS(rows.wide(2), Error);
  CHECK_THROWS_AS(rows.wide(3), Error);
  CHECK_THROWS_AS(rows.integer(0), Error);
}

TEST_CASE("nobody there is said in plain words") {
  Client nobody(parse_address("clickhouse://127.0.0.1:1/shop"), 0, "s3cret");
  try {
    nobody.query("SELECT 1");
    FAIL("answered");
  } catch (const LostConnection& error) {
    CHECK(describe(error).find("127.0.0.1:1: cannot be reached") != std::string::npos);
    CHECK(describe(error).find("s3cret") == std::string::npos);
  }
}

TEST_CASE(
    "columns of own tables: types that a field can be read from, and conditions that no row is lost to") {
  CHECK(plain_type("LowCardinality(Nullable(String))") == "String");
  CHECK(plain_type("Nullable(Decimal(18, 2))") == "Decimal(18, 2)");
  CHECK(unreadable("at", "DateTime('UTC')").empty());
  CHECK(unreadable("at", "UInt32").empty());
  CHECK_FALSE(unreadable("at", "Date").empty());
  CHECK_FALSE(unreadable("unit", "Array(String)").empty());
  CHECK(unreadable("property", "Float64").empty());
  CHECK_FALSE(unreadable("epoch", "String").empty());
  // 2026-01-01T00:00:00Z is 1,767,225,600 s. A moment within a second needs that second and the next.
  const Micros day = 1'767'225'600'000'000;
  CHECK(near_sql("t", "DateTime", day + 1, day + 5) ==
        "1 AND t >= toDateTime(1767225600) AND t <= toDateTime(1767225601)");
  CHECK(near_sql("t", "DateTime", std::numeric_limits<Micros>::min(), day) ==
        "1 AND t <= toDateTime(1767225601)");
  CHECK(near_sql("t", "UInt64", day, std::numeric_limits<Micros>::max()) == "1");
  CHECK(near_sql("t", "Int64", 0, day) ==
        "((t <= 1767225601) OR (t <= 1767225600001 AND t >= 100000000000) OR (t <= 1767225600000001 AND t >= "
        "100000000000000))");
}
