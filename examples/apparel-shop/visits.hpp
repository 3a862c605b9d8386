#pragma once
// A visit from the landing to the order, with whatever box stands on the product page.

#include <string>
#include <vector>

#include "journal.hpp"
#include "recommender.hpp"
#include "shop.hpp"

namespace apparel {

enum class Box { none, best_sellers, sessions, trial };

struct Visit {
  const Shopper* shopper = nullptr;
  Micros at = 0;
  Box box = Box::none;
  bool late_items = false;  ///< items launched with the experiment are there
  const char* entry = "search";
  int landing = -1;  ///< item of an e-mail; -1: a category page
};

/// What the box on a page shows, and whether the recommender had nothing and best-sellers stood in.
struct Shown {
  std::vector<int> items;
  bool fallback = false;
};
Shown box_for(Box box, const SessionSoFar& session, const Recommender& recommender);

/// What is left of a visit: what was seen, and what the shopper was after, which nobody but the shopper
/// knows.
struct Played {
  SessionSoFar session;
  Look mood{};
};
/// Plays one visit and writes it down.
Played play(const Visit& visit, const Shop& shop, const Recommender& recommender, Journal& journal,
            Random& random);

}  // namespace apparel
