#include "shop.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace apparel {
namespace {

constexpr std::array<double, 8> kPrices{35, 60, 70, 55, 140, 90, 75, 25};
constexpr int kListed = 10;

Look draw_look(Random& random, double spread) {
  Look look{};
  for (double& part : look) part = spread * normal(random);
  return look;
}

Item make_item(int number, Random& random) {
  Item item;
  item.category = number / kItemsPerCategory;
  item.id = std::string(kCategories[static_cast<std::size_t>(item.category)]) + "-" +
            std::to_string(number % kItemsPerCategory + 1);
  item.look = draw_look(random, 1.0);
  item.appeal = 0.5 * normal(random);
  const double price = kPrices[static_cast<std::size_t>(item.category)] * std::exp(0.25 * normal(random));
  item.price = std::round(price) - 0.05;
  item.launched_late = random.uniform() < 0.08;
  return item;
}

Shopper make_shopper(std::size_t number, std::uint64_t seed) {
  Random random(seed, 1'000'000 + number);
  Shopper shopper;
  shopper.id = "shopper-" + std::to_string(number + 1);
  shopper.taste = draw_look(random, 0.8);
  shopper.price_sense = 0.5 + 0.5 * random.uniform();
  shopper.visits_per_day = 0.06 * std::exp(0.5 * normal(random));
  shopper.returns = 0.25;
  // A third of the shoppers is new: they come for the first time while the experiment runs.
  shopper.arrives = random.uniform() < 0.33 ? static_cast<int>(random.below(28)) : -56;
  shopper.mail = random.uniform() < 0.6;
  shopper.device = random.uniform() < 0.65 ? "phone" : "desktop";
  return shopper;
}

}  // namespace

double normal(Random& random) {
  const double radius = std::sqrt(-2.0 * std::log(random.uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * random.uniform());
}

std::size_t choose(std::span<const double> utilities, double stay_away, Random& random) {
  const double top = std::max(
      stay_away, utilities.empty() ? stay_away : *std::max_element(utilities.begin(), utilities.end()));
  double total = std::exp(stay_away - top);
  for (const double utility : utilities) total += std::exp(utility - top);
  double left = random.uniform() * total;
  for (std::size_t i = 0; i < utilities.size(); ++i) {
    left -= std::exp(utilities[i] - top);
    if (left < 0) return i;
  }
  return utilities.size();
}

Shop::Shop(std::size_t shoppers, std::uint64_t seed) {
  Random random(seed, 0);
  for (int i = 0; i < kItemsPerCategory * static_cast<int>(kCategories.size()); ++i)
    items_.push_back(make_item(i, random));
  for (std::size_t i = 0; i < shoppers; ++i) shoppers_.push_back(make_shopper(i, seed));
}

double Shop::utility(const Look& mood, double price_sense, const Item& item) const {
  double fit = 0.0;
  for (std::size_t i = 0; i < kLooks; ++i) fit += mood[i] * item.look[i];
  return fit + item.appeal -
         price_sense * std::log(item.price / kPrices[static_cast<std::size_t>(item.category)]);
}

std::vector<int> Shop::listing(int category, bool late_items, Random& random) const {
  std::vector<int> shown;
  while (shown.size() < kListed) {
    const int item = category * kItemsPerCategory + static_cast<int>(random.below(kItemsPerCategory));
    const bool exists = late_items || !items_[static_cast<std::size_t>(item)].launched_late;
    if (exists && std::find(shown.begin(), shown.end(), item) == shown.end()) shown.push_back(item);
  }
  return shown;
}

}  // namespace apparel
