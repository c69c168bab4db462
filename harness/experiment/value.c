/* SPDX-License-Identifier: MIT
 *
 * Parsing is in units.c; ranges and sentences are here.
 */
#include "value.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/names.h"

int value_quantity(enum unit unit, const char *text, int64_t min, int64_t max,
                   int64_t *value, char *why, size_t why_size)
{
    int result = units_parse(unit, text, value);

    if (result == -EINVAL) {
        snprintf(why, why_size, "is \"%s\"; %s", text, units[unit].needs);
        return -EINVAL;
    }
    if (result < 0 || *value < min || *value > max) {
        char low[32], high[32];

        units_format(unit, min, low, sizeof low);
        units_format(unit, max, high, sizeof high);
        snprintf(why, why_size, "is %s; allowed is %s to %s", text, low, high);
        return -EINVAL;
    }
    return 0;
}

int value_count(const char *text, int min, int max, int *value, char *why,
                size_t why_size)
{
    int64_t wide;
    int result =
        value_quantity(UNIT_COUNT, text, min, max, &wide, why, why_size);

    if (result == 0)
        *value = (int)wide;
    return result;
}

int value_rate(const char *text, double *per_s, char *why, size_t why_size)
{
    if (units_parse_rate(text, per_s) == 0 && *per_s <= 1e7)
        return 0;
    snprintf(why, why_size,
             "is \"%s\"; a rate per second is a number above 0 and up to 10M: "
             "200, 2k, 0.5",
             text);
    return -EINVAL;
}

bool value_multiple(const char *text, double *multiple)
{
    size_t length = strlen(text);
    char number[64];
    if (length < 2 || length >= sizeof number || text[length - 1] != 'x')
        return false;
    snprintf(number, sizeof number, "%.*s", (int)length - 1, text);
    return units_parse_number(number, multiple) == 0 && *multiple <= 100;
}

/* Reads a plain decimal number at the start of `text`, without the signs, names
 * and hexadecimals that strtod would accept. Returns the rest of the text, or
 * NULL. */
static const char *plain_number(const char *text, double *value)
{
    if (!isdigit((unsigned char)text[0]) ||
        text[strspn(text, "0123456789.")] == 'x')
        return NULL;
    char *end;
    *value = strtod(text, &end);
    return isfinite(*value) ? end : NULL;
}

int value_share(const char *text, double *share, char *why, size_t why_size)
{
    double percent;
    const char *end = plain_number(text, &percent);

    if (!end || strcmp(end + strspn(end, " "), "%") != 0 || percent <= 0 ||
        percent >= 100) {
        snprintf(why, why_size,
                 "is \"%s\"; a share in percent is needed, above 0%% and below "
                 "100%%: 5%%",
                 text);
        return -EINVAL;
    }
    *share = percent / 100;
    return 0;
}

int value_cpus(const char *text, double *cpus, char *why, size_t why_size)
{
    double percent;
    const char *end = plain_number(text, &percent);

    if (!end || strcmp(end + strspn(end, " "), "%") != 0 || percent < 1 ||
        percent > 100000) {
        snprintf(
            why, why_size,
            "is \"%s\"; percent of one CPU are needed, at least 1%%: 150%% "
            "is one and a half",
            text);
        return -EINVAL;
    }
    *cpus = percent / 100;
    return 0;
}

int value_limit(const char *text, double *percentile, int64_t *limit_ns,
                char *why, size_t why_size)
{
    const char *rest =
        text[0] == 'p' ? plain_number(text + 1, percentile) : NULL;

    if (rest) {
        rest += strspn(rest, " ");
        if (*rest == '<') {
            rest += 1 + (rest[1] == '=');
            rest += strspn(rest, " ");
            if (*percentile > 0 && *percentile < 100 &&
                units_parse(UNIT_NS, rest, limit_ns) == 0 && *limit_ns > 0)
                return 0;
        } else if (*rest == '>') {
            snprintf(why, why_size,
                     "is \"%s\", which only slow servers keep; did you mean "
                     "%.*s<%s?",
                     text, (int)strcspn(text, " >"), text,
                     rest + strspn(rest, ">= "));
            return -EINVAL;
        }
    }
    snprintf(why, why_size,
             "is \"%s\"; a percentile above 0 and below 100 and a time are "
             "needed: p99<100ms, p99.9<1s",
             text);
    return -EINVAL;
}

int value_choice(const char *text, const char *const *names, int *index,
                 char *why, size_t why_size)
{
    for (*index = 0; names[*index]; (*index)++)
        if (!strcmp(names[*index], text))
            return 0;
    char hint[256];
    snprintf(why, why_size, "is \"%s\"%s", text,
             names_suggest(text, names, hint, sizeof hint));
    return -EINVAL;
}

int value_seed(const char *text, uint64_t *seed, char *why, size_t why_size)
{
    char *end = NULL;

    errno = 0;
    if (isdigit((unsigned char)text[0]))
        *seed = strtoull(text, &end, 0);
    if (!end || *end != '\0' || errno != 0) {
        snprintf(why, why_size, "is \"%s\"; a whole number from 0 to 2^64-1",
                 text);
        return -EINVAL;
    }
    return 0;
}

int value_next(const char **rest, char *item, size_t size, char *why,
               size_t why_size)
{
    const char *start = *rest;

    if (!start)
        return 0;
    const char *end = strchr(start, ',');
    *rest = end ? end + 1 : NULL;
    size_t length = end ? (size_t)(end - start) : strlen(start);
    while (length > 0 && isspace((unsigned char)*start)) {
        start++;
        length--;
    }
    while (length > 0 && isspace((unsigned char)start[length - 1]))
        length--;
    if (length == 0 || length >= size) {
        snprintf(why, why_size,
                 length == 0 ? "has an empty item; items are separated by "
                               "single commas"
                             : "has an item that is too long");
        return -EINVAL;
    }
    memcpy(item, start, length);
    item[length] = '\0';
    return 1;
}
