// An apparel shop tests session-aware recommendations and a dynamic e-mail: from the catalog to a store that
// can be decided from. Usage: apparel_shop CATALOG.json DIRECTORY [SHOPPERS]
//
// Shows the library at work in a service: the assigner answers in process, the recorder writes what happened.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "engine/definition/assigner.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/holdout_exposures.hpp"
#include "engine/record/compaction.hpp"
#include "engine/record/store.hpp"
#include "visits.hpp"

namespace apparel {
namespace {

namespace fs = std::filesystem;

constexpr Micros kStart = 1'772'409'600 * liftmark::kMicrosPerSecond;  // 2026-03-02, a Monday
constexpr int kHistoryFrom = -56, kTrialFrom = -14, kLastExposure = 27, kEnd = 56;
constexpr int kMailWeekday = 1;
constexpr double kMailIgnored = 4.5;
constexpr std::uint64_t kSeed = 20'260'302;

/// One shopper's memory between visits.
struct Remembered {
  SessionSoFar last;
  Look mood{};  ///< what the last visit was about lingers until the next e-mail
  bool in_recommendations = false, in_mail = false, in_holdout = false;
};

class Story {
 public:
  Story(const Shop& shop, const liftmark::Catalog& catalog, Journal& journal)
      : shop_(shop),
        assigner_(liftmark::compile_assigner(catalog)),
        holdouts_(liftmark::holdouts_in_scope(catalog, "")),
        recommender_(shop),
        journal_(journal),
        remembered_(shop.shoppers().size()) {
    for (std::size_t i = 0; i < shop.shoppers().size(); ++i) random_.emplace_back(kSeed, 2'000'000 + i);
  }

  void run() {
    days(kHistoryFrom, kTrialFrom);
    recommender_.finish();
    learning_ = false;
    days(kTrialFrom, 0);
    days(0, kEnd);
    journal_.flush();
  }

 private:
  void days(int from, int to) {
    for (std::size_t i = 0; i < remembered_.size(); ++i)
      for (int day = std::max(from, shop_.shoppers()[i].arrives); day < to; ++day) one_day(i, day);
  }

  void one_day(std::size_t who, int day) {
    const Shopper& shopper = shop_.shoppers()[who];
    Random& random = random_[who];
    const Micros midnight = kStart + day * liftmark::kMicrosPerDay;
    if (shopper.mail && ((day % 7) + 7) % 7 == kMailWeekday && !remembered_[who].last.viewed.empty())
      mail(who, day, midnight + 9 * 3600 * liftmark::kMicrosPerSecond);
    if (random.uniform() >= shopper.visits_per_day && day != shopper.arrives) return;
    const auto second = static_cast<Micros>(10 * 3600 + random.below(11 * 3600));
    visit(who, day, {.shopper = &shopper, .at = midnight + second * liftmark::kMicrosPerSecond});
  }

  void visit(std::size_t who, int day, Visit visit) {
    visit.late_items = day >= 0;
    if (day >= kTrialFrom && day < 0) visit.box = Box::trial;
    if (day >= 0) visit.box = box_of(who, day, visit);
    Played played = play(visit, shop_, recommender_, journal_, random_[who]);
    if (learning_) recommender_.learn(played.session);
    if (played.session.viewed.empty()) return;
    remembered_[who].last = std::move(played.session);
    remembered_[who].mood = played.mood;
  }

  liftmark::assign::Assignment ask(const Shopper& shopper, const char* experiment) const {
    const std::array attributes{liftmark::assign::Attribute{"device", std::string_view(shopper.device)}};
    liftmark::assign::Context context;
    context.unit = shopper.id;
    context.attributes = attributes;
    return assigner_->assign(context, experiment);
  }

  /// The first evaluation of anything in the holdout's scope says on which side of it the shopper is.
  void note_holdout(std::size_t who, Micros at) {
    if (std::exchange(remembered_[who].in_holdout, true)) return;
    const Shopper& shopper = shop_.shoppers()[who];
    liftmark::each_holdout_exposure(
        holdouts_, assigner_->holdout_of(shopper.id), [&](std::string_view holdout, std::string_view arm) {
          journal_.add(ShopExposure{.shopper = shopper.id,
                                    .experiment = holdout,
                                    .arm = arm,
                                    .at = at,
                                    .device = shopper.device,
                                    .propensity = arm == liftmark::kHeldOut ? 0.05 : 0.95});
        });
  }

