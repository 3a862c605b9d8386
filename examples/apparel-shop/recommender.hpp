#pragma once
// Item-to-item recommendations from sessions, and the best-sellers they must beat.

#include <cstdint>
#include <span>
#include <vector>

#include "shop.hpp"

namespace apparel {

/// What a shopper did in the session so far: all that the recommender may know.
struct SessionSoFar {
  std::vector<int> viewed;  ///< oldest first
  std::vector<int> carted;
};

class Recommender {
 public:
  explicit Recommender(const Shop& shop);

  /// Learns from one past session which items go together: those viewed, and more so those put in the cart.
  void learn(const SessionSoFar& session);
  /// Turns counts into scores. Call once after learning.
  void finish();

  /// The `count` items most often met together with those of this session (item-to-item, Linden, Smith and
  /// York 2003), the latest view counting double; rare pairs are drawn towards what sells anyway. Category
  /// rules: nothing already seen; once something is in the cart, only what goes with it (no second coat); at
  /// most two items of a category. Empty for a session that the past knows nothing of.
  std::vector<int> similar(const SessionSoFar& session, std::size_t count) const;
  /// The `count` best-sellers under the same rules: the same for everybody.
  std::vector<int> best_sellers(const SessionSoFar& session, std::size_t count) const;

 private:
  std::vector<int> pick(const std::vector<double>& scores, const SessionSoFar& session,
                        std::size_t count) const;

  const Shop& shop_;
  std::size_t items_;
  std::vector<double> together_, seen_, sold_;
};

}  // namespace apparel
