// libFuzzer: the path of a request, from the bytes of a connection to the answer. The first byte says in
// which pieces the bytes arrive; whatever the pieces, the same requests come out. Each is answered by a
// service on a store that is thrown away: exactly once, with JSON where it says JSON, OFREP's errors with an
// errorCode, and header lines that are lines.

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/service/ofrep.hpp"
#include "apps/service/request_reader.hpp"
#include "apps/service/service.hpp"
#include "engine/definition/catalog.hpp"

using namespace liftmark;
using namespace liftmark::service;

namespace {

void require(bool law) {
  if (!law) std::abort();
}

constexpr const char* kCatalog = R"({"schema":"liftmark.catalog/1",
  "metrics":[{"key":"conversion","kind":"proportion","numerator":{"event":"purchase"}}],
  "experiments":[
    {"key":"checkout","arms":[{"key":"off","role":"control","payload":false},{"key":"on","payload":true}],
     "hashing":{"scheme":"liftmark-1","salt":"a"},"exposure":"evaluation","sticky":true,
     "audience":{"not":{"attribute":"country","equals":"DE"}},"plan":{"primary":["conversion"],"segments":["country"]}},
    {"key":"a b","arms":[{"key":"off","role":"control"},{"key":"on"}],"hashing":{"scheme":"growthbook-v2"},
     "plan":{"primary":["conversion"]}}]})";

struct Running {
  Running()
      : folder(std::filesystem::temp_directory_path() /
               ("liftmark-fuzz-service-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    {
      Store store = Store::create(folder / "fuzz.db");
      const Catalog catalog = parse_catalog(kCatalog);
      store.put_catalog(catalog.text, catalog.digest);
    }
    ServiceOptions options;
    options.store = folder / "fuzz.db";
    options.care_seconds = 0;
    options.origins = {"https://shop.example"};
    options.limits.inflated_bytes = 1u << 20;
    service = std::make_unique<Service>(std::move(options));
  }
  ~Running() {
    service.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  std::filesystem::path folder;
  std::unique_ptr<Service> service;
};

/// A request that owns its texts.
struct Whole {
  Verb method = Verb::other;
  std::string target, body;
  std::array<std::string, kFields> fields;
  bool keeps_alive = false;
  friend bool operator==(const Whole&, const Whole&) = default;
};

struct Heard {
  std::vector<Whole> requests;
  int refused = 0;     ///< the status that ended the connection
  bool waits = false;  ///< for the rest of a request
};

/// A request that is broken and not whole yet may be refused at once or waited for, as its pieces come.
bool same(const Heard& a, const Heard& b) {
  return a.requests == b.requests &&
         (a.refused == b.refused || (a.refused == 0 && a.waits) || (b.refused == 0 && b.waits));
}

Whole whole(RequestReader& reader) {
  Request& request = reader.request();
  Whole copy{request.method, std::string(request.target), std::move(request.body), {}, reader.keeps_alive()};
  for (std::size_t i = 0; i < kFields; ++i) copy.fields[i] = request.fields[i];
  return copy;
}

/// What a connection hears when its bytes come in pieces of at most `piece` bytes.
Heard listen(std::string_view bytes, std::size_t piece) {
  RequestReader reader({.header_bytes = 2048, .body_bytes = 1u << 16});
  Heard heard;
  for (;;) {
    const RequestReader::State state = reader.read();
    static_cast<void>(reader.wants_continue());
    if (state == RequestReader::State::refused) {
      heard.refused = reader.refusal().status;
      require(heard.refused >= 400);
      return heard;
    }
    if (state == RequestReader::State::ready) {
      heard.requests.push_back(whole(reader));
      if (!heard.requests.back().keeps_alive) return heard;
      reader.next();
      continue;
    }
    require(reader.held() <= 1u << 16);
    heard.waits = state != RequestReader::State::idle;
    if (bytes.empty()) return heard;
    const auto space = reader.space();
    const std::size_t count = std::min({bytes.size(), space.size(), piece});
    std::memcpy(space.data(), bytes.data(), count);
    reader.add(count);
    bytes.remove_prefix(count);
  }
}

void check_headers(std::string_view headers) {
  while (!headers.empty()) {
    const auto end = headers.find("\r\n");
    require(end != std::string_view::npos && headers.substr(0, end).find(": ") != std::string_view::npos);
    require(headers.substr(0, end).find_first_of("\r\n") == std::string_view::npos);
    headers.remove_prefix(end + 2);
  }
}

void answer(Service& service, const Whole& asked) {
  Call call;
  call.request.method = asked.method;
  call.request.target = asked.target;
  call.request.body = asked.body;
  call.request.on_loopback = true;
  for (std::size_t i = 0; i < kFields; ++i) call.request.fields[i] = asked.fields[i];
  std::promise<Response> promise;
  service.handle(call, [&](Response&& response) { promise.set_value(std::move(response)); });
  const Response response = promise.get_future().get();
  require(response.status >= 200 && response.status < 600 && response.status != 500);
  check_headers(response.headers);
  if (response.body.empty() || response.type != "application/json") return;
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  require(!body.is_discarded());
  if (response.status >= 400)
    require(asked.target.starts_with(kEvaluationPath) ? body.contains("errorCode") : body.contains("error"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static Running running;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const Heard heard = listen(text, SIZE_MAX);
  require(same(heard, listen(text, 1u + bytes[0] % 64u)));
  for (const Whole& request : heard.requests) answer(*running.service, request);
  return 0;
}
