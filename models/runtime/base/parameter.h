/* SPDX-License-Identifier: MIT
 *
 * A named quantity with a unit, a default and a range: one row describes a
 * workload's query parameter, a model's command line flag or a key of an
 * experiment file, and the same row yields the parser, the help text, the
 * range check and the JSON description.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "units.h"

/* Limits of one table; a longer one is a programming error (CHECKed). */
enum {
    PARAMETERS_MAX = 8,
    ARGUMENT_VALUES_MAX = 72,
};

/* One row. A table of rows ends with a row whose name is NULL. */
struct parameter {
    const char *name;         /* as in ?name= and --name */
    enum unit unit;           /* of the value, of the limits */
    const char *default_text; /* parsed as a user's value would be */
    int64_t min, max;         /* inclusive, in the unit's base (ns, B, 1) */
    int list_max;             /* 0: one value; n: 1 to n, comma separated */
    const char *help;         /* one line, no full stop */
};

/* The values given for a table of parameters, defaults filled in. Parameter i
 * owns values[first[i]] to values[first[i + 1] - 1]. */
struct arguments {
    int64_t values[ARGUMENT_VALUES_MAX];
    uint8_t first[PARAMETERS_MAX + 1];
    uint64_t seed; /* not in the table: every workload has it, default 0 */
};

/* The (only, or first) value of parameter `index`. */
static inline int64_t argument(const struct arguments *arguments, int index)
{
    return arguments->values[arguments->first[index]];
}

/* How many values parameter `index` has. */
static inline int argument_count(const struct arguments *arguments, int index)
{
    return arguments->first[index + 1] - arguments->first[index];
}

/* Rows in the table. */
int parameters_count(const struct parameter *table);

/* Index of the row of that name, or -1. */
int parameters_find(const struct parameter *table, const char *name);

/* Fills `arguments` from given[i], the text for row i or NULL for its
 * default; given itself may be NULL. Returns 0, or -EINVAL with a sentence in
 * `why` that names the parameter, the text and the allowed range. */
int parameters_parse(const struct parameter *table, const char *const *given,
                     struct arguments *arguments, char *why, size_t why_size);

/* Fills `arguments` from a query string ("delay=50ms&seed=7", not
 * null-terminated, %XX and + decoded), seed included. Unknown, repeated or
 * malformed parameters are errors. Returns 0 or -EINVAL with `why` (NULL and 0:
 * nobody wants to know). */
int parameters_parse_query(const struct parameter *table, const char *query,
                           size_t query_length, struct arguments *arguments,
                           char *why, size_t why_size);

/* Writes the canonical query string ("delay=50ms&calls=2&seed=7") that
 * parameters_parse_query reads back to the same arguments. Returns its length
 * or -ENOSPC. */
int parameters_format_query(const struct parameter *table,
                            const struct arguments *arguments, char *text,
                            size_t size);

/* Writes the table as a JSON array of objects with name, unit, default,
 * minimum, maximum, help. Returns the length or -ENOSPC. */
int parameters_describe(const struct parameter *table, char *text, size_t size);
