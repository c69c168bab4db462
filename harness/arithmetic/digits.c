/* SPDX-License-Identifier: MIT */
#include "digits.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Beyond this many decimals a figure is nothing. */
enum { DECIMALS_MOST = 12 };

/* The value with that many significant digits, and the decimals that these
 * need. */
static double rounded(double value, int significant, int *decimals)
{
    double size = fabs(value);
    int exponent = 0;

    *decimals = 0;
    if (size == 0 || !isfinite(size))
        return value;
    exponent = (int)floor(log10(size));
    double unit = pow(10, exponent - significant + 1);
    double near = unit >= 1
                      ? round(value / unit) * unit
                      : round(value * pow(10, significant - 1 - exponent)) /
                            pow(10, significant - 1 - exponent);
    /* 9.996 has become 10.00. */
    if (fabs(near) >= pow(10, exponent + 1) * (1 - 1e-12))
        exponent++;
    if (significant - 1 - exponent > 0)
        *decimals = significant - 1 - exponent;
    if (*decimals > DECIMALS_MOST)
        *decimals = DECIMALS_MOST;
    return near;
}

struct digits digits_of(double value, int significant)
{
    struct digits digits;
    int decimals;
    double near = rounded(value, significant, &decimals);

    snprintf(digits.text, sizeof digits.text, "%.*f", decimals, near);
    if (decimals > 0) {
        char *end = digits.text + strlen(digits.text);
        while (end[-1] == '0')
            end--;
        end -= end[-1] == '.';
        *end = '\0';
    }
    return digits;
}

/* A number with a comma between groups of three digits of its whole part, then
 * the unit. */
static struct digits grouped(const char *plain, const char *unit)
{
    struct digits digits;
    size_t from = plain[0] == '-';
    size_t whole = strspn(plain + from, "0123456789");
    size_t at = 0;
    for (size_t i = 0; plain[i] && at < sizeof digits.text - 2; i++) {
        if (i > from && i < from + whole && (from + whole - i) % 3 == 0)
            digits.text[at++] = ',';
        digits.text[at++] = plain[i];
    }
    snprintf(digits.text + at, sizeof digits.text - at, "%s", unit);
    return digits;
}

struct digits digits_three(double value, const char *unit)
{
    struct digits plain;
    int decimals;
    double near = rounded(value, 3, &decimals);

    /* Less than a thousandth is not told. */
    snprintf(plain.text, sizeof plain.text, "%.*f", decimals > 3 ? 3 : decimals,
             near);
    return grouped(plain.text, unit);
}

struct digits digits_rate(double per_s, int significant)
{
    return grouped(digits_of(per_s, significant).text, "/s");
}

struct digits digits_whole(double value, const char *unit)
{
    struct digits plain;

    snprintf(plain.text, sizeof plain.text, "%.0f", value);
    return grouped(plain.text, unit);
}

/* In the greatest of the units, each `step` times the one before, of which
 * there is one. */
static struct digits scaled(double value, double step, const char *const *units,
                            int most)
{
    int unit = 0, decimals;

    /* 999.7 us are 1.00 ms. */
    for (; unit < most &&
           fmax(fabs(value), fabs(rounded(value, 3, &decimals))) >= step;
         unit++)
        value /= step;
    return digits_three(value, units[unit]);
}

struct digits digits_ns(double ns)
{
    static const char *const units[] = {" ns", " us", " ms", " s"};
    return scaled(ns, 1000, units, 3);
}

struct digits digits_bytes(double bytes)
{
    static const char *const units[] = {" B", " KiB", " MiB", " GiB"};
    return scaled(bytes, 1024, units, 3);
}

const char *digits_plural(double count)
{
    return count == 1 ? "" : "s";
}
