// Arms of many units by the C++ library, each compared with the C library's. Usage: service_arms CATALOG
// UNITS.NDJSON Prints a line a unit and experiment, in their order: arm, reason, epoch and bucket, separated
// by tabs. Exit code 1: the C library answered otherwise, or the catalog leaves a scheme out.
#include <liftmark.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "assign/assigner.hpp"
#include "assign/schemes/scheme.hpp"
#include "engine/definition/assigner.hpp"

using namespace liftmark;
using nlohmann::json;

namespace {

/// The attributes of a unit for both libraries.
struct Attributes {
  std::vector<assign::Attribute> cpp;
  std::vector<liftmark_attribute> c;
};

Attributes attributes_of(const json& row) {
  Attributes all;
  for (const auto& [key, value] : row.items()) {
    if (key == "unit") continue;
    liftmark_attribute c{{key.data(), key.size()}, LIFTMARK_NULL, 0, 0.0, {nullptr, 0}};
    assign::AttributeValue cpp;
    if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      cpp = std::string_view(text);
      c.type = LIFTMARK_TEXT;
      c.text = {text.data(), text.size()};
    } else if (value.is_boolean()) {
      cpp = value.get<bool>();
      c.type = LIFTMARK_BOOLEAN;
      c.boolean = value.get<bool>() ? 1 : 0;
    } else {
      cpp = value.get<double>();
      c.type = LIFTMARK_NUMBER;
      c.number = value.get<double>();
    }
    all.cpp.push_back({key, cpp});
    all.c.push_back(c);
  }
  return all;
}

std::string_view view(const liftmark_text& text) {
  return {text.data, text.size};
}

bool same(const assign::Assignment& cpp, const liftmark_assignment& c) {
  return cpp.arm() == view(c.arm) && cpp.experiment() == view(c.experiment) && cpp.epoch == c.epoch &&
         cpp.bucket == c.bucket && name(cpp.reason) == liftmark_reason_name(c.reason) &&
         cpp.measured() == (c.measured != 0);
}

bool uses_every_scheme(const assign::Assigner& assigner) {
  std::set<std::string, std::less<>> used;
  for (const assign::Experiment& experiment : assigner.experiments()) used.insert(experiment.hashing.scheme);
  for (const assign::Scheme& scheme : assign::kSchemes)
    if (!used.contains(scheme.name)) {
      std::cerr << "no experiment of scheme " << scheme.name << "\n";
      return false;
    }
  return true;
}

}  // namespace

int main(int, char** arguments) {
  std::ifstream file(arguments[1]);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto cpp = compile_assigner(parse_catalog(text));
  char* error = nullptr;
  liftmark_assigner* const c = liftmark_create(text.data(), text.size(), &error);
  if (c == nullptr || !uses_every_scheme(*cpp)) return 1;
  std::vector<assign::Assignment> ours(cpp->size());
  std::vector<liftmark_assignment> theirs(cpp->size());
  std::ifstream units(arguments[2]);
  const liftmark_reader reader = liftmark_begin(c);
  for (std::string line; std::getline(units, line);) {
    const json row = json::parse(line);
    const auto& unit = row.at("unit").get_ref<const std::string&>();
    const Attributes attributes = attributes_of(row);
    assign::Context context;
    context.unit = unit;
    context.attributes = attributes.cpp;
    liftmark_context asked = LIFTMARK_CONTEXT_INIT;
    asked.unit = {unit.data(), unit.size()};
    asked.attributes = attributes.c.data();
    asked.attribute_count = attributes.c.size();
    cpp->assign_all(context, ours);
    liftmark_assign_all(&reader, &asked, theirs.data(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      if (!same(ours[i], theirs[i])) {
        std::cerr << "C and C++ differ: " << line << " in " << ours[i].experiment() << "\n";
        return 1;
      }
      std::printf("%.*s\t%s\t%d\t%016llx\n", static_cast<int>(ours[i].arm().size()), ours[i].arm().data(),
                  std::string(name(ours[i].reason)).c_str(), ours[i].epoch,
                  static_cast<unsigned long long>(ours[i].bucket));
    }
  }
  return 0;
}
