// Recording requests: what becomes of each row. Reasons are those of docs/store.md.
#include <zlib.h>
#include <zstd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/definition/time_point.hpp"
#include "running_service.hpp"

using namespace liftmark;
using namespace liftmark::service;
using nlohmann::json;

namespace {

std::string now() {
  return format_time(now_micros());
}

std::string gzip(const std::string& text) {
  std::string packed(compressBound(text.size()) + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string zstd(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

json receipt(const Response& response) {
  REQUIRE(response.status == 200);
  return json::parse(response.body);
}

}  // namespace

TEST_CASE("Each row of a request is accepted, known already or rejected with its reason") {
  RunningService running;
  const std::string body = R"([{"id":"e1","unit":"u","type":"purchase","at":")" + now() + R"(","value":12.5},
    {"id":"e2","unit":"u"},
    {"id":"e3","unit":"u","type":"view"},
    {"unit":"u","type":"view"},
    {"id":"e4","unit":"u","type":"view","at":"1999-01-01"},
    {"id":"e5","unit":"u","type":"view","x":{"y":1}},
    {"id":"e6",}, 7])";
  const json answer = receipt(running.post("/v1/events", body));
  CHECK(answer["accepted"] == 2);
  CHECK(answer["duplicate"] == 0);
  CHECK(answer["rejected"] == 6);
  CHECK(answer["durable"] == true);
  const json expected =
      json::parse(R"([{"row":2,"reason":"missing_type"},{"row":4,"reason":"missing_id_and_time"},
    {"row":5,"reason":"time_out_of_range"},{"row":6,"reason":"nested_value"},{"row":7,"reason":"invalid_json"},
    {"row":8,"reason":"not_an_object"}])");
  CHECK(answer["rejections"] == expected);
  const json again = receipt(running.post("/v1/events", body));
  CHECK(again["accepted"] == 0);
  CHECK(again["duplicate"] == 2);
}

TEST_CASE("NDJSON, gzip and zstd carry the same rows") {
  RunningService running;
  std::string lines;
  for (int i = 0; i < 100; ++i)
    lines += R"({"id":"n)" + std::to_string(i) + R"(","unit":"u","type":"view"})" + "\n";
  CHECK(receipt(running.post("/v1/events", lines))["accepted"] == 100);
  for (const auto& [encoding, packed] :
       {std::pair<std::string, std::string>{"gzip", gzip(lines)}, {"zstd", zstd(lines)}}) {
    INFO(encoding);
    const Response response = running.ask(
        {.target = "/v1/events", .body = packed, .fields = {{Field::content_encoding, encoding}}});
    CHECK(receipt(response)["duplicate"] == 100);
  }
}

TEST_CASE("A bomb, a torn body and an unknown packing are refused") {
  ServiceOptions options;
  options.limits.inflated_bytes = 1 << 20;
  RunningService running(options);
  const auto ask = [&](const std::string& body, const char* encoding) {
    return running
        .ask({.target = "/v1/events", .body = body, .fields = {{Field::content_encoding, encoding}}})
        .status;
  };
  const std::string zeros(64 << 20, '0');
  CHECK(ask(gzip(zeros), "gzip") == 413);
  CHECK(ask(zstd(zeros), "zstd") == 413);
  const std::string good = gzip(R"({"id":"1","unit":"u","type":"v"})");
  CHECK(ask(good.substr(0, good.size() - 4), "gzip") == 400);
  CHECK(ask(zstd("{}").substr(0, 5), "zstd") == 400);
  CHECK(ask("rubbish", "gzip") == 400);
  CHECK(ask("{}", "br") == 415);
}

TEST_CASE("Bodies that are no rows at all") {
  RunningService running;
  CHECK(running.post("/v1/events", "[{\"id\":\"1\"}").status == 400);
  CHECK(running.post("/v1/events", "[] x").status == 400);
  CHECK(receipt(running.post("/v1/events", "[]"))["accepted"] == 0);
  CHECK(receipt(running.post("/v1/events", ""))["accepted"] == 0);
  std::string many = "[";
  for (int i = 0; i < 10'001; ++i) many += "{},";
  many.back() = ']';
  CHECK(running.post("/v1/events", many).status == 413);
}

TEST_CASE("Exposures are recorded with their attributes; the earliest counts") {
  RunningService running;
  const std::string row = R"({"id":"x1","experiment":"checkout","unit":"u","arm":"on","at":")" + now() +
                          R"(","attributes":{"country":"CZ"}})";
  CHECK(receipt(running.post("/v1/exposures", row))["accepted"] == 1);
  const std::string later = R"({"id":"x2","experiment":"checkout","unit":"u","arm":"on"})";
  CHECK(receipt(running.post("/v1/exposures", later))["repeat"] == 1);
  const std::string bad = R"({"id":"x3","experiment":"checkout","unit":"u"})";
  CHECK(receipt(running.post("/v1/exposures", bad))["reasons"]["missing_arm"] == 1);
}

TEST_CASE("An OpenFeature tracking event is an event") {
  RunningService running;
  const std::string row =
      R"({"id":"t1","trackingEventName":"purchase","context":{"targetingKey":"u9","plan":{"a":1}},
    "trackingEventDetails":{"value":99.9,"currency":"EUR"}})";
  CHECK(receipt(running.post("/v1/events", "[" + row + "]"))["accepted"] == 1);
  const Reader reader(running.service->options().store);
  CHECK(reader.types() == std::vector<std::string>{"purchase"});
  EventScanner scanner(reader, {.properties = {"currency"}});
  const EventSlice& slice = scanner.read(0);
  REQUIRE(slice.value.size() == 1);
  CHECK(slice.value[0] == 99'900'000);
  CHECK(reader.text(slice.properties[0][0]) == "EUR");
}

TEST_CASE("What cannot be recorded in time is kept within a bound, then counted as lost") {
  std::atomic<bool> broken{true};
  std::atomic<std::size_t> recorded{0};
  std::uint64_t lost = 0;
  {
    ExposureBuffer buffer(
        [&](Batch batch) {
          if (broken) throw std::runtime_error("disk full");
          recorded += batch.size();
        },
        [](const std::vector<KeptArm>&) {},
        {.rows = 100, .batch = 30, .pause = std::chrono::milliseconds(1)});
    for (int i = 0; i < 150; ++i) {
      const std::string unit = "u" + std::to_string(i);
      Exposure exposure;
      exposure.unit = unit;
      exposure.experiment = "e";
      exposure.arm = "a";
      exposure.at = now_micros();
      buffer.add(exposure);
    }
    lost = buffer.lost();
    CHECK(buffer.waiting() == 100);
    broken = false;
  }
  CHECK(lost == 50);
  CHECK(recorded == 100);
}
