#pragma once
// The simulated apparel shop: items, shoppers, and how a shopper chooses.
//
// Everybody chooses by one multinomial logit (McFadden 1974): the probability of an option is proportional to
// exp(utility). Nothing here knows which experiment runs; a box that shows better fitting items earns its
// lift.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "stats/random_stream.hpp"

namespace apparel {

using Random = liftmark::stats::RandomStream;

inline constexpr std::size_t kLooks = 4;  ///< latent directions of taste
using Look = std::array<double, kLooks>;

inline constexpr std::array<const char*, 8> kCategories{"shirts", "trousers", "dresses", "knitwear",
                                                        "coats",  "shoes",    "bags",    "scarves"};
inline constexpr int kItemsPerCategory = 20;

struct Item {
  std::string id;
  int category = 0;
  Look look{};
  double appeal = 0;           ///< liked by everybody
  double price = 0;            ///< EUR
  bool launched_late = false;  ///< not in the shop before the experiment: nobody has seen it yet
};

struct Shopper {
  std::string id;
  Look taste{};
  double price_sense = 1;  ///< utility lost per factor e of price
  double visits_per_day = 0;
  double returns = 0;  ///< chance of sending back an order that fits badly
  int arrives = 0;     ///< first day on which a visit can happen
  bool mail = false;   ///< agreed to the weekly e-mail
  const char* device = "phone";
};

double normal(Random& random);
/// Index of the chosen option, or the number of options for none; `stay_away` is the utility of none.
std::size_t choose(std::span<const double> utilities, double stay_away, Random& random);

class Shop {
 public:
  Shop(std::size_t shoppers, std::uint64_t seed);

  const std::vector<Item>& items() const { return items_; }
  const std::vector<Shopper>& shoppers() const { return shoppers_; }
  /// Utility of an item to somebody in a mood: taste of the session x look + appeal - price.
  double utility(const Look& mood, double price_sense, const Item& item) const;
  /// Items that a category page shows: a random part of it, without those launched late before they exist.
  std::vector<int> listing(int category, bool late_items, Random& random) const;

 private:
  std::vector<Item> items_;
  std::vector<Shopper> shoppers_;
};

}  // namespace apparel
