#pragma once
// What the commands that write to a store share: the one writer, opened for as long as the command runs.

#include <string>

#include "engine/record/recorder.hpp"
#include "engine/record/store.hpp"

namespace liftmark::cli {

struct WritingStore {
  explicit WritingStore(const std::string& path) : store(Store::open(path)), recorder(store) {}
  Store store;
  Recorder recorder;
};

}  // namespace liftmark::cli
