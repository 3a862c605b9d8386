#pragma once
// Bytes from a file or standard input, unpacked on the way when they are gzip or zstd (known by their first
// bytes, not by the name).

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace liftmark {

class InputStream {
 public:
  /// `path` "-" is standard input. `idle` is called a few times a second while a pipe brings nothing; what it
  /// throws ends the read. Throws Error(data) when it cannot be opened.
  static std::unique_ptr<InputStream> open(const std::filesystem::path& path,
                                           std::function<void()> idle = {});
  /// Bytes that are in memory already, as they are.
  static std::unique_ptr<InputStream> of_text(std::string text);
  virtual ~InputStream() = default;
  InputStream(const InputStream&) = delete;
  InputStream& operator=(const InputStream&) = delete;

  /// Up to `size` bytes (> 0); 0 at the end. Throws Error(data) when the compressed bytes are damaged or end
  /// early.
  virtual std::size_t read(char* to, std::size_t size) = 0;
  /// Bytes taken from the file so far, before unpacking; for progress.
  virtual std::uint64_t consumed() const noexcept = 0;
  /// Size of the file; 0 when unknown (standard input).
  virtual std::uint64_t size() const noexcept = 0;

 protected:
  InputStream() = default;
};

}  // namespace liftmark
