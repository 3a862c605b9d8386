/* Liftmark's assigner for C and everything that can call C.
 *
 * A liftmark_assigner holds one compiled catalog and may be used by any number of threads. Questions are
 * asked within a read section: liftmark_begin, any number of liftmark_assign, liftmark_end. A read section
 * never waits; it keeps the catalog of its beginning until its end, whatever is put in place meanwhile.
 *
 * Ownership: what you pass stays yours and is not kept after the call. Texts in a liftmark_assignment belong
 * to the assigner and are valid until liftmark_end of the read section. Texts returned as `char*` are yours:
 * release them with liftmark_free. Texts are bytes with a length, in UTF-8, and need not end in NUL.
 *
 * No function throws, exits or prints. Assigning never fails: a broken question gets a reason and, when the
 * experiment is known, its default arm. */
#ifndef LIFTMARK_H
#define LIFTMARK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LIFTMARK_API __attribute__((visibility("default")))
#else
#define LIFTMARK_API
#endif

typedef struct liftmark_assigner liftmark_assigner;

typedef struct {
  const char* data;
  size_t size;
} liftmark_text;

typedef enum {
  LIFTMARK_NULL = 0, /* as if the attribute were not there */
  LIFTMARK_BOOLEAN = 1,
  LIFTMARK_NUMBER = 2,
  LIFTMARK_TEXT = 3
} liftmark_type;

typedef struct {
  liftmark_text name;
  liftmark_type type; /* which of the following holds the value */
  int boolean;
  double number;
  liftmark_text text;
} liftmark_attribute;

typedef enum {
  LIFTMARK_CONSENT_UNKNOWN = 0,
  LIFTMARK_CONSENT_GRANTED = 1,
  LIFTMARK_CONSENT_DENIED = 2
} liftmark_consent;

/* The arm that your store keeps for the unit in a sticky experiment. */
typedef struct {
  liftmark_text experiment;
  liftmark_text arm;
  int epoch;
} liftmark_sticky;

/* Start from LIFTMARK_CONTEXT_INIT: everything empty, consent granted. */
typedef struct {
  liftmark_text unit;
  const liftmark_attribute* attributes;
  size_t attribute_count;
  const liftmark_text* segments;
  size_t segment_count;
  const liftmark_sticky* sticky;
  size_t sticky_count;
  liftmark_consent consent;
  int sticky_unreadable; /* your store could not be read: a fresh hash, and the answer says so */
} liftmark_context;

#define LIFTMARK_CONTEXT_INIT \
  { {0, 0}, 0, 0, 0, 0, 0, 0, LIFTMARK_CONSENT_GRANTED, 0 }

/* Why this arm. Only ASSIGNED and STICKY are measured; the others give the default experience. */
typedef enum {
  LIFTMARK_ASSIGNED = 0,
  LIFTMARK_STICKY = 1,
  LIFTMARK_OVERRIDDEN = 2,
  LIFTMARK_OUTSIDE_TRAFFIC = 3,
  LIFTMARK_EXCLUDED_BY_LAYER = 4,
  LIFTMARK_NOT_TARGETED = 5,
  LIFTMARK_HELD_OUT = 6,
  LIFTMARK_PREREQUISITE_FAILED = 7,
  LIFTMARK_NOT_RUNNING = 8,
  LIFTMARK_NO_CONSENT = 9,
  LIFTMARK_UNKNOWN_EXPERIMENT = 10,
  LIFTMARK_INVALID_UNIT = 11
} liftmark_reason;

typedef struct {
  liftmark_text experiment;
  liftmark_text arm;     /* empty only for LIFTMARK_UNKNOWN_EXPERIMENT */
  liftmark_text payload; /* JSON; empty: the arm's key is the value */
  liftmark_reason reason;
  int measured; /* 1: record an exposure when the unit sees it */
  int epoch;    /* part of the exposure */
  int sticky_unreadable;
  uint64_t bucket;
} liftmark_assignment;

/* A read section on one thread; its fields are the library's. */
typedef struct {
  const void* internal[2];
} liftmark_reader;

/* An assigner for the catalog (JSON, docs/catalog.md), or NULL. When it is NULL and `error` is not, *error is
 * a text with a line a problem, yours to liftmark_free. Release the assigner with liftmark_destroy. */
LIFTMARK_API liftmark_assigner* liftmark_create(const char* catalog, size_t catalog_size, char** error);

/* Puts another catalog in place; waits for read sections on the old one to end, so call it outside of any.
 * Returns 1; or 0 with *error set as above and the old catalog still in place. */
LIFTMARK_API int liftmark_replace(liftmark_assigner* assigner, const char* catalog, size_t catalog_size,
                                  char** error);

/* Releases the assigner. No read section may be open. NULL is allowed. */
LIFTMARK_API void liftmark_destroy(liftmark_assigner* assigner);

/* Begins and ends a read section. Keep it short: liftmark_replace waits for it. */
LIFTMARK_API liftmark_reader liftmark_begin(const liftmark_assigner* assigner);
LIFTMARK_API void liftmark_end(liftmark_reader* reader);

/* How many experiments the catalog has. */
LIFTMARK_API size_t liftmark_count(const liftmark_reader* reader);

/* The unit's arm in one experiment. Does not allocate, unless the audience has a regular expression or the
 * context more than 24 attributes, segments or sticky arms. */
LIFTMARK_API void liftmark_assign(const liftmark_reader* reader, const liftmark_context* context,
                                  const char* experiment, size_t experiment_size,
                                  liftmark_assignment* answer);

/* The unit's arms in all experiments, in the catalog's order; writes at most `capacity`, returns how many. */
LIFTMARK_API size_t liftmark_assign_all(const liftmark_reader* reader, const liftmark_context* context,
                                        liftmark_assignment* answers, size_t capacity);

/* The steps of a decision as text for people, a line a step; yours to liftmark_free; NULL when memory is out.
 */
LIFTMARK_API char* liftmark_explain(const liftmark_reader* reader, const liftmark_context* context,
                                    const char* experiment, size_t experiment_size);

/* "assigned", "held_out" ..; a static text. */
LIFTMARK_API const char* liftmark_reason_name(liftmark_reason reason);

/* "0.1.0"; a static text. */
LIFTMARK_API const char* liftmark_version(void);

LIFTMARK_API void liftmark_free(char* text);

#ifdef __cplusplus
}
#endif
#endif
