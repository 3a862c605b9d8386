// Which arm does each of a few users get? Usage: embed-cpp catalog.json user...
#include <array>
#include <fstream>
#include <iostream>
#include <sstream>

#include "assign/swap.hpp"
#include "engine/definition/assigner.hpp"
#include "engine/definition/error.hpp"

int main(int argc, char** argv) {
  std::ifstream file(argc > 1 ? argv[1] : "");
  if (!file) {
    std::cerr << "usage: embed-cpp catalog.json user...\n";
    return 2;
  }
  std::ostringstream text;
  text << file.rdbuf();
  try {
    // One for the whole service; `current.replace(...)` puts the next catalog in place while requests go on.
    liftmark::assign::CurrentAssigner current(
        liftmark::compile_assigner(liftmark::parse_catalog(text.str())));
    for (int i = 2; i < argc; ++i) {
      const std::array attributes{liftmark::assign::Attribute{"country", std::string_view("CZ")}};
      liftmark::assign::Context context;
      context.unit = argv[i];
      context.attributes = attributes;
      const auto assigner = current.pin();  // keeps this catalog until the end of the request
      const auto answer = assigner->assign(context, "recommendations");
      std::cout << context.unit << '\t' << answer.arm() << '\t' << name(answer.reason) << '\t'
                << answer.payload() << '\n';
    }
  } catch (const liftmark::Error& error) {
    std::cerr << describe(error);
    return exit_code(error.code());
  }
}
