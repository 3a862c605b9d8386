/* Which arm does each of a few users get? Usage: embed-c catalog.json user... */
#include <liftmark.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char* read_file(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  char* text = NULL;
  long length = 0;
  if (file == NULL) return NULL;
  if (fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0) {
    text = malloc((size_t)length + 1);
    if (text != NULL) *size = fread(text, 1, (size_t)length, file);
  }
  fclose(file);
  return text;
}

int main(int argc, char** argv) {
  const char* const experiment = "recommendations";
  size_t size = 0;
  char* error = NULL;
  char* catalog = argc > 1 ? read_file(argv[1], &size) : NULL;
  liftmark_assigner* assigner;
  if (catalog == NULL) {
    fprintf(stderr, "usage: embed-c catalog.json user...\n");
    return 2;
  }
  assigner = liftmark_create(catalog, size, &error);
  free(catalog);
  if (assigner == NULL) {
    fprintf(stderr, "%s", error != NULL ? error : "out of memory\n");
    liftmark_free(error);
    return 3;
  }
  for (int i = 2; i < argc; ++i) {
    const liftmark_attribute country = {{"country", 7}, LIFTMARK_TEXT, 0, 0.0, {"CZ", 2}};
    liftmark_context context = LIFTMARK_CONTEXT_INIT;
    liftmark_assignment answer;
    context.unit.data = argv[i];
    context.unit.size = strlen(argv[i]);
    context.attributes = &country;
    context.attribute_count = 1;

    liftmark_reader reader = liftmark_begin(assigner);
    liftmark_assign(&reader, &context, experiment, strlen(experiment), &answer);
    printf("%s\t%.*s\t%s\t%.*s\n", argv[i], (int)answer.arm.size, answer.arm.data,
           liftmark_reason_name(answer.reason), (int)answer.payload.size, answer.payload.data);
    liftmark_end(&reader); /* the texts of `answer` were the reader's */
  }
  liftmark_destroy(assigner);
  return 0;
}
