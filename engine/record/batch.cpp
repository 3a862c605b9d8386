#include "engine/record/batch.hpp"

#include <xxhash.h>

#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>

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

/// Id of a row that came without one: hash(source, content, distinction).
std::string made_id(std::string_view source, std::uint64_t content, Micros at, std::uint64_t distinction) {
  std::string bytes(source);
  const std::uint64_t numbers[3] = {content, static_cast<std::uint64_t>(at), distinction};
  bytes.append(reinterpret_cast<const char*>(numbers), sizeof numbers);
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  constexpr char kDigits[] = "0123456789abcdef";
  std::string id = "~";
  for (const std::uint64_t half : {hash.high64, hash.low64})
    for (int shift = 60; shift >= 0; shift -= 4) id += kDigits[(half >> shift) & 15];
  return id;
}

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
  ContentHash content(false);
  for (const std::string_view text : {event.unit, event.type, event.reference}) content.add(text);
  for (const Property& property : event.properties) {
    content.add(property.key);
    content.add(property.value);
  }
  content.add(event.value);
  if (!event.arrival_time) content.add(event.at);
  row.content = content.value();
  row.id = event.id.empty() ? copy(made_id(source_, row.content, event.at, distinction)) : copy(event.id);
  row.unit = copy(event.unit);
  row.type_or_arm = copy(event.type);
  row.reference = copy(event.reference);
  row.at = event.at;
  row.recorded_at = event.recorded_at.value_or(kUnset);
  row.value = event.value;
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
  ContentHash content(true);
  for (const std::string_view text : {exposure.unit, exposure.experiment, exposure.arm}) content.add(text);
  for (const Property& attribute : exposure.attributes) {
    content.add(attribute.key);
    content.add(attribute.value);
  }
  content.add(exposure.epoch);
  content.add(exposure.fallback);
  row.value = exposure.propensity ? std::bit_cast<std::int64_t>(*exposure.propensity) : 0;
  content.add(row.value);
  if (!exposure.arrival_time) content.add(exposure.at);
  row.content = content.value();
  row.id =
      exposure.id.empty() ? copy(made_id(source_, row.content, exposure.at, distinction)) : copy(exposure.id);
  row.unit = copy(exposure.unit);
  row.type_or_arm = copy(exposure.arm);
  row.experiment = copy(exposure.experiment);
  row.epoch = exposure.epoch;
  row.fallback = exposure.fallback;
  row.at = exposure.at;
  row.recorded_at = exposure.recorded_at.value_or(kUnset);
  add_properties(exposure.attributes, row);
  rows_.push_back(row);
}

void Batch::clear() {
  text_.clear();
  rows_.clear();
  properties_.clear();
}

}  // namespace liftmark
