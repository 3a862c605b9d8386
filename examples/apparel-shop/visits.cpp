#include "visits.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace apparel {
namespace {

constexpr std::size_t kBoxItems = 4, kShortlist = 10;
constexpr int kMostPages = 8;
constexpr double kLeaveListing = 0.5, kLeavePage = 3.0;
constexpr double kBoxNoticed = 0.4;                    ///< pages on which the box is looked at
constexpr double kBoxPlace = -1.5, kListPlace = -1.2;  ///< neither stands at the top of the page
constexpr double kNeverChosen = -50.0;
constexpr double kCartAt = 6.0, kCheckout = 0.5, kTrialTemperature = 1.0;
constexpr Micros kPage = 40 * liftmark::kMicrosPerSecond;

double logistic(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

class Playing {
 public:
  Playing(const Visit& visit, const Shop& shop, const Recommender& recommender, Journal& journal,
          Random& random)
      : visit_(visit),
        shop_(shop),
        recommender_(recommender),
        journal_(journal),
        random_(random),
        at_(visit.at) {
    mood_ = visit.shopper->taste;
    for (double& part : mood_) part += 0.7 * normal(random);
  }

  Played run() {
    event("visit", visit_.entry, {}, 0);
    std::string surface = visit_.entry;
    int item = visit_.landing >= 0 ? visit_.landing : from_listing(any_category());
    for (int page = 0; page < kMostPages && item >= 0; ++page) item = product_page(item, surface);
    check_out();
    return {std::move(session_), mood_};
  }

 private:
  const Item& item_of(int item) const { return shop_.items()[static_cast<std::size_t>(item)]; }
  double utility(int item) const { return shop_.utility(mood_, visit_.shopper->price_sense, item_of(item)); }

  std::string event(std::string_view type, std::string_view surface, std::string_view item, double value) {
    return journal_.add(ShopEvent{.shopper = visit_.shopper->id,
                                  .type = type,
                                  .at = at_,
                                  .value = value,
                                  .surface = surface,
                                  .item = item});
  }

  int any_category() { return static_cast<int>(random_.below(kCategories.size())); }

  int from_listing(int category) {
    const std::vector<int> listed = shop_.listing(category, visit_.late_items, random_);
    std::vector<double> utilities;
    for (const int item : listed) utilities.push_back(utility(item));
    const std::size_t chosen = choose(utilities, kLeaveListing, random_);
    return chosen < listed.size() ? listed[chosen] : -1;
  }

  /// The trial box shows one item, drawn from both candidates' shortlists with known probabilities.
  Shown trial_box(double& propensity) {
    std::vector<int> candidates = recommender_.similar(session_, kShortlist);
    for (const int item : recommender_.best_sellers(session_, kShortlist))
      if (std::find(candidates.begin(), candidates.end(), item) == candidates.end())
        candidates.push_back(item);
    if (candidates.empty()) return {};
    // Earlier places of a shortlist are likelier, none is below a fifth of the likeliest.
    std::vector<double> weights;
    double total = 0.0;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      total += weights.emplace_back(std::exp(-kTrialTemperature * 1.6 * static_cast<double>(i) /
                                             static_cast<double>(candidates.size())));
    double left = random_.uniform() * total;
    std::size_t place = 0;
    while (place + 1 < candidates.size() && (left -= weights[place]) >= 0) ++place;
    propensity = weights[place] / total;
    return {{candidates[place]}, false};
  }

  /// One page of an item; returns the next item, or -1.
  int product_page(int item, std::string& surface) {
    at_ += kPage;
    session_.viewed.push_back(item);
    const std::string item_id = item_of(item).id;
    if (random_.uniform() < logistic(utility(item) - kCartAt)) {
      session_.carted.push_back(item);
      cart_surface_.push_back(surface);
      event("add_to_cart", surface, item_id, 0);
    }
    double propensity = 1.0;
    const Shown shown =
        visit_.box == Box::trial ? trial_box(propensity) : box_for(visit_.box, session_, recommender_);
    const bool noticed = random_.uniform() < kBoxNoticed;
    std::vector<double> utilities;
    for (const int offered : shown.items)
      utilities.push_back(noticed ? utility(offered) + kBoxPlace : kNeverChosen);
    // Half the time the way leads on within the category, half the time to another one.
    const int category = random_.uniform() < 0.5 ? item_of(item).category : any_category();
    const std::vector<int> listed = shop_.listing(category, visit_.late_items, random_);
    for (const int offered : listed) utilities.push_back(utility(offered) + kListPlace);
    if (!shown.items.empty()) event("impression", "recommendation", item_of(shown.items[0]).id, 0);
    const std::size_t chosen = choose(utilities, kLeavePage, random_);
    const bool clicked = chosen < shown.items.size();
    if (visit_.box == Box::trial && !shown.items.empty())
      log_trial(item, shown.items[0], propensity, clicked);
    if (clicked) {
      surface = "recommendation";
      event("click", surface, item_of(shown.items[chosen]).id, 0);
      return shown.items[chosen];
    }
    if (chosen == utilities.size()) return -1;
    if (surface == "recommendation") surface = "search";
    return listed[chosen - shown.items.size()];
  }

  void log_trial(int page, int shown, double propensity, bool clicked) {
    const auto best = recommender_.best_sellers(session_, 1);
    auto similar = recommender_.similar(session_, 1);
    if (similar.empty()) similar = best;  // what the arm would do: fall back
    if (best.empty() || similar.empty()) return;
    journal_.add(
        LoggedDecision{.shopper = visit_.shopper->id,
                       .page_category = kCategories[static_cast<std::size_t>(item_of(page).category)],
                       .item = item_of(shown).id,
                       .propensity = propensity,
                       .sessions_choice = item_of(similar[0]).id,
                       .best_seller = item_of(best[0]).id,
                       .clicked = clicked});
  }

  /// One order of the whole cart; its surface is where the dearest item was found.
  void check_out() {
    if (session_.carted.empty() || random_.uniform() >= kCheckout) return;
    at_ += kPage;
    double total = 0.0, fit = 0.0;
    std::size_t dearest = 0;
    for (std::size_t i = 0; i < session_.carted.size(); ++i) {
      const Item& item = item_of(session_.carted[i]);
      total += item.price;
      fit += utility(session_.carted[i]) / static_cast<double>(session_.carted.size());
      if (item.price > item_of(session_.carted[dearest]).price) dearest = i;
    }
    const std::string order =
        event("purchase", cart_surface_[dearest], item_of(session_.carted[dearest]).id, total);
    if (random_.uniform() >= visit_.shopper->returns * logistic(4.5 - fit)) return;
    at_ += (3 + static_cast<Micros>(random_.below(8))) * liftmark::kMicrosPerDay;
    journal_.add(ShopEvent{.shopper = visit_.shopper->id,
                           .type = "refund",
                           .at = at_,
                           .value = -total,
                           .surface = cart_surface_[dearest],
                           .item = {},
                           .reference = order});
  }

  const Visit& visit_;
  const Shop& shop_;
  const Recommender& recommender_;
  Journal& journal_;
  Random& random_;
  Micros at_;
  Look mood_{};
  SessionSoFar session_;
  std::vector<std::string> cart_surface_;
};

}  // namespace

Shown box_for(Box box, const SessionSoFar& session, const Recommender& recommender) {
  if (box == Box::none || box == Box::trial) return {};
  if (box == Box::best_sellers) return {recommender.best_sellers(session, kBoxItems), false};
  Shown shown{recommender.similar(session, kBoxItems), false};
  if (shown.items.empty()) shown = {recommender.best_sellers(session, kBoxItems), true};
  return shown;
}

Played play(const Visit& visit, const Shop& shop, const Recommender& recommender, Journal& journal,
            Random& random) {
  return Playing(visit, shop, recommender, journal, random).run();
}

}  // namespace apparel
