#pragma once
// The inside of an Assigner: what compiling makes and deciding reads. Included by assign/*.cpp only.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "assign/assigner.hpp"
#include "assign/audience.hpp"
#include "assign/ranges.hpp"
#include "assign/schemes/scheme.hpp"

namespace liftmark::assign {

inline constexpr std::uint32_t kNone = 0xFFFFFFFFU;

/// Where a run of elements lies in a shared pool.
struct Run {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

struct IndexEntry {
  std::string_view key;
  std::uint32_t experiment = kNone;
};

struct CompiledHoldout {
  std::string_view key;
  std::uint64_t draw_key = 0;
  Threshold share;
};

struct CompiledLayer {
  std::string_view key;
  std::uint64_t draw_key = 0;
  Run holdouts;
};

struct CompiledOverride {
  std::uint64_t unit_hash = 0;
  std::string_view unit;
  std::uint32_t arm = 0;
};

/// An earlier experiment that must have given one of the arms in `allowed` (by index; empty: any).
struct CompiledPrerequisite {
  std::uint32_t memo = 0;
  std::vector<bool> allowed;
};

/// What most decisions read and nothing else, in one cache line, in a pool of its own.
struct alignas(64) CompiledDraw {
  std::uint64_t arm_key = 0;
  std::uint64_t traffic_key = 0;
  Threshold traffic;
  Run ranges;
  const Audience* audience = nullptr;  ///< null: everybody
  Run order;                           ///< experiments to decide first
  bool simple = false;  ///< running liftmark-1 with no condition but consent, audience and traffic
  bool needs_consent = true;
  /// Behind the experiments from this one on that are simple and for everybody; its own place when it is not.
  std::uint32_t plain_until = 0;
};
static_assert(sizeof(CompiledDraw) == 64);

/// The rest of an experiment; its draw has the same index.
struct CompiledExperiment {
  bool sticky = false;
  Status status = Status::draft;
  std::uint32_t layer = kNone;
  std::uint32_t memo = kNone;         ///< where the arm is remembered for experiments that depend on it
  const Bucketing* scheme = nullptr;  ///< null: liftmark-1, decided inline
  Run arms, slots, overrides, prerequisites;
  Assignment fallback;  ///< the default arm's answer
};

struct Assigner::Compiled {
  Definitions definitions;  ///< owns every text that views point to
  std::vector<CompiledExperiment> experiments;
  std::vector<CompiledDraw> draws;
  std::vector<CompiledHoldout> holdouts;  ///< global ones first, then by layer
  Run global_holdouts;
  std::vector<CompiledLayer> layers;
  std::deque<ArmTexts> texts;    ///< a deque, because answers point into it
  std::vector<Assignment> arms;  ///< the whole answer of each arm, `assigned`: giving an arm is one copy
  /// The buckets of liftmark-1, by range: the inclusive end, and the whole answer of the arm. Each experiment
  /// has one entry more than ranges, with the answer of a unit outside the traffic.
  std::vector<std::uint64_t> range_lasts;
  std::vector<Assignment> range_answers;
  std::vector<BucketRange> slots;           ///< `arm` unused; `last` 0 stands for 2^64
  std::vector<CompiledOverride> overrides;  ///< sorted by unit_hash within an experiment
  std::vector<CompiledPrerequisite> prerequisites;
  std::vector<std::uint32_t> orders;       ///< experiments to decide first, prerequisites before dependants
  std::vector<std::uint32_t> whole_order;  ///< the same for all experiments at once
  std::vector<std::unique_ptr<const Bucketing>> schemes;
  std::vector<std::unique_ptr<const Audience>> audiences;
  std::vector<IndexEntry> index;  ///< open addressing by XXH3 of the key; size a power of two
};

}  // namespace liftmark::assign
