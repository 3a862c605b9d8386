#include "apps/service/event_channel.hpp"

#include <utility>

namespace liftmark::service {

std::uint64_t EventChannel::subscribe(Listener listener) {
  const std::lock_guard lock(mutex_);
  listeners_.emplace(next_, std::move(listener));
  return next_++;
}

void EventChannel::unsubscribe(std::uint64_t listener) {
  const std::lock_guard lock(mutex_);
  listeners_.erase(listener);
}

void EventChannel::send(const std::string& event) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, listener] : listeners_) listener(event);
}

std::size_t EventChannel::size() const {
  const std::lock_guard lock(mutex_);
  return listeners_.size();
}

std::string format_event(std::string_view id, std::string_view type, std::string_view data) {
  std::string event;
  if (!id.empty()) event.append("id: ").append(id).append("\n");
  event.append("event: ").append(type).append("\ndata: ").append(data).append("\n\n");
  return event;
}

}  // namespace liftmark::service
