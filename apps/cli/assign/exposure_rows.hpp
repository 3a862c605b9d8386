#pragma once
// What evaluations leave behind, for a caller who assigns without the service: rows that `import` reads.

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "assign/assigner.hpp"
#include "engine/definition/holdout_exposures.hpp"

namespace liftmark::cli {

/// The exposures that the service would record of the same questions: under the key of each holdout that a
/// ledger follows, and of experiments whose exposure is the evaluation. A unit that comes again later has the
/// same rows again, which import knows already: nothing is kept of units that are done.
class ExposureRows {
 public:
  /// NDJSON into `path`; nothing when it is empty. `at`: the moment of all rows, now when empty. Throws
  /// Error{usage} when it is none. The catalog must outlive this.
  ExposureRows(const Catalog& catalog, const std::string& path, const std::string& at);

  void add(const assign::Assigner& assigner, const assign::Context& context, const assign::Assignment& given);
  /// Throws Error{storage} when not everything is written.
  void close();

 private:
  template <typename Row>
  void write(Row row);

  const Catalog& catalog_;
  std::string path_, at_;
  std::ofstream file_;
  std::vector<std::vector<HoldoutInScope>> scopes_;  ///< by experiment
  std::string unit_;                                 ///< the last one asked for
  std::set<std::string> told_;  ///< holdouts that have its exposure: several experiments ask the same one
};

}  // namespace liftmark::cli
