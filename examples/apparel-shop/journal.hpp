#pragma once
// What the shop writes down: exposures and events into the store, logged decisions of the trial box into a
// CSV file.

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/record/recorder.hpp"

namespace apparel {

using liftmark::Micros;

/// A decision of the box on trial: one item, shown with a known probability.
struct LoggedDecision {
  std::string_view shopper, page_category, item;
  double propensity = 1;
  std::string_view sessions_choice, best_seller;  ///< what the two candidates would have shown
  bool clicked = false;
};

struct ShopEvent {
  std::string_view shopper, type;
  Micros at = 0;
  double value = 0;  ///< EUR
  std::string_view surface, item;
  std::string_view reference = {};
};

struct ShopExposure {
  std::string_view shopper, experiment, arm;
  int epoch = 1;
  Micros at = 0;
  std::string_view device;
  double propensity = 1;
  bool fallback = false;
};

/// Everything is recorded with the time it happened, so that a run of next year gives the same store.
class Journal {
 public:
  Journal(liftmark::Recorder& recorder, const std::string& trial_log);

  /// Returns the event's id, for refunds to refer to.
  std::string add(const ShopEvent& event);
  void add(const ShopExposure& exposure);
  void add(const LoggedDecision& decision);
  /// Waits until all is on disk. Throws when something was refused: that would be a mistake of this program.
  void flush();

 private:
  liftmark::Recorder& recorder_;
  liftmark::Batch batch_{"apparel-shop"};
  std::ofstream trial_log_;
  std::int64_t events_ = 0;
};

}  // namespace apparel
