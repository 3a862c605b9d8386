/* The C library from C. Prints what fails; exit code 1 when anything does. */
#include <liftmark.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;
#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                     \
    }                                                                 \
  } while (0)

static liftmark_text text(const char* string) {
  const liftmark_text result = {string, strlen(string)};
  return result;
}

static int equal(liftmark_text a, const char* b) {
  return a.size == strlen(b) && memcmp(a.data, b, a.size) == 0;
}

static liftmark_assignment ask(const liftmark_assigner* assigner, const liftmark_context* context,
                               const char* key) {
  liftmark_assignment answer;
  liftmark_reader reader = liftmark_begin(assigner);
  liftmark_assign(&reader, context, key, strlen(key), &answer);
  liftmark_end(&reader); /* the catalog is not replaced in these tests, so the texts stay valid */
  return answer;
}

static void answers(const liftmark_assigner* assigner) {
  liftmark_attribute country = {{"country", 7}, LIFTMARK_TEXT, 0, 0.0, {"CZ", 2}};
  liftmark_context context = LIFTMARK_CONTEXT_INIT;
  int counts[12] = {0};
  context.attributes = &country;
  context.attribute_count = 1;
  for (int i = 0; i < 2000; ++i) {
    char id[32];
    liftmark_assignment all[2];
    liftmark_reader reader = liftmark_begin(assigner);
    snprintf(id, sizeof id, "user-%d", i);
    context.unit = text(id);
    CHECK(liftmark_count(&reader) == 2);
    CHECK(liftmark_assign_all(&reader, &context, all, 2) == 2);
    CHECK(liftmark_assign_all(&reader, &context, all, 1) == 1);
    {
      const liftmark_assignment one = ask(assigner, &context, "recommendations");
      CHECK(one.reason == all[0].reason && one.bucket == all[0].bucket && one.arm.data == all[0].arm.data);
      CHECK(!(all[0].measured && all[1].measured)); /* one layer */
      ++counts[one.reason];
    }
    liftmark_end(&reader);
  }
  CHECK(counts[LIFTMARK_ASSIGNED] > 850 && counts[LIFTMARK_ASSIGNED] < 1110); /* 0.98 * 0.5 of 2,000 */
  CHECK(counts[LIFTMARK_HELD_OUT] > 5 && counts[LIFTMARK_HELD_OUT] < 90);     /* 0.02 of 2,000 */

  context.unit = text("qa-1");
  CHECK(ask(assigner, &context, "recommendations").reason == LIFTMARK_OVERRIDDEN);
  CHECK(equal(ask(assigner, &context, "recommendations").arm, "bought together"));
  CHECK(equal(ask(assigner, &context, "recommendations").payload, "{\"strip\":\"together\"}"));
  CHECK(ask(assigner, &context, "nothing").reason == LIFTMARK_UNKNOWN_EXPERIMENT);
  CHECK(ask(assigner, &context, "nothing").arm.size == 0);
  context.unit = text("user-1");
  context.consent = LIFTMARK_CONSENT_DENIED;
  CHECK(ask(assigner, &context, "recommendations").reason == LIFTMARK_NO_CONSENT);
  CHECK(equal(ask(assigner, &context, "recommendations").arm, "control"));
  context.consent = LIFTMARK_CONSENT_GRANTED;
  context.unit.data = NULL;
  CHECK(ask(assigner, &context, "recommendations").reason == LIFTMARK_INVALID_UNIT);
}

static void many_attributes(const liftmark_assigner* assigner) {
  liftmark_attribute attributes[100];
  liftmark_context context = LIFTMARK_CONTEXT_INIT;
  liftmark_reader reader = liftmark_begin(assigner);
  char* steps;
  for (int i = 0; i < 100; ++i) {
    const liftmark_attribute other = {{"other", 5}, (liftmark_type)(i % 4), 1, 2.0, {"x", 1}};
    attributes[i] = other;
  }
  attributes[99].name = text("country");
  attributes[99].type = LIFTMARK_TEXT;
  attributes[99].text = text("FR");
  context.unit = text("user-2");
  context.attributes = attributes;
  context.attribute_count = 100;
  CHECK(ask(assigner, &context, "recommendations").reason == LIFTMARK_NOT_TARGETED);
  steps = liftmark_explain(&reader, &context, "recommendations", strlen("recommendations"));
  CHECK(steps != NULL && strstr(steps, "audience: no") != NULL &&
        strstr(steps, "reason: not_targeted") != NULL);
  liftmark_free(steps);
  liftmark_end(&reader);
}

