#include "engine/record/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <thread>
#include <unordered_map>

#include "engine/definition/error.hpp"
#include "engine/record/clickhouse/address.hpp"
#include "engine/record/reader_state.hpp"
#include "engine/record/schema.hpp"
#include "engine/record/unit_order.hpp"

namespace liftmark {
namespace {

constexpr Micros kPatience = 30 * kMicrosPerSecond;

Statement select_part(Database& database, const char* part) {
  return Statement(database, fmt::format("SELECT {} FROM block WHERE block = ?1", part));
}

void require_store(const std::filesystem::path& path) {
  clickhouse::refuse_address(path.string());
  if (!std::filesystem::exists(path))
    throw Error(ErrorCode::storage, path.string(), "no such store", "liftmark init makes one");
}

}  // namespace

Snapshot::Snapshot(const std::filesystem::path& path)
    : database((require_store(path), path), Database::Mode::read), transaction(database, false) {
  // The snapshot is taken by the first read.
  check_schema(database);
  database.execute("PRAGMA cache_size=-8192");
  hot = select_part(database, "hot");
  properties = select_part(database, "properties");
  detail = select_part(database, "detail");
}

namespace {

void read_part(Snapshot& snapshot, Statement& select, std::int64_t block, const auto& decode) {
  select.bind(1, block);
  if (!select.step())
    throw Error(ErrorCode::storage, snapshot.database.path().string(), "a block of the store is missing",
                "restore a backup");
  try {
    decode(select.blob(0));
  } catch (const Error&) {
    select.reset();
    throw;
  }
  select.reset();
}

}  // namespace

void Snapshot::read_hot(std::int64_t block, BlockRows& rows) {
  read_part(*this, hot, block, [&](std::string_view bytes) { decode_hot(bytes, rows); });
}
void Snapshot::read_hot(std::int64_t block, const std::function<void(std::string_view)>& decode) {
  read_part(*this, hot, block, decode);
}
void Snapshot::read_properties(std::int64_t block, const std::vector<std::uint32_t>& keys, BlockRows& rows) {
  read_part(*this, properties, block, [&](std::string_view bytes) { decode_properties(bytes, keys, rows); });
}
void Snapshot::read_detail(std::int64_t block, BlockRows& rows) {
  read_part(*this, detail, block, [&](std::string_view bytes) { decode_detail(bytes, rows); });
}

Reader::State::State(const std::filesystem::path& file, ReaderOptions options)
    : path(file), opened(now_micros()) {
  open_snapshots();
  Database& database = main->database;
  Statement clock(database, "SELECT last_commit, generation, sweeps FROM clock");
  if (!clock.step()) database.fail(11);  // SQLITE_CORRUPT
  last_commit = clock.integer(0);
  generation = clock.integer(1);
  sweeps = clock.integer(2);
  as_of = options.as_of.value_or(last_commit);
  if (as_of > last_commit)
    throw Error(ErrorCode::usage, "--as-of", "the moment lies after the last commit of the store",
                "leave it out to see everything recorded so far");
  until = std::min(as_of, options.until.value_or(as_of));
  Statement row(database, "SELECT value FROM setting WHERE name = 'secret'");
  if (row.step()) secret = Secret::from(row.blob(0));
  names.load(database);
  for (std::uint32_t code = 0; code < names.size(NameKind::type); ++code)
    types.emplace_back(names.name(NameKind::type, code).text);
  units = static_cast<UnitIndex>(std::max(database.integer("SELECT ifnull(max(unit) + 1, 0) FROM unit"),
                                          database.integer("SELECT ifnull(max(unit) + 1, 0) FROM erasure")));
  load_blocks();
  load_links();
  load_consent();
}

void Reader::State::load_blocks() {
  Statement rows(
      main->database,
      "SELECT kind, block, part, rows, first_unit, last_unit, first_at, last_at, last_recorded FROM block b "
      "WHERE born <= ?1 AND first_at <= ?2 AND first_recorded <= ?2 AND NOT EXISTS "
      "(SELECT 1 FROM replaced r WHERE r.block = b.block AND r.generation <= ?1) ORDER BY part, first_at, "
      "block");
  rows.bind(1, generation).bind(2, as_of);
  while (rows.step()) {
    const auto unit = [&](int column) { return static_cast<UnitIndex>(rows.integer(column)); };
    auto& list = rows.integer(0) == static_cast<int>(BlockKind::event) ? events : exposures;
    list.push_back({rows.integer(1), rows.integer(2), rows.integer(3), unit(4), unit(5), rows.integer(6),
                    rows.integer(7), rows.integer(8)});
    last_block = std::max(last_block, rows.integer(1));
  }
}

std::uint64_t Reader::State::people() const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> entries;  // sorted: sets have no order of their own
  for (const auto& [from, to] : links) entries.push_back({from, to});
  for (const UnitIndex unit : erased) entries.push_back({unit, ~std::uint64_t{0}});
  for (const UnitIndex unit : denied) entries.push_back({unit, ~std::uint64_t{1}});
  std::sort(entries.begin(), entries.end());
  const std::string_view bytes(reinterpret_cast<const char*>(entries.data()),
                               entries.size() * sizeof(entries[0]));
  return secret.key(KeySpace::unit, bytes).low;
}

