#include "engine/record/import.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "engine/definition/error.hpp"
#include "engine/record/import_row.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kBatchRows = 16'384;
constexpr std::size_t kBatchBytes = 8u << 20;

constexpr std::array<ImportField, kFields> kImportFields{{
    {"id", "identity of the row; without it the row's bytes and the source make one"},
    {"unit", "whom it is about (needed)"},
    {"type", "event type, e.g. purchase (events: needed)"},
    {"at",
     "when: ISO 8601, or seconds, milliseconds or microseconds since 1970 (needed; also named time or "
     "timestamp)"},
    {"value", "decimal with 6 places, e.g. money; negative for refunds"},
    {"reference", "id of another event, e.g. the order a refund belongs to"},
    {"recorded_at", "when it was first recorded, for as-of reports; else the moment of the import"},
    {"experiment", "key of the experiment (exposures: needed)"},
    {"epoch", "epoch of the experiment, from 1"},
    {"arm", "key of the arm (exposures: needed)"},
    {"propensity", "probability with which the arm was given, in (0, 1]"},
    {"fallback", "true when the default arm was given because assignment failed"},
}};

/// The file's name without folder and packing, so that importing it from elsewhere is the same source.
std::string source_of(const std::filesystem::path& path) {
  if (path == "-") return "stdin";
  std::filesystem::path name = path.filename();
  if (name.extension() == ".gz" || name.extension() == ".zst") name = name.stem();
  return name.string();
}

}  // namespace

std::span<const ImportField> import_fields() noexcept {
  return kImportFields;
}

std::optional<Field> find_field(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kFields; ++i)
    if (kImportFields[i].name == name) return static_cast<Field>(i);
  return std::nullopt;
}

std::optional<std::pair<std::string, std::string>> factors_of(const std::string& column) {
  const auto star = column.find('*');
  if (star == std::string::npos) return std::nullopt;
  return std::pair(column.substr(0, star), column.substr(star + 1));
}

std::vector<std::string> extra_names(const ImportOptions& options) {
  std::vector<std::string> names = options.where.names();
  if (!options.group_by.empty()) names.push_back(options.group_by);
  return names;
}

RowImporter::RowImporter(BatchSink& recorder, const ImportOptions& options, std::string source,
                         std::string file)
    : recorder_(recorder), options_(options), file_(std::move(file)), batch_(source) {
  batch_.set_oldest(options.oldest);
  if (!options.group_by.empty()) {
    groups_.emplace();
    if (options.columns.contains("id"))
      throw Error(ErrorCode::usage, "--map", "the column of --group-by is the event's id",
                  "leave id= out, or --group-by");
  }
  result_.rejects = options.rejects;
  if (result_.rejects.empty()) result_.rejects = std::filesystem::path(source + ".rejects.csv").filename();
}

RowImporter::~RowImporter() {
  // An exception is on its way: the recorder may still hold batches that report here.
  std::unique_lock lock(mutex_);
  settled_.wait(lock, [this] { return in_flight_ == 0; });
}

void RowImporter::add(const RawRow& row) {
  if (!options_.where.holds(std::span(row.extra).first(options_.where.names().size()))) {
    const std::lock_guard guard(mutex_);
    ++result_.rows;
    ++result_.filtered;
    return;
  }
  const bool is_exposure = options_.kind == ImportOptions::Kind::exposures ||
                           (options_.kind == ImportOptions::Kind::detect && !row[Field::experiment].empty() &&
                            row[Field::type].empty());
  if (is_exposure && groups_)
    throw Error(ErrorCode::usage, "--group-by", "joins rows of events, and these are exposures",
                "leave it out; a unit's further exposures are counted as repeats");
  const RowTimes times{.recorded_at_event_time = options_.recorded_at_event_time};
  Event event;
  Exposure exposure;
  const RowFault fault = is_exposure ? read_exposure(row, times, exposure) : read_event(row, times, event);
  if (fault) return reject(row.line, fault.reason, fault.field);
  if (groups_) return add_group(row, event);
  const std::uint64_t distinction = distinction_(row);
  is_exposure ? batch_.add(exposure, distinction) : batch_.add(event, distinction);
  sent_row(row.line);
}

void RowImporter::add_group(const RawRow& row, Event event) {
  event.id = row.extra.back();
  if (const std::string_view reason = groups_->add(row.line, event); !reason.empty())
    reject(row.line, reason, options_.group_by);
}

void RowImporter::send_groups() {
  if (!groups_) return;
  std::vector<Property> properties;
  for (const RowGroups::Group& group : groups_->groups()) {
    properties.clear();
    for (const auto& [key, value] : group.properties) properties.push_back({key, value});
    batch_.add(Event{.id = group.id,
                     .unit = group.unit,
                     .type = group.type,
                     .at = group.at,
                     .recorded_at = group.recorded_at,
                     .value = group.value,
                     .reference = group.reference,
                     .properties = properties},
               0);
    sent_row(group.line);
  }
  const std::lock_guard guard(mutex_);
  result_.joined = groups_->joined();
  result_.rows += groups_->joined();
}

void RowImporter::sent_row(std::int64_t line) {
  lines_.push_back(line);
  if (batch_.size() >= kBatchRows || batch_.bytes() >= kBatchBytes) send();
}

