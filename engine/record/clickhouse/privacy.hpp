#pragma once
// Erasure, retention and purge in ClickHouse; engine/record/privacy.hpp says what each of them means.
//
// Everything may be stopped at any moment, and asked for again: it goes on where it was. Errors of a server
// that cannot be reached are thrown (LostConnection); what was hidden by then stays so.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "engine/record/clickhouse/store.hpp"

namespace liftmark::clickhouse {

/// How long to wait for the servers, and who is told meanwhile what is still to be done.
struct Patience {
  std::chrono::seconds most{180};
  std::function<void(std::string_view)> show{};
};

struct Removal {
  std::int64_t units = 0;  ///< of erase(): 0 when the store does not know the unit
  std::int64_t rows = 0;   ///< exposures and events, of purge() events
  std::string pending{};   ///< what the servers have still to do; empty: it is finished
};

/// Removes one unit: hidden at once in reports, exports and later imports, whatever their as-of; then its
/// rows, and its overrides in catalogs. Finished when no table on any shard holds a part from before: neither
/// its rows nor the old files. Throws Error{usage} when the rows stand in tables of the shop's own.
Removal erase(Store& store, std::string_view unit, const Patience& patience);

/// Events of `type` older than `days` (> 0) are refused from now on and removed by purge(); 0: kept for ever.
void set_retention(Store& store, std::string_view type, int days);
/// Removes events past the retention of their type: hidden at once, then their rows. Finished when no table
/// holds a row; the server deletes the old files by itself. Throws as erase().
Removal purge(Store& store, const Patience& patience);

/// Carries every erasure on, and returns what they are still pending for; empty: all are finished.
std::string carry_out_erasures(Store& store);

}  // namespace liftmark::clickhouse
