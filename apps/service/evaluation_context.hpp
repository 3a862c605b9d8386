#pragma once
// The body of an evaluation, {"context": {"targetingKey": "..", ..}}, as the assigner's question.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "assign/assignment.hpp"

namespace liftmark::service {

enum class ContextFault { none, parse_error, invalid_context, targeting_key_missing };
/// OFREP's errorCode, e.g. "PARSE_ERROR".
std::string_view name(ContextFault fault) noexcept;

/// Reads one body after the other, reusing memory; one a thread.
class ContextReader {
 public:
  ContextReader();
  ~ContextReader();

  /// `body` needs room behind its end, so its capacity may grow. On a fault `detail` says what is wrong.
  ContextFault read(std::string& body, std::size_t id_bytes, int depth);

  std::string_view unit;                      ///< the targeting key
  std::vector<assign::Attribute> attributes;  ///< scalars of the context, without the targeting key
  std::vector<std::string_view> segments;     ///< "segments": [..] of the context
  std::string_view detail;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace liftmark::service
