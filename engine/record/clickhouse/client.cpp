#include "engine/record/clickhouse/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <random>
#include <thread>

#include "engine/record/clickhouse/sql_text.hpp"

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

  static constexpr long kAsideSeconds = 5;

  void prepare(CURL* handle, const std::string& address, const Headers& headers, std::string_view body,
               std::string* answer, long seconds) const {
    curl_easy_setopt(handle, CURLOPT_URL, address.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.list);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &take);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, std::min(kConnectSeconds, seconds));
    curl_easy_setopt(handle, CURLOPT_TIMEOUT, seconds);
  }

  Headers headers() const {
    Headers headers;
    headers.add("X-ClickHouse-User: " + user);
    if (!password.empty()) headers.add("X-ClickHouse-Key: " + password);
    headers.add("Expect:");
    headers.add("Content-Type: application/octet-stream");
    return headers;
  }

  /// Asks beside the statement that runs, on a connection and outside the session of their own; empty when
  /// there is no good answer.
  std::string aside(const std::string& sql) const {
    const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl_easy_init(), curl_easy_cleanup);
    std::string answer;
    const Headers list = headers();
    if (handle == nullptr) return answer;
    prepare(handle.get(), url, list, sql, &answer, kAsideSeconds);
    long status = 0;
    if (curl_easy_perform(handle.get()) != CURLE_OK) return {};
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    return status == 200 ? answer : std::string();
  }

  /// Whether the statement that runs is to go on.
  bool look() {
    using Clock = std::chrono::steady_clock;
    if (Clock::now() - looked_at > std::chrono::seconds(1)) {
      Rows answer(aside(fmt::format(
          "SELECT sum(read_rows), sum(total_rows_approx) FROM system.processes WHERE query_id = {}",
          literal(query_id))));
      if (answer.next() && answer.fields() == 2) {
        rows_read = answer.integer(0);
        rows_to_read = answer.integer(1);
      }
      looked_at = Clock::now();
    }
    return watch(rows_read, rows_to_read);
  }

  static int looked(void* state, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto& self = *static_cast<State*>(state);
    try {
      self.cancelled = self.cancelled || !self.look();
    } catch (...) {
      self.cancelled = true;  // curl is C: nothing may be thrown through it
    }
    return self.cancelled ? 1 : 0;
  }

  std::string parameters(std::string_view statement) const {
    std::string text = fmt::format(
        "?wait_end_of_query=1&session_id={}&session_timeout=600&max_execution_time={}&max_memory_usage={}"
        "&max_bytes_before_external_group_by={}&max_bytes_before_external_sort={}&max_rows_to_read={}"
        "&max_query_size=67108864&max_ast_elements=10000000&max_expanded_ast_elements=10000000&query_id={}",
        escaped(session), limits.seconds, limits.memory, limits.spill_above, limits.spill_above, limits.rows,
        query_id);
    if (limits.block > 0)
      text +=
          fmt::format("&min_insert_block_size_rows={}&min_insert_block_size_bytes=67108864", limits.block);
    if (!database.empty()) text += "&database=" + escaped(database);
    if (!statement.empty()) text += "&query=" + escaped(statement);
    return text;
  }

  /// `statement` goes into the URL and `body` behind it; either may be empty.
  std::string post(std::string_view statement, std::string_view body) {
    looked_at = std::chrono::steady_clock::now();
    rows_read = rows_to_read = 0;
    query_id = fmt::format("{}-{}", session, ++statements);
    const Headers list = headers();
    const std::string address = url + parameters(statement);
    std::string answer;
    char reason[CURL_ERROR_SIZE] = "";
    curl_easy_reset(curl);
    prepare(curl, address, list, body, &answer, static_cast<long>(limits.seconds));
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    if (watch) {
      curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
      curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &looked);
      curl_easy_setopt(curl, CURLOPT_XFERINFODATA, this);
    }
    const CURLcode code = curl_easy_perform(curl);
    if (cancelled) {
      aside(fmt::format("KILL QUERY WHERE query_id = {} ASYNC", literal(query_id)));
      throw Cancelled();
    }
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
  std::function<bool(std::int64_t, std::int64_t)> watch;
  bool cancelled = false;
  std::string query_id;  ///< of the statement that runs
  std::int64_t statements = 0, rows_read = 0, rows_to_read = 0;
  std::chrono::steady_clock::time_point looked_at;
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

void Client::make_list(std::string_view name, std::string_view columns, std::string_view rows) {
  query(fmt::format("DROP TABLE IF EXISTS {}", name));
  query(fmt::format("CREATE TEMPORARY TABLE {} ({})", name, columns));
  insert(name, "", rows);
}

void Client::watch(std::function<bool(std::int64_t, std::int64_t)> watch) {
  state_->watch = std::move(watch);
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

ServerProgress Cluster::Shared::sum() const {
  ServerProgress sum{.statements = statements};
  for (std::size_t shard = 0; shard < rows.size(); ++shard) {
    sum.rows += rows[shard];
    sum.of_rows += of_rows[shard];
  }
  return sum;
}

void Cluster::on_progress(const ServerWatch& watch) {
  shared_ = std::make_shared<Shared>(shards_.size());
  for (std::size_t shard = 0; shard < shards_.size(); ++shard)
    shards_[shard].watch([shared = shared_, shard, watch](std::int64_t rows, std::int64_t of_rows) {
      shared->rows[shard] = rows;
      shared->of_rows[shard] = of_rows;
      if (shard == 0 && !watch(shared->sum())) shared->cancelled = true;
      return !shared->cancelled;
    });
}

std::vector<std::string> Cluster::query(std::string_view sql) {
  if (listener_) listener_(sql);
  if (shared_) ++shared_->statements;
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