/* More experiments than the library answers at a time: all at once equals one by one. */
static void many_experiments(void) {
  enum { kMany = 150 };
  static char catalog[65536];
  static liftmark_assignment all[kMany];
  char* error = NULL;
  int size =
      snprintf(catalog, sizeof catalog,
               "{\"schema\":\"liftmark.catalog/1\",\"metrics\":[{\"key\":\"m\",\"kind\":\"proportion\","
               "\"numerator\":{\"event\":\"e\"}}],\"experiments\":[");
  for (int i = 0; i < kMany; ++i) {
    size += snprintf(catalog + size, sizeof catalog - (size_t)size,
                     "%s{\"key\":\"x%d\",\"traffic\":%s,\"hashing\":{\"salt\":\"s%d\"},\"plan\":{\"primary\":"
                     "[\"m\"]},\"arms\":[{\"key\":\"a\",\"role\":\"control\"},{\"key\":\"b\"}]}",
                     i == 0 ? "" : ",", i, i % 3 == 0 ? "0.5" : "1", i);
  }
  size += snprintf(catalog + size, sizeof catalog - (size_t)size, "]}");
  liftmark_assigner* assigner = liftmark_create(catalog, (size_t)size, &error);
  CHECK(assigner != NULL);
  if (assigner == NULL) {
    fprintf(stderr, "%s", error != NULL ? error : "no memory\n");
    liftmark_free(error);
    return;
  }
  liftmark_reader reader = liftmark_begin(assigner);
  CHECK(liftmark_count(&reader) == kMany);
  for (int user = 0; user < 20; ++user) {
    static const size_t kCapacities[] = {0, 1, 63, 64, 65, 128, kMany, kMany};
    char id[16];
    liftmark_context context = LIFTMARK_CONTEXT_INIT;
    const size_t capacity = kCapacities[user % 8];
    snprintf(id, sizeof id, "user-%d", user);
    context.unit = text(id);
    CHECK(liftmark_assign_all(&reader, &context, all, capacity) == capacity);
    for (size_t i = 0; i < capacity; ++i) {
      liftmark_assignment one;
      liftmark_assign(&reader, &context, all[i].experiment.data, all[i].experiment.size, &one);
      CHECK(one.arm.data == all[i].arm.data && one.reason == all[i].reason && one.bucket == all[i].bucket);
    }
  }
  {
    liftmark_context nobody = LIFTMARK_CONTEXT_INIT;
    CHECK(liftmark_assign_all(&reader, &nobody, all, kMany) == kMany);
    CHECK(all[kMany - 1].reason == LIFTMARK_INVALID_UNIT && equal(all[kMany - 1].arm, "a"));
    CHECK(liftmark_assign_all(&reader, &nobody, NULL, 10) == 0);
  }
  liftmark_end(&reader);
  liftmark_destroy(assigner);
}

static atomic_int stop;

static void* keep_asking(void* given) {
  const liftmark_assigner* assigner = given;
  liftmark_context context = LIFTMARK_CONTEXT_INIT;
  context.unit = text("qa-1");
  while (!atomic_load(&stop)) {
    liftmark_reader reader = liftmark_begin(assigner);
    liftmark_assignment answer;
    liftmark_assign(&reader, &context, "recommendations", strlen("recommendations"), &answer);
    if (!equal(answer.arm, "bought together")) atomic_store(&stop, 2);
    liftmark_end(&reader);
  }
  return NULL;
}

static void replacing(liftmark_assigner* assigner, const char* catalog, size_t size) {
  pthread_t thread;
  char* error = NULL;
  CHECK(pthread_create(&thread, NULL, keep_asking, assigner) == 0);
  for (int i = 0; i < 50; ++i) CHECK(liftmark_replace(assigner, catalog, size, &error) == 1 && error == NULL);
  CHECK(liftmark_replace(assigner, "{", 1, &error) == 0);
  CHECK(error != NULL && strlen(error) > 10);
  liftmark_free(error);
  CHECK(liftmark_replace(assigner, "{", 1, NULL) == 0);
  CHECK(atomic_exchange(&stop, 1) == 0);
  pthread_join(thread, NULL);
  answers(assigner); /* a broken catalog leaves the old one in place */
}

int main(int argc, char** argv) {
  static char catalog[65536];
  FILE* file = argc > 1 ? fopen(argv[1], "rb") : NULL;
  size_t size;
  char* error = NULL;
  liftmark_assigner* assigner;
  if (file == NULL) return 2;
  size = fread(catalog, 1, sizeof catalog, file);
  fclose(file);
  assigner = liftmark_create(catalog, size, &error);
  if (assigner == NULL) {
    fprintf(stderr, "%s", error != NULL ? error : "no memory\n");
    return 1;
  }
  CHECK(error == NULL);
  answers(assigner);
  many_attributes(assigner);
  many_experiments();
  replacing(assigner, catalog, size);
  liftmark_destroy(assigner);
  liftmark_destroy(NULL);
  CHECK(liftmark_create("[]", 2, &error) == NULL && error != NULL);
  liftmark_free(error);
  CHECK(liftmark_create(NULL, 0, NULL) == NULL);
  CHECK(strcmp(liftmark_reason_name(LIFTMARK_HELD_OUT), "held_out") == 0);
  CHECK(strcmp(liftmark_reason_name((liftmark_reason)99), "") == 0);
  CHECK(strlen(liftmark_version()) > 0);
  return failures == 0 ? 0 : 1;
}
