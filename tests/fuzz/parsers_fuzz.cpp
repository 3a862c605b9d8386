// libFuzzer: every parser of bytes that people or clients send, but for catalogs with units (assign_fuzz).
// The first byte chooses the parser. Wrong input is an Error or a counted reject; anything else thrown, a
// crash or a broken law ends the run.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/verify/export_reader.hpp"
#include "assign/audience.hpp"
#include "assign/version.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/time_point.hpp"
#include "engine/record/csv_reader.hpp"
#include "engine/record/decimal.hpp"
#include "engine/record/import_row.hpp"

using namespace liftmark;

namespace {

void require(bool law) {
  if (!law) std::abort();
}

/// The input as a stream that hands out a few bytes at a time, so that every record crosses a border
/// somewhere.
class Bytes final : public InputStream {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  std::size_t read(char* to, std::size_t size) override {
    const std::size_t count = std::min({size, bytes_.size() - at_, std::size_t{1} + at_ % 7 * 13});
    bytes_.copy(to, count, at_);
    at_ += count;
    return count;
  }
  std::uint64_t consumed() const noexcept override { return at_; }
  std::uint64_t size() const noexcept override { return bytes_.size(); }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

/// A catalog that is read is read again from its canonical text as the same catalog.
void catalog(std::string_view text) {
  const Catalog first = parse_catalog(text);
  const Catalog second = parse_catalog(first.text);
  require(first.text == second.text && first.digest == second.digest);
}

/// Every good record has the header's fields, whose bytes lie within the record or were joined from it.
void csv(std::string_view text) {
  Bytes input(text);
  CsvReader reader(input, "fuzz");
  while (reader.next()) {
    if (reader.problem() == CsvProblem::none) require(reader.fields().size() == reader.header().size());
    require(reader.raw().size() <= text.size());
  }
}

struct Counter final : cli::RowSink {
  void add(const cli::ExportedRow& row) override { rows += row.unit.size() + row.attributes.size() + 1; }
  void reject(std::int64_t, std::string_view reason) override { require(!reason.empty()); }
  std::size_t rows = 0;
};

void exported_rows(std::string_view text) {
  Counter counter;
  Bytes input(text.substr(std::min<std::size_t>(1, text.size())));
  if (text.starts_with('n')) return cli::replay_ndjson(input, {}, counter);
  cli::ExportColumns columns;
  if (text.starts_with('u')) columns.arm.clear();
  cli::replay_csv(input, "fuzz", columns, counter);
}

/// Rows through the importers into a store that is thrown away: every row is counted once.
void imported_rows(std::string_view text) {
  static const std::filesystem::path folder = [] {
    auto place = std::filesystem::temp_directory_path() / ("liftmark-fuzz-" + std::to_string(::getpid()));
    std::filesystem::remove_all(place);
    std::filesystem::create_directories(place);
    std::atexit([] {
      std::error_code ignored;
      std::filesystem::remove_all(folder, ignored);
    });
    return place;
  }();
  static Store store = Store::create(folder / "fuzz.db", {.durable = false});
  static Recorder recorder(store);
  ImportOptions options;
  options.rejects = folder / "rejects.csv";
  const bool ndjson = text.starts_with('n');
  Bytes input(text.substr(std::min<std::size_t>(1, text.size())));
  FileSink sink(recorder);
  RowImporter rows(sink, options, "fuzz", "fuzz");
  ndjson ? import_ndjson(input, "fuzz", options, rows) : import_csv(input, "fuzz", options, rows);
  const ImportResult result = rows.finish();
  require(result.rows ==
          result.accepted + result.duplicate + result.conflict + result.repeat + result.rejected);
}

/// The small grammars: versions have an order, moments and decimals are written and read again, a pattern
/// compiles within its memory or is a problem.
void words(std::string_view text) {
  const auto half = text.size() / 2;
  const auto a = assign::parse_version(text.substr(0, half));
  const auto b = assign::parse_version(text.substr(half));
  if (a && b) {
    require(assign::compare(*a, *a) == 0);
    require((assign::compare(*a, *b) < 0) == (assign::compare(*b, *a) > 0));
  }
  if (const auto decimal = parse_decimal(text)) require(parse_decimal(format_decimal(*decimal)) == decimal);
  if (const auto time = parse_time(text)) require(parse_time(format_time(*time)) == time);
  static_cast<void>(parse_moment(text));
  assign::Predicate predicate;
  predicate.op = assign::Predicate::Op::matches;
  predicate.attribute = "a";
  predicate.values = {assign::Value{std::string(text.substr(0, half))}};
  std::vector<Problem> problems;
  const auto audience = assign::Audience::compile(predicate, "", problems);
  const std::vector<assign::Attribute> attributes{{"a", text.substr(half)}};
  if (problems.empty()) static_cast<void>(audience.contains(attributes));
}

constexpr void (*kParsers[])(std::string_view) = {catalog, csv, exported_rows, imported_rows, words};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  try {
    kParsers[bytes[0] % std::size(kParsers)](text);
  } catch (const Error&) {  // what a person gets to read
  }
  return 0;
}
