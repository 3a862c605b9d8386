#pragma once
// A service on a new store, asked without sockets.

#include <unistd.h>

#include <filesystem>
#include <future>
#include <string>

#include "apps/service/service.hpp"
#include "engine/definition/catalog.hpp"

namespace liftmark::service {

/// The catalog of these tests: an experiment of two arms with payloads, one on evaluation, one that is
/// stopped.
inline std::string test_catalog(const std::string& status = "running") {
  const auto experiment = [](const std::string& key, const std::string& payload, const std::string& more) {
    return R"({"key":")" + key + R"(","arms":[{"key":"off","role":"control","payload":)" + payload +
           R"(},{"key":"on","weight":3}],"hashing":{"scheme":"liftmark-1","salt":"secret-salt-)" + key +
           R"("},)" + more + R"("plan":{"primary":["conversion"],"segments":["country"]}})";
  };
  return R"({"schema":"liftmark.catalog/1","metrics":[{"key":"conversion","kind":"proportion",)"
         R"("numerator":{"event":"purchase"}}],"experiments":[)" +
         experiment("checkout", "false", R"("status":")" + status + R"(",)") + "," +
         experiment("a/b c", R"({"size":2})", R"("exposure":"evaluation",)") + "," +
         experiment("old", "7", R"("status":"stopped",)") + "]}";
}

class RunningService {
 public:
  explicit RunningService(ServiceOptions options = {}, const std::string& catalog = test_catalog()) {
    static int count = 0;
    folder = std::filesystem::temp_directory_path() /
             ("liftmark-service-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
    std::filesystem::create_directories(folder);
    options.store = folder / "shop.db";
    {
      Store store = Store::create(options.store);
      const Catalog parsed = parse_catalog(catalog);
      store.put_catalog(parsed.text, parsed.digest);
    }
    service = std::make_unique<Service>(std::move(options));
  }
  ~RunningService() {
    service.reset();
    std::filesystem::remove_all(folder);
  }

  struct Ask {
    Verb method = Verb::post;
    std::string target;
    std::string body = {};
    std::string token = {};
    std::vector<std::pair<Field, std::string>> fields = {};
    bool on_loopback = true;
  };
  Response ask(const Ask& asked) {
    Call call;
    call.request.method = asked.method;
    call.request.target = asked.target;
    call.request.body = asked.body;
    call.request.on_loopback = asked.on_loopback;
    const auto set = [&](Field field, std::string_view value) {
      call.request.fields[static_cast<std::size_t>(field)] = value;
    };
    set(Field::host, "localhost:8080");
    const std::string bearer = "Bearer " + asked.token;
    if (!asked.token.empty()) set(Field::authorization, bearer);
    for (const auto& [field, value] : asked.fields) set(field, value);
    std::promise<Response> promise;
    service->handle(call, [&](Response&& response) { promise.set_value(std::move(response)); });
    return promise.get_future().get();
  }
  Response post(const std::string& target, const std::string& body) {
    return ask({.target = target, .body = body});
  }

  std::filesystem::path folder;
  std::unique_ptr<Service> service;
};

}  // namespace liftmark::service
