#pragma once
// Replays an export of (unit, arm) against compiled experiments and counts where the two agree.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assign/assigner.hpp"

namespace liftmark::cli {

struct ReplayOptions {
  std::string experiment;  ///< for exports without an experiment column; empty: the catalog's only one
  std::map<std::string, std::string, std::less<>> arm_names;  ///< the export's name of an arm -> its key
  bool served = false;     ///< compare the arm that is served, whether or not the unit takes part
  std::size_t shown = 20;  ///< mismatches kept with their explanation
};

/// One line of the export. Views must outlive the call.
struct ExportedRow {
  std::int64_t line = 0;
  std::string_view unit;
  std::string_view arm;                        ///< empty: the unit was in no arm
  std::optional<std::string_view> experiment;  ///< absent: the one of the options
  std::span<const assign::Attribute> attributes;
};

struct Mismatch {
  std::int64_t line = 0;
  std::string unit, experiment;
  std::string exported;  ///< the arm's key, or empty
  std::string assigned;  ///< the arm given here, or empty when the unit takes no part
  std::string reason;    ///< of the assignment here
  std::vector<assign::Step> steps;
};

struct ReplayCounts {
  std::uint64_t rows = 0;
  std::uint64_t matched = 0;
};

struct ReplayResult {
  ReplayCounts total;
  std::map<std::string, ReplayCounts, std::less<>> experiments;
  std::vector<Mismatch> mismatches;                            ///< the first ones
  std::map<std::string, std::uint64_t, std::less<>> rejected;  ///< unreadable rows by reason
  std::vector<std::int64_t> rejected_lines;                    ///< of the first ones

  /// Something was compared and everything agreed.
  bool good() const noexcept { return total.rows > 0 && total.matched == total.rows && rejected.empty(); }
};

/// What a reader of rows hands them to.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual void add(const ExportedRow& row) = 0;
  virtual void reject(std::int64_t line, std::string_view reason) = 0;
};

class Replay final : public RowSink {
 public:
  /// Throws Error{usage} when the options name an experiment or arm that is not there.
  Replay(std::shared_ptr<const assign::Assigner> assigner, ReplayOptions options);

  void add(const ExportedRow& row) override;
  void reject(std::int64_t line, std::string_view reason) override;
  const ReplayResult& result() const noexcept { return result_; }

 private:
  std::shared_ptr<const assign::Assigner> assigner_;
  ReplayOptions options_;
  ReplayResult result_;
};

}  // namespace liftmark::cli
