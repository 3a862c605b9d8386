// The hot path allocates nothing: operator new is counted while the Assigner answers.
// The operators are kept out of line: g++ would see malloc paired with delete and warn.
// Not under sanitizers: they bring an allocator of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <cstdlib>
#include <new>

#include "assign/definitions.hpp"
#include "assign/swap.hpp"

namespace {
thread_local long allocations = 0;
}

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

using namespace liftmark::assign;

TEST_CASE("assign and assign_all allocate nothing, pinned or not, whatever the length of the id") {
  Experiment rich = two_arms("rich");
  rich.layer = "page";
  rich.slots = {{0.0, 0.7}};
  rich.traffic = 0.8;
  rich.sticky = true;
  rich.overrides = {{"qa", "treatment"}};
  rich.prerequisites = {{"base", {}}};
  rich.audience =
      group(Predicate::Op::all, {leaf(Predicate::Op::in, "country", {Value{std::string("CZ")}, Value{1.0}}),
                                 leaf(Predicate::Op::version_greater, "app", {Value{std::string("1.0.0")}}),
                                 leaf(Predicate::Op::in_segment, "", {Value{std::string("vip")}})});
  CurrentAssigner current(
      compiled({{two_arms("base"), rich}, {Layer{"page", "s"}}, {Holdout{"h", 0.1, "hs", ""}}}));
  const std::vector<Attribute> attributes{{"country", std::string_view("CZ")},
                                          {"app", std::string_view("2.0.0-rc.1+build")}};
  const std::vector<std::string_view> segments{"vip"};
  std::vector<std::string> ids{"qa", "", std::string(100'000, 'x')};
  for (int i = 0; i < 200; ++i) ids.push_back("user-" + std::to_string(i));
  std::vector<Assignment> answers(2);

  const long before = allocations;
  for (const std::string& id : ids) {
    Context context;
    context.unit = id;
    context.attributes = attributes;
    context.segments = segments;
    const auto pin = current.pin();
    pin->assign(context, "rich");
    pin->assign(context, "nothing");
    pin->assign_all(context, answers);
    pin->holdout_of(id, "page");
  }
  const long after = allocations;
  CHECK(after == before);
}

#endif  // no sanitizer
