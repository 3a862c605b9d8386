#pragma once
// What an experiment is to the assigner: arms, layers, holdouts, audience, hashing. Plain structs, filled by
// engine/definition from the catalog, compiled once by assign/assigner.hpp.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace liftmark::assign {

enum class Role { control, variant };

/// One thing a user may get. `weight` is relative to the other arms of the experiment (any scale, >= 0).
/// `payload` is the JSON text delivered with the arm ("true", "\"blue\"", "{...}"); empty means the arm's
/// key.
struct Arm {
  std::string key;
  double weight = 1.0;
  Role role = Role::variant;
  std::string payload;
};

/// Experiments of one layer are mutually exclusive: they own disjoint ranges of the layer's slots.
/// `salt` is immutable and independent of the key.
struct Layer {
  std::string key;
  std::string salt;
};

/// A range of a layer's slots, as shares in [0, 1): [first, last).
struct SlotRange {
  double first = 0.0;
  double last = 1.0;
};

/// Units kept out of every experiment of a scope. `layer` empty: global. Checked before experiments.
struct Holdout {
  std::string key;
  double share = 0.0;  ///< of all units of the scope, in [0, 1)
  std::string salt;
  std::string layer;
};

/// An attribute's value. Types are never coerced: a number is not equal to its text.
using Value = std::variant<std::monostate, bool, double, std::string>;

/// A predicate over attributes, as a tree. Unknown attribute: the predicate is false (and `--explain` says
/// so).
struct Predicate {
  enum class Op {
    all,
    any,
    negate,  // over children
    equals,
    in,  // over values
    less,
    less_equal,
    greater,
    greater_equal,  // numbers
    version_less,
    version_less_equal,
    version_greater,
    version_greater_equal,
    version_equals,  // semantic versions
    prefix,
    suffix,
    contains,
    matches,     // text; `matches` is an RE2 pattern of at most 256 bytes
    present,     // the attribute is there
    in_segment,  // the context's segments contain values[0]
  };
  Op op = Op::all;
  std::string attribute;
  std::vector<Value> values;
  std::vector<Predicate> children;
};

/// The key of the op in the catalog, e.g. "greater_equal"; see docs/catalog.md.
std::string_view name(Predicate::Op op) noexcept;

/// A scheme's parameter as written in the catalog: a JSON value as a small tree, so that `assign` needs no
/// JSON library. `items` holds a list's elements or an object's values, `names` an object's names in the same
/// order.
struct Parameter {
  enum class Kind { null, boolean, number, text, list, object };
  Kind kind = Kind::null;
  bool boolean = false;
  double number = 0.0;
  std::string text;
  std::vector<Parameter> items;
  std::vector<std::string> names;
};

/// Which bucketing scheme and with which parameters. `scheme` names a row of the scheme table
/// (assign/schemes/scheme.hpp); a released name never changes its meaning. `salt` is immutable.
/// `parameters` are the scheme's own (seeds, ranges, coverage, namespaces ..) by name.
struct Hashing {
  std::string scheme = "liftmark-1";
  std::string salt;
  std::map<std::string, Parameter> parameters;
};

enum class Status { draft, running, stopped };

/// Another experiment that must have given one of `arms` (empty: any arm at all).
struct Prerequisite {
  std::string experiment;
  std::vector<std::string> arms;
};

struct Experiment {
  std::string key;
  std::string unit = "user";                  ///< name of the unit kind, e.g. "user"
  std::string layer;                          ///< empty: its own
  std::vector<SlotRange> slots{SlotRange{}};  ///< of the layer
  double traffic = 1.0;  ///< share of the audience that takes part, in [0, 1]; raising it moves nobody
  std::vector<Arm> arms;
  Predicate audience;                            ///< default: everybody
  std::map<std::string, std::string> overrides;  ///< unit id -> arm key, for QA; never measured
  std::vector<Prerequisite> prerequisites;
  Hashing hashing;
  Status status = Status::running;
  int epoch = 1;              ///< counts the reshuffles; part of every exposure
  bool sticky = false;        ///< keep a unit's first arm in the store
  bool needs_consent = true;  ///< no assignment for a unit without consent
  /// Bucket ranges per arm kept over a minimal-movement weight change, as [first, last) 64-bit cumulative
  /// thresholds; empty: one contiguous range per arm in order of `arms`.
  struct BucketRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint32_t arm = 0;
  };
  std::vector<BucketRange> ranges;
};

}  // namespace liftmark::assign
