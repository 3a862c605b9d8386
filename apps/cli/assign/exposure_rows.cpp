#include "apps/cli/assign/exposure_rows.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/definition/error.hpp"
#include "engine/definition/time_point.hpp"
#include "engine/record/store.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::ordered_json;

}  // namespace

ExposureRows::ExposureRows(const Catalog& catalog, const std::string& path, const std::string& at)
    : catalog_(catalog), path_(path) {
  if (path.empty()) return;
  const auto moment = at.empty() ? std::optional<std::int64_t>(now_micros()) : parse_time(at);
  if (!moment)
    throw Error(ErrorCode::usage,
                Problem{"--at", "is no moment", at, "write 2026-07-01 or 2026-07-01T12:30Z"});
  at_ = format_time(*moment);
  file_.open(path, std::ios::binary | std::ios::trunc);
  if (!file_) throw Error(ErrorCode::storage, path, "cannot be written", "check the folder's permissions");
  for (const ExperimentDefinition& experiment : catalog.experiments)
    scopes_.push_back(holdouts_in_scope(catalog, experiment.assignment.layer));
}

void ExposureRows::add(const assign::Assigner& assigner, const assign::Context& context,
                       const assign::Assignment& given) {
  const auto index = assigner.find(given.experiment());
  if (path_.empty() || !index) return;
  const ExperimentDefinition& experiment = catalog_.experiments[*index];
  if (context.unit != unit_) {
    unit_ = context.unit;
    told_.clear();
  }
  if (!scopes_[*index].empty() && joins_holdouts(given.reason))
    each_holdout_exposure(
        scopes_[*index], assigner.holdout_of(context.unit, experiment.assignment.layer),
        [&](std::string_view holdout, std::string_view arm) {
          if (!told_.emplace(holdout).second) return;
          write(ordered_json{{"experiment", holdout}, {"unit", context.unit}, {"arm", arm}});
        });
  if (experiment.exposure != ExposureBy::evaluation || !given.measured()) return;
  ordered_json row{{"experiment", given.experiment()},
                   {"unit", context.unit},
                   {"arm", given.arm()},
                   {"epoch", given.epoch}};
  const auto& kept = experiment.plan.segments;
  for (const assign::Attribute& attribute : context.attributes)
    if (std::find(kept.begin(), kept.end(), attribute.name) != kept.end())
      row[std::string(attribute.name)] = exposed_text(attribute.value);
  write(std::move(row));
}

template <typename Row>
void ExposureRows::write(Row row) {
  row["at"] = at_;
  file_ << row.dump(-1, ' ', false, Row::error_handler_t::replace) << '\n';
}

void ExposureRows::close() {
  if (path_.empty()) return;
  file_.flush();
  if (!file_) throw Error(ErrorCode::storage, path_, "cannot be written", "check the folder and free space");
}

}  // namespace liftmark::cli
