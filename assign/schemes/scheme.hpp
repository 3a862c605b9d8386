#pragma once
// The table of bucketing schemes: how a unit id becomes an arm. One file and one row a scheme; a scheme's
// name is its version, so a released name never changes what it does. `docs/bucketing.md` specifies each.
//
// A scheme has two steps. Compile: the experiment's hashing parameters, arms and traffic become an immutable
// object, or problems. Decide: the unit becomes an arm; this runs per request, never throws, never allocates.
// Status, consent, holdouts, layers, audience, overrides and prerequisites are the Assigner's, not the
// scheme's.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assign/assignment.hpp"
#include "assign/experiment.hpp"
#include "assign/problem.hpp"

namespace liftmark::assign {

/// What a scheme may hash. Most use `id` alone; some systems hash an attribute instead (`hashAttribute`,
/// `bucketBy`, `stickiness`). Ids have any length and may hold any bytes; they are UTF-8 by convention.
struct UnitView {
  std::string_view id;
  std::span<const Attribute> attributes;

  /// The named attribute's value, or null when the caller gave none.
  const AttributeValue* find(std::string_view name) const noexcept {
    for (const Attribute& attribute : attributes) {
      if (attribute.name == name) return &attribute.value;
    }
    return nullptr;
  }
};

/// A scheme's answer. `bucket` is the integer the scheme compares, before any division (each scheme says
/// which).
struct SchemeDecision {
  enum class Outcome : std::uint8_t {
    assigned,         ///< `arm` takes part in the experiment
    untracked,        ///< `arm` is served but the system does not count it in the experiment
    outside_traffic,  ///< beyond the coverage, rollout or allocation
    excluded,         ///< another experiment of the namespace, group or layer has the unit
    invalid_unit,     ///< this system does not bucket such an id (empty, missing attribute)
  };
  static constexpr std::uint32_t kNoArm = 0xFFFFFFFFU;

  Outcome outcome = Outcome::outside_traffic;
  std::uint32_t arm = kNoArm;  ///< index into Experiment::arms for `assigned` and `untracked`, else kNoArm
  std::uint64_t bucket = 0;
};

/// One experiment's compiled bucketing: immutable, so safe for any number of threads.
class Bucketing {
 public:
  Bucketing() = default;
  Bucketing(const Bucketing&) = delete;
  Bucketing& operator=(const Bucketing&) = delete;
  virtual ~Bucketing() = default;

  virtual SchemeDecision decide(const UnitView& unit) const noexcept = 0;

  /// How `decide` came to its answer, in words and numbers, for `--explain` and `verify`. May allocate.
  virtual std::string explain(const UnitView& unit) const;
};

/// Compiles `experiment.hashing` with the arms' weights and the traffic. Returns null and appends to
/// `problems` when something is wrong; each problem's `where` is a JSON pointer from the experiment on, such
/// as
/// "/hashing/ranges/0". A scheme that cannot honour `traffic` < 1 or a weight must say so, not
/// ignore it.
using CompileScheme = std::unique_ptr<const Bucketing> (*)(const Experiment& experiment,
                                                           std::vector<Problem>& problems);

struct Scheme {
  std::string_view name;     ///< what the catalog says in "hashing.scheme"
  std::string_view summary;  ///< one line for `--help` and the documentation
  CompileScheme compile;
};

std::unique_ptr<const Bucketing> compile_liftmark_1(const Experiment&, std::vector<Problem>&);
std::unique_ptr<const Bucketing> compile_growthbook_v1(const Experiment&, std::vector<Problem>&);
std::unique_ptr<const Bucketing> compile_growthbook_v2(const Experiment&, std::vector<Problem>&);
std::unique_ptr<const Bucketing> compile_optimizely(const Experiment&, std::vector<Problem>&);
std::unique_ptr<const Bucketing> compile_launchdarkly(const Experiment&, std::vector<Problem>&);
std::unique_ptr<const Bucketing> compile_statsig(const Experiment&, std::vector<Problem>&);
std::unique_ptr<const Bucketing> compile_eppo(const Experiment&, std::vector<Problem>&);
std::unique_ptr<const Bucketing> compile_posthog(const Experiment&, std::vector<Problem>&);
std::unique_ptr<const Bucketing> compile_unleash_utf8(const Experiment&, std::vector<Problem>&);
std::unique_ptr<const Bucketing> compile_unleash_node(const Experiment&, std::vector<Problem>&);
std::unique_ptr<const Bucketing> compile_flagsmith(const Experiment&, std::vector<Problem>&);
std::unique_ptr<const Bucketing> compile_flagd_v1(const Experiment&, std::vector<Problem>&);
std::unique_ptr<const Bucketing> compile_flagd_v2(const Experiment&, std::vector<Problem>&);
std::unique_ptr<const Bucketing> compile_planout(const Experiment&, std::vector<Problem>&);

inline constexpr std::array kSchemes{
    Scheme{"liftmark-1", "XXH3-64 of salt and unit id against 64-bit cumulative thresholds",
           compile_liftmark_1},
    Scheme{"growthbook-v1", "GrowthBook, hashVersion 1: FNV-1a in thousandths", compile_growthbook_v1},
    Scheme{"growthbook-v2", "GrowthBook, hashVersion 2: FNV-1a twice in ten-thousandths",
           compile_growthbook_v2},
    Scheme{"optimizely", "Optimizely Feature Experimentation: MurmurHash3 in ten-thousandths, groups",
           compile_optimizely},
    Scheme{"launchdarkly", "LaunchDarkly rollouts and experiments: SHA-1, weights in 1/100000",
           compile_launchdarkly},
    Scheme{"statsig", "Statsig gates and experiments: SHA-256, layers of 1000 segments", compile_statsig},
    Scheme{"eppo", "Eppo: MD5 shards with ranges", compile_eppo},
    Scheme{"posthog", "PostHog feature flags: SHA-1 as a share", compile_posthog},
    Scheme{"unleash-utf8", "Unleash as Edge and Rust hash it: MurmurHash3 of UTF-8", compile_unleash_utf8},
    Scheme{"unleash-node", "Unleash as the Node SDK hashes it: MurmurHash3 of the low bytes of UTF-16",
           compile_unleash_node},
    Scheme{"flagsmith", "Flagsmith: MD5 modulo 9999", compile_flagsmith},
    Scheme{"flagd-v1", "flagd fractional, older: MurmurHash3 as a percentage", compile_flagd_v1},
    Scheme{"flagd-v2", "flagd fractional: MurmurHash3 times the total weight", compile_flagd_v2},
    Scheme{"planout", "PlanOut operators and namespaces: SHA-1", compile_planout},
};

/// The row of that name, or null.
const Scheme* find_scheme(std::string_view name) noexcept;

}  // namespace liftmark::assign
