#include "engine/record/id_index.hpp"

#include <algorithm>
#include <cstring>

#include "engine/definition/error.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kEntryBytes = 20;
constexpr std::size_t kChunkEntries = 400;  // 8,000 bytes: one page
constexpr int kRunShift = 28;               // chunk number = run << kRunShift | position
constexpr std::size_t kFanIn = 4;

IdIndex::Entry entry_at(std::string_view chunk, std::size_t index) {
  IdIndex::Entry entry;
  const char* from = chunk.data() + index * kEntryBytes;
  std::memcpy(&entry.key.low, from, 8);
  std::memcpy(&entry.key.high, from + 8, 8);
  std::memcpy(&entry.content, from + 16, 4);
  return entry;
}

void put_entry(const IdIndex::Entry& entry, std::string& chunk) {
  chunk.append(reinterpret_cast<const char*>(&entry.key.low), 8);
  chunk.append(reinterpret_cast<const char*>(&entry.key.high), 8);
  chunk.append(reinterpret_cast<const char*>(&entry.content), 4);
}

std::int64_t chunk_number(std::int64_t run, std::size_t position) {
  return (run << kRunShift) | static_cast<std::int64_t>(position);
}

}  // namespace

BloomFilter::BloomFilter(std::string_view bytes) : words_(bytes.size() / sizeof(std::uint64_t)) {
  if (bytes.empty() || bytes.size() % 64 != 0)
    throw Error(ErrorCode::storage, "", "an id filter of the store is damaged", "restore a backup");
  std::memcpy(words_.data(), bytes.data(), bytes.size());
}

void BloomFilter::add(const Key& key) noexcept {
  std::uint64_t* words = &words_[line(key)];
  for (std::uint64_t bits = key.high, i = 0; i < 7; ++i, bits >>= 9)
    words[(bits >> 6) & 7] |= 1ull << (bits & 63);
}

bool BloomFilter::may_contain(const Key& key) const noexcept {
  const std::uint64_t* words = &words_[line(key)];
  for (std::uint64_t bits = key.high, i = 0; i < 7; ++i, bits >>= 9)
    if ((words[(bits >> 6) & 7] & (1ull << (bits & 63))) == 0) return false;
  return true;
}

