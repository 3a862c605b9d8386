#include "engine/aggregate/pass.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "engine/aggregate/experiment_facts.hpp"

namespace liftmark {
namespace {

/// A thread's reading and its share of the sums.
struct Worker {
  Worker(const PassInput& input) : scanner(input.reader, input.needs.filter), pass(input) {}
  EventScanner scanner;
  UnitPass pass;
};

}  // namespace

void mark_bots(const std::vector<UnitIndex>& bots, Population& population) {
  population.bot.assign(bots.empty() ? 0 : population.size(), 0);
  for (const UnitIndex bot : bots) {
    const auto found = std::lower_bound(population.unit.begin(), population.unit.end(), bot);
    if (found != population.unit.end() && *found == bot)
      population.bot[static_cast<std::size_t>(found - population.unit.begin())] = 1;
  }
}

Needs needs_for(const Question& question, const Population& population) {
  Needs needs = needs_of(question.catalog, plan_metrics(question.experiment.plan));
  bound_time(needs, population.first, population.last);
  read_all_history(population.dimensions, needs);
  return needs;
}

void on_threads(int threads, const std::function<void(int)>& work, const std::function<void()>& stop) {
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto guarded = [&](int i) {
    try {
      work(i);
    } catch (...) {
      const std::lock_guard guard(failure_mutex);
      if (!failure) failure = std::current_exception();
      stop();
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(guarded, i);
  guarded(0);
  for (std::thread& thread : others) thread.join();
  if (failure) std::rethrow_exception(failure);
}

std::unique_ptr<Measured> measure(const Question& question) {
  auto result = std::make_unique<Measured>();
  result->position = question.reader.position();
  result->units = question.reader.unit_count();
  result->population = read_population(question.reader, question.experiment.assignment, question.dimensions,
                                       question.catalog.day_offset_minutes);
  result->bots = question.bots;
  mark_bots(question.bots, result->population);
  result->derived = describe_history(question.reader, result->population);
  result->needs = needs_for(question, result->population);
  const PassInput input{question.reader, result->needs, result->population,
                        question.catalog.day_offset_minutes, question.reader.until()};
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < question.threads; ++i) workers.push_back(std::make_unique<Worker>(input));
  std::atomic<std::size_t> next{0};
  const std::size_t slices = workers[0]->scanner.slices();
  std::vector<EventLayer> layers(slices);
  std::atomic<std::size_t> packed{0};
  const auto packing = [&] { return packed < question.event_bytes; };
  on_threads(
      question.threads,
      [&](int i) {
        Worker& worker = *workers[static_cast<std::size_t>(i)];
        for (std::size_t slice = next++; slice < slices; slice = next++) {
          worker.pass.keep_events(packing() ? &layers[slice] : nullptr);
          worker.pass.add(worker.scanner.read(slice));
          packed += layers[slice].bytes();
        }
      },
      [&] { next = slices; });
  UnitPass& first = workers[0]->pass;
  for (std::size_t i = 1; i < workers.size(); ++i) {
    first.merge(workers[i]->pass);
    workers[i].reset();
  }
  if (packing()) result->acted = ActedEvents(std::move(layers));
  result->sums = std::move(first.metrics());
  result->kept = std::move(first.kept());
  result->counts = first.counts();
  return result;
}

bool lasting(const Measured& measured) {
  return measured.position.whole &&
         std::all_of(measured.population.dimensions.begin(), measured.population.dimensions.end(),
                     [](const Dimension& dimension) { return dimension.of_unit(); }) &&
         std::all_of(measured.kept.begin(), measured.kept.end(),
                     [](const auto& kept) { return kept == nullptr || kept->lasting(); }) &&
         std::all_of(measured.sums.begin(), measured.sums.end(),
                     [](const MetricSums& sums) { return sums.lasting(); });
}

}  // namespace liftmark
