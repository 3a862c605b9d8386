// The C library: the same Assigner behind opaque handles. No exception leaves this file.
#include "liftmark.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "assign/swap.hpp"
#include "engine/definition/assigner.hpp"
#include "engine/definition/error.hpp"

using namespace liftmark;
using assign::Assigner;
using assign::Assignment;
using Pin = assign::CurrentAssigner::Pin;

struct liftmark_assigner {
  explicit liftmark_assigner(std::shared_ptr<const Assigner> first) : current(std::move(first)) {}
  assign::CurrentAssigner current;
};

namespace {

// A read section is a pin that lives in the caller's liftmark_reader.
static_assert(sizeof(Pin) == sizeof(liftmark_reader) && alignof(Pin) <= alignof(liftmark_reader));

const Assigner& assigner_of(const liftmark_reader* reader) {
  return **std::launder(reinterpret_cast<const Pin*>(reader->internal));
}

std::string_view view(liftmark_text text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

std::string_view view(const char* data, size_t size) {
  return view(liftmark_text{data, size});
}

liftmark_text text_of(std::string_view text) {
  return {text.data(), text.size()};
}

/// A copy that liftmark_free releases; null when memory is out.
char* copy_of(std::string_view text) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

void report(char** error, const std::exception& exception) {
  if (error == nullptr) return;
  try {
    const auto* wrong = dynamic_cast<const Error*>(&exception);
    *error =
        copy_of(wrong != nullptr ? describe(*wrong) : std::string("liftmark: ") + exception.what() + "\n");
  } catch (...) {
    *error = copy_of("liftmark: out of memory\n");
  }
}

assign::AttributeValue value_of(const liftmark_attribute& attribute) {
  switch (attribute.type) {
    case LIFTMARK_BOOLEAN:
      return attribute.boolean != 0;
    case LIFTMARK_NUMBER:
      return attribute.number;
    case LIFTMARK_TEXT:
      return view(attribute.text);
    case LIFTMARK_NULL:
      break;
  }
  return std::monostate();
}

/// A list as the Assigner takes it: a few elements in place, made only as far as there are any; more on the
/// heap.
template <class To>
class Converted {
 public:
  static_assert(std::is_trivially_destructible_v<To>);
  template <class From, class Convert>
  Converted(const From* list, size_t count, Convert convert) : count_(list == nullptr ? 0 : count) {
    if (count_ > kFew) {
      many_.reserve(count_);
      for (size_t i = 0; i < count_; ++i) many_.push_back(convert(list[i]));
    } else {
      for (size_t i = 0; i < count_; ++i) new (few_ + i * sizeof(To)) To(convert(list[i]));
    }
  }
  std::span<const To> span() const {
    if (count_ > kFew) return many_;
    return {std::launder(reinterpret_cast<const To*>(few_)), count_};
  }

 private:
  static constexpr size_t kFew = 24;
  size_t count_;
  alignas(To) unsigned char few_[kFew * sizeof(To)];
  std::vector<To> many_;
};

/// Calls `ask` with the context in the Assigner's own types.
template <class Ask>
void with_context(const liftmark_context& given, Ask&& ask) {
  const Converted<assign::Attribute> attributes(
      given.attributes, given.attribute_count, [](const liftmark_attribute& attribute) {
        return assign::Attribute{view(attribute.name), value_of(attribute)};
      });
  const Converted<std::string_view> segments(given.segments, given.segment_count,
                                             [](const liftmark_text& text) { return view(text); });
  const Converted<assign::StickyArm> sticky(
      given.sticky, given.sticky_count, [](const liftmark_sticky& kept) {
        return assign::StickyArm{view(kept.experiment), kept.epoch, view(kept.arm)};
      });
  assign::Context context;
  context.unit = view(given.unit);
  context.attributes = attributes.span();
  context.segments = segments.span();
  context.sticky = sticky.span();
  context.sticky_unreadable = given.sticky_unreadable != 0;
  context.consent = given.consent == LIFTMARK_CONSENT_GRANTED  ? assign::Consent::granted
                    : given.consent == LIFTMARK_CONSENT_DENIED ? assign::Consent::denied
                                                               : assign::Consent::unknown;
  ask(context);
}

liftmark_assignment answer_of(const Assignment& assignment) {
  liftmark_assignment answer{};
  answer.experiment = text_of(assignment.experiment());
  answer.arm = text_of(assignment.arm());
  answer.payload = text_of(assignment.payload());
  answer.reason = static_cast<liftmark_reason>(assignment.reason);
  answer.measured = assignment.measured() ? 1 : 0;
  answer.epoch = assignment.epoch;
  answer.sticky_unreadable = assignment.sticky_unreadable ? 1 : 0;
  answer.bucket = assignment.bucket;
  return answer;
}

/// All experiments, some at a time: the answers in between lie on the stack, and the unit is hashed once for
/// each such part.
size_t answer_all(const Assigner& assigner, const assign::Context& asked,
                  std::span<liftmark_assignment> wanted) noexcept {
  std::array<Assignment, 64> part;
  size_t done = 0;
  while (done < wanted.size()) {
    const std::span<Assignment> room(part.data(), std::min(part.size(), wanted.size() - done));
    const size_t count = assigner.assign_all(asked, room, done);
    for (size_t i = 0; i < count; ++i) wanted[done + i] = answer_of(part[i]);
    done += count;
    if (count < room.size()) break;
  }
  return done;
}

static_assert(static_cast<int>(assign::Reason::assigned) == LIFTMARK_ASSIGNED);
static_assert(static_cast<int>(assign::Reason::held_out) == LIFTMARK_HELD_OUT);
static_assert(static_cast<int>(assign::Reason::invalid_unit) == LIFTMARK_INVALID_UNIT);

}  // namespace

extern "C" {

liftmark_assigner* liftmark_create(const char* catalog, size_t catalog_size, char** error) {
  if (error != nullptr) *error = nullptr;
  try {
    return new liftmark_assigner(compile_assigner(parse_catalog(view(catalog, catalog_size))));
  } catch (const std::exception& exception) {
    report(error, exception);
  } catch (...) {
    if (error != nullptr) *error = copy_of("liftmark: unknown error\n");
  }
  return nullptr;
}

int liftmark_replace(liftmark_assigner* assigner, const char* catalog, size_t catalog_size, char** error) {
  if (error != nullptr) *error = nullptr;
  try {
    assigner->current.replace(compile_assigner(parse_catalog(view(catalog, catalog_size))));
    return 1;
  } catch (const std::exception& exception) {
    report(error, exception);
  } catch (...) {
    if (error != nullptr) *error = copy_of("liftmark: unknown error\n");
  }
  return 0;
}

void liftmark_destroy(liftmark_assigner* assigner) {
  delete assigner;
}

liftmark_reader liftmark_begin(const liftmark_assigner* assigner) {
  liftmark_reader reader{};
  new (reader.internal) Pin(assigner->current.pin());
  return reader;
}

void liftmark_end(liftmark_reader* reader) {
  std::launder(reinterpret_cast<Pin*>(reader->internal))->~Pin();
}

size_t liftmark_count(const liftmark_reader* reader) {
  return assigner_of(reader).size();
}

void liftmark_assign(const liftmark_reader* reader, const liftmark_context* context, const char* experiment,
                     size_t experiment_size, liftmark_assignment* answer) {
  *answer = answer_of({});
  const Assigner& assigner = assigner_of(reader);
  const std::string_view key = view(experiment, experiment_size);
  try {
    with_context(*context,
                 [&](const assign::Context& asked) { *answer = answer_of(assigner.assign(asked, key)); });
  } catch (...) {  // memory for a context of many attributes is out: the default arm, as for nobody's consent
    assign::Context nobody;
    nobody.consent = assign::Consent::unknown;
    *answer = answer_of(assigner.assign(nobody, key));
  }
}

size_t liftmark_assign_all(const liftmark_reader* reader, const liftmark_context* context,
                           liftmark_assignment* answers, size_t capacity) {
  const std::span<liftmark_assignment> wanted(answers, answers == nullptr ? 0 : capacity);
  const Assigner& assigner = assigner_of(reader);
  try {
    size_t count = 0;
    with_context(*context,
                 [&](const assign::Context& asked) { count = answer_all(assigner, asked, wanted); });
    return count;
  } catch (...) {
    assign::Context nobody;
    nobody.consent = assign::Consent::unknown;
    return answer_all(assigner, nobody, wanted);
  }
}

char* liftmark_explain(const liftmark_reader* reader, const liftmark_context* context, const char* experiment,
                       size_t experiment_size) {
  try {
    std::string text;
    with_context(*context, [&](const assign::Context& asked) {
      const assign::Explanation told = assigner_of(reader).explain(asked, view(experiment, experiment_size));
      for (const assign::Step& step : told.steps) {
        text += step.check + (step.passed ? ": yes, " : ": no, ") + step.detail;
        if (!text.ends_with('\n')) text += '\n';
      }
      text += "reason: " + std::string(name(told.assignment.reason)) + "\n";
    });
    return copy_of(text);
  } catch (...) {
    return nullptr;
  }
}

const char* liftmark_reason_name(liftmark_reason reason) {
  if (reason < LIFTMARK_ASSIGNED || reason > LIFTMARK_INVALID_UNIT) return "";
  return assign::name(static_cast<assign::Reason>(reason)).data();
}

const char* liftmark_version(void) {
  return LIFTMARK_VERSION;
}

void liftmark_free(char* text) {
  std::free(text);
}

}  // extern "C"