void Reader::State::load_links() {
  Statement erasures(main->database, "SELECT unit FROM erasure WHERE finished_at IS NULL");
  while (erasures.step()) erased.insert(static_cast<UnitIndex>(erasures.integer(0)));
  links = read_links(main->database, as_of);
}

void Reader::State::load_consent() {
  Statement rows(main->database,
                 "SELECT unit, granted FROM consent WHERE purpose = 'measurement' AND at <= ?1 AND "
                 "recorded_at <= ?1 ORDER BY at, seq");
  rows.bind(1, as_of);
  while (rows.step()) {
    const auto unit = static_cast<UnitIndex>(rows.integer(0));
    if (rows.integer(1) == 0)
      denied.insert(unit);
    else
      denied.erase(unit);
  }
}

/// Connections for the threads of one report, opened together: what the first lists is there for all of them,
/// because blocks never change, unless something was swept in between; then all are opened anew.
void Reader::State::open_snapshots() {
  const std::size_t wanted = std::clamp(std::thread::hardware_concurrency(), 1u, 8u);
  const auto swept = [](Snapshot& snapshot) { return snapshot.database.integer("SELECT sweeps FROM clock"); };
  for (bool together = false; !together;) {
    spare.clear();
    main = std::make_unique<Snapshot>(path);
    sweeps = swept(*main);
    together = true;
    while (together && spare.size() < wanted) {
      spare.push_back(std::make_unique<Snapshot>(path));
      together = swept(*spare.back()) == sweeps;
    }
  }
}

std::unique_ptr<Snapshot> Reader::State::snapshot() const {
  {
    const std::lock_guard guard(spare_mutex);
    if (!spare.empty()) {
      auto taken = std::move(spare.back());
      spare.pop_back();
      return taken;
    }
  }
  auto further = std::make_unique<Snapshot>(path);
  if (further->database.integer("SELECT sweeps FROM clock") != sweeps)
    throw Error(ErrorCode::storage, path.string(), "the store was tidied up while the report began",
                "run it again");
  return further;
}

void Reader::State::give_back(std::unique_ptr<Snapshot> snapshot) const {
  const std::lock_guard guard(spare_mutex);
  spare.push_back(std::move(snapshot));
}

void Reader::State::check_age() const {
  if (now_micros() - opened < kPatience) return;
  Database fresh(path, Database::Mode::read);
  if (fresh.integer("SELECT count(*) FROM erasure WHERE finished_at IS NULL") > 0)
    throw Error(ErrorCode::storage, path.string(), "reading was ended so that an erasure can finish",
                "run it again");
}

ValueCode Reader::State::inline_code(std::string_view text) const {
  const std::lock_guard guard(inline_mutex);
  if (const auto found = inline_codes.find(text); found != inline_codes.end()) return found->second;
  const auto code = kFirstInlineCode + static_cast<ValueCode>(inline_texts.size());
  inline_codes.emplace(inline_texts.emplace_back(text), code);
  return code;
}

void resolve_property(const Reader::State& state, const BlockRows& rows, std::uint32_t key,
                      std::vector<ValueCode>& out) {
  const auto column = std::find_if(rows.properties.begin(), rows.properties.end(),
                                   [&](const PropertyColumn& candidate) { return candidate.key == key; });
  if (column == rows.properties.end()) {
    out.assign(rows.size(), 0);
    return;
  }
  out = column->code;
  std::size_t next = 0;
  for (ValueCode& code : out)
    if (code == kInlineValue) code = state.inline_code(column->inline_text[next++]);
}

Reader::Reader(const std::filesystem::path& path, ReaderOptions options)
    : state_(std::make_unique<State>(path, options)) {}
Reader::~Reader() = default;

Micros Reader::as_of() const noexcept {
  return state_->as_of;
}

Micros Reader::until() const noexcept {
  return state_->until;
}
Micros Reader::last_commit() const noexcept {
  return state_->last_commit;
}
std::size_t Reader::unit_count() const noexcept {
  return state_->units;
}
const std::vector<std::string>& Reader::types() const noexcept {
  return state_->types;
}

StorePosition Reader::position() const {
  StorePosition position{.store = state_->secret.key(KeySpace::unit, "").low,
                         .generation = state_->generation,
                         .last_block = state_->last_block,
                         .people = state_->people(),
                         .until = state_->until,
                         .whole = state_->as_of == state_->last_commit};
  return position;
}