void RowImporter::send() {
  if (batch_.empty()) return;
  {
    const std::lock_guard guard(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    ++in_flight_;
  }
  Batch next(batch_.source());
  next.set_oldest(batch_.oldest());
  std::swap(next, batch_);
  auto lines = std::make_shared<std::vector<std::int64_t>>(std::move(lines_));
  lines_ = {};
  lines_.reserve(kBatchRows);
  recorder_.submit(std::move(next), [this, lines](const Ack& ack, std::exception_ptr failure) {
    settle(ack, *lines, failure);
  });
}

void RowImporter::settle(const Ack& ack, const std::vector<std::int64_t>& lines, std::exception_ptr failure) {
  const std::lock_guard guard(mutex_);
  if (failure && !failure_) failure_ = failure;
  result_.rows += static_cast<std::int64_t>(failure ? 0 : lines.size());
  result_.accepted += ack.accepted;
  result_.durable = result_.durable && ack.durable;
  result_.duplicate += ack.duplicate;
  result_.conflict += ack.conflict;
  result_.repeat += ack.repeat;
  for (std::size_t i = 0; i < ack.rejections.size(); ++i)
    if (ack.outcomes[i] == Outcome::rejected) write_reject(lines[i], name(ack.rejections[i]), {});
  --in_flight_;
  settled_.notify_all();
}

void RowImporter::reject(std::int64_t line, std::string_view reason, std::string_view field) {
  const std::lock_guard guard(mutex_);
  ++result_.rows;
  write_reject(line, reason, field);
}

void RowImporter::write_reject(std::int64_t line, std::string_view reason, std::string_view field) {
  if (result_.rejected++ == 0) {
    const int file = ::open(result_.rejects.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0) ::close(file);
    rejects_.open(result_.rejects, std::ios::trunc);
    rejects_ << "file,line,reason,field\n";
  }
  ++result_.rejected_by_reason[std::string(reason)];
  rejects_ << '"' << file_ << "\"," << line << ',' << reason << ',' << field << '\n';
}

void RowImporter::show_progress(const InputStream& input, bool at_end) {
  if (!options_.progress) return;
  const auto now = std::chrono::steady_clock::now();
  if (!at_end && now - shown_ < std::chrono::milliseconds(200)) return;
  shown_ = now;
  ImportProgress progress;
  {
    const std::lock_guard guard(mutex_);
    progress.rows = result_.rows;
  }
  progress.bytes = input.consumed();
  progress.total_bytes = input.size();
  progress.seconds = std::chrono::duration<double>(now - started_).count();
  options_.progress(progress);
}

ImportResult RowImporter::finish() {
  send_groups();
  send();
  std::unique_lock lock(mutex_);
  settled_.wait(lock, [this] { return in_flight_ == 0; });
  if (failure_) std::rethrow_exception(failure_);
  if (result_.rejected == 0)
    result_.rejects.clear();
  else if (!rejects_.flush())
    throw Error(ErrorCode::data, result_.rejects.string(), "cannot write the rejects file",
                "name another with --rejects");
  result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  result_.too_many_rejected =
      result_.rows > 100 &&
      static_cast<double>(result_.rejected) > options_.max_rejected_share * static_cast<double>(result_.rows);
  return result_;
}

namespace {

/// A stream with its first bytes looked at: NDJSON begins with a brace.
class PeekedStream final : public InputStream {
 public:
  explicit PeekedStream(std::unique_ptr<InputStream> inner) : inner_(std::move(inner)), ahead_(64, '\0') {
    ahead_.resize(inner_->read(ahead_.data(), ahead_.size()));
  }
  bool begins_with_brace() const {
    std::string_view text = ahead_;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const auto first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '{';
  }
  std::size_t read(char* to, std::size_t size) override {
    if (ahead_.empty()) return inner_->read(to, size);
    const std::size_t taken = std::min(size, ahead_.size());
    ahead_.copy(to, taken);
    ahead_.erase(0, taken);
    return taken;
  }
  std::uint64_t consumed() const noexcept override { return inner_->consumed(); }
  std::uint64_t size() const noexcept override { return inner_->size(); }

 private:
  std::unique_ptr<InputStream> inner_;
  std::string ahead_;
};

}  // namespace

ImportResult import_stream(BatchSink& recorder, std::unique_ptr<InputStream> bytes, const std::string& name,
                           const ImportOptions& options) {
  PeekedStream input(std::move(bytes));
  const std::string file = name == "-" ? "standard input" : name;
  const bool ndjson = options.format == ImportOptions::Format::ndjson ||
                      (options.format == ImportOptions::Format::detect && input.begins_with_brace());
  RowImporter rows(recorder, options, options.source.empty() ? source_of(name) : options.source, file);
  ndjson ? import_ndjson(input, file, options, rows) : import_csv(input, file, options, rows);
  ImportResult result = rows.finish();
  rows.show_progress(input, true);
  recorder.flush();
  return result;
}

ImportResult import_file(BatchSink& recorder, const std::filesystem::path& path,
                         const ImportOptions& options) {
  return import_stream(recorder, InputStream::open(path, options.idle), path.string(), options);
}

ImportResult import_stream(Recorder& recorder, std::unique_ptr<InputStream> bytes, const std::string& name,
                           const ImportOptions& options) {
  FileSink sink(recorder);
  return import_stream(sink, std::move(bytes), name, options);
}

ImportResult import_file(Recorder& recorder, const std::filesystem::path& path,
                         const ImportOptions& options) {
  FileSink sink(recorder);
  return import_file(sink, path, options);
}

}  // namespace liftmark
