#pragma once
// One mistake in what a person wrote: where it is, what is wrong, what was found, how to mend it.

#include <string>

namespace liftmark {

struct Problem {
  std::string where;  ///< JSON pointer ("/experiments/0/arms") or "file:line"; empty if nowhere in particular
  std::string what;   ///< a sentence without the value: "weights must be positive"
  std::string value;  ///< the offending value as written, shortened; may be empty
  std::string hint;   ///< the remedy
};

}  // namespace liftmark
