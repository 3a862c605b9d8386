#include "assign/audience.hpp"

#include <array>

#include "assign/definitions.hpp"
#include "assign/version.hpp"

using namespace liftmark;
using namespace liftmark::assign;
using Op = Predicate::Op;

namespace {

Value text(std::string value) {
  return Value{std::move(value)};
}

bool holds(const Predicate& predicate, std::vector<Attribute> attributes,
           std::vector<std::string_view> segments = {}) {
  std::vector<Problem> problems;
  const Audience audience = Audience::compile(predicate, "", problems);
  for (const Problem& problem : problems) FAIL(problem.where + ": " + problem.what);
  return audience.contains(attributes, segments);
}

std::vector<Problem> problems_of(const Predicate& predicate) {
  std::vector<Problem> problems;
  Audience::compile(predicate, "/audience", problems);
  return problems;
}

}  // namespace

TEST_CASE("equals and in compare value and type") {
  const auto one = leaf(Op::equals, "n", {Value{1.0}});
  CHECK(holds(one, {{"n", 1.0}}));
  CHECK_FALSE(holds(one, {{"n", std::string_view("1")}}));
  CHECK_FALSE(holds(one, {{"n", true}}));
  CHECK_FALSE(holds(one, {}));
  const auto several = leaf(Op::in, "v", {text("b"), Value{2.0}, text("a"), Value{true}});
  for (const AttributeValue& value :
       {AttributeValue{std::string_view("a")}, AttributeValue{std::string_view("b")}, AttributeValue{2.0},
        AttributeValue{true}}) {
    CHECK(holds(several, {{"v", value}}));
  }
  CHECK_FALSE(holds(several, {{"v", false}}));
  CHECK_FALSE(holds(several, {{"v", std::string_view("c")}}));
  CHECK_FALSE(holds(leaf(Op::in, "v"), {{"v", true}}));
}

TEST_CASE("numbers") {
  CHECK(holds(leaf(Op::less, "n", {Value{2.0}}), {{"n", 1.0}}));
  CHECK_FALSE(holds(leaf(Op::less, "n", {Value{2.0}}), {{"n", 2.0}}));
  CHECK(holds(leaf(Op::less_equal, "n", {Value{2.0}}), {{"n", 2.0}}));
  CHECK(holds(leaf(Op::greater, "n", {Value{2.0}}), {{"n", 3.0}}));
  CHECK(holds(leaf(Op::greater_equal, "n", {Value{2.0}}), {{"n", 2.0}}));
  CHECK_FALSE(holds(leaf(Op::greater, "n", {Value{2.0}}), {{"n", std::string_view("3")}}));
  for (const Op op : {Op::less, Op::less_equal, Op::greater, Op::greater_equal}) {
    CHECK_FALSE(holds(leaf(op, "n", {Value{2.0}}), {{"n", std::numeric_limits<double>::quiet_NaN()}}));
  }
}

TEST_CASE("text: prefix, suffix, contains, patterns") {
  const std::vector<Attribute> mail{{"mail", std::string_view("jane@example.com")}};
  CHECK(holds(leaf(Op::prefix, "mail", {text("jane")}), mail));
  CHECK(holds(leaf(Op::suffix, "mail", {text(".com")}), mail));
  CHECK(holds(leaf(Op::contains, "mail", {text("@ex")}), mail));
  CHECK_FALSE(holds(leaf(Op::contains, "mail", {text("@EX")}), mail));
  CHECK(holds(leaf(Op::matches, "mail", {text("^[a-z]+@example\\.(com|org)$")}), mail));
  CHECK_FALSE(holds(leaf(Op::matches, "mail", {text("^example")}), mail));
  CHECK_FALSE(holds(leaf(Op::matches, "mail", {text("1")}), {{"mail", 1.0}}));
}

TEST_CASE("groups, presence, segments; an unknown attribute makes its leaf false") {
  const auto czech = leaf(Op::equals, "country", {text("CZ")});
  CHECK_FALSE(holds(czech, {}));
  CHECK(holds(group(Op::negate, {czech}), {}));
  CHECK_FALSE(holds(group(Op::all, {leaf(Op::present, "country"), group(Op::negate, {czech})}), {}));
  CHECK_FALSE(holds(leaf(Op::present, "country"), {{"country", std::monostate()}}));
  CHECK(holds(leaf(Op::present, "country"), {{"country", false}}));
  CHECK(holds(group(Op::all, {}), {}));
  CHECK_FALSE(holds(group(Op::any, {}), {}));
  const auto vip = leaf(Op::in_segment, "", {text("vip")});
  CHECK(holds(vip, {}, {"new", "vip"}));
  CHECK_FALSE(holds(vip, {}, {"new"}));
  const auto nested =
      group(Op::any, {group(Op::all, {czech, vip}), leaf(Op::greater, "orders", {Value{5.0}})});
  CHECK(holds(nested, {{"country", std::string_view("CZ")}}, {"vip"}));
  CHECK_FALSE(holds(nested, {{"country", std::string_view("CZ")}}));
  CHECK(holds(nested, {{"orders", 6.0}}));
}

