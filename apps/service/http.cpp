#include "apps/service/http.hpp"

#include <algorithm>

namespace liftmark::service {
namespace {

int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view name(Verb method) noexcept {
  constexpr std::string_view kNames[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "other"};
  return kNames[static_cast<std::size_t>(method)];
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = digit(text[i + 1]), low = digit(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::optional<std::string> query_value(std::string_view target, std::string_view key) {
  const auto question = target.find('?');
  std::string_view rest = question == std::string_view::npos ? "" : target.substr(question + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) != key) continue;
    std::string value(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    for (char& c : value)
      if (c == '+') c = ' ';
    return percent_decoded(value);
  }
  return std::nullopt;
}

void add_header(Response& response, std::string_view key, std::string_view value) {
  response.headers.append(key).append(": ");
  for (const char c : value)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) response.headers += c;
  response.headers += "\r\n";
}

std::string standard_headers(const Response& response) {
  std::string text = "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";
  if (!response.type.starts_with("text/html"))
    text += "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
  const bool tagged = response.headers.find("ETag: ") != std::string::npos;
  text += tagged ? "Cache-Control: private, no-cache\r\n" : "Cache-Control: no-store\r\n";
  return text;
}

}  // namespace liftmark::service
