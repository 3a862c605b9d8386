#include "engine/record/batch_sink.hpp"

#include <future>
#include <memory>

namespace liftmark {

Ack record(BatchSink& sink, Batch batch) {
  const auto promise = std::make_shared<std::promise<Ack>>();
  auto future = promise->get_future();
  sink.submit(std::move(batch), [promise](const Ack& ack, std::exception_ptr failure) {
    if (failure)
      promise->set_exception(failure);
    else
      promise->set_value(ack);
  });
  return future.get();
}

}  // namespace liftmark
