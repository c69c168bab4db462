/* SPDX-License-Identifier: MIT
 *
 * Figures in a sentence as people write them: few digits, no exponent, and a
 * unit that suits the size. The results hold their text, so that they may stand
 * among the arguments of printf.
 */
#pragma once

struct digits {
    char text[32];
};

/* A figure of so many significant digits, without the zeros at the end: 1020 of
 * 1023.4 and 3, 0.5 of 0.5. "inf" and "nan" as printf has them. */
struct digits digits_of(double value, int significant);

/* Three significant digits with the zeros at the end, and a time unit: "2.00
 * s", "50.2 ms". */
struct digits digits_ns(double ns);

/* A size in the same manner, in steps of 1024: "12.3 MiB". */
struct digits digits_bytes(double bytes);

/* Three significant digits with the zeros at the end, a comma between groups of
 * three, and the unit as it is: "1,990/s". For readers: flags and files take no
 * comma. */
struct digits digits_three(double value, const char *unit);

/* A rate of so many significant digits, without zeros at the end: "1,234/s". */
struct digits digits_rate(double per_s, int significant);

/* A whole number in the same manner, with all its digits: "1,987/s". */
struct digits digits_whole(double value, const char *unit);

/* "s", or "" for exactly one. */
const char *digits_plural(double count);
