#include "engine/analyse/analyse_store.hpp"

#include <fmt/format.h>

#include "engine/aggregate/aggregate.hpp"
#include "engine/analyse/analyse.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/json/document.hpp"
#include "engine/definition/time_point.hpp"
#include "engine/record/reader.hpp"

namespace liftmark {
ReaderOptions reader_options(const std::string& as_of) {
  ReaderOptions options;
  if (as_of.empty()) return options;
  options.as_of = parse_time(as_of);
  if (!options.as_of)
    throw Error(ErrorCode::usage,
                Problem{"--as-of", "is no moment", as_of, "write 2026-07-01 or 2026-07-01T12:30Z"});
  return options;
}

std::vector<std::string> experiment_keys(const Reader& reader) {
  std::vector<std::string> keys;
  for (const auto& experiment : catalog_of(reader).experiments) keys.push_back(experiment.assignment.key);
  return keys;
}

const ExperimentDefinition& experiment_of(const Catalog& catalog, const std::string& key) {
  if (const auto* found = catalog.find_experiment(key)) return *found;
  std::vector<std::string_view> known;
  std::string listed;
  for (const auto& experiment : catalog.experiments) {
    known.push_back(experiment.assignment.key);
    listed += (listed.empty() ? "" : ", ") + experiment.assignment.key;
  }
  const auto meant = nearest(key, known);
  throw Error(ErrorCode::usage,
              Problem{"experiment", "the catalog has no such experiment", key,
                      meant.empty() ? "experiments: " + listed : fmt::format("Did you mean \"{}\"?", meant)});
}

Scorecard analyse_store(const StoreQuestion& question) {
  const Reader reader(question.store, reader_options(question.as_of));
  const Catalog catalog = catalog_of(reader);
  const auto& experiment = experiment_of(catalog, question.experiment);
  AggregateOptions options;
  options.segments = question.segments;
  const auto statistics = aggregate(reader, catalog, question.experiment, options);
  auto card = analyse(statistics, analysis_for(catalog, experiment));
  card.provenance.catalog_digest = catalog.digest;
  card.provenance.plan_digest = plan_digest(catalog, experiment);
  card.provenance.scheme = experiment.assignment.hashing.scheme;
  card.provenance.restated = !reader.altered_after().empty();
  return card;
}

}  // namespace liftmark
