#include "recommender.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace apparel {
namespace {

/// What is worn with what, by category; nothing goes with its own kind.
constexpr std::array<std::array<bool, 8>, 8> kGoesWith{{
    // shirts trousers dresses knitwear coats shoes bags scarves
    {false, true, false, true, true, true, true, true},   // shirts
    {true, false, false, true, true, true, true, true},   // trousers
    {false, false, false, true, true, true, true, true},  // dresses
    {true, true, true, false, true, true, false, true},   // knitwear
    {true, true, true, true, false, true, true, true},    // coats
    {true, true, true, false, true, false, true, false},  // shoes
    {true, true, true, false, true, true, false, true},   // bags
    {true, true, true, true, true, false, true, false},   // scarves
}};
constexpr int kMostOfCategory = 2;
constexpr double kCart = 4.0;    ///< how many views an item in the cart is worth
constexpr double kPrior = 20.0;  ///< sessions' worth of best-sellers in every item's list

}  // namespace

Recommender::Recommender(const Shop& shop)
    : shop_(shop),
      items_(shop.items().size()),
      together_(items_ * items_, 0.0),
      seen_(items_, 0.0),
      sold_(items_, 0.0) {}

void Recommender::learn(const SessionSoFar& session) {
  std::vector<int> distinct = session.viewed;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  for (const int item : session.carted) sold_[static_cast<std::size_t>(item)] += 1;
  for (const int a : distinct) {
    seen_[static_cast<std::size_t>(a)] += 1;
    for (const int b : distinct) {
      const bool carted = std::find(session.carted.begin(), session.carted.end(), b) != session.carted.end();
      if (a != b)
        together_[static_cast<std::size_t>(a) * items_ + static_cast<std::size_t>(b)] += carted ? kCart : 1;
    }
  }
}

void Recommender::finish() {
  const double sold = std::accumulate(sold_.begin(), sold_.end(), 0.0);
  if (sold <= 0) return;
  for (std::size_t a = 0; a < items_; ++a) {
    if (seen_[a] <= 0) continue;  // nothing is known of what goes with it
    for (std::size_t b = 0; b < items_; ++b) {
      double& pair = together_[a * items_ + b];
      pair = (pair + kPrior * sold_[b] / sold) / (seen_[a] + kPrior);
    }
  }
}

std::vector<int> Recommender::similar(const SessionSoFar& session, std::size_t count) const {
  std::vector<double> scores(items_, 0.0);
  for (std::size_t i = 0; i < session.viewed.size(); ++i) {
    const double weight = i + 1 == session.viewed.size() ? 2.0 : 1.0;
    const auto row = static_cast<std::size_t>(session.viewed[i]) * items_;
    for (std::size_t item = 0; item < items_; ++item) scores[item] += weight * together_[row + item];
  }
  return pick(scores, session, count);
}

std::vector<int> Recommender::best_sellers(const SessionSoFar& session, std::size_t count) const {
  return pick(sold_, session, count);
}

std::vector<int> Recommender::pick(const std::vector<double>& scores, const SessionSoFar& session,
                                   std::size_t count) const {
  std::vector<int> order(items_);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
  });
  std::array<int, 8> of_category{};
  std::vector<int> picked;
  for (const int item : order) {
    if (picked.size() == count || scores[static_cast<std::size_t>(item)] <= 0) break;
    const auto category = static_cast<std::size_t>(shop_.items()[static_cast<std::size_t>(item)].category);
    const bool seen = std::find(session.viewed.begin(), session.viewed.end(), item) != session.viewed.end();
    const bool fits = std::all_of(session.carted.begin(), session.carted.end(), [&](int carted) {
      const auto& other = shop_.items()[static_cast<std::size_t>(carted)];
      return kGoesWith[static_cast<std::size_t>(other.category)][category];
    });
    if (seen || !fits || of_category[category] == kMostOfCategory) continue;
    ++of_category[category];
    picked.push_back(item);
  }
  return picked;
}

}  // namespace apparel
