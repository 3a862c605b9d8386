#pragma once
// Columns of a shop's own tables as SQL that reads them as Liftmark's fields. Internal to row_tables.cpp.

#include <string>
#include <string_view>

#include "engine/record/event.hpp"

namespace liftmark::clickhouse {

/// Without Nullable(..) and LowCardinality(..).
std::string plain_type(std::string_view type);

/// What a field takes when it cannot be read from a column of this type; empty when it can. `field`: a name
/// of import's fields, or "property".
std::string_view unreadable(std::string_view field, std::string_view type) noexcept;

/// Microseconds UTC of a column that is not NULL. Whole numbers are seconds, from 10^11 milliseconds, from
/// 10^14 microseconds, as parse_moment() reads them.
std::string moment_sql(const std::string& column, std::string_view type);
/// A condition on the column itself, so that parts and marks are left out, that all moments of [from, to]
/// meet, and some near them.
std::string near_sql(const std::string& column, std::string_view type, Micros from, Micros to);
/// Millionths; the largest 64-bit number where the column holds no number, or one beyond 12 digits, so that
/// adding it up is refused.
std::string value_sql(const std::string& column, std::string_view type);
std::string epoch_sql(const std::string& column, std::string_view type);
std::string flag_sql(const std::string& column, std::string_view type);

/// Whether a text is a plain decimal of at most 12 digits before the point, and which in millionths, rounded
/// half away from zero: parse_millionths() as SQL.
std::string is_number_sql(const std::string& text);
std::string number_sql(const std::string& text);

}  // namespace liftmark::clickhouse
