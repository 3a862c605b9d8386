#include "assign/swap.hpp"

#include <atomic>
#include <thread>

#include "assign/definitions.hpp"

using namespace liftmark::assign;

TEST_CASE("readers see one whole catalog or the next while it is replaced", "[threads]") {
  const auto with_payload = [](const std::string& payload) {
    Experiment experiment = two_arms("e");
    for (Arm& arm : experiment.arms) arm.payload = payload;
    return compiled({{experiment}, {}, {}});
  };
  CurrentAssigner current(with_payload("0"));
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<long> reads{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      long last = 0;
      while (!stop.load()) {
        const auto pin = current.pin();
        const Assignment answer = pin->assign(unit("user"), "e");
        const long seen = std::stol(std::string(answer.payload()));
        if (seen < last) wrong.fetch_add(1);  // a reader never goes back to an older catalog
        last = seen;
        reads.fetch_add(1);
      }
    });
  }
  while (reads.load() == 0) std::this_thread::yield();
  for (int i = 1; i <= 200; ++i) {
    current.replace(with_payload(std::to_string(i)));
    CHECK(current.pin()->assign(unit("user"), "e").payload() == std::to_string(i));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
}

TEST_CASE("the previous Assigner is gone once replace returns", "[threads]") {
  std::weak_ptr<const Assigner> first;
  CurrentAssigner current([&] {
    auto assigner = compiled({{two_arms("a")}, {}, {}});
    first = assigner;
    return assigner;
  }());
  CHECK_FALSE(first.expired());
  current.replace(compiled({{two_arms("b")}, {}, {}}));
  CHECK(first.expired());
  CHECK(current.share()->find("b"));
  CHECK_THROWS_AS(current.replace(nullptr), std::logic_error);
}
