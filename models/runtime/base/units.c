/* SPDX-License-Identifier: MIT
 *
 * Quantities as text, both ways.
 *
 * Parsing is exact decimal arithmetic in 128 bits, never floating point. Digits
 * and fraction become one whole number (the mantissa) and a count of fraction
 * digits. The value is mantissa x scale / 10^digits and must be a whole number.
 *
 * Formatting tries every suffix and keeps the shortest text. Of texts of equal
 * length the one with the smaller unit wins, so 1500 stays 1500.
 */
#include "units.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 wide;

/* Smaller units come first, since the first of several equally short texts
 * wins. */
static const struct unit_suffix count_suffixes[] = {
    {"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}, {NULL, 0}};

static const struct unit_suffix ns_suffixes[] = {
    {"ns", 1},         {"us", 1000},       {"ms", 1000000},
    {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000},
    {NULL, 0}};

static const struct unit_suffix bytes_suffixes[] = {
    {"B", 1},         {"kB", 1000},       {"KiB", 1 << 10}, {"MB", 1000000},
    {"MiB", 1 << 20}, {"GB", 1000000000}, {"GiB", 1 << 30}, {NULL, 0}};

const struct unit_row units[UNITS] = {
    [UNIT_COUNT] = {"count", count_suffixes, "a whole number such as 5 or 100k",
                    "a whole number is needed: 6, 10k"},
    [UNIT_NS] = {"ns", ns_suffixes, "a time such as 50ms (ns, us, ms, s, m, h)",
                 "a time needs a unit: 50ms, 1.5s"},
    [UNIT_BYTES] = {"bytes", bytes_suffixes, "a size such as 13B or 64KiB",
                    "a size needs a unit: 64KiB, 512MiB"},
    [UNIT_PER_S] = {.name = "per_s"},
};

int units_find(const char *name)
{
    for (int unit = 0; unit < UNITS; unit++)
        if (units[unit].suffixes && !strcmp(units[unit].name, name))
            return unit;
    return -1;
}

/* A mantissa of at most 10^24 times the largest scale (an hour has 3.6e12 ns)
 * fits 128 bits, and so does 10^30. A value in GiB has up to 30 digits behind
 * the point, since 1 B is 2^-30 GiB. */
enum { FRACTION_DIGITS_MAX = 30 };
#define MANTISSA_MAX ((wide)1000000000000 * 1000000000000)

/* The scale of a suffix; 0: there is no such suffix. */
static int64_t scale_of(const struct unit_suffix *suffixes, const char *text)
{
    for (; suffixes && suffixes->text; suffixes++)
        if (!strcmp(suffixes->text, text))
            return suffixes->scale;
    return 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

struct decimal {
    wide mantissa;
    int fraction_digits;
    bool too_large; /* more digits than the mantissa holds */
};

/* Reads digits with an optional fraction, whose trailing zeros are ignored.
 * Returns the rest of the text, or NULL if no digit is first. */
static const char *decimal_read(const char *text, struct decimal *decimal)
{
    *decimal = (struct decimal){0};
    if (!is_digit(*text))
        return NULL;
    bool fraction = false;
    int zeros = 0;
    for (;; text++) {
        if (*text == '.' && !fraction && is_digit(text[1])) {
            fraction = true;
            zeros = 0;
            continue;
        }
        if (!is_digit(*text))
            return text;
        if (fraction && *text == '0') {
            zeros++;
            continue;
        }
        for (int digits = fraction ? zeros + 1 : 1; digits > 0; digits--) {
            if (decimal->mantissa > MANTISSA_MAX / 10 ||
                decimal->fraction_digits == FRACTION_DIGITS_MAX) {
                decimal->too_large = true;
                break;
            }
            decimal->mantissa *= 10;
            decimal->fraction_digits += fraction;
        }
        decimal->mantissa += (wide)(*text - '0');
        zeros = 0;
    }
}

int units_parse(enum unit unit, const char *text, int64_t *value)
{
    bool negative = *text == '-';
    struct decimal decimal;
    const char *rest = decimal_read(text + negative, &decimal);
    int64_t scale = rest ? scale_of(units[unit].suffixes, rest) : 0;
    if (scale == 0)
        return -EINVAL;
    if (negative || decimal.too_large)
        return -ERANGE;
    wide scaled = decimal.mantissa * (wide)scale;
    if (decimal.fraction_digits > 0) {
        wide divisor = 1;
        for (int i = 0; i < decimal.fraction_digits; i++)
            divisor *= 10;
        if (scaled % divisor != 0)
            return -EINVAL;
        scaled /= divisor;
    }
    if (scaled > INT64_MAX)
        return -ERANGE;
    *value = (int64_t)scaled;
    return 0;
}

/* `end`: what may stand behind the number and its suffix. */
static int parse_number(const char *text, const char *end, double *number)
{
    bool negative = *text == '-';
    struct decimal decimal;
    const char *rest = decimal_read(text + negative, &decimal);
    char suffix[8];
    if (!rest || strlen(rest) >= sizeof suffix)
        return -EINVAL;
    size_t kept = strlen(rest), spare = strlen(end);
    if (kept >= spare && !strcmp(rest + kept - spare, end))
        kept -= spare;
    snprintf(suffix, sizeof suffix, "%.*s", (int)kept, rest);
    int64_t scale = scale_of(count_suffixes, suffix);
    if (scale == 0)
        return -EINVAL;
    /* decimal_read lets no exponent or hexadecimal reach strtod; a minus sign
     * makes a value that is refused. */
    double value = strtod(text, NULL) * (double)scale;
    if (!(value > 0) || !isfinite(value))
        return -ERANGE;
    *number = value;
    return 0;
}

int units_parse_number(const char *text, double *value)
{
    return parse_number(text, "", value);
}

int units_parse_rate(const char *text, double *per_s)
{
    return parse_number(text, "/s", per_s);
}

/* Writes magnitude / scale as a decimal number, unless it needs more digits
 * than units_parse reads. Returns the length, or 0. */
static int decimal_write(uint64_t magnitude, uint64_t scale, char *text)
{
    int length = sprintf(text, "%llu", (unsigned long long)(magnitude / scale));
    wide rest = magnitude % scale;
    if (rest == 0)
        return length;
    text[length++] = '.';
    for (int digits = 0; rest != 0; digits++) {
        if (digits == FRACTION_DIGITS_MAX)
            return 0;
        rest *= 10;
        text[length++] = (char)('0' + (int)(rest / scale));
        rest %= scale;
    }
    text[length] = 0;
    return length;
}

char *units_format(enum unit unit, int64_t value, char *text, size_t size)
{
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char best[64] = "", candidate[64];
    int best_length = 0;
    for (const struct unit_suffix *s = units[unit].suffixes; s && s->text;
         s++) {
        int length = decimal_write(magnitude, (uint64_t)s->scale, candidate);
        if (length == 0)
            continue;
        length += (int)strlen(s->text);
        if (best_length != 0 && length >= best_length)
            continue;
        strcat(candidate, s->text);
        memcpy(best, candidate, sizeof best);
        best_length = length;
    }
    snprintf(text, size, "%s%s", value < 0 ? "-" : "", best);
    return text;
}