std::vector<Micros> Reader::altered_after() const {
  const std::lock_guard guard(state_->main_mutex);
  Statement rows(
      state_->main->database,
      "SELECT recorded_at FROM audit WHERE act IN ('erase', 'purge') AND recorded_at > ?1 ORDER BY seq");
  rows.bind(1, state_->as_of);
  std::vector<Micros> moments;
  while (rows.step()) moments.push_back(rows.integer(0));
  return moments;
}

std::string Reader::unit_id(UnitIndex unit) const {
  const std::lock_guard guard(state_->main_mutex);
  Statement row(state_->main->database, "SELECT id FROM unit WHERE unit = ?1");
  row.bind(1, unit);
  return row.step() ? std::string(row.text(0)) : std::string();
}

std::vector<std::string> Reader::experiments() const {
  std::vector<std::string> keys;
  for (std::uint32_t code = 0; code < state_->names.size(NameKind::experiment); ++code)
    keys.emplace_back(state_->names.name(NameKind::experiment, code).text);
  return keys;
}

std::optional<CatalogVersion> Reader::catalog() const {
  const std::lock_guard guard(state_->main_mutex);
  Statement row(state_->main->database,
                "SELECT version, json, digest, recorded_at FROM catalog WHERE recorded_at <= ?1 ORDER BY "
                "version DESC LIMIT 1");
  row.bind(1, state_->as_of);
  if (!row.step()) return std::nullopt;
  return CatalogVersion{row.integer(0), std::string(row.text(1)), std::string(row.text(2)), row.integer(3)};
}

std::size_t Reader::denied_units() const noexcept {
  return state_->denied.size();
}
std::vector<CatalogVersion> Reader::catalogs() const {
  const std::lock_guard guard(state_->main_mutex);
  Statement rows(
      state_->main->database,
      "SELECT version, json, digest, recorded_at FROM catalog WHERE recorded_at <= ?1 ORDER BY version");
  rows.bind(1, state_->as_of);
  std::vector<CatalogVersion> versions;
  while (rows.step())
    versions.push_back(
        {rows.integer(0), std::string(rows.text(1)), std::string(rows.text(2)), rows.integer(3)});
  return versions;
}

std::string_view Reader::text(ValueCode code) const {
  if (code == 0) return {};
  if (code < kFirstInlineCode) return state_->names.name(NameKind::value, code).text;
  const std::lock_guard guard(state_->inline_mutex);
  return state_->inline_texts[code - kFirstInlineCode];
}

std::vector<Counter> Reader::counters() const {
  const std::lock_guard guard(state_->main_mutex);
  Statement rows(state_->main->database,
                 "SELECT name, detail, sum(count) FROM counter WHERE recorded_at <= ?1 GROUP BY name, detail "
                 "ORDER BY name, detail");
  rows.bind(1, state_->as_of);
  std::vector<Counter> counters;
  while (rows.step())
    counters.push_back({std::string(rows.text(0)), std::string(rows.text(1)), rows.integer(2)});
  return counters;
}

namespace {

struct Candidates {
  std::vector<UnitIndex> unit;
  std::vector<std::uint32_t> arm;
  std::vector<Micros> at, recorded_at;
  std::vector<double> propensity;
  std::vector<std::uint8_t> fallback;
  std::vector<std::vector<ValueCode>> attributes;
  std::vector<std::uint32_t> block;  // index into the directory, for the rare look at an id
  std::vector<std::uint32_t> row;

  void reserve(const std::vector<BlockEntry>& blocks) {
    std::size_t rows = 0;
    for (const BlockEntry& entry : blocks) rows += static_cast<std::size_t>(entry.rows);
    const auto make_room = [rows](auto&... columns) { (columns.reserve(rows), ...); };
    make_room(unit, arm, at, recorded_at, propensity, fallback, block, row);
    for (auto& column : attributes) column.reserve(rows);
  }
};

}  // namespace

