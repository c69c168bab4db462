/* SPDX-License-Identifier: MIT
 *
 * A comma or a blank before exactly three digits parts groups; any other one
 * comma is a decimal comma. A time with one such comma, "10,125 ms", may be
 * either and is not read. A time that is a whole number may have been cut off
 * or rounded up, as integers in programs are, so its interval is twice as wide.
 */
#include "numbers.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DIGITS_MOST = 40 };

struct cursor {
    const char *at, *end;
};

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
        c->at++;
}

static bool takes(struct cursor *c, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(c->end - c->at) < length ||
        strncasecmp(c->at, word, length) != 0)
        return false;
    c->at += length;
    return true;
}

static bool digit_at(const struct cursor *c, int ahead)
{
    return c->end - c->at > ahead && isdigit((unsigned char)c->at[ahead]);
}

/* Whether a comma or a blank at the cursor parts groups of three digits. */
static bool parts_group(const struct cursor *c)
{
    return (*c->at == ',' || *c->at == ' ') && digit_at(c, 1) &&
           digit_at(c, 2) && digit_at(c, 3) && !digit_at(c, 4);
}

struct decimal {
    double value, unit; /* that of the last digit */
    int digits;         /* significant */
    bool whole;         /* without a fraction or an exponent */
    bool doubtful;      /* "10,125": ten, or ten thousand */
};

/* Reads "e-05" into *power. False: too far from 0 for any figure. */
static bool read_exponent(struct cursor *c, int *power)
{
    struct cursor ahead = *c;
    bool minus = false;
    int value = 0;

    if (!takes(&ahead, "e"))
        return true;
    if (takes(&ahead, "-"))
        minus = true;
    else
        takes(&ahead, "+");
    if (!digit_at(&ahead, 0))
        return true; /* a letter of what follows */
    for (; digit_at(&ahead, 0); ahead.at++)
        value = value > 1000 ? value : value * 10 + (*ahead.at - '0');
    *power += minus ? -value : value;
    c->at = ahead.at;
    return abs(*power) <= 100;
}

static bool read_decimal(struct cursor *c, struct decimal *decimal)
{
    double mantissa = 0;
    int power = 0, digits = 0, all = 0;
    bool fraction = false;
    int groups = 0; /* behind a comma or a blank */

    for (; c->at < c->end; c->at++) {
        if (!fraction && digits > 0 && parts_group(c)) {
            groups += *c->at == ',' ? 1 : 2;
            continue;
        }
        bool point = *c->at == '.' || (*c->at == ',' && groups == 0);
        if (point && !fraction && all > 0 && digit_at(c, 1)) {
            fraction = true;
            continue;
        }
        if (!isdigit((unsigned char)*c->at))
            break;
        mantissa = mantissa * 10 + (*c->at - '0');
        power -= fraction;
        digits += digits > 0 || *c->at != '0';
        if (++all > DIGITS_MOST)
            return false;
    }
    if (all == 0 || !read_exponent(c, &power))
        return false;
    decimal->unit = pow(10, power);
    decimal->value = mantissa * decimal->unit;
    /* Less is lost when a negative power divides. */
    if (power < 0)
        decimal->value = mantissa / pow(10, -power);
    decimal->digits = digits;
    decimal->doubtful = groups == 1 && !fraction;
    decimal->whole = power == 0;
    return isfinite(decimal->value);
}

static const struct time_unit {
    const char *name;
    double seconds;
    bool long_one; /* only behind a figure, where no column's name says it */
} time_units[] = {
    {"ns", 1e-9, false},
    {"us", 1e-6, false},
    {"\u00b5s", 1e-6, false},
    {"\u03bcs", 1e-6, false},
    {"ms", 1e-3, false},
    {"msec", 1e-3, false},
    {"msecs", 1e-3, false},
    {"millis", 1e-3, false},
    {"milliseconds", 1e-3, false},
    {"microseconds", 1e-6, false},
    {"usec", 1e-6, false},
    {"s", 1, false},
    {"sec", 1, false},
    {"secs", 1, false},
    {"second", 1, false},
    {"seconds", 1, false},
    {"m", 60, true},
    {"min", 60, true},
    {"h", 3600, true},
};