/// Writes sorted entries as the chunks of a new run.
struct IdIndex::RunWriter {
  RunWriter(Database& database, std::int64_t number, std::size_t keys)
      : insert(database, "INSERT INTO id_chunk VALUES(?1, ?2)") {
    run.run = number;
    run.keys = keys;
    run.filter = BloomFilter(keys);
  }
  void add(const Entry& entry) {
    if (chunk.empty()) run.fences.push_back(entry.key.low);
    put_entry(entry, chunk);
    run.filter.add(entry.key);
    if (chunk.size() == kChunkEntries * kEntryBytes) flush();
  }
  void flush() {
    if (chunk.empty()) return;
    insert.bind(1, chunk_number(run.run, run.fences.size() - 1)).bind_blob(2, chunk).run();
    chunk.clear();
  }
  void finish(Database& database, int level, std::int64_t through_block) {
    flush();
    run.level = level;
    Statement row(database, "INSERT INTO id_run VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
    const std::string_view fences(reinterpret_cast<const char*>(run.fences.data()), run.fences.size() * 8);
    row.bind(1, run.run).bind(2, level).bind(3, static_cast<std::int64_t>(run.keys)).bind(4, through_block);
    row.bind_blob(5, fences).bind_blob(6, run.filter.bytes()).run();
  }
  Statement insert;
  Run run;
  std::string chunk;
};

/// A merge of runs that goes on over many transactions.
struct IdIndex::Merge {
  struct Source {
    Source(std::int64_t run_number, std::size_t chunk_count) : run(run_number), chunks(chunk_count) {}
    std::int64_t run = 0;
    std::size_t chunks = 0;
    std::size_t next_chunk = 0;
    std::string chunk;
    std::size_t position = 0;
    Entry front;
    bool done = false;
  };
  Merge(Database& database, std::int64_t number, std::size_t keys) : writer(database, number, keys) {}
  void advance(Source& source, Statement& select) {
    if (source.position * kEntryBytes == source.chunk.size()) {
      if (source.next_chunk == source.chunks) {
        source.done = true;
        return;
      }
      select.bind(1, chunk_number(source.run, source.next_chunk++));
      if (!select.step())
        throw Error(ErrorCode::storage, "", "an id run of the store is damaged", "restore a backup");
      source.chunk.assign(select.blob(0));
      select.reset();
      source.position = 0;
    }
    source.front = entry_at(source.chunk, source.position++);
  }
  std::vector<Source> sources;
  RunWriter writer;
  int level = 0;
};

IdIndex::IdIndex(Database& database)
    : database_(database), slots_(1024), select_(database, "SELECT keys FROM id_chunk WHERE chunk = ?1") {}
IdIndex::~IdIndex() = default;

void IdIndex::load() {
  clear_recent();
  runs_.clear();
  merge_.reset();
  sweep_.clear();
  through_block_ = 0;
  Statement rows(database_,
                 "SELECT run, level, keys, through_block, fences, filter FROM id_run ORDER BY run");
  while (rows.step()) {
    Run& run = runs_.emplace_back();
    run.run = rows.integer(0);
    run.level = static_cast<int>(rows.integer(1));
    run.keys = static_cast<std::size_t>(rows.integer(2));
    through_block_ = std::max(through_block_, rows.integer(3));
    const std::string_view fences = rows.blob(4);
    run.fences.resize(fences.size() / 8);
    std::memcpy(run.fences.data(), fences.data(), run.fences.size() * 8);
    run.filter = BloomFilter(rows.blob(5));
    next_run_ = std::max(next_run_, run.run + 1);
  }
  // Chunks of unfinished or replaced runs are swept with the next writes.
  Statement chunks(database_, "SELECT chunk >> 28 FROM id_chunk WHERE chunk >= ?1 ORDER BY chunk LIMIT 1");
  for (std::int64_t at = 0;;) {
    chunks.bind(1, at);
    if (!chunks.step()) break;
    const std::int64_t run = chunks.integer(0);
    chunks.reset();
    if (std::none_of(runs_.begin(), runs_.end(), [&](const Run& known) { return known.run == run; })) {
      sweep_.push_back(run);
      next_run_ = std::max(next_run_, run + 1);
    }
    at = chunk_number(run + 1, 0);
  }
}

void IdIndex::clear_recent() {
  std::fill(slots_.begin(), slots_.end(), Entry{});
  size_ = 0;
}

void IdIndex::prefetch(const Key& key) const noexcept {
  __builtin_prefetch(&slots_[key.low & (slots_.size() - 1)]);
  if (looked_up_) return;  // the runs were asked already
  for (const Run& run : runs_) run.filter.prefetch(key);
}

std::optional<std::uint32_t> IdIndex::find(const Key& key) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = key.low & mask; !slots_[i].empty(); i = (i + 1) & mask)
    if (slots_[i].key == key) return slots_[i].content;
  if (looked_up_) {
    if (found_.empty()) return std::nullopt;
    const auto found = found_.find(key);
    return found == found_.end() ? std::nullopt : std::optional(found->second);
  }
  for (const Run& run : runs_)
    if (run.filter.may_contain(key))
      if (const auto content = find_in(run, key)) return content;
  return std::nullopt;
}

void IdIndex::look_up(std::vector<Key> keys) {
  forget_lookup();
  looked_up_ = true;
  std::vector<Key> candidates;
  for (const Run& run : runs_) {
    candidates.clear();
    constexpr std::size_t kAhead = 16;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (i + kAhead < keys.size()) run.filter.prefetch(keys[i + kAhead]);
      if (run.filter.may_contain(keys[i])) candidates.push_back(keys[i]);
    }
    std::sort(candidates.begin(), candidates.end());
    look_up_in(run, candidates);
  }
}

/// `keys` ascending: chunks are read in order, each at most once.
void IdIndex::look_up_in(const Run& run, const std::vector<Key>& keys) {
  std::size_t loaded = run.fences.size();
  std::string chunk;
  for (const Key& key : keys) {
    const auto after = std::upper_bound(run.fences.begin(), run.fences.end(), key.low);
    if (after == run.fences.begin()) continue;
    const auto position = static_cast<std::size_t>(after - run.fences.begin()) - 1;
    if (run.fences[position] == key.low) {  // it may begin in the chunk before
      if (const auto content = find_in(run, key)) found_.emplace(key, *content);
      continue;
    }
    if (position != loaded) {
      select_.bind(1, chunk_number(run.run, position));
      if (!select_.step())
        throw Error(ErrorCode::storage, "", "an id run of the store is damaged", "restore a backup");
      chunk.assign(select_.blob(0));
      select_.reset();
      loaded = position;
    }
    std::size_t low = 0;
    std::size_t high = chunk.size() / kEntryBytes;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (entry_at(chunk, middle).key < key)
        low = middle + 1;
      else
        high = middle;
    }
    if (low == chunk.size() / kEntryBytes) continue;
    if (const Entry entry = entry_at(chunk, low); entry.key == key) found_.emplace(key, entry.content);
  }
}