TEST_CASE("precedence of semantic versions as semver.org lists it") {
  // semver.org 2.0.0, item 11: the example chain, then further cases of the same item.
  const std::array chain{"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                         "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                         "1.0.0-rc.1",  "1.0.0",         "1.9.0",
                         "1.10.0",      "1.11.0",        "2.0.0",
                         "2.1.0",       "2.1.1",         "99999999999999999999.0.0"};
  for (std::size_t i = 0; i < chain.size(); ++i) {
    for (std::size_t j = 0; j < chain.size(); ++j) {
      INFO(chain[i] << " " << chain[j]);
      const auto a = parse_version(chain[i]);
      const auto b = parse_version(chain[j]);
      REQUIRE(a);
      REQUIRE(b);
      CHECK((compare(*a, *b) < 0) == (i < j));
      CHECK((compare(*a, *b) == 0) == (i == j));
    }
  }
  CHECK(compare(*parse_version("1.0.0+a"), *parse_version("1.0.0+b.7")) == 0);
  for (const char* wrong : {"", "1", "1.2", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3+",
                            "1.2.3.4", "1.2.3 ", "-1.2.3", "1.2.x", "1.2.3-\xc3\xa9"}) {
    INFO(wrong);
    CHECK_FALSE(parse_version(wrong));
  }
  for (const char* right : {"0.0.0", "1.2.3-0", "1.2.3--", "1.2.3-0a", "1.2.3+01", "1.2.3-a-b.c+d-e"}) {
    INFO(right);
    CHECK(parse_version(right));
  }
}

TEST_CASE("version predicates") {
  const std::vector<Attribute> app{{"app", std::string_view("2.10.1")}};
  CHECK(holds(leaf(Op::version_greater, "app", {text("2.9.9")}), app));
  CHECK(holds(leaf(Op::version_greater_equal, "app", {text("2.10.1")}), app));
  CHECK(holds(leaf(Op::version_less, "app", {text("10.0.0")}), app));
  CHECK(holds(leaf(Op::version_less_equal, "app", {text("2.10.1+build")}), app));
  CHECK(holds(leaf(Op::version_equals, "app", {text("2.10.1")}), app));
  CHECK_FALSE(holds(leaf(Op::version_less, "app", {text("10.0.0")}), {{"app", std::string_view("2.10")}}));
  CHECK_FALSE(holds(leaf(Op::version_less, "app", {text("10.0.0")}), {{"app", 2.0}}));
}

TEST_CASE("what cannot be run is a problem with its place") {
  CHECK(problems_of(leaf(Op::matches, "a", {text("(")})).at(0).where == "/audience/matches");
  CHECK(problems_of(leaf(Op::matches, "a", {text(std::string(257, 'a'))})).size() == 1);
  CHECK(problems_of(leaf(Op::matches, "a", {text(std::string(256, 'a'))})).empty());
  CHECK(problems_of(leaf(Op::matches, "a", {text("((a{1,100}){1,100}){1,100}")})).size() == 1);
  CHECK(problems_of(leaf(Op::version_less, "a", {text("1.2")})).size() == 1);
  CHECK(problems_of(leaf(Op::less, "a", {text("1")})).size() == 1);
  CHECK(problems_of(leaf(Op::equals, "a", {Value{}})).size() == 1);
  CHECK(problems_of(leaf(Op::equals, "", {Value{1.0}})).at(0).where == "/audience/attribute");
  CHECK(problems_of(leaf(Op::equals, "a")).size() == 1);
  CHECK(problems_of(group(Op::negate, {})).size() == 1);
  const auto nested =
      group(Op::all, {leaf(Op::present, "a"), group(Op::negate, {leaf(Op::less, "n", {text("x")})})});
  CHECK(problems_of(nested).at(0).where == "/audience/all/1/not/less");
  Predicate deep = leaf(Op::present, "a");
  for (int i = 0; i < 40; ++i) deep = group(Op::all, {deep});
  CHECK(problems_of(deep).size() == 1);
}

TEST_CASE("explain says which leaf failed and that an attribute is unknown") {
  std::vector<Problem> problems;
  const Audience audience = Audience::compile(
      group(Op::all, {leaf(Op::present, "app"), leaf(Op::equals, "country", {text("CZ")})}), "", problems);
  const std::vector<Attribute> attributes{{"app", true}};
  CHECK(audience.explain(attributes, {}) ==
        "all: no\n  app present: yes\n  country equals \"CZ\": no (unknown attribute)\n");
}