static double seconds_of(const char *name, size_t length, bool long_ones)
{
    for (size_t i = 0; i < sizeof time_units / sizeof *time_units; i++)
        if (strlen(time_units[i].name) == length &&
            !strncasecmp(time_units[i].name, name, length) &&
            (long_ones || !time_units[i].long_one))
            return time_units[i].seconds;
    return 0;
}

double unit_seconds(const char *name, size_t length)
{
    return seconds_of(name, length, false);
}

/* Letters, and a micro sign before them. */
static size_t word_length(const struct cursor *c)
{
    struct cursor ahead = *c;

    if (!takes(&ahead, "\u00b5"))
        takes(&ahead, "\u03bc");
    while (ahead.at < ahead.end && isalpha((unsigned char)*ahead.at))
        ahead.at++;
    return (size_t)(ahead.at - c->at);
}

/* Takes k, M or G, unless a word goes on. */
static double take_thousands(struct cursor *c)
{
    static const struct {
        char letter;
        double scale;
    } letters[] = {{'k', 1e3}, {'K', 1e3}, {'M', 1e6}, {'G', 1e9}};

    skip_blanks(c);
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (word_length(c) == 1 && *c->at == letters[i].letter) {
            c->at++;
            return letters[i].scale;
        }
    return 1;
}

/* The scale of what stands behind a rate. */
static double take_rate_unit(struct cursor *c)
{
    static const struct {
        const char *text;
        double scale;
    } ends[] = {
        {"requests/second", 1},
        {"requests/sec", 1},
        {"requests/s", 1},
        {"reqs/s", 1},
        {"req/sec", 1},
        {"req/s", 1},
        {"krps", 1e3},
        {"rps", 1},
        {"qps", 1},
        {"r/s", 1},
        {"/sec", 1},
        {"/s", 1},
        {"/min", 1.0 / 60},
    };
    double scale = take_thousands(c);

    skip_blanks(c);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (takes(c, ends[i].text))
            return scale * ends[i].scale;
    return scale;
}

/* Takes the unit. Returns what one of it is, or 0. */
static double take_unit(enum figure_kind kind, double unit_s, struct cursor *c)
{
    if (kind == KIND_COUNT)
        return take_thousands(c);
    if (kind == KIND_RATE)
        return take_rate_unit(c);
    skip_blanks(c);
    size_t length = word_length(c);
    double scale = seconds_of(c->at, length, true);
    if (scale == 0)
        return length == 0 ? unit_s : 0;
    c->at += length;
    return scale;
}

/* Reads "[942-1,010]", whose unit is the figure's unless it has its own. */
static bool read_interval(enum figure_kind kind, double scale, struct cursor *c,
                          struct figure *figure)
{
    struct decimal low, high;

    skip_blanks(c);
    if (!read_decimal(c, &low))
        return false;
    skip_blanks(c);
    if (!takes(c, "-") && !takes(c, "\u2013") && !takes(c, ","))
        return false;
    skip_blanks(c);
    if (!read_decimal(c, &high))
        return false;
    double own = take_unit(kind, scale, c);
    skip_blanks(c);
    if (own == 0 || !takes(c, "]") || low.value > high.value)
        return false;
    scale = own == 1 && kind != KIND_TIME ? scale : own;
    figure->low = (low.value - low.unit / 2) * scale;
    figure->high = (high.value + high.unit / 2) * scale;
    return figure->low <= figure->value && figure->value <= figure->high;
}

static bool reads_rest(enum figure_kind kind, double scale, struct cursor *c,
                       struct figure *figure)
{
    static const char *const marks[] = {"*", "\u00a7", "\u2020", "\u2021", "`"};

