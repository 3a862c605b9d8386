#include "engine/record/stored_buckets.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <optional>

#include "assign/schemes/liftmark_1.hpp"
#include "engine/record/reader_state.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kDigits = 16;

/// The bucket in an exposure's reference; nothing when it was drawn under another key or not at all. See
/// bucket_reference().
std::optional<std::uint64_t> bucket_of(std::string_view reference, std::string_view arm_key) {
  if (reference.size() != 2 * kDigits || reference.substr(kDigits) != arm_key) return std::nullopt;
  std::uint64_t bucket = 0;
  const auto end = std::from_chars(reference.data(), reference.data() + kDigits, bucket, 16);
  if (end.ptr != reference.data() + kDigits) return std::nullopt;
  return bucket;
}

}  // namespace

StoredBuckets stored_buckets(const std::filesystem::path& store, std::string_view experiment,
                             std::string_view salt) {
  const Reader::State state(store, {});
  StoredBuckets stored;
  const auto code = state.names.find({NameKind::experiment, 0, 0, experiment});
  if (!code) return stored;
  const std::string arm_key = fmt::format("{:016x}", assign::salt_key(salt, assign::Purpose::arm));
  std::map<UnitIndex, std::optional<std::uint64_t>> units;
  auto snapshot = state.snapshot();
  BlockRows rows;
  for (const BlockEntry& entry : state.exposures) {
    if (!entry.open() && entry.part != static_cast<std::int64_t>(*code)) continue;
    snapshot->read_hot(entry.block, rows);
    snapshot->read_detail(entry.block, rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (state.names.name(NameKind::arm, rows.type[i]).parent != *code || state.excluded(rows.unit[i]))
        continue;
      auto& bucket = units[rows.unit[i]];
      if (!bucket) bucket = bucket_of(rows.reference[i], arm_key);
    }
  }
  state.give_back(std::move(snapshot));
  for (const auto& [unit, bucket] : units) {
    if (bucket)
      stored.buckets.push_back(*bucket);
    else
      ++stored.without;
  }
  return stored;
}

}  // namespace liftmark
