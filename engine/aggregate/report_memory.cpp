#include "engine/aggregate/report_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/aggregate/experiment_facts.hpp"
#include "engine/aggregate/pass.hpp"

namespace liftmark {
namespace {

/// Everything that decides what is measured, but for the state of the store.
std::string key_of(const Question& question) {
  std::string key = fmt::format("{}\n{}\n", question.catalog.digest, question.experiment.assignment.key);
  for (const std::string& metric : plan_metrics(question.experiment.plan)) key += metric + "\n";
  key += "\n";
  for (const std::string& dimension : question.dimensions) key += dimension + "\n";
  return key;
}

std::size_t bytes_of(const Measured& measured) {
  const Population& population = measured.population;
  std::size_t bytes = population.size() * (sizeof(UnitIndex) + sizeof(Micros) + 2 * sizeof(std::uint16_t) +
                                           2 + population.dimensions.size() * sizeof(std::uint16_t));
  bytes += measured.acted.bytes();
  for (const MetricSums& sums : measured.sums) bytes += sums.bytes();
  return bytes;
}

}  // namespace

struct ReportMemory::Entry {
  std::string key;
  std::unique_ptr<Measured> measured;
  std::size_t bytes = 0;
};

ReportMemory::ReportMemory(ReportMemoryOptions options) : options_(options) {}
ReportMemory::~ReportMemory() = default;

std::unique_ptr<Measured> ReportMemory::recall(const Question& question) {
  const StorePosition position = question.reader.position();
  if (!position.whole) return nullptr;  // of the past: the present's is kept
  const std::string key = key_of(question);
  std::unique_ptr<Measured> earlier;
  {
    const std::lock_guard guard(mutex_);
    std::erase_if(entries_, [&](const Entry& entry) {  // rows or people were rewritten since
      const StorePosition& kept = entry.measured->position;
      return kept.store == position.store && !position.continues(kept) && !kept.continues(position);
    });
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return entry.key == key && position.continues(entry.measured->position);
    });
    if (found == entries_.end()) return nullptr;
    earlier = std::move(found->measured);
    entries_.erase(found);
  }
  auto measured = measure_again(question, *earlier, options_.most_changed);
  if (measured) {
    const std::lock_guard guard(mutex_);
    ++recalled_;
  }
  return measured;
}

void ReportMemory::keep(const Question& question, std::unique_ptr<Measured> measured) {
  const std::uint64_t store = measured->position.store;
  Entry entry{key_of(question), std::move(measured), 0};
  if (entry.measured->acted.bytes() > options_.event_bytes) entry.measured->acted = ActedEvents();
  entry.bytes = bytes_of(*entry.measured);
  const std::lock_guard guard(mutex_);
  const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& other) {
    return other.key == entry.key && other.measured->position.store == store;
  });
  if (known != entries_.end()) {
    if (known->measured->position.continues(entry.measured->position)) return;  // it knows as much, or more
    entries_.erase(known);
  }
  entries_.push_front(std::move(entry));
  std::size_t bytes = 0;
  for (auto one = entries_.begin(); one != entries_.end();) {
    bytes += one->bytes;
    one = bytes > options_.bytes ? entries_.erase(one) : std::next(one);
  }
}

void ReportMemory::forget() {
  {
    const std::lock_guard guard(counts_mutex_);
    counts_ = {};
  }
  const std::lock_guard guard(mutex_);
  entries_.clear();
}

std::vector<UnitIndex> ReportMemory::busy_units(const Reader& reader, std::uint16_t most) {
  const std::lock_guard guard(counts_mutex_);
  counts_.update(reader);
  return counts_.above(most);
}

std::size_t ReportMemory::recalled() const {
  const std::lock_guard guard(mutex_);
  return recalled_;
}

}  // namespace liftmark
