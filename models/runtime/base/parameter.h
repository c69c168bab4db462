/* SPDX-License-Identifier: MIT
 *
 * A named quantity with a unit, a default and a range. One row describes a
 * workload's query parameter or a model's command line flag. Parser, help text,
 * range check and JSON description all read that row.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "units.h"

/* Limits of one table. A table that exceeds them ends the program. */
enum {
    PARAMETERS_MAX = 8,
    ARGUMENT_VALUES_MAX = 72,
};

/* One row. A row whose name is NULL ends a table. */
struct parameter {
    const char *name;         /* in ?name= and --name */
    enum unit unit;           /* of the value, of the limits */
    const char *default_text; /* parsed like a user's value */
    int64_t min, max;         /* inclusive; in ns, bytes or things */
    int list_max;             /* 0: one value; n: 1 to n, comma separated */
    const char *help;         /* one line, no full stop */
};

/* The values for a table's parameters, given or by default. Those of parameter
 * i are values[first[i]] to values[first[i + 1] - 1]. */
struct arguments {
    int64_t values[ARGUMENT_VALUES_MAX];
    uint8_t first[PARAMETERS_MAX + 1];
    uint64_t seed; /* of every workload, in no table; 0 by default */
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

/* Fills `arguments`, the seed included, from a query string
 * ("delay=50ms&seed=7", not null-terminated, %XX and + decoded). Unknown,
 * repeated or malformed parameters are errors. Returns 0, or -EINVAL with a
 * sentence in `why`, which may be NULL if its size is 0. */
int parameters_parse_query(const struct parameter *table, const char *query,
                           size_t query_length, struct arguments *arguments,
                           char *why, size_t why_size);

/* Writes the canonical query string ("delay=50ms&calls=2&seed=7"), which
 * parameters_parse_query reads back to equal arguments. Escapes nothing: see
 * the suffixes of units.h. Returns its length or -ENOSPC. */
int parameters_format_query(const struct parameter *table,
                            const struct arguments *arguments, char *text,
                            size_t size);

/* Writes the table as a JSON array of objects with name, unit, default,
 * minimum, maximum, help. Returns the length or -ENOSPC. */
int parameters_describe(const struct parameter *table, char *text, size_t size);