    for (;;) {
        skip_blanks(c);
        if (c->at == c->end || takes(c, "\u00b1") || takes(c, "+/-"))
            return true;
        if (*c->at == '(')
            return memchr(c->at, ')', (size_t)(c->end - c->at)) != NULL;
        if (takes(c, "[")) {
            if (!read_interval(kind, scale, c, figure))
                return false;
            continue;
        }
        bool marked = false;
        for (size_t i = 0; i < sizeof marks / sizeof *marks && !marked; i++)
            marked = takes(c, marks[i]);
        if (!marked)
            return false;
    }
}

/* What stands before a figure. */
struct before {
    bool about, less, more;
};

static struct before read_before(struct cursor *c)
{
    struct before before = {0};

    for (;;) {
        skip_blanks(c);
        if (takes(c, "~") || takes(c, "\u2248"))
            before.about = true;
        else if (takes(c, "<") || takes(c, "\u2264"))
            before.less = true;
        else if (takes(c, ">") || takes(c, "\u2265"))
            before.more = true;
        else if (!takes(c, "*") && !takes(c, "`"))
            return before;
    }
}

static void keep_text(const char *from, const char *to, struct figure *figure)
{
    int used = 0;

    for (; from < to && used < (int)sizeof figure->text - 1; from++) {
        unsigned char c = (unsigned char)*from;
        if (c >= 32 && c < 127)
            figure->text[used++] = (char)c;
        else if (c == 0xb5 || c == 0xbc) /* the last byte of a micro sign */
            figure->text[used++] = 'u';
    }
    figure->text[used] = '\0';
}

bool figure_read(enum figure_kind kind, const char *text, size_t length,
                 double unit_s, struct figure *figure)
{
    struct cursor c = {text, text + length};
    struct decimal decimal;

    *figure = (struct figure){0};
    struct before before = read_before(&c);
    const char *from = c.at;
    if (!read_decimal(&c, &decimal))
        return false;
    double scale = take_unit(kind, unit_s, &c);
    if (scale == 0)
        return false;
    figure->doubtful = decimal.doubtful;
    if (kind == KIND_TIME && decimal.doubtful)
        return false; /* a rate has groups, a time has decimals */
    keep_text(from, c.at, figure);
    bool cut_off = kind == KIND_TIME && decimal.whole;
    double half = decimal.unit / 2 * (before.about ? 10 : cut_off ? 2 : 1);
    figure->value = decimal.value * scale;
    figure->low = fmax(decimal.value - half, 0) * scale;
    figure->high = (decimal.value + half) * scale;
    figure->digits = decimal.digits;
    if (!reads_rest(kind, scale, &c, figure))
        return false;
    figure->low = before.less ? 0 : fmax(figure->low, 0);
    figure->high = before.more ? INFINITY : figure->high;
    figure->known =
        isfinite(figure->value) && (before.more || isfinite(figure->high));
    return figure->known;
}

bool figure_read_text(enum figure_kind kind, const char *text,
                      struct figure *figure)
{
    return figure_read(kind, text, strlen(text), 0, figure);
}

bool figure_of_number(double number, bool whole, double scale,
                      struct figure *figure)
{
    double half = whole ? 0.5 : fabs(number) * 1e-9;

    *figure = (struct figure){.known = true,
                              .value = number * scale,
                              .low = fmax(number - half, 0) * scale,
                              .high = (number + half) * scale};
    return number >= 0 && isfinite(figure->high);
}

void figure_take(struct row *row, enum figure_id id, const char *text,
                 int length)
{
    struct figure figure;

    if (!row->figures[id].known && length > 0 &&
        figure_read(figure_abouts[id].kind, text, (size_t)length, 0, &figure))
        row->figures[id] = figure;
}

void figure_add(struct row *row, enum figure_id id, double count)
{
    struct figure *figure = &row->figures[id];
    double sum = (figure->known ? figure->value : 0) + count;

    if (count >= 0 && isfinite(sum))
        *figure = figure_exact(sum);
}
