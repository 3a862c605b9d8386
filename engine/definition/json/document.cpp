#include "engine/definition/json/document.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace liftmark {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 64;
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

/// Builds the document and notices what nlohmann's own builder forgives: names given twice, endless nesting.
class Builder : public nlohmann::json_sax<json> {
 public:
  Builder(std::string_view text, std::vector<Problem>& problems) : text_(text), problems_(problems) {}

  json take() { return std::move(root_); }

  bool null() override { return place(nullptr); }
  bool boolean(bool value) override { return place(value); }
  bool number_integer(number_integer_t value) override { return place(value); }
  bool number_unsigned(number_unsigned_t value) override { return place(value); }
  bool number_float(number_float_t value, const string_t&) override {
    if (value == std::floor(value) && std::abs(value) < kExactIntegers)
      return place(static_cast<std::int64_t>(value));
    return place(value);
  }
  bool string(string_t& value) override { return place(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // not part of JSON text
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    Level& level = levels_.back();
    if (!level.names.insert(name).second)
      problems_.push_back({json_pointer(pointer(levels_.size() - 1), name),
                           "a name is given twice in one object", name, "Keep one of the two."});
    level.name = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    problems_.push_back({place_in_text(position), sentence(error), {}, remedy(error)});
    return false;
  }

 private:
  struct Level {
    json value;
    std::set<std::string> names;
    std::string name;
  };

  bool place(json value) {
    if (levels_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Level& level = levels_.back();
    if (level.value.is_array())
      level.value.push_back(std::move(value));
    else
      level.value[level.name] = std::move(value);
    return true;
  }

  bool open(json value) {
    if (levels_.size() >= kDeepest) {
      problems_.push_back({pointer(levels_.size()),
                           fmt::format("nested deeper than {} levels", kDeepest),
                           {},
                           "Flatten the document; no catalog needs this."});
      return false;
    }
    levels_.push_back({std::move(value), {}, {}});
    return true;
  }

  bool close() {
    json value = std::move(levels_.back().value);
    levels_.pop_back();
    return place(std::move(value));
  }

  std::string pointer(std::size_t depth) const {
    std::string path;
    for (std::size_t i = 0; i < depth && i < levels_.size(); ++i)
      path = levels_[i].value.is_array() ? json_pointer(path, levels_[i].value.size())
                                         : json_pointer(path, levels_[i].name);
    return path;
  }

  std::string place_in_text(std::size_t position) const {
    const auto end = text_.begin() + static_cast<std::ptrdiff_t>(std::min(position, text_.size()));
    const auto line = std::count(text_.begin(), end, '\n') + 1;
    const auto start = std::find(std::make_reverse_iterator(end), text_.rend(), '\n').base();
    return fmt::format("line {}, column {}", line, std::max<std::ptrdiff_t>(end - start, 1));
  }

  static std::string sentence(const nlohmann::detail::exception& error) {
    if (error.id == 406) return "a number is too large for a double";
    const std::string_view what = error.what();
    return what.find("UTF-8") != std::string_view::npos ? "not valid UTF-8" : "not valid JSON";
  }

  static std::string remedy(const nlohmann::detail::exception& error) {
    if (error.id == 406) return "Write a number between -1e308 and 1e308.";
    std::string text = error.what();
    const auto from = text.find("syntax error");
    if (from != std::string::npos) text = text.substr(from);
    std::string printable;  // the library quotes the offending bytes, which may be anything
    for (const char c : text) printable += (c >= 32 && c < 127) ? c : '?';
    if (printable.size() > 240) printable = printable.substr(0, 240) + "..";
    return printable;
  }

  std::string_view text_;
  std::vector<Problem>& problems_;
  json root_;
  std::vector<Level> levels_;
};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

json read_json(std::string_view text, std::vector<Problem>& problems) {
  const std::size_t before = problems.size();
  Builder builder(text, problems);
  const bool complete = json::sax_parse(text.begin(), text.end(), &builder);
  return complete && problems.size() == before ? builder.take() : json();
}

std::string canonical_json(const json& value) {
  return value.dump();
}

std::string json_pointer(std::string_view pointer, std::string_view name) {
  std::string path(pointer);
  path += '/';
  for (const char c : name) {
    if (c == '~')
      path += "~0";
    else if (c == '/')
      path += "~1";
    else
      path += c;
  }
  return path;
}

std::string json_pointer(std::string_view pointer, std::size_t index) {
  return fmt::format("{}/{}", pointer, index);
}

std::string shortened(const json& value) {
  constexpr std::size_t kLongest = 60;
  std::string text = value.dump();
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "..";
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1 ||
      length != digest.size())
    throw std::runtime_error("SHA-256 is not available");
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string_view nearest(std::string_view written, const std::vector<std::string_view>& known) {
  if (written.size() > 100) return {};
  std::string_view best;
  std::size_t least = std::max<std::size_t>(2, written.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(written, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace liftmark
