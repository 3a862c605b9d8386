#pragma once
// The question put to the assigner and its answer.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "assign/experiment.hpp"

namespace liftmark::assign {

enum class Consent { unknown, granted, denied };

/// An attribute as the caller has it. Views must outlive the call.
using AttributeValue = std::variant<std::monostate, bool, double, std::string_view>;
struct Attribute {
  std::string_view name;
  AttributeValue value;
};

/// A sticky arm read from the store by the caller.
struct StickyArm {
  std::string_view experiment;
  int epoch = 1;
  std::string_view arm;
};

/// Everything a decision depends on. Callers fetch what is stored; assign only decides.
/// Views must outlive the call and, where an Assignment refers to a catalog name, the Assigner outlives it.
struct Context {
  std::string_view unit;
  std::span<const Attribute> attributes;
  std::span<const std::string_view> segments;
  Consent consent = Consent::granted;
  std::span<const StickyArm> sticky;
  bool sticky_unreadable = false;  ///< the sticky store could not be read: a fresh hash is used, and said so
};

/// Why this arm. `assigned` and `sticky` are measured; the others give the default experience.
enum class Reason : std::uint8_t {
  assigned,
  sticky,
  overridden,
  outside_traffic,
  excluded_by_layer,
  not_targeted,
  held_out,
  prerequisite_failed,
  not_running,
  no_consent,
  unknown_experiment,
  invalid_unit,
};
std::string_view name(Reason reason) noexcept;

/// What all units that get an arm are told.
struct ArmTexts {
  std::string_view experiment;
  std::string_view arm;  ///< its key
  std::string_view payload;
};
inline constexpr ArmTexts kNoTexts{};

/// Total answer. The arm is the default one (first control, else first) when not assigned; its texts are
/// empty when the experiment is unknown. They belong to the Assigner. Small, because the answers for a
/// hundred experiments are to fit the nearest cache together with what decides them.
struct Assignment {
  const ArmTexts* texts = &kNoTexts;  ///< never null
  int epoch = 0;
  Reason reason = Reason::unknown_experiment;
  bool sticky_unreadable = false;
  std::uint64_t bucket = 0;  ///< the scheme's bucket, for explanations and the edit preview
  std::string_view experiment() const noexcept { return texts->experiment; }
  std::string_view arm() const noexcept { return texts->arm; }
  std::string_view payload() const noexcept { return texts->payload; }
  bool measured() const noexcept { return reason == Reason::assigned || reason == Reason::sticky; }
};
static_assert(sizeof(Assignment) == 24);

}  // namespace liftmark::assign
