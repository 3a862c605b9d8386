#include "apps/service/problems.hpp"

#include <new>

#include <nlohmann/json.hpp>

namespace liftmark::service {
namespace {

using nlohmann::ordered_json;

Response rendered(int status, const ordered_json& error) {
  Response response;
  response.status = status;
  response.message = error.value("message", "");
  response.body = ordered_json{{"error", error}}.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  return response;
}

int status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::usage:
      return 400;
    case ErrorCode::definition:
    case ErrorCode::data:
      return 422;
    case ErrorCode::storage:
      break;
  }
  return 503;
}

}  // namespace

Response problem(int status, std::string_view code, std::string_view message) {
  return rendered(status, {{"code", code}, {"message", message}});
}

Response problem(const Error& error) {
  ordered_json list = ordered_json::array();
  for (const Problem& one : error.problems()) {
    ordered_json row{{"where", one.where}, {"what", one.what}};
    if (!one.value.empty()) row["value"] = one.value;
    if (!one.hint.empty()) row["hint"] = one.hint;
    list.push_back(std::move(row));
  }
  return rendered(status_of(error.code()),
                  {{"code", name(error.code())}, {"message", error.what()}, {"problems", std::move(list)}});
}

Response problem(std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return problem(error);
  } catch (const std::bad_alloc&) {
    return problem(503, "out_of_memory", "there is not enough memory for this request");
  } catch (...) {
    return problem(500, "internal", "this is a bug of the service");
  }
}

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace liftmark::service
