#pragma once
// A scorecard as JSON and back, without loss: scorecard -> text -> scorecard -> text gives the same bytes.
//
// Schema "liftmark.scorecard/1": the keys are the names in engine/scorecard/scorecard.hpp, in that order.
// A number the data cannot give is null, with its `reason` beside it. Doubles are written with the fewest
// digits that read back as the same double; times are microseconds since the Unix epoch, UTC.

#include <stdexcept>
#include <string>
#include <string_view>

#include "engine/scorecard/scorecard.hpp"

namespace liftmark::reports {

inline constexpr std::string_view kScorecardSchema = "liftmark.scorecard/1";

/// What is wrong with a scorecard's JSON, and where.
class InvalidScorecard : public std::runtime_error {
 public:
  InvalidScorecard(std::string where, const std::string& what);
  const std::string& where() const noexcept { return where_; }  ///< JSON pointer, "" for the whole document

 private:
  std::string where_;
};

/// UTF-8, two-space indents, newline at the end. Throws std::logic_error if a number is NaN or infinite:
/// such a number must never have come into a scorecard.
std::string to_json(const Scorecard& scorecard);

/// Throws InvalidScorecard on text that is not JSON, another schema, a value of the wrong type or a key that
/// the schema does not have. A missing key means its default.
Scorecard scorecard_from_json(std::string_view text);

}  // namespace liftmark::reports