  /// The arm's box, noting the exposure at the first visit. After the last day of exposure nobody new comes
  /// in.
  Box box_of(std::size_t who, int day, const Visit& visit) {
    Remembered& remembered = remembered_[who];
    if (!remembered.in_recommendations && day > kLastExposure) return Box::none;
    note_holdout(who, visit.at);
    const auto answer = ask(*visit.shopper, "recommendations");
    if (!answer.measured()) return Box::none;
    const Box box = answer.arm() == "sessions"      ? Box::sessions
                    : answer.arm() == "bestsellers" ? Box::best_sellers
                                                    : Box::none;
    if (std::exchange(remembered.in_recommendations, true)) return box;
    // Whether the recommender knows anything of this shopper yet: if not, best-sellers stand in, and it is
    // said.
    const bool unknown = remembered.last.viewed.empty();
    journal_.add(ShopExposure{.shopper = visit.shopper->id,
                              .experiment = answer.experiment(),
                              .arm = answer.arm(),
                              .epoch = answer.epoch,
                              .at = visit.at,
                              .device = visit.shopper->device,
                              .propensity = answer.arm() == "sessions" ? 0.5 : 0.25,
                              .fallback = box == Box::sessions && unknown});
    return box;
  }

  void mail(std::size_t who, int day, Micros at) {
    Remembered& remembered = remembered_[who];
    const Shopper& shopper = shop_.shoppers()[who];
    bool dynamic = false;
    if (day >= 0 && (remembered.in_mail || day <= kLastExposure)) {
      note_holdout(who, at);
      const auto answer = ask(shopper, "dynamic-email");
      dynamic = answer.measured() && answer.arm() == "dynamic";
      if (answer.measured() && !std::exchange(remembered.in_mail, true))
        journal_.add(ShopExposure{.shopper = shopper.id,
                                  .experiment = answer.experiment(),
                                  .arm = answer.arm(),
                                  .epoch = answer.epoch,
                                  .at = at,
                                  .device = shopper.device,
                                  .propensity = 0.5});
    }
    std::vector<int> offered = box_for(Box::best_sellers, {}, recommender_).items;
    if (dynamic) offered = box_for(Box::sessions, remembered.last, recommender_).items;
    if (learning_) offered.clear();  // before there is anything to sell by
    std::vector<double> utilities;
    for (const int item : offered)
      utilities.push_back(
          shop_.utility(remembered.mood, shopper.price_sense, shop_.items()[static_cast<std::size_t>(item)]));
    const std::size_t chosen = choose(utilities, kMailIgnored, random_[who]);
    if (chosen == utilities.size()) return;
    visit(who, day,
          {.shopper = &shopper,
           .at = at + 600 * liftmark::kMicrosPerSecond,
           .entry = "e-mail",
           .landing = offered[chosen]});
  }

  const Shop& shop_;
  std::shared_ptr<const liftmark::assign::Assigner> assigner_;
  std::vector<liftmark::HoldoutInScope> holdouts_;  ///< of every experiment here: there is but a global one
  Recommender recommender_;
  Journal& journal_;
  std::vector<Remembered> remembered_;
  std::vector<Random> random_;
  bool learning_ = true;
};

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw liftmark::Error(liftmark::ErrorCode::data, path.string(), "cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void tell(const fs::path& catalog_path, const fs::path& folder, std::size_t shoppers) {
  const liftmark::Catalog catalog = liftmark::parse_catalog(read_file(catalog_path));
  fs::create_directories(folder);
  for (const char* file : {"shop.db", "shop.db-wal", "shop.db-shm", "shop.db.lock"})
    fs::remove(folder / file);
  liftmark::Store store = liftmark::Store::create(folder / "shop.db");
  store.put_catalog(catalog.text, catalog.digest);
  const Shop shop(shoppers, kSeed);
  // The story has fixed dates, whenever it is told.
  liftmark::Recorder recorder(store, {.oldest = INT64_MAX / 2, .newest = INT64_MAX / 2});
  Journal journal(recorder, (folder / "trial.csv").string());
  Story(shop, catalog, journal).run();
  liftmark::compact(recorder);
}

}  // namespace
}  // namespace apparel

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::cerr << "usage: apparel_shop CATALOG.json DIRECTORY [SHOPPERS]\n";
    return 2;
  }
  try {
    apparel::tell(argv[1], argv[2], argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 20'000);
    return 0;
  } catch (const liftmark::Error& error) {
    std::cerr << describe(error);
    return exit_code(error.code());
  }
}
