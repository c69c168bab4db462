/* SPDX-License-Identifier: MIT
 *
 * Quantities as people write them: 50ms, 1.5s, 64KiB, 13B, 100k. A unit is
 * mandatory for times and sizes, so that a bare "50" is never guessed at.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum unit {
    UNIT_COUNT, /* plain number; suffixes k, M, G (powers of 1,000) */
    UNIT_NS,    /* ns, us, ms, s, m, h */
    UNIT_BYTES, /* B, KiB, MiB, GiB (powers of 1,024), kB, MB, GB */
    UNIT_PER_S, /* a rate, parsed by units_parse_rate only */
};

/* Parses the whole of `text` (null-terminated). Fractions are allowed when
 * the result is a whole number of ns, bytes or things ("1.5k"). Returns 0, or
 * -EINVAL (not a quantity of this unit) or -ERANGE (negative, or too large
 * for int64). */
int units_parse(enum unit unit, const char *text, int64_t *value);

/* Parses a rate per second, fractions and k, M allowed: "2k", "0.5". Returns
 * 0, -EINVAL or -ERANGE (not > 0 or not finite). */
int units_parse_rate(const char *text, double *per_s);

/* Writes the shortest text that units_parse reads back to exactly `value`
 * (50000000 ns -> "50ms"). Returns text; `size` >= 32 always suffices. */
char *units_format(enum unit unit, int64_t value, char *text, size_t size);

/* The unit's name for JSON and help: "count", "ns", "bytes", "per_s". */
const char *unit_name(enum unit unit);
