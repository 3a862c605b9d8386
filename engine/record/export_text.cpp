#include "engine/record/export_text.hpp"

#include <fmt/format.h>

namespace liftmark {
namespace {

void put_csv(std::string_view text, std::string& out) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void put_json(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  out += '"';
}

}  // namespace

std::string csv_header(ExportOptions::Kind kind, const std::vector<std::string_view>& properties) {
  std::string line = kind == ExportOptions::Kind::exposures
                         ? "id,experiment,epoch,unit,arm,at,recorded_at,propensity,fallback"
                         : "id,unit,type,at,recorded_at,value,reference";
  for (const std::string_view property : properties) {
    line += ',';
    put_csv(property, line);
  }
  return line + "\n";
}

void write_csv_row(const ExportedFields& fields, const std::vector<std::string_view>& cells,
                   std::string& out) {
  bool first = true;
  for (const auto& [name, text] : fields) {
    if (!first) out += ',';
    first = false;
    put_csv(text, out);
  }
  for (const std::string_view cell : cells) {
    out += ',';
    put_csv(cell, out);
  }
  out += '\n';
}

void write_json_row(const ExportedFields& fields, const std::vector<ExportedText>& properties,
                    ExportOptions::Kind kind, std::string& out) {
  out += '{';
  bool first = true;
  for (const auto& [name, text] : fields) {
    if (text.empty()) continue;
    if (!first) out += ',';
    first = false;
    put_json(name, out);
    out += ':';
    if (name == "value" || name == "epoch" || name == "propensity" || name == "fallback")
      out += text;
    else
      put_json(text, out);
  }
  if (!properties.empty()) {
    out += kind == ExportOptions::Kind::exposures ? ",\"attributes\":{" : ",\"properties\":{";
    first = true;
    for (const auto& [name, text] : properties) {
      if (!first) out += ',';
      first = false;
      put_json(name, out);
      out += ':';
      put_json(text, out);
    }
    out += '}';
  }
  out += "}\n";
}

}  // namespace liftmark
