#include "engine/definition/assignment_edit.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace liftmark {

Catalog with_edits(const Catalog& catalog, const std::vector<AssignmentEdit>& edits) {
  auto document = nlohmann::json::parse(catalog.text);
  for (const AssignmentEdit& edit : edits)
    for (std::size_t i = 0; i < catalog.experiments.size(); ++i) {
      const assign::Experiment& now = catalog.experiments[i].assignment;
      if (now.key != edit.experiment) continue;
      nlohmann::json& experiment = document["experiments"][i];
      if (edit.epoch) experiment["epoch"] = *edit.epoch;
      for (const assign::BucketRange& range : edit.ranges)
        experiment["ranges"].push_back({{"arm", now.arms[range.arm].key},
                                        {"first", fmt::format("{:016x}", range.first)},
                                        {"last", fmt::format("{:016x}", range.last)}});
    }
  return parse_catalog(document.dump());
}

}  // namespace liftmark
