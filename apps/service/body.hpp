#pragma once
// The body of a request as it was before it was packed.

#include <cstddef>
#include <optional>

#include "apps/service/http.hpp"

namespace liftmark::service {

/// Unpacks `request.body` by its Content-Encoding (gzip, zstd, identity). The answer to give when that cannot
/// be done: 415 for another encoding, 400 for damaged bytes, 413 when it would exceed `most` bytes.
std::optional<Response> unpack_body(Request& request, std::size_t most);

}  // namespace liftmark::service
