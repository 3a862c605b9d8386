#pragma once
// Server-sent events from whoever causes them to the connections that listen.

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace liftmark::service {

/// Thread-safe.
class EventChannel {
 public:
  /// Called on the sender's thread with whole events; must only pass them on.
  using Listener = std::function<void(const std::string& event)>;

  std::uint64_t subscribe(Listener listener);
  /// Afterwards the listener is not called any more.
  void unsubscribe(std::uint64_t listener);
  void send(const std::string& event);
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Listener> listeners_;
};

/// "id: 7\nevent: message\ndata: {...}\n\n". Data must not hold line ends.
std::string format_event(std::string_view id, std::string_view type, std::string_view data);

}  // namespace liftmark::service
