#pragma once
// From texts by field to rows of a batch; what CSV and NDJSON import share. Internal to import.

#include <array>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/record/import.hpp"
#include "engine/record/input_stream.hpp"
#include "engine/record/row_groups.hpp"

namespace liftmark {

enum class Field : std::uint8_t {
  id,
  unit,
  type,
  at,
  value,
  reference,
  recorded_at,
  experiment,
  epoch,
  arm,
  propensity,
  fallback,
  count
};
inline constexpr std::size_t kFields = static_cast<std::size_t>(Field::count);

/// One row as texts. Views are valid until the row is added.
struct RawRow {
  std::int64_t line = 0;
  std::string_view raw;  ///< the row's bytes, which tell equal rows without id apart
  std::array<std::string_view, kFields> field{};
  std::string_view value_factor{};  ///< second factor of the value, if there is one
  bool has_factor = false;
  std::vector<std::string_view> extra{};  ///< texts of extra_names(); empty where there is none
  std::vector<Property> properties{};
  std::string_view operator[](Field f) const { return field[static_cast<std::size_t>(f)]; }
};

/// Why a row cannot be taken; `reason` empty: it can.
struct RowFault {
  std::string_view reason{}, field{};
  explicit operator bool() const noexcept { return !reason.empty(); }
};
/// Where the moments of a row without its own come from.
struct RowTimes {
  bool recorded_at_event_time = false;
  std::optional<Micros>
      arrival{};  ///< the moment of a row that has an id and no time; unset: such a row is a fault
};
/// Texts to values; views into the row.
RowFault read_event(const RawRow& row, const RowTimes& times, Event& event);
RowFault read_exposure(const RawRow& row, const RowTimes& times, Exposure& exposure);

/// Tells rows without id apart by their bytes and how often these came before.
class RowDistinction {
 public:
  /// 0 for a row with an id.
  std::uint64_t operator()(const RawRow& row);

 private:
  std::unordered_map<std::uint64_t, std::uint32_t> seen_;
};

/// Builds batches, sends them to the recorder, keeps the books.
class RowImporter {
 public:
  RowImporter(BatchSink& recorder, const ImportOptions& options, std::string source, std::string file);
  ~RowImporter();
  void add(const RawRow& row);
  void reject(std::int64_t line, std::string_view reason, std::string_view field = {});
  /// Shows progress now and then; `input` is what is being read.
  void show_progress(const InputStream& input, bool at_end = false);
  /// Sends what is left and waits until all is on disk. Throws what the recorder threw.
  ImportResult finish();

 private:
  void add_group(const RawRow& row, Event event);
  void send_groups();
  void sent_row(std::int64_t line);
  void send();
  void settle(const Ack& ack, const std::vector<std::int64_t>& lines, std::exception_ptr failure);
  void write_reject(std::int64_t line, std::string_view reason, std::string_view field);

  BatchSink& recorder_;
  const ImportOptions& options_;
  std::string file_;
  std::optional<RowGroups> groups_;
  Batch batch_;
  std::vector<std::int64_t> lines_;
  RowDistinction distinction_;
  std::mutex mutex_;  // guards what follows: the recorder's thread settles
  std::condition_variable settled_;
  std::size_t in_flight_ = 0;
  std::exception_ptr failure_;
  ImportResult result_;
  std::ofstream rejects_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_ = started_;
};

/// "Quantity*Price" taken apart; nothing when it is one column.
std::optional<std::pair<std::string, std::string>> factors_of(const std::string& column);

/// Columns or keys that are read beside the fields: those of the filter and, last, that of the grouping.
std::vector<std::string> extra_names(const ImportOptions& options);

/// Position of a field by its name.
std::optional<Field> find_field(std::string_view name) noexcept;

void import_csv(InputStream& input, const std::string& name, const ImportOptions& options, RowImporter& rows);
void import_ndjson(InputStream& input, const std::string& name, const ImportOptions& options,
                   RowImporter& rows);

}  // namespace liftmark
