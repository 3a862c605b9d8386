#include "engine/record/batch.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "assign/schemes/liftmark_1.hpp"
#include "engine/record/utf8.hpp"

namespace liftmark {
namespace {

constexpr std::array<std::string_view, 13> kRejections{
    "none",           "missing_unit",       "missing_type",  "missing_experiment",
    "missing_arm",    "too_long",           "invalid_utf8",  "time_out_of_range",
    "past_retention", "invalid_propensity", "invalid_epoch", "no_consent",
    "erased"};

/// Mixes fields with their lengths, so that ("ab", "c") and ("a", "bc") differ.
class ContentHash {
 public:
  explicit ContentHash(bool exposure) : hash_(exposure ? 2 : 1) {}
  void add(std::string_view text) {
    hash_ = XXH3_64bits_withSeed(text.data(), text.size(), hash_ + text.size());
  }
  void add(std::int64_t number) { hash_ = XXH3_64bits_withSeed(&number, sizeof number, hash_); }
  std::uint64_t value() const noexcept { return hash_; }

 private:
  std::uint64_t hash_;
};

Rejection check_texts(std::initializer_list<std::string_view> texts, std::span<const Property> properties) {
  if (properties.size() > kMaxProperties) return Rejection::too_long;
  const auto check = [](std::string_view text) {
    if (text.size() > kMaxTextBytes) return Rejection::too_long;
    return is_utf8(text) ? Rejection::none : Rejection::invalid_utf8;
  };
  for (const std::string_view text : texts)
    if (const Rejection reason = check(text); reason != Rejection::none) return reason;
  for (const Property& property : properties) {
    if (const Rejection reason = check(property.key); reason != Rejection::none) return reason;
    if (const Rejection reason = check(property.value); reason != Rejection::none) return reason;
  }
  return Rejection::none;
}

}  // namespace

std::string_view name(Rejection reason) noexcept {
  return kRejections[static_cast<std::size_t>(reason)];
}

Batch::Text Batch::copy(std::string_view text) {
  if (text_.size() + text.size() > UINT32_MAX) throw std::logic_error("a batch of more than 4 GB");
  const Text kept{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(text.size())};
  text_ += text;
  return kept;
}

void Batch::add_properties(std::span<const Property> properties, Row& row) {
  row.first_property = static_cast<std::uint32_t>(properties_.size());
  row.properties = static_cast<std::uint16_t>(properties.size());
  for (const Property& property : properties) {
    properties_.push_back(copy(property.key));
    properties_.push_back(copy(property.value));
  }
}

void Batch::add(const Event& event, std::uint64_t distinction) {
  Row row;
  row.rejection = check_texts({event.id, event.unit, event.type, event.reference}, event.properties);
  if (event.unit.empty())
    row.rejection = Rejection::missing_unit;
  else if (event.type.empty())
    row.rejection = Rejection::missing_type;
  if (row.rejection != Rejection::none) {
    rows_.push_back(row);
    return;
  }
  row.id = copy(event.id);
  row.unit = copy(event.unit);
  row.type_or_arm = copy(event.type);
  row.reference = copy(event.reference);
  row.at = event.at;
  row.recorded_at = event.recorded_at.value_or(kUnset);
  row.value = event.value;
  row.arrival_time = event.arrival_time;
  row.distinction = distinction;
  add_properties(event.properties, row);
  rows_.push_back(row);
}

void Batch::add(const Exposure& exposure, std::uint64_t distinction) {
  Row row;
  row.exposure = true;
  row.rejection =
      check_texts({exposure.id, exposure.unit, exposure.experiment, exposure.arm}, exposure.attributes);
  if (exposure.unit.empty())
    row.rejection = Rejection::missing_unit;
  else if (exposure.experiment.empty())
    row.rejection = Rejection::missing_experiment;
  else if (exposure.arm.empty())
    row.rejection = Rejection::missing_arm;
  else if (exposure.epoch < 1)
    row.rejection = Rejection::invalid_epoch;
  else if (exposure.propensity && !(*exposure.propensity > 0.0 && *exposure.propensity <= 1.0))
    row.rejection = Rejection::invalid_propensity;
  if (row.rejection != Rejection::none) {
    rows_.push_back(row);
    return;
  }
  row.id = copy(exposure.id);
  row.unit = copy(exposure.unit);
  row.type_or_arm = copy(exposure.arm);
  row.experiment = copy(exposure.experiment);
  row.epoch = exposure.epoch;
  row.fallback = exposure.fallback;
  row.at = exposure.at;
  row.recorded_at = exposure.recorded_at.value_or(kUnset);
  row.value = exposure.propensity ? std::bit_cast<std::int64_t>(*exposure.propensity) : 0;
  row.arrival_time = exposure.arrival_time;
  row.distinction = distinction;
  add_properties(exposure.attributes, row);
  rows_.push_back(row);
}

void Batch::hash_unit(const HashingDoor& door, Row& row) {
  const std::string_view unit = text(row.unit);
  std::string reference;
  if (row.exposure) {
    const auto known = door.arm_keys.find(text(row.experiment));
    if (known != door.arm_keys.end()) reference = bucket_reference(unit, known->second);
  }
  const std::string hashed = door.key.hash(unit);
  row.unit = copy(hashed);
  if (row.exposure) row.reference = copy(reference);
}

std::uint64_t Batch::content_of(const Row& row) const {
  ContentHash content(row.exposure);
  content.add(text(row.unit));
  if (row.exposure) content.add(text(row.experiment));
  content.add(text(row.type_or_arm));
  if (!row.exposure) content.add(text(row.reference));
  for (std::uint32_t p = 0; p < 2u * row.properties; ++p) content.add(property(row.first_property + p));
  if (row.exposure) {
    content.add(row.epoch);
    content.add(row.fallback);
  }
  content.add(row.value);
  if (!row.arrival_time) content.add(row.at);
  return content.value();
}

/// Id of a row that came without one: hash(source, content, distinction), keyed where units are.
std::string Batch::made_id(const Row& row, const HashingDoor* door) const {
  std::string bytes(source_);
  const std::uint64_t numbers[3] = {row.content, static_cast<std::uint64_t>(row.at), row.distinction};
  bytes.append(reinterpret_cast<const char*>(numbers), sizeof numbers);
  // The distinction is a hash of the row as it was sent, raw id and all.
  constexpr std::size_t kDigits = 32;
  if (door != nullptr) return "~" + door->key.hash(bytes).substr(0, kDigits);
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return fmt::format("~{:016x}{:016x}", hash.high64, hash.low64);
}

void Batch::seal(const HashingDoor* door) {
  for (Row& row : rows_) {
    if (row.rejection != Rejection::none) continue;
    if (door != nullptr) hash_unit(*door, row);
    row.content = content_of(row);
    if (row.id.size == 0) row.id = copy(made_id(row, door));
  }
}

std::string bucket_reference(std::string_view unit, std::uint64_t arm_key) {
  return fmt::format("{:016x}{:016x}", assign::draw(assign::unit_hash(unit), arm_key), arm_key);
}

void Batch::clear() {
  text_.clear();
  rows_.clear();
  properties_.clear();
}

}  // namespace liftmark
