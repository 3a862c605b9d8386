#include "journal.hpp"

#include <array>
#include <cmath>
#include <stdexcept>

namespace apparel {
namespace {

constexpr std::size_t kRowsAtOnce = 20'000;

}  // namespace

Journal::Journal(liftmark::Recorder& recorder, const std::string& trial_log)
    : recorder_(recorder), trial_log_(trial_log) {
  trial_log_ << "shopper,page_category,item,propensity,sessions_choice,best_seller,clicked\n";
}

std::string Journal::add(const ShopEvent& event) {
  const std::string id = "event-" + std::to_string(++events_);
  const std::array<liftmark::Property, 2> properties{{{"surface", event.surface}, {"item", event.item}}};
  liftmark::Event row;
  row.id = id;
  row.unit = event.shopper;
  row.type = event.type;
  row.at = event.at;
  row.recorded_at = event.at;
  row.value = std::llround(event.value * 100) * 10'000;
  row.reference = event.reference;
  row.properties = std::span(properties).first(event.item.empty() ? 1 : 2);
  batch_.add(row);
  if (batch_.size() >= kRowsAtOnce) flush();
  return id;
}

void Journal::add(const ShopExposure& exposure) {
  const std::array<liftmark::Property, 1> attributes{{{"device", exposure.device}}};
  const std::string id = std::string(exposure.experiment) + "/" + std::string(exposure.shopper);
  liftmark::Exposure row;
  row.id = id;
  row.experiment = exposure.experiment;
  row.epoch = exposure.epoch;
  row.unit = exposure.shopper;
  row.arm = exposure.arm;
  row.at = exposure.at;
  row.recorded_at = exposure.at;
  row.attributes = attributes;
  row.propensity = exposure.propensity;
  row.fallback = exposure.fallback;
  batch_.add(row);
}

void Journal::add(const LoggedDecision& decision) {
  trial_log_ << decision.shopper << ',' << decision.page_category << ',' << decision.item << ','
             << decision.propensity << ',' << decision.sessions_choice << "=1," << decision.best_seller
             << "=1," << (decision.clicked ? 1 : 0) << '\n';
}

void Journal::flush() {
  if (!batch_.empty() && recorder_.record(batch_).rejected > 0)
    throw std::logic_error("the store refused a row");
  batch_.clear();
  trial_log_.flush();
}

}  // namespace apparel
