#pragma once
// A bar on the terminal for work that takes more than two seconds; nothing in a pipe.

#include <chrono>
#include <string>
#include <string_view>

namespace liftmark::cli {

class ProgressBar {
 public:
  /// `shown`: false keeps silent, as does standard error that is no terminal.
  explicit ProgressBar(std::string label, bool shown = true);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `done` of `total` (0: unknown) and what else to say, e.g. a rate; redrawn a few times a second. From one
  /// thread.
  void show(double done, double total, std::string_view note = {});

 private:
  using Clock = std::chrono::steady_clock;
  std::string label_;
  bool shown_;
  bool drawn_ = false;
  Clock::time_point begun_ = Clock::now(), last_ = begun_;
};

}  // namespace liftmark::cli
