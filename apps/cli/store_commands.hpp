#pragma once
// What the commands that write to a store share: the one writer, for as long as the command runs.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/record/recorder.hpp"
#include "engine/record/store.hpp"

namespace liftmark::cli {

/// The store's writer: opened by this command or, when the command runs inside the service, the service's.
class WritingStore {
 public:
  /// Throws StoreLocked when another process is the writer; run_program() then hands the command to it.
  explicit WritingStore(const std::string& path);

 private:
  std::optional<Store> own_store_;
  std::unique_ptr<Recorder> own_recorder_;

 public:
  Recorder& recorder;
};

/// Commands of this process that write to `store` use this writer from now on. It must outlive them.
void host_writer(const std::filesystem::path& store, Recorder& recorder);

}  // namespace liftmark::cli
