#include "engine/record/clickhouse/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <random>
#include <thread>

namespace liftmark::clickhouse {
namespace {

constexpr long kConnectSeconds = 10;

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* answer) {
  static_cast<std::string*>(answer)->append(bytes, size * count);
  return size * count;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    result += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

/// A name nobody else uses, for the session that keeps temporary tables.
std::string session_name() {
  std::random_device device;
  return fmt::format("liftmark-{:08x}{:08x}", device(), device());
}

/// The server's own words, without the trace behind them.
std::string words_of(std::string_view answer) {
  std::string_view line = answer.substr(0, answer.find('\n'));
  if (const auto end = line.find(", e.what() ="); end != std::string_view::npos) line = line.substr(0, end);
  return std::string(line.substr(0, 800));
}

struct Headers {
  curl_slist* list = nullptr;
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
  ~Headers() { curl_slist_free_all(list); }
};

void start_library() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

struct Client::State {
  State(const Address& address, std::size_t shard, std::string secret, Limits chosen)
      : url(address.url(shard)),
        name(address.shards[shard].text()),
        user(address.user),
        password(std::move(secret)),
        database(address.database),
        session(session_name()),
        limits(chosen) {
    start_library();
    curl = curl_easy_init();
    if (curl == nullptr) throw std::bad_alloc();
  }
  ~State() { curl_easy_cleanup(curl); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::string parameters(std::string_view statement) const {
    std::string text = fmt::format(
        "?wait_end_of_query=1&session_id={}&session_timeout=3600&max_execution_time={}&max_memory_usage={}"
        "&max_bytes_before_external_group_by={}&max_bytes_before_external_sort={}&max_rows_to_read={}"
        "&max_query_size=67108864",
        escaped(session), limits.seconds, limits.memory, limits.spill_above, limits.spill_above, limits.rows);
    if (!database.empty()) text += "&database=" + escaped(database);
    if (!statement.empty()) text += "&query=" + escaped(statement);
    return text;
  }

  /// `statement` goes into the URL and `body` behind it; either may be empty.
  std::string post(std::string_view statement, std::string_view body) {
    Headers headers;
    headers.add("X-ClickHouse-User: " + user);
    if (!password.empty()) headers.add("X-ClickHouse-Key: " + password);
    headers.add("Expect:");
    headers.add("Content-Type: application/octet-stream");
    const std::string address = url + parameters(statement);
    std::string answer;
    char reason[CURL_ERROR_SIZE] = "";
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, address.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.list);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, static_cast<long>(limits.seconds));
    const CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    check(code, status, answer, *reason != '\0' ? reason : curl_easy_strerror(code));
    return answer;
  }

  void check(CURLcode code, long status, const std::string& answer, const char* reason) const {
    const std::string where = "ClickHouse at " + name;
    if (code == CURLE_OPERATION_TIMEDOUT)
      throw LostConnection(where, fmt::format("gave no answer within {} s", limits.seconds),
                           "--timeout allows more; is the server overloaded?");
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
      throw LostConnection(
          where, fmt::format("cannot be reached: {}", reason),
          "is it running, and is this the port of its HTTP interface (8123, with TLS 8443)?");
    if (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
        code == CURLE_SSL_CACERT_BADFILE)
      throw Error(ErrorCode::storage, where, fmt::format("TLS failed: {}", reason),
                  "is its certificate signed by an authority this machine knows?");
    if (code != CURLE_OK)
      throw LostConnection(where, fmt::format("broke off its answer: {}", reason), "run it again");
    if (status != 200)
      throw Error(
          ErrorCode::storage, where,
          fmt::format("says: {}", answer.empty() ? fmt::format("HTTP status {}", status) : words_of(answer)),
          "see docs/clickhouse.md");
    if (!answer.empty() && answer.back() != '\n')
      throw LostConnection(where, "broke off its answer in the middle of a row", "run it again");
  }

  std::string url, name, user, password, database, session;
  Limits limits;
  CURL* curl = nullptr;
};

Client::Client(const Address& address, std::size_t shard, std::string password, Limits limits)
    : state_(std::make_unique<State>(address, shard, std::move(password), limits)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

std::string Client::query(std::string_view sql) {
  return state_->post({}, sql);
}

void Client::insert(std::string_view table, std::string_view columns, std::string_view rows) {
  state_->post(fmt::format("INSERT INTO {} {} FORMAT TabSeparated", table, columns), rows);
}

void Client::use(std::string database) {
  state_->database = std::move(database);
}
const std::string& Client::name() const noexcept {
  return state_->name;
}

Cluster::Cluster(const Address& address, Limits limits) {
  const std::string password = read_password();
  for (std::size_t shard = 0; shard < address.shards.size(); ++shard)
    shards_.emplace_back(address, shard, password, limits);
}

std::vector<std::string> Cluster::query(std::string_view sql) {
  if (listener_) listener_(sql);
  std::vector<std::string> answers(shards_.size());
  std::vector<std::exception_ptr> failures(shards_.size());
  const auto ask = [&](std::size_t shard) {
    try {
      answers[shard] = shards_[shard].query(sql);
    } catch (...) {
      failures[shard] = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  for (std::size_t shard = 1; shard < shards_.size(); ++shard) others.emplace_back(ask, shard);
  ask(0);
  for (std::thread& other : others) other.join();
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
  return answers;
}

}  // namespace liftmark::clickhouse