ExposureColumns Reader::exposures(std::string_view experiment, const std::vector<std::string>& attribute_keys,
                                  const std::optional<StorePosition>& since) const {
  const State& state = *state_;
  state.check_age();
  ExposureColumns columns;
  columns.attributes.resize(attribute_keys.size());
  const auto code = state.names.find({NameKind::experiment, 0, 0, experiment});
  if (!code) return columns;
  constexpr std::uint32_t kOther = 0xFFFF'FFFF;
  std::vector<std::uint32_t> arm_index(state.names.size(NameKind::arm), kOther);
  for (std::uint32_t arm = 0; arm < arm_index.size(); ++arm) {
    const Name& name = state.names.name(NameKind::arm, arm);
    if (name.parent != *code) continue;
    arm_index[arm] = static_cast<std::uint32_t>(columns.arms.size());
    columns.arms.push_back({std::string(name.text), name.number});
  }
  std::vector<std::optional<std::uint32_t>> keys;
  std::vector<std::uint32_t> known_keys;
  for (const std::string& key : attribute_keys) {
    keys.push_back(state.names.find({NameKind::key, 0, 0, key}));
    if (keys.back()) known_keys.push_back(*keys.back());
  }
  auto snapshot = state.snapshot();
  Candidates found;
  found.attributes.resize(keys.size());
  found.reserve(state.exposures);
  BlockRows rows;
  std::vector<ValueCode> values;
  for (std::size_t b = 0; b < state.exposures.size(); ++b) {
    const BlockEntry& entry = state.exposures[b];
    if (!entry.open() && entry.part != static_cast<std::int64_t>(*code)) continue;
    const Micros seen_until = since && entry.block <= since->last_block ? since->until : kNothingSeen;
    if (entry.last_at <= seen_until) continue;
    snapshot->read_hot(entry.block, rows);
    const std::size_t first = found.unit.size();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::uint32_t arm = rows.type[i] < arm_index.size() ? arm_index[rows.type[i]] : kOther;
      if (arm == kOther || (rows.flags[i] & kRepeat) != 0) continue;
      if (rows.at[i] > state.until || rows.recorded_at[i] > state.as_of || state.excluded(rows.unit[i]) ||
          rows.at[i] <= seen_until)
        continue;
      found.unit.push_back(state.canonical(rows.unit[i]));
      found.arm.push_back(arm);
      found.at.push_back(rows.at[i]);
      found.recorded_at.push_back(rows.recorded_at[i]);
      found.propensity.push_back(std::bit_cast<double>(rows.value[i]));
      found.fallback.push_back(rows.flags[i] & kFallback);
      found.block.push_back(static_cast<std::uint32_t>(b));
      found.row.push_back(static_cast<std::uint32_t>(i));
    }
    if (known_keys.empty() || found.unit.size() == first) continue;
    snapshot->read_properties(entry.block, known_keys, rows);
    for (std::size_t k = 0; k < keys.size(); ++k) {
      if (keys[k])
        resolve_property(state, rows, *keys[k], values);
      else
        values.assign(rows.size(), 0);
      for (std::size_t i = first; i < found.unit.size(); ++i)
        found.attributes[k].push_back(values[found.row[i]]);
    }
  }
  for (auto& column : found.attributes) column.resize(found.unit.size(), 0);

  // By unit, then the few units with several rows are put in order.
  const std::size_t count = found.unit.size();
  std::vector<std::uint32_t> order = order_by_unit(found.unit, count, state.units);
  // Ids decide between exposures at the same moment. An import that gives a whole file one moment ties them
  // all, so the blocks decoded for it are kept.
  constexpr std::size_t kMostDecoded = 64;
  std::unordered_map<std::uint32_t, BlockRows> decoded;
  const auto id_of = [&](std::uint32_t i) {
    const std::uint32_t block = found.block[i];
    if (decoded.size() >= kMostDecoded && !decoded.contains(block)) decoded.clear();
    const auto [detail, fresh] = decoded.try_emplace(block);
    if (fresh) {
      snapshot->read_hot(state.exposures[block].block, detail->second);
      snapshot->read_detail(state.exposures[block].block, detail->second);
    }
    return std::string(detail->second.id[found.row[i]]);
  };
  const auto earlier = [&](std::uint32_t a, std::uint32_t b) {
    if (found.at[a] != found.at[b]) return found.at[a] < found.at[b];
    const std::string id_a = id_of(a);
    const std::string id_b = id_of(b);
    if (id_a != id_b) return id_a < id_b;
    return columns.arms[found.arm[a]].key < columns.arms[found.arm[b]].key;
  };
  for (auto run = order.begin(), next = run; run != order.end(); run = next) {
    while (next != order.end() && found.unit[*next] == found.unit[*run]) ++next;
    if (next - run > 1) std::sort(run, next, earlier);
  }

  const auto reorder = [&](const auto& from, auto& to) {
    to.resize(count);
    for (std::size_t i = 0; i < count; ++i) to[i] = from[order[i]];
  };
  reorder(found.unit, columns.unit);
  reorder(found.arm, columns.arm);
  reorder(found.at, columns.at);
  reorder(found.recorded_at, columns.recorded_at);
  reorder(found.propensity, columns.propensity);
  reorder(found.fallback, columns.fallback);
  for (std::size_t k = 0; k < keys.size(); ++k) reorder(found.attributes[k], columns.attributes[k]);
  state.give_back(std::move(snapshot));
  return columns;
}

}  // namespace liftmark
