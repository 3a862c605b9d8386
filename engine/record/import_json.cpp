// NDJSON files: one object a line, read in place.

#include <cstring>

#include "engine/record/import_row.hpp"
#include "engine/record/json_row.hpp"
#include "engine/record/utf8.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kBuffer = 1 << 20;
constexpr std::size_t kMaxLine = 1 << 20;

/// Lines of a stream, with simdjson's padding readable behind each.
class LineReader {
 public:
  explicit LineReader(InputStream& input) : input_(input), buffer_(kBuffer + kJsonPadding) {}

  /// The next line without its end; false at the end of the input. `too_long`: its content was passed over.
  bool next(std::string_view& line, bool& too_long) {
    too_long = false;
    std::size_t searched = 0;
    for (;;) {
      const char* from = buffer_.data() + begin_;
      const auto* stop =
          static_cast<const char*>(std::memchr(from + searched, '\n', end_ - begin_ - searched));
      if (stop != nullptr || (at_end_ && begin_ < end_)) {
        const std::size_t length = stop != nullptr ? static_cast<std::size_t>(stop - from) : end_ - begin_;
        line = {from, length};
        begin_ += length + (stop != nullptr ? 1 : 0);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        too_long = too_long || length > kMaxLine;
        ++number_;
        return true;
      }
      if (at_end_) return false;
      searched = end_ - begin_;
      if (searched > kMaxLine) {
        too_long = true;
        begin_ = end_;
        searched = 0;
      }
      fill();
    }
  }
  std::int64_t number() const noexcept { return number_; }
  /// Bytes readable from `line` on, padding included.
  std::size_t readable(std::string_view line) const {
    return buffer_.size() - static_cast<std::size_t>(line.data() - buffer_.data());
  }

 private:
  void fill() {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (end_ + kJsonPadding >= buffer_.size()) buffer_.resize(buffer_.size() * 2);
    const std::size_t got = input_.read(buffer_.data() + end_, buffer_.size() - kJsonPadding - end_);
    end_ += got;
    at_end_ = got == 0;
  }
  InputStream& input_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::int64_t number_ = 0;
  bool at_end_ = false;
};

}  // namespace

void import_ndjson(InputStream& input, const std::string&, const ImportOptions& options, RowImporter& rows) {
  JsonRowReader reader(options);
  LineReader lines(input);
  RawRow row;
  std::string_view line;
  bool too_long = false;
  while (lines.next(line, too_long)) {
    if (lines.number() == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    if (!too_long && line.find_first_not_of(" \t") == std::string_view::npos) continue;
    row.line = lines.number();
    row.raw = line;
    if (too_long)
      rows.reject(row.line, "record_too_long");
    else if (!is_utf8(line))
      rows.reject(row.line, "invalid_utf8");
    else if (const std::string_view reason = reader.read(line, lines.readable(line), row); !reason.empty())
      rows.reject(row.line, reason);
    else
      rows.add(row);
    if ((row.line & 1023) == 0) rows.show_progress(input);
  }
}

}  // namespace liftmark
