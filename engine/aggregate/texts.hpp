#pragma once
// Who knows the texts behind value codes.

#include <string_view>

#include "engine/record/reader.hpp"

namespace liftmark {

class Texts {
 public:
  virtual ~Texts() = default;
  /// The text of a value code; empty for 0.
  virtual std::string_view text(ValueCode code) const = 0;
};

class ReaderTexts final : public Texts {
 public:
  explicit ReaderTexts(const Reader& reader) : reader_(reader) {}
  std::string_view text(ValueCode code) const override { return reader_.text(code); }

 private:
  const Reader& reader_;
};

}  // namespace liftmark
