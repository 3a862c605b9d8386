#include "engine/record/json_rows.hpp"

#include "engine/record/json_row.hpp"
#include "engine/record/utf8.hpp"

namespace liftmark {
namespace {

bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Follows brackets and strings through JSON.
class Nesting {
 public:
  void see(char c) noexcept {
    if (in_string_) {
      if (escaped_)
        escaped_ = false;
      else if (c == '\\')
        escaped_ = true;
      else if (c == '"')
        in_string_ = false;
      return;
    }
    if (c == '"')
      in_string_ = true;
    else if (c == '{' || c == '[')
      deepest_ = std::max(deepest_, ++depth_);
    else if (c == '}' || c == ']')
      --depth_;
  }
  bool in_string() const noexcept { return in_string_; }
  int depth() const noexcept { return depth_; }
  int deepest() const noexcept { return deepest_; }

 private:
  bool in_string_ = false, escaped_ = false;
  int depth_ = 0, deepest_ = 0;
};

/// The rows of a body, one by one.
class RowSplitter {
 public:
  explicit RowSplitter(std::string_view body) : rest_(trimmed(body)) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_ = trimmed(rest_.substr(3));
    array_ = rest_.starts_with('[');
    if (array_) rest_ = trimmed(rest_.substr(1));
    if (array_ && rest_.starts_with(']')) finish_array();
  }

  /// false at the end; then well() says whether it was one.
  bool next(std::string_view& row) { return array_ ? next_element(row) : next_line(row); }
  bool well() const noexcept { return well_; }

 private:
  bool next_line(std::string_view& row) {
    while (!rest_.empty()) {
      const auto end = rest_.find('\n');
      row = trimmed(rest_.substr(0, end));
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
      if (!row.empty()) return true;
    }
    return false;
  }

  bool next_element(std::string_view& row) {
    if (done_) return false;
    Nesting nesting;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      const char c = rest_[i];
      const bool outside = !nesting.in_string() && nesting.depth() == 0;
      if (outside && (c == ',' || c == ']')) {
        row = trimmed(rest_.substr(0, i));
        rest_.remove_prefix(i);
        if (c == ']')
          finish_array();
        else
          rest_.remove_prefix(1);
        return true;
      }
      nesting.see(c);
    }
    well_ = false;
    done_ = true;
    return false;
  }

  void finish_array() {
    done_ = true;
    well_ = trimmed(rest_.substr(1)).empty();
  }

  std::string_view rest_;
  bool array_ = false, done_ = false, well_ = true;
};

bool too_long(const RawRow& row, std::size_t bytes) {
  return row[Field::id].size() > bytes || row[Field::unit].size() > bytes ||
         row[Field::reference].size() > bytes;
}

/// Reads rows and adds the good ones to the batch.
class RowsReader {
 public:
  RowsReader(const std::string& body, const JsonRowsOptions& options)
      : end_(body.data() + body.size() + kJsonPadding), options_(options), reader_(import_options_) {
    rows_.batch = Batch(options.source);
  }

  void add(std::string_view text) {
    ++rows_.rows;
    row_.raw = text;
    std::string_view reason;
    if (!is_utf8(text))
      reason = "invalid_utf8";
    else if (!nests_within(text, options_.depth))
      reason = "too_deep";
    else
      reason = reader_.read(text, static_cast<std::size_t>(end_ - text.data()), row_);
    if (reason.empty() && too_long(row_, options_.id_bytes)) reason = "too_long";
    if (reason.empty()) reason = add_row().reason;
    if (reason.empty())
      rows_.row.push_back(rows_.rows);
    else
      rows_.refused.push_back({rows_.rows, reason});
  }

  JsonRows take() { return std::move(rows_); }

 private:
  RowFault add_row() {
    // The moment of recording is the writer's to give.
    row_.field[static_cast<std::size_t>(Field::recorded_at)] = {};
    const RowTimes times{.arrival = options_.arrival};
    const std::uint64_t distinction = distinction_(row_);
    if (options_.kind == JsonRowsOptions::Kind::exposures) {
      Exposure exposure;
      if (const RowFault fault = read_exposure(row_, times, exposure)) return fault;
      rows_.batch.add(exposure, distinction);
    } else {
      Event event;
      if (const RowFault fault = read_event(row_, times, event)) return fault;
      rows_.batch.add(event, distinction);
    }
    return {};
  }

  const char* end_;
  const JsonRowsOptions& options_;
  const ImportOptions import_options_{};
  JsonRowReader reader_;
  RowDistinction distinction_;
  RawRow row_;
  JsonRows rows_;
};

}  // namespace

bool nests_within(std::string_view json, int depth) noexcept {
  Nesting nesting;
  for (const char c : json) nesting.see(c);
  return nesting.deepest() <= depth;
}

std::optional<JsonRows> read_json_rows(std::string& body, const JsonRowsOptions& options) {
  body.reserve(body.size() + kJsonPadding);
  RowSplitter splitter(body);
  RowsReader reader(body, options);
  std::string_view text;
  std::size_t count = 0;
  while (splitter.next(text)) {
    if (++count > options.most_rows) {
      JsonRows many;
      many.too_many = true;
      return many;
    }
    reader.add(text);
  }
  if (!splitter.well()) return std::nullopt;
  return reader.take();
}

}  // namespace liftmark
