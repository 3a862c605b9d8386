#pragma once
// Comma-separated values by RFC 4180, read as a stream: quotes, embedded separators and line ends, byte order
// mark, LF or CRLF, with or without a final line end. A bad record is reported and passed over, never guessed
// at.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/record/input_stream.hpp"

namespace liftmark {

struct CsvOptions {
  char separator = ',';
  bool blanks_separate =
      false;  ///< runs of blanks and tabs separate instead; those around a line mean nothing
  std::size_t max_columns = 4096;
  std::size_t max_record_bytes = 1u << 20;
  bool unnamed_columns = false;  ///< a column without a name is called column_N instead of being refused
};

/// The separator as a person names it: a character, "tab" or "whitespace". Throws Error{usage} at `option`.
void set_separator(CsvOptions& options, const std::string& text, const std::string& option);

/// Why a record cannot be used. name() gives the reason's word.
enum class CsvProblem {
  none,
  too_many_columns,
  wrong_column_count,
  record_too_long,
  broken_quotes,
  invalid_utf8
};
std::string_view name(CsvProblem problem) noexcept;

class CsvReader {
 public:
  /// Reads the header line. Throws Error(data) when there is none, when a name is empty or stands twice, and
  /// when the header itself has a problem. `name` stands in messages.
  CsvReader(InputStream& input, std::string name, CsvOptions options = {});
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  const std::vector<std::string>& header() const noexcept { return header_; }
  /// Position of a column by its exact name.
  std::optional<std::size_t> column(std::string_view name) const noexcept;
  /// As column(), but throws Error(data) naming the columns there are.
  std::size_t require_column(std::string_view name) const;

  /// Moves to the next record; false at the end. Empty lines are passed over. When problem() is not `none`
  /// the fields are meaningless. Fields are valid until the next call.
  bool next();
  CsvProblem problem() const noexcept { return problem_; }
  /// As many as the header has. A record of another length is a wrong_column_count.
  std::span<const std::string_view> fields() const noexcept { return fields_; }
  /// The line the record begins on, from 1 (the header is line 1).
  std::int64_t line() const noexcept { return record_line_; }
  /// The record as it stands in the file, without its line end.
  std::string_view raw() const noexcept { return raw_; }
  /// Throws Error(data) "file:line: .." when the record has a problem; for callers that cannot use part of a
  /// file.
  void require_good() const;

 private:
  struct Scan;
  bool read_record();
  bool fill();
  bool skip_empty_lines();
  void skip_overlong();
  bool scan();
  void finish_line();
  void scan_quoted(char c);
  void take_fields(const char* record);

  InputStream& input_;
  std::string name_;
  CsvOptions options_;
  std::vector<std::string> header_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
  std::int64_t line_ = 1;
  std::int64_t record_line_ = 1;
  CsvProblem problem_ = CsvProblem::none;
  std::vector<std::string_view> fields_;
  std::string_view raw_;
  std::deque<std::string> joined_;
  std::unique_ptr<Scan> scan_;
};

}  // namespace liftmark