std::optional<std::uint32_t> IdIndex::find_in(const Run& run, const Key& key) {
  // The last chunk whose first key is not greater; equal `low`s over a border would need 2^64 luck, and are
  // looked at.
  auto chunk = std::upper_bound(run.fences.begin(), run.fences.end(), key.low);
  while (chunk != run.fences.begin()) {
    --chunk;
    select_.bind(1, chunk_number(run.run, static_cast<std::size_t>(chunk - run.fences.begin())));
    if (!select_.step())
      throw Error(ErrorCode::storage, "", "an id run of the store is damaged", "restore a backup");
    const std::string_view bytes = select_.blob(0);
    std::size_t low = 0;
    std::size_t high = bytes.size() / kEntryBytes;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (entry_at(bytes, middle).key < key)
        low = middle + 1;
      else
        high = middle;
    }
    std::optional<std::uint32_t> found;
    if (low < bytes.size() / kEntryBytes)
      if (const Entry entry = entry_at(bytes, low); entry.key == key) found = entry.content;
    select_.reset();
    if (found || *chunk != key.low) return found;
  }
  return std::nullopt;
}

void IdIndex::insert(const Key& key, std::uint32_t content) {
  if ((size_ + 1) * 10 > slots_.size() * 7) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = key.low & mask;
  while (!slots_[i].empty()) i = (i + 1) & mask;
  slots_[i] = {key, content};
  ++size_;
}

void IdIndex::grow() {
  std::vector<Entry> slots(slots_.size() * 2);
  const std::size_t mask = slots.size() - 1;
  for (std::size_t from = 0; from < slots_.size(); ++from) {
    if (slots_[from].empty()) continue;
    std::size_t i = slots_[from].key.low & mask;
    while (!slots[i].empty()) i = (i + 1) & mask;
    slots[i] = slots_[from];
  }
  slots_.swap(slots);
}

void IdIndex::write(std::int64_t block, std::size_t at_least, std::size_t keys) {
  if (size_ > 0 && size_ >= at_least) {
    through_block_ = block;
    write_run();
  }
  if (merge_ == nullptr) start_merge();
  if (merge_ != nullptr) step_merge(keys);
  if (!sweep_.empty()) {
    Statement remove(database_,
                     "DELETE FROM id_chunk WHERE chunk IN (SELECT chunk FROM id_chunk WHERE chunk >= ?1 AND "
                     "chunk < ?2 LIMIT ?3)");
    const auto most = static_cast<std::int64_t>(std::max<std::size_t>(64, keys / kChunkEntries));
    remove.bind(1, chunk_number(sweep_.back(), 0))
        .bind(2, chunk_number(sweep_.back() + 1, 0))
        .bind(3, most)
        .run();
    if (database_.changes() < most) sweep_.pop_back();
  }
}

void IdIndex::write_run() {
  std::vector<Entry> sorted;
  sorted.reserve(size_);
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (!slots_[i].empty()) sorted.push_back(slots_[i]);
  std::sort(sorted.begin(), sorted.end(), [](const Entry& a, const Entry& b) { return a.key < b.key; });
  RunWriter writer(database_, next_run_++, sorted.size());
  for (const Entry& entry : sorted) writer.add(entry);
  writer.finish(database_, 0, through_block_);
  runs_.push_back(std::move(writer.run));
  clear_recent();
}

void IdIndex::start_merge() {
  for (int level = 0; level < 16; ++level) {
    std::size_t runs = 0;
    std::size_t keys = 0;
    for (const Run& run : runs_)
      if (run.level == level) {
        ++runs;
        keys += run.keys;
      }
    if (runs < kFanIn) continue;
    merge_ = std::make_unique<Merge>(database_, next_run_++, keys);
    merge_->level = level;
    for (const Run& run : runs_)
      if (run.level == level) merge_->sources.emplace_back(run.run, run.fences.size());
    for (auto& source : merge_->sources) merge_->advance(source, select_);
    return;
  }
}

void IdIndex::step_merge(std::size_t keys) {
  Merge& merge = *merge_;
  for (std::size_t i = 0; i < keys; ++i) {
    Merge::Source* least = nullptr;
    for (auto& source : merge.sources)
      if (!source.done && (least == nullptr || source.front.key < least->front.key)) least = &source;
    if (least == nullptr) {
      merge.writer.finish(database_, merge.level + 1, through_block_);
      Statement remove(database_, "DELETE FROM id_run WHERE run = ?1");
      for (const auto& source : merge.sources) {
        remove.bind(1, source.run).run();
        sweep_.push_back(source.run);
        std::erase_if(runs_, [&](const Run& run) { return run.run == source.run; });
      }
      runs_.push_back(std::move(merge.writer.run));
      merge_.reset();
      return;
    }
    merge.writer.add(least->front);
    merge.advance(*least, select_);
  }
}

}  // namespace liftmark
