#include "apps/cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace liftmark::cli {
namespace {

constexpr auto kQuietFor = std::chrono::milliseconds(500);
constexpr auto kBetween = std::chrono::milliseconds(200);
constexpr int kWidth = 24;

}  // namespace

ProgressBar::ProgressBar(std::string label, bool shown)
    : label_(std::move(label)), shown_(shown && ::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
}

void ProgressBar::show(double done, double total, std::string_view note) {
  const auto now = Clock::now();
  if (!shown_ || now - begun_ < kQuietFor || now - last_ < kBetween) return;
  last_ = now;
  drawn_ = true;
  const std::string label = note.empty() ? label_ : fmt::format("{}  {}", label_, note);
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  if (total > 0 && done > 0) {
    const double share = std::min(done / total, 1.0);
    const int filled = static_cast<int>(share * kWidth);
    fmt::print(stderr, "\r[{:#<{}}{:.<{}}] {:3.0f}%  {}  {:.0f} s left\x1b[K", "", filled, "",
               kWidth - filled, 100 * share, label, seconds * (1 - share) / share);
  } else {
    fmt::print(stderr, "\r{}  {:.0f} s\x1b[K", label, seconds);
  }
  std::fflush(stderr);
}

}  // namespace liftmark::cli
