#include "apps/service/body.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <new>

#include "apps/service/problems.hpp"

namespace liftmark::service {
namespace {

enum class Unpacked { good, damaged, too_large };

constexpr std::size_t kStep = 1u << 18;

/// Room for the next piece of output; false when the limit is reached.
bool grow(std::string& text, std::size_t used, std::size_t most) {
  if (used > most) return false;
  text.resize(std::min(std::max(used + kStep, used * 2), most + 1));
  return text.size() > used;
}

Unpacked inflate_gzip(const std::string& packed, std::size_t most, std::string& text) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::size_t used = 0;
  for (;;) {
    if (!grow(text, used, most)) return Unpacked::too_large;
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + used);
    stream.avail_out = static_cast<uInt>(text.size() - used);
    const int code = inflate(&stream, Z_NO_FLUSH);
    used = text.size() - stream.avail_out;
    if (used > most) return Unpacked::too_large;
    if (code == Z_STREAM_END) {
      text.erase(used);
      if (stream.avail_in == 0) return Unpacked::good;
      if (inflateReset(&stream) != Z_OK) return Unpacked::damaged;  // another member follows
    } else if (code != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0)) {
      return Unpacked::damaged;
    }
  }
}

Unpacked inflate_zstd(const std::string& packed, std::size_t most, std::string& text) {
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (context == nullptr) throw std::bad_alloc();
  // A frame may ask for a window of gigabytes; 8 MiB is what the format recommends to accept.
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 23);
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::size_t used = 0, code = 1;
  while (in.pos < in.size || code != 0) {
    if (!grow(text, used, most)) return Unpacked::too_large;
    ZSTD_outBuffer out{text.data() + used, text.size() - used, 0};
    code = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(code) != 0) return Unpacked::damaged;
    used += out.pos;
    if (used > most) return Unpacked::too_large;
    if (in.pos == in.size && code != 0 && out.pos < out.size) return Unpacked::damaged;
  }
  text.erase(used);
  return Unpacked::good;
}

}  // namespace

std::optional<Response> unpack_body(Request& request, std::size_t most) {
  const std::string_view encoding = request[Field::content_encoding];
  if (encoding.empty() || encoding == "identity") return std::nullopt;
  if (encoding != "gzip" && encoding != "zstd")
    return problem(415, "unknown_encoding", "Content-Encoding may be gzip, zstd or identity");
  std::string text;
  const Unpacked result =
      encoding == "gzip" ? inflate_gzip(request.body, most, text) : inflate_zstd(request.body, most, text);
  if (result == Unpacked::too_large) return problem(413, "body_too_large", "the unpacked body is too large");
  if (result == Unpacked::damaged)
    return problem(400, "damaged_body", "the packed body is damaged or ends early");
  request.body = std::move(text);
  return std::nullopt;
}

}  // namespace liftmark::service
