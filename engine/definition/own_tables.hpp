#pragma once
// A shop's own tables in place of the store's: {"tables": {"exposures": [..], "events": [..]}} in the
// catalog.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/definition/error.hpp"

namespace liftmark {

/// One existing table, read only. The names of fields are those of import.
struct OwnTable {
  std::string database, table;                    ///< database empty: the store's
  std::map<std::string, std::string> columns;     ///< field: column
  std::map<std::string, std::string> constants;   ///< field: text of every row
  std::map<std::string, std::string> properties;  ///< property (of exposures: attribute): column
  std::string where;  ///< SQL over the table's columns, by whoever may apply catalogs; empty: all rows
};

struct OwnTables {
  std::vector<OwnTable> exposures, events;  ///< at least one of each
};

/// What stands under "tables" at `where`; mistakes are reported.
OwnTables read_own_tables(const nlohmann::json& value, const std::string& where,
                          std::vector<Problem>& problems);
/// Of a checked catalog's text; nothing when it names none.
std::optional<OwnTables> own_tables_of(std::string_view catalog);

}  // namespace liftmark
