#pragma once
// What has been worked out per value code: interned codes are dense, inline ones lie far above them.

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "engine/record/reader.hpp"

namespace liftmark {

template <typename Answer>
class CodeMemo {
 public:
  /// The answer for `code`, from `work_out(code)` the first time.
  template <typename WorkOut>
  const Answer& get(ValueCode code, WorkOut work_out) {
    if (code >= kDense) {
      const auto found = sparse_.find(code);
      return found != sparse_.end() ? found->second : sparse_.emplace(code, work_out(code)).first->second;
    }
    if (code >= dense_.size()) dense_.resize(std::max<std::size_t>(code + 1, 2 * dense_.size()));
    Entry& entry = dense_[code];
    if (!entry.known) entry = {work_out(code), true};
    return entry.answer;
  }

 private:
  static constexpr ValueCode kDense = 1u << 22;
  struct Entry {
    Answer answer{};
    bool known = false;
  };
  std::vector<Entry> dense_;
  std::unordered_map<ValueCode, Answer> sparse_;
};

}  // namespace liftmark
