#pragma once
// A catalog ready to answer: the Assigner, and each arm's part of an answer as JSON made once.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "assign/assigner.hpp"
#include "assign/swap.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/definition/holdout_exposures.hpp"
#include "engine/record/reader.hpp"

namespace liftmark::service {

/// One experiment as a flag.
struct Flag {
  std::string head;                   ///< {"key":"..","metadata":{"layer":"..","why":"
  std::vector<std::string> keys;      ///< of the arms
  std::vector<std::string> arms;      ///< ,"variant":"..","value":..} for each
  std::vector<std::string> segments;  ///< attributes kept with an exposure: those the plan groups by
  std::string layer;
  std::vector<HoldoutInScope> holdouts;
  bool records = false;  ///< an evaluation is an exposure
  bool sticky = false;
};

/// Immutable.
struct Flags {
  /// Throws Error{definition} when the catalog does not compile.
  explicit Flags(const CatalogVersion& version);
  Flags();  ///< before the first `apply`: no experiments

  Catalog catalog;
  std::int64_t version = 0;
  std::size_t bytes = 0;  ///< of the catalog's stored text
  std::int64_t recorded_at = 0;
  std::shared_ptr<const assign::Assigner> assigner;
  std::vector<Flag> flags;  ///< in the assigner's order
  bool any_sticky = false;
};
using CurrentFlags = assign::Current<Flags>;

/// Appends the answer for one flag, e.g. {"key":"checkout","metadata":{"layer":"page","why":"assigned",
/// "epoch":1,"measured":true},"reason":"SPLIT","variant":"b","value":true}.
void append_answer(const Flag& flag, const assign::Assignment& given, std::string& text);

}  // namespace liftmark::service
