// Who is let in: tokens, scopes, hosts, origins, rates.
#include <sys/stat.h>

#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/definition/error.hpp"
#include "running_service.hpp"

using namespace liftmark;
using namespace liftmark::service;
using nlohmann::json;

namespace {

struct TokenFile {
  TokenFile()
      : path(std::filesystem::temp_directory_path() / ("liftmark-tokens-" + std::to_string(::getpid()))) {
    std::filesystem::remove(path);
  }
  ~TokenFile() { std::filesystem::remove(path); }
  std::string make(const std::string& name, std::vector<std::string> scopes, double rate = 0.0) const {
    return create_token(path, {name, std::move(scopes), rate});
  }
  std::filesystem::path path;
};

const std::string kContext = R"({"context":{"targetingKey":"u"}})";
const std::string kFlag = "/ofrep/v1/evaluate/flags/checkout";

}  // namespace

TEST_CASE("A token file holds hashes only, is private, and is refused when it is not") {
  const TokenFile file;
  const std::string secret = file.make("shop", {"assign", "record"});
  std::ifstream in(file.path);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  CHECK(text.find(secret.substr(3)) == std::string::npos);
  struct stat status {};
  REQUIRE(::stat(file.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const auto tokens = Tokens::load(file.path);
  REQUIRE(tokens->find(secret) != nullptr);
  CHECK(tokens->find(secret)->has(Scope::assign));
  CHECK_FALSE(tokens->find(secret)->has(Scope::admin));
  CHECK(tokens->find(secret + "x") == nullptr);
  CHECK(tokens->find("") == nullptr);
  CHECK_THROWS_AS(file.make("shop", {"read"}), Error);
  CHECK_THROWS_AS(file.make("other", {"everything"}), Error);
  CHECK(list_tokens(file.path) == "shop  assign,record\n");
  ::chmod(file.path.c_str(), 0640);
  CHECK_THROWS_AS(Tokens::load(file.path), Error);
}

TEST_CASE("With tokens, each route asks for its scope") {
  const TokenFile file;
  const std::string shop = file.make("shop", {"assign"});
  const std::string sender = file.make("sender", {"record"});
  ServiceOptions options;
  options.tokens = file.path;
  RunningService running(options);
  const auto status = [&](const std::string& target, const std::string& token,
                          const std::string& body = kContext) {
    return running.ask({.target = target, .body = body, .token = token}).status;
  };
  CHECK(status(kFlag, shop) == 200);
  CHECK(status(kFlag, "") == 401);
  CHECK(status(kFlag, "lm_guess") == 401);
  CHECK(status(kFlag, sender) == 403);
  CHECK(status("/v1/events", sender, "[]") == 200);
  CHECK(status("/v1/events", shop, "[]") == 403);
  CHECK(running.ask({.method = Verb::get, .target = "/healthz"}).status == 200);
  CHECK(running.ask({.method = Verb::get, .target = "/metrics", .token = shop}).status == 403);
  const Response by_key =
      running.ask({.target = kFlag, .body = kContext, .fields = {{Field::api_key, shop}}});
  CHECK(by_key.status == 200);
  const json refused = json::parse(running.ask({.target = kFlag, .body = kContext}).body);
  CHECK(refused["key"] == "checkout");
  CHECK(refused["errorCode"] == "GENERAL");
}

TEST_CASE("Without tokens only loopback is served") {
  RunningService running;
  CHECK(running.ask({.target = kFlag, .body = kContext}).status == 200);
  CHECK(running.ask({.target = kFlag, .body = kContext, .on_loopback = false}).status == 401);
}

TEST_CASE("A token's rate is kept, and the answer says when to come again") {
  const TokenFile file;
  const std::string slow = file.make("slow", {"assign"}, 0.5);
  ServiceOptions options;
  options.tokens = file.path;
  RunningService running(options);
  const RunningService::Ask asked{.target = kFlag, .body = kContext, .token = slow};
  CHECK(running.ask(asked).status == 200);
  const Response second = running.ask(asked);
  CHECK(second.status == 429);
  CHECK((second.headers.find("Retry-After: 2\r\n") != std::string::npos ||
         second.headers.find("Retry-After: 1\r\n") != std::string::npos));
  CHECK(json::parse(second.body)["errorCode"] == "GENERAL");
}

TEST_CASE("A name in Host must be known; an address is no danger") {
  ServiceOptions options;
  options.hosts = {"lift.example.org"};
  RunningService running(options);
  const auto status = [&](const std::string& host) {
    return running.ask({.target = kFlag, .body = kContext, .fields = {{Field::host, host}}}).status;
  };
  for (const char* good :
       {"localhost", "localhost:80", "127.0.0.1:9", "[::1]:80", "10.1.2.3", "lift.example.org:443"})
    CHECK(status(good) == 200);
  for (const char* bad : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", ""})
    CHECK(status(bad) == 421);
}

TEST_CASE("Pages of other origins are refused unless named exactly, and then may read the ETag") {
  ServiceOptions options;
  options.origins = {"https://shop.example"};
  RunningService running(options);
  const auto from = [&](const std::string& origin, Verb method = Verb::post) {
    RunningService::Ask asked{
        .method = method, .target = kFlag, .body = kContext, .fields = {{Field::origin, origin}}};
    if (method == Verb::options) asked.fields.push_back({Field::request_method, "POST"});
    return running.ask(asked);
  };
  const Response allowed = from("https://shop.example");
  CHECK(allowed.status == 200);
  CHECK(allowed.headers.find("Access-Control-Allow-Origin: https://shop.example\r\n") != std::string::npos);
  CHECK(allowed.headers.find("Access-Control-Expose-Headers: ETag") != std::string::npos);
  CHECK(from("https://shop.example", Verb::options).status == 204);
  for (const char* bad : {"https://evil.example", "https://shop.example.evil", "null", "http://shop.example"})
    CHECK(from(bad).status == 403);
}

TEST_CASE("What is not there and what a path does not take") {
  RunningService running;
  CHECK(running.post("/nowhere", "").status == 404);
  const Response wrong = running.ask({.method = Verb::get, .target = "/v1/events"});
  CHECK(wrong.status == 405);
  CHECK(wrong.headers.find("Allow: POST") != std::string::npos);
}
