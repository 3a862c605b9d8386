#pragma once
// What erase and purge share of a store in ClickHouse: the servers rewrite their files in their own time, and
// the command waits for them for a while.

#include <cstdint>
#include <optional>
#include <string>

#include "apps/cli/arguments.hpp"
#include "apps/cli/progress.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/clickhouse/privacy.hpp"

namespace liftmark::cli {

class RemovalWait {
 public:
  void add_to(Command& command) {
    command
        .add_option("--wait", seconds_,
                    "ClickHouse: seconds to wait until the servers have removed the rows (180)")
        ->not_negative();
  }
  /// Throws Error{usage} when the option was given.
  void refuse_for_file() const {
    if (seconds_)
      throw Error(ErrorCode::usage, "--wait", "is for stores in ClickHouse", "a file is rewritten at once");
  }
  /// Does the work, which is given its patience, and shows on a terminal what it waits for.
  template <typename Work>
  clickhouse::Removal on(const std::string& label, const Work& work) const {
    ProgressBar bar(label);
    clickhouse::Patience patience;
    if (seconds_) patience.most = std::chrono::seconds(*seconds_);
    patience.show = [&](std::string_view pending) { bar.show(0, 0, pending); };
    return work(patience);
  }

 private:
  std::optional<std::int64_t> seconds_;
};

}  // namespace liftmark::cli
