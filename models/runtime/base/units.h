/* SPDX-License-Identifier: MIT
 *
 * Quantities as people write them: 50ms, 1.5s, 64KiB, 13B, 100k. Times and
 * sizes must have a unit, so that nobody has to guess what a bare "50" means.
 *
 * One row of `units` says everything about a kind of quantity. The parser, the
 * error sentences, the JSON and the models in other languages (through
 * routes.json) all read that row.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum unit {
    UNIT_COUNT, /* a plain number */
    UNIT_NS,
    UNIT_BYTES,
    UNIT_PER_S, /* a rate, parsed by units_parse_rate only */
    UNITS,
};

struct unit_suffix {
    const char *text; /* letters only: queries hold them unescaped */
    int64_t scale;    /* how many ns, bytes or things one of these is */
};

struct unit_row {
    const char *name; /* in JSON and help, and the end of names: "ns" */
    /* Smallest first, ended by a NULL text. NULL: not a kind of parameter. */
    const struct unit_suffix *suffixes;
    const char *kind;  /* ends the sentence "delay=5 is not ..." */
    const char *needs; /* ends the sentence "delay is 5; ..." */
};

extern const struct unit_row units[UNITS];

/* The kind of parameter of that name ("ns"), or -1. */
int units_find(const char *name);

/* Parses the whole of `text` (null-terminated). Fractions are allowed when
 * the result is a whole number of ns, bytes or things ("1.5k"). Returns 0, or
 * -EINVAL (not a quantity of this unit) or -ERANGE (negative, or too large
 * for int64). */
int units_parse(enum unit unit, const char *text, int64_t *value);

/* Parses a number above 0; fractions and the suffixes of a count are allowed:
 * "2k", "0.5". Returns 0, -EINVAL or -ERANGE (not > 0 or not finite). */
int units_parse_number(const char *text, double *value);

/* Parses a rate per second: such a number, with or without "/s" behind it.
 * Returns as units_parse_number. */
int units_parse_rate(const char *text, double *per_s);

/* Writes the shortest text that units_parse reads back to exactly `value`
 * (50000000 ns -> "50ms"). Returns text; `size` >= 32 always suffices. */
char *units_format(enum unit unit, int64_t value, char *text, size_t size);
