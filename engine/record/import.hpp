#pragma once
// Exposures and events from files: CSV or NDJSON, plain, gzip or zstd. This thread parses, the recorder's
// writes.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/definition/text_predicate.hpp"
#include "engine/record/batch_sink.hpp"
#include "engine/record/csv_reader.hpp"
#include "engine/record/recorder.hpp"

namespace liftmark {

struct ImportProgress {
  std::int64_t rows = 0;
  std::uint64_t bytes = 0;        ///< of the file as it lies on disk
  std::uint64_t total_bytes = 0;  ///< 0: unknown (standard input)
  double seconds = 0.0;
};

struct ImportOptions {
  enum class Format { detect, csv, ndjson };
  enum class Kind { detect, events, exposures };
  Format format = Format::detect;
  Kind kind = Kind::detect;
  std::string source{};  ///< empty: the file's name. Ids of rows without one depend on it.
  /// Field (see import_fields()) to column or JSON key. "value" may be a product of two columns:
  /// "Quantity*Price".
  std::map<std::string, std::string> columns{};
  std::map<std::string, std::string> constants{};  ///< field to the text every row gets where it has none
  /// Columns kept as properties or attributes; unset: all that are no field.
  std::optional<std::vector<std::string>> properties{};
  bool recorded_at_event_time = false;
  std::optional<Micros> oldest{};  ///< age above which events are rejected; unset: the recorder's rule
  CsvOptions csv{.unnamed_columns = true};
  TextPredicate where{};  ///< rows for which it does not hold are left out and counted; names columns or keys
  /// Column or key of what several rows have in common that are one event, e.g. an order's lines: its id.
  /// Values add up, the earliest time counts, properties stay where the rows agree. Empty: a row is an event.
  std::string group_by{};
  std::filesystem::path rejects{};  ///< empty: "<file>.rejects.csv" in the current folder; made when needed
  double max_rejected_share = 0.1;  ///< of the rows; above it (and over 100 rows) the import fails at its end
  std::function<void(const ImportProgress&)> progress{};  ///< called a few times a second
  std::function<void()> idle{};                           ///< called so often while a pipe brings nothing
};

struct ImportResult {
  std::int64_t rows = 0;  ///< the sum of what follows
  std::int64_t accepted = 0, duplicate = 0, conflict = 0, repeat = 0, rejected = 0;
  std::int64_t filtered = 0;  ///< left out by `where`
  std::int64_t joined = 0;    ///< went into the event of an earlier row (`group_by`)
  bool durable = true;        ///< false: a power failure may lose the last commits (StoreOptions::durable)
  std::map<std::string, std::int64_t> rejected_by_reason;
  std::filesystem::path rejects;  ///< empty when nothing was rejected
  double seconds = 0.0;
  bool too_many_rejected = false;
};

/// Imports bytes that stand for a file of this name. See import_file().
ImportResult import_stream(BatchSink& recorder, std::unique_ptr<InputStream> input, const std::string& name,
                           const ImportOptions& options);

/// Imports one file ("-": standard input) and waits until everything is on disk. The good rows are kept
/// whatever the others are; rejected ones are listed with line and reason, without their content. Importing
/// the same file again adds nothing. Throws Error(data) when the file cannot be read at all or lacks a needed
/// column.
ImportResult import_file(BatchSink& recorder, const std::filesystem::path& path,
                         const ImportOptions& options);
/// The same into a store in a file.
ImportResult import_stream(Recorder& recorder, std::unique_ptr<InputStream> input, const std::string& name,
                           const ImportOptions& options);
ImportResult import_file(Recorder& recorder, const std::filesystem::path& path, const ImportOptions& options);

/// The fields a column may be mapped to, with what they mean; for --help and docs.
struct ImportField {
  std::string_view name;
  std::string_view meaning;
};
std::span<const ImportField> import_fields() noexcept;

}  // namespace liftmark
