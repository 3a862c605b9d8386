#pragma once
// What the fault tests share: how often each is tried, and what a store holds afterwards.

#include <filesystem>
#include <map>
#include <string>

namespace faults {

/// LIFTMARK_FAULT_ROUNDS of the environment, else 25.
int rounds();
/// How often each event's id stands in the store.
std::map<std::string, int> stored_ids(const std::filesystem::path& store);

}  // namespace faults
