#include "apps/cli/watched_question.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <array>
#include <cstdio>
#include <utility>

#include "apps/cli/progress.hpp"
#include "apps/cli/texts.hpp"
#include "engine/record/clickhouse/client.hpp"

namespace liftmark::cli {
namespace {

volatile sig_atomic_t caught = 0;

void catch_signal(int signal) {
  caught = signal;
}

/// Notes the first SIGINT or SIGTERM; a second one ends the process at once.
class Interruption {
 public:
  Interruption() {
    caught = 0;
    struct sigaction noting {};
    noting.sa_handler = catch_signal;
    noting.sa_flags = static_cast<int>(SA_RESETHAND);
    sigemptyset(&noting.sa_mask);
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &noting, &before_[i]);
  }
  ~Interruption() { restore(); }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  static bool pressed() noexcept { return caught != 0; }
  /// Ends the process by the signal that came.
  void pass_on() {
    restore();
    if (pressed()) raise(caught);
  }

 private:
  static constexpr std::array<int, 2> kSignals{SIGINT, SIGTERM};
  void restore() noexcept {
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  std::array<struct sigaction, 2> before_{};
};

std::string words(const ServerProgress& progress) {
  std::string text = fmt::format("statement {}", progress.statements);
  if (progress.rows > 0) text += fmt::format(", {} rows read", grouped(static_cast<double>(progress.rows)));
  if (progress.of_rows > progress.rows)
    text += fmt::format(" of about {}", grouped(static_cast<double>(progress.of_rows)));
  return text;
}

}  // namespace

Scorecard ask_store(StoreQuestion question) {
  if (!clickhouse::is_address(question.store)) return analyse_store(question);
  Interruption interruption;
  const auto answer = [&] {
    ProgressBar bar(question.experiment, !question.server.on_statement);
    question.server.on_progress = [&](const ServerProgress& progress) {
      bar.show(0, 0, words(progress));
      return !Interruption::pressed();
    };
    return analyse_store(question);
  };
  try {
    Scorecard card = answer();
    interruption.pass_on();
    return card;
  } catch (const clickhouse::Cancelled&) {
    fmt::print(stderr, "Interrupted: ClickHouse was told to end the statements of this report.\n");
    interruption.pass_on();
    throw;
  }
}

}  // namespace liftmark::cli
