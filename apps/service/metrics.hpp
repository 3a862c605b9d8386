#pragma once
// What the service counts about itself, for Prometheus. Adding costs one uncontended atomic addition.

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace liftmark::service {

inline constexpr std::size_t kMostRoutes = 48;

class Metrics {
 public:
  /// An answer of the route at `route` in the table (kMostRoutes - 1: none matched).
  void answered(std::size_t route, int status, std::int64_t microseconds) noexcept;
  void add_rows(std::string_view outcome, std::int64_t count) noexcept;

  std::atomic<std::int64_t> connections{0};
  std::atomic<std::int64_t> held_bytes{0};  ///< of bodies on their way or not answered yet
  std::atomic<std::uint64_t> connections_refused{0}, timeouts{0}, bad_requests{0}, streams_dropped{0};

  /// Prometheus' text format; `more` is appended as it is.
  std::string text(const std::string& more) const;

 private:
  /// Upper bounds in microseconds: 50 us .. 10 s, and the rest.
  static constexpr std::array<std::int64_t, 11> kBounds{
      50, 100, 250, 500, 1'000, 5'000, 25'000, 100'000, 1'000'000, 5'000'000, 10'000'000};
  struct alignas(64) Route {
    std::array<std::atomic<std::uint64_t>, 6> by_class{};  ///< 1xx .. 5xx at 1 .. 5
    std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> by_time{};
    std::atomic<std::uint64_t> microseconds{0};
  };
  std::array<Route, kMostRoutes> routes_{};
  std::array<std::atomic<std::int64_t>, 5> rows_{};  ///< by outcome, in the order of kOutcomes
};

}  // namespace liftmark::service
