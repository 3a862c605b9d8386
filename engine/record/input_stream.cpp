#include "engine/record/input_stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/definition/error.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kBuffer = 1 << 18;

class PlainStream final : public InputStream {
 public:
  PlainStream(std::string name, int file, std::function<void()> idle)
      : name_(std::move(name)), file_(file), idle_(std::move(idle)) {
    struct stat status {};
    if (::fstat(file, &status) != 0) return;
    if (S_ISDIR(status.st_mode)) throw Error(ErrorCode::data, name_, "this is a folder", "name a file");
    if (S_ISREG(status.st_mode)) size_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~PlainStream() override {
    if (file_ != STDIN_FILENO) ::close(file_);
  }
  std::size_t read(char* to, std::size_t size) override {
    if (!ahead_.empty()) {
      const std::size_t taken = std::min(size, ahead_.size());
      std::memcpy(to, ahead_.data(), taken);
      ahead_.erase(0, taken);
      return taken;
    }
    for (;;) {
      wait();
      const ssize_t got = ::read(file_, to, size);
      if (got >= 0) {
        consumed_ += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
      }
      if (errno != EINTR)
        throw Error(ErrorCode::data, name_, std::string("cannot read: ") + std::strerror(errno));
    }
  }
  /// The first bytes, left in place.
  const std::string& peek(std::size_t size) {
    while (ahead_.size() < size) {
      char bytes[16];
      std::string kept = std::exchange(ahead_, {});
      const std::size_t got = read(bytes, sizeof bytes);
      ahead_ = kept.append(bytes, got);
      if (got == 0) break;
    }
    return ahead_;
  }
  std::uint64_t consumed() const noexcept override { return consumed_; }
  std::uint64_t size() const noexcept override { return size_; }
  const std::string& name() const noexcept { return name_; }

 private:
  /// Until there is something to read, an end or an error. A file never keeps anybody waiting.
  void wait() {
    constexpr int kMilliseconds = 100;
    if (!idle_ || size_ > 0) return;
    pollfd waited{file_, POLLIN, 0};
    while (::poll(&waited, 1, kMilliseconds) == 0) idle_();
  }

  std::string name_;
  int file_;
  std::function<void()> idle_;
  std::string ahead_;
  std::uint64_t consumed_ = 0;
  std::uint64_t size_ = 0;
};

[[noreturn]] void damaged(const std::string& name, const char* kind) {
  throw Error(ErrorCode::data, name, std::string("the ") + kind + " data is damaged or ends early",
              "compress or download the file again");
}

/// What both decompressors share: packed bytes in a buffer, refilled from the plain stream.
class PackedStream : public InputStream {
 public:
  explicit PackedStream(std::unique_ptr<PlainStream> plain) : plain_(std::move(plain)), buffer_(kBuffer) {}
  std::uint64_t consumed() const noexcept override { return plain_->consumed(); }
  std::uint64_t size() const noexcept override { return plain_->size(); }

 protected:
  std::size_t refill() { return plain_->read(buffer_.data(), buffer_.size()); }
  std::unique_ptr<PlainStream> plain_;
  std::vector<char> buffer_;
};

class GzipStream final : public PackedStream {
 public:
  explicit GzipStream(std::unique_ptr<PlainStream> plain) : PackedStream(std::move(plain)) {
    if (inflateInit2(&state_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ~GzipStream() override { inflateEnd(&state_); }
  std::size_t read(char* to, std::size_t size) override {
    state_.next_out = reinterpret_cast<Bytef*>(to);
    state_.avail_out = static_cast<uInt>(std::min<std::size_t>(size, 1u << 30));
    const uInt wanted = state_.avail_out;
    while (state_.avail_out == wanted) {
      if (state_.avail_in == 0) {
        const std::size_t got = refill();
        if (got == 0 && between_members_) return 0;
        if (got == 0) damaged(plain_->name(), "gzip");
        state_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
        state_.avail_in = static_cast<uInt>(got);
      }
      if (between_members_) {
        if (inflateReset(&state_) != Z_OK) damaged(plain_->name(), "gzip");
        between_members_ = false;
      }
      const int code = inflate(&state_, Z_NO_FLUSH);
      if (code == Z_STREAM_END)
        between_members_ = true;
      else if (code != Z_OK && code != Z_BUF_ERROR)
        damaged(plain_->name(), "gzip");
    }
    return wanted - state_.avail_out;
  }

 private:
  z_stream state_{};
  bool between_members_ = false;
};

class ZstdStream final : public PackedStream {
 public:
  explicit ZstdStream(std::unique_ptr<PlainStream> plain)
      : PackedStream(std::move(plain)), state_(ZSTD_createDStream(), &ZSTD_freeDStream) {
    if (state_ == nullptr) throw std::bad_alloc();
  }
  std::size_t read(char* to, std::size_t size) override {
    ZSTD_outBuffer out{to, size, 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size) {
        const std::size_t got = refill();
        if (got == 0 && frame_done_) return 0;
        if (got == 0) damaged(plain_->name(), "zstd");
        in_ = {buffer_.data(), got, 0};
      }
      const std::size_t code = ZSTD_decompressStream(state_.get(), &out, &in_);
      if (ZSTD_isError(code) != 0) damaged(plain_->name(), "zstd");
      frame_done_ = code == 0;
    }
    return out.pos;
  }

 private:
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> state_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool frame_done_ = false;
};

class TextStream final : public InputStream {
 public:
  explicit TextStream(std::string text) : text_(std::move(text)) {}
  std::size_t read(char* to, std::size_t size) override {
    const std::size_t taken = text_.copy(to, size, position_);
    position_ += taken;
    return taken;
  }
  std::uint64_t consumed() const noexcept override { return position_; }
  std::uint64_t size() const noexcept override { return text_.size(); }

 private:
  std::string text_;
  std::size_t position_ = 0;
};

}  // namespace

std::unique_ptr<InputStream> InputStream::of_text(std::string text) {
  return std::make_unique<TextStream>(std::move(text));
}

std::unique_ptr<InputStream> InputStream::open(const std::filesystem::path& path,
                                               std::function<void()> idle) {
  const bool standard = path == "-";
  const int file = standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    throw Error(ErrorCode::data, path.string(), std::string("cannot open: ") + std::strerror(errno),
                "check the path");
  auto plain =
      std::make_unique<PlainStream>(standard ? "standard input" : path.string(), file, std::move(idle));
  const std::string& first = plain->peek(4);
  if (first.starts_with("\x1f\x8b")) return std::make_unique<GzipStream>(std::move(plain));
  if (first.starts_with("\x28\xb5\x2f\xfd")) return std::make_unique<ZstdStream>(std::move(plain));
  return plain;
}

}  // namespace liftmark
