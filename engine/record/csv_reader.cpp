#include "engine/record/csv_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "engine/definition/error.hpp"
#include "engine/record/utf8.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kBuffer = 1 << 18;

constexpr std::array<std::string_view, 6> kProblems{
    "none", "too_many_columns", "wrong_column_count", "record_too_long", "broken_quotes", "invalid_utf8"};

std::string_view sentence(CsvProblem problem) {
  switch (problem) {
    case CsvProblem::too_many_columns:
      return "the line has too many columns";
    case CsvProblem::wrong_column_count:
      return "the line has another number of columns than the header";
    case CsvProblem::record_too_long:
      return "the line is too long";
    case CsvProblem::broken_quotes:
      return "the quotes do not match";
    case CsvProblem::invalid_utf8:
      return "the line is not UTF-8";
    case CsvProblem::none:
      break;
  }
  return "";
}

}  // namespace

void set_separator(CsvOptions& options, const std::string& text, const std::string& option) {
  options.blanks_separate = text == "whitespace";
  if (options.blanks_separate) return;
  const bool tab = text == "tab" || text == "\\t";
  if (!tab && (text.size() != 1 || text == "\"" || text == "\n" || text == "\r"))
    throw Error(ErrorCode::usage,
                Problem{option, "is a character, tab, or whitespace", text, "for example ; or tab"});
  options.separator = tab ? '\t' : text.front();
}

std::string_view name(CsvProblem problem) noexcept {
  return kProblems[static_cast<std::size_t>(problem)];
}

/// The scan of one record: offsets count from its beginning, because the buffer may move.
struct CsvReader::Scan {
  struct Field {
    std::size_t begin = 0, end = 0;
    bool escaped = false;
  };
  std::vector<Field> fields;
  std::size_t position = 0;
  std::size_t length = 0;  // without the line end
  std::size_t begin = 0;   // of the current field
  std::size_t close = 0;   // of its closing quote
  bool quoted = false, in_quotes = false, escaped = false;
  bool broken = false, too_many = false;
  std::size_t first_line_end = 0;  // behind the first line end within quotes

  void restart() {
    fields.clear();
    position = length = begin = close = first_line_end = 0;
    quoted = in_quotes = escaped = broken = too_many = false;
  }
  void finish_field(std::size_t stop, std::size_t most) {
    if (fields.size() >= most)
      too_many = true;
    else if (quoted)
      fields.push_back({begin + 1, close, escaped});
    else
      fields.push_back({begin, stop, false});
    quoted = escaped = false;
    begin = position + 1;
  }
};

CsvReader::CsvReader(InputStream& input, std::string name, CsvOptions options)
    : input_(input),
      name_(std::move(name)),
      options_(options),
      buffer_(kBuffer),
      scan_(std::make_unique<Scan>()) {
  fill();
  if (end_ - begin_ >= 3 && std::memcmp(buffer_.data() + begin_, "\xEF\xBB\xBF", 3) == 0) begin_ += 3;
  if (end_ - begin_ >= 2 && (std::memcmp(buffer_.data() + begin_, "\xFF\xFE", 2) == 0 ||
                             std::memcmp(buffer_.data() + begin_, "\xFE\xFF", 2) == 0))
    throw Error(ErrorCode::data, name_, "the file is UTF-16", "save it as UTF-8");
  if (!read_record())
    throw Error(ErrorCode::data, name_, "the file is empty", "the first line must name the columns");
  require_good();
  header_.assign(fields_.begin(), fields_.end());
  for (std::size_t i = 0; i < header_.size(); ++i) {
    if (header_[i].empty() && options_.unnamed_columns) header_[i] = fmt::format("column_{}", i + 1);
    if (header_[i].empty())
      throw Error(ErrorCode::data, fmt::format("{}:{}", name_, record_line_),
                  fmt::format("column {} has no name", i + 1), "the first line must name the columns");
    for (std::size_t k = 0; k < i; ++k)
      if (header_[k] == header_[i])
        throw Error(ErrorCode::data, fmt::format("{}:{}", name_, record_line_),
                    fmt::format("the column \"{}\" stands twice", header_[i]),
                    "give every column its own name");
  }
}

std::optional<std::size_t> CsvReader::column(std::string_view name) const noexcept {
  const auto found = std::find(header_.begin(), header_.end(), name);
  if (found == header_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header_.begin());
}

std::size_t CsvReader::require_column(std::string_view name) const {
  if (const auto found = column(name)) return *found;
  constexpr std::size_t kShown = 30;
  std::string known;
  for (std::size_t i = 0; i < std::min(kShown, header_.size()); ++i)
    known += (i == 0 ? "" : ", ") + header_[i];
  if (header_.size() > kShown) known += ", ..";
  throw Error(ErrorCode::data, name_ + ":1", fmt::format("there is no column \"{}\"", name),
              "the columns are: " + known);
}

bool CsvReader::next() {
  if (!read_record()) return false;
  if (problem_ == CsvProblem::none && fields_.size() != header_.size())
    problem_ = CsvProblem::wrong_column_count;
  return true;
}

void CsvReader::require_good() const {
  if (problem_ == CsvProblem::none) return;
  const std::size_t columns = header_.empty() ? fields_.size() : header_.size();
  throw Error(
      ErrorCode::data, fmt::format("{}:{}", name_, record_line_), std::string(sentence(problem_)),
      fmt::format("at most {} columns and {} bytes a line{}", options_.max_columns, options_.max_record_bytes,
                  columns == 0 ? std::string() : fmt::format(", {} columns here", columns)));
}

