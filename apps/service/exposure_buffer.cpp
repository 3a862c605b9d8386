#include "apps/service/exposure_buffer.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace liftmark::service {
namespace {

constexpr std::size_t kRecent = 1u << 18;

XXH128_hash_t hash_of(const Exposure& exposure, std::string_view unit) {
  const std::string bytes = fmt::format("{}\x1f{}\x1f{}\x1f{}\x1f{}", unit, exposure.experiment, exposure.arm,
                                        exposure.epoch, exposure.at / kMicrosPerDay);
  return XXH3_128bits(bytes.data(), bytes.size());
}

std::string id_of(XXH128_hash_t hash) {
  return fmt::format("eval-{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

ExposureBuffer::ExposureBuffer(Record record, Keep keep, ExposureBufferOptions options)
    : record_(std::move(record)),
      keep_(std::move(keep)),
      options_(options),
      recent_(kRecent),
      thread_([this] { run(); }) {}

ExposureBuffer::~ExposureBuffer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool ExposureBuffer::add(const Exposure& exposure) {
  const XXH128_hash_t hash = options_.stored_unit ? hash_of(exposure, options_.stored_unit(exposure.unit))
                                                  : hash_of(exposure, exposure.unit);
  Row row{id_of(hash),
          std::string(exposure.unit),
          std::string(exposure.experiment),
          std::string(exposure.arm),
          exposure.epoch,
          exposure.at,
          {}};
  for (const Property& attribute : exposure.attributes)
    row.attributes.emplace_back(attribute.key, attribute.value);
  const std::lock_guard lock(mutex_);
  std::uint64_t& recent = recent_[hash.low64 % kRecent];
  if (recent == hash.high64) return true;
  if (rows_.size() + sending_ >= options_.rows) {
    ++lost_;
    return false;
  }
  recent = hash.high64;
  rows_.push_back(std::move(row));
  return true;
}

void ExposureBuffer::keep(KeptArm arm) {
  const std::lock_guard lock(mutex_);
  if (arms_.size() < options_.rows) arms_.push_back(std::move(arm));
}

std::size_t ExposureBuffer::waiting() const {
  const std::lock_guard lock(mutex_);
  return rows_.size() + sending_;
}

void ExposureBuffer::run() {
  std::vector<Row> rows;
  std::vector<KeptArm> arms;
  for (;;) {
    std::unique_lock lock(mutex_);
    const auto pause = healthy_ ? options_.pause : std::chrono::milliseconds(1000);
    wake_.wait_for(lock, pause, [this] { return stopping_; });
    const bool last = stopping_;
    rows.insert(rows.end(), std::make_move_iterator(rows_.begin()), std::make_move_iterator(rows_.end()));
    arms.insert(arms.end(), std::make_move_iterator(arms_.begin()), std::make_move_iterator(arms_.end()));
    rows_.clear();
    arms_.clear();
    sending_ = rows.size();
    lock.unlock();
    healthy_ = send(rows, arms);
    lock.lock();
    sending_ = rows.size();
    if (last) {
      lost_ += rows.size();
      return;
    }
  }
}

/// Sends batch by batch; what was sent leaves the lists. False when the store refused.
bool ExposureBuffer::send(std::vector<Row>& rows, std::vector<KeptArm>& arms) {
  try {
    if (!arms.empty()) keep_(arms);
    arms.clear();
    std::vector<Property> attributes;
    while (!rows.empty()) {
      const std::size_t count = std::min(rows.size(), options_.batch);
      Batch batch("evaluation");
      for (std::size_t i = 0; i < count; ++i) {
        const Row& row = rows[i];
        attributes.clear();
        for (const auto& [key, value] : row.attributes) attributes.push_back({key, value});
        Exposure exposure;
        exposure.id = row.id;
        exposure.unit = row.unit;
        exposure.experiment = row.experiment;
        exposure.arm = row.arm;
        exposure.epoch = row.epoch;
        exposure.at = row.at;
        exposure.attributes = attributes;
        exposure.arrival_time = true;
        batch.add(exposure);
      }
      record_(std::move(batch));
      rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count));
    }
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace liftmark::service
