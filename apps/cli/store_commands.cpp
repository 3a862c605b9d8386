#include "apps/cli/store_commands.hpp"

namespace liftmark::cli {
namespace {

struct Hosted {
  std::filesystem::path store;
  Recorder* recorder = nullptr;
};

Hosted& hosted() {
  static Hosted writer;
  return writer;
}

Recorder* hosted_writer_of(const std::string& path) {
  std::error_code error;
  const bool same = hosted().recorder != nullptr && std::filesystem::equivalent(path, hosted().store, error);
  return same ? hosted().recorder : nullptr;
}

}  // namespace

WritingStore::WritingStore(const std::string& path)
    : own_store_(hosted_writer_of(path) != nullptr ? std::nullopt : std::optional<Store>(Store::open(path))),
      own_recorder_(own_store_ ? std::make_unique<Recorder>(*own_store_) : nullptr),
      recorder(own_recorder_ ? *own_recorder_ : *hosted().recorder) {}

void host_writer(const std::filesystem::path& store, Recorder& recorder) {
  hosted() = {std::filesystem::absolute(store), &recorder};
}

}  // namespace liftmark::cli