/// Makes room and reads more behind what is there; false at the end of the input.
bool CsvReader::fill() {
  if (at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
  const std::size_t got = input_.read(buffer_.data() + end_, buffer_.size() - end_);
  end_ += got;
  at_end_ = got == 0;
  return got > 0;
}

/// Throws away the rest of a line that passed the limit.
void CsvReader::skip_overlong() {
  problem_ = CsvProblem::record_too_long;
  fields_.clear();
  raw_ = {};
  for (;;) {
    const char* from = buffer_.data() + begin_;
    const auto* stop = static_cast<const char*>(std::memchr(from, '\n', end_ - begin_));
    if (stop != nullptr) {
      begin_ += static_cast<std::size_t>(stop - from) + 1;
      ++line_;
      return;
    }
    begin_ = end_;
    if (!fill()) return;
  }
}

/// Passes over line ends; false at the end of the input.
bool CsvReader::skip_empty_lines() {
  for (;;) {
    if (begin_ == end_ && !fill()) return false;
    const bool carriage = buffer_[begin_] == '\r';
    if (carriage && begin_ + 1 == end_ && fill()) continue;
    const std::size_t next = begin_ + (carriage ? 1 : 0);
    if (next == end_) return false;  // a lone CR at the very end
    if (buffer_[next] != '\n') return true;
    begin_ = next + 1;
    ++line_;
  }
}

CsvReader::~CsvReader() = default;

/// Finds the end of the record and of its fields; false when it is longer than allowed.
bool CsvReader::scan() {
  Scan& s = *scan_;
  s.restart();
  for (;; ++s.position) {
    if (begin_ + s.position == end_ && (s.position > options_.max_record_bytes || !fill())) {
      const bool too_long = s.position > options_.max_record_bytes;
      if (s.in_quotes) s.broken = true;
      s.length = s.position;
      if (s.length > 0 && !s.in_quotes && buffer_[begin_ + s.length - 1] == '\r') --s.length;
      finish_line();
      return !too_long;
    }
    const char c = buffer_[begin_ + s.position];
    if (s.in_quotes) {
      scan_quoted(c);
    } else if (options_.blanks_separate ? c == ' ' || c == '\t' : c == options_.separator) {
      if (options_.blanks_separate && s.position == s.begin)
        s.begin = s.position + 1;  // leading, or one more of a run
      else
        s.finish_field(s.position, options_.max_columns);
    } else if (c == '\n') {
      s.length = s.position;
      if (s.length > 0 && buffer_[begin_ + s.length - 1] == '\r') --s.length;
      finish_line();
      ++s.position;
      ++line_;
      return s.length <= options_.max_record_bytes || s.broken;
    } else if (c == '"' && s.position == s.begin) {
      s.quoted = s.in_quotes = true;
    } else if (c == '"' || (s.quoted && c != '\r')) {
      s.broken = true;
    }
  }
}

/// The last field of a line; blanks at its end make none.
void CsvReader::finish_line() {
  Scan& s = *scan_;
  if (options_.blanks_separate && !s.quoted && s.begin >= s.length) return;
  s.finish_field(s.length, options_.max_columns);
}

void CsvReader::scan_quoted(char c) {
  Scan& s = *scan_;
  if (c == '\n') {
    ++line_;
    if (s.first_line_end == 0) s.first_line_end = s.position + 1;
  }
  if (c != '"') return;
  const std::size_t next = s.position + 1;
  if (begin_ + next == end_) fill();
  if (begin_ + next < end_ && buffer_[begin_ + next] == '"') {
    s.escaped = true;
    s.position = next;
  } else {
    s.in_quotes = false;
    s.close = s.position;
  }
}

bool CsvReader::read_record() {
  problem_ = CsvProblem::none;
  fields_.clear();
  joined_.clear();
  if (!skip_empty_lines()) return false;
  record_line_ = line_;
  const bool fits = scan();
  Scan& s = *scan_;
  if (s.in_quotes && s.first_line_end > 0) {
    // A quote that never closes: give up its first line only and go on behind it.
    s.position = s.first_line_end;
    s.length = s.first_line_end - 1;
    line_ = record_line_ + 1;
  } else if (!fits) {
    skip_overlong();
    return true;
  }
  const char* record = buffer_.data() + begin_;
  begin_ += s.position;
  raw_ = {record, s.length};
  if (s.too_many)
    problem_ = CsvProblem::too_many_columns;
  else if (s.broken)
    problem_ = CsvProblem::broken_quotes;
  else if (!is_utf8(raw_))
    problem_ = CsvProblem::invalid_utf8;
  else
    take_fields(record);
  return true;
}

void CsvReader::take_fields(const char* record) {
  for (const Scan::Field& part : scan_->fields) {
    const std::string_view text(record + part.begin, part.end - part.begin);
    if (!part.escaped) {
      fields_.push_back(text);
      continue;
    }
    // Doubled quotes become one, out of place: raw() stays as the file has it.
    std::string& joined = joined_.emplace_back();
    for (std::size_t i = 0; i < text.size(); ++i) {
      joined += text[i];
      if (text[i] == '"') ++i;
    }
    fields_.push_back(joined);
  }
}

}  // namespace liftmark
