/* SPDX-License-Identifier: MIT
 *
 * From a table's rows to values, and back to text.
 *
 * parameters_parse runs for every request, so it allocates nothing. Error
 * sentences quote the user's text cut to 40 characters and with unprintable
 * bytes replaced, because they go back over HTTP and to terminals.
 */
#include "parameter.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIECE_MAX = 64,     /* one value's text is shorter */
    QUERY_MAX = 2048,   /* a query's decoded values */
    QUERY_SHORT = 128,  /* the decoded values of a short query */
    FORMATTED_MAX = 32, /* units_format writes less */
    SHOWN_MAX = 40 + 1, /* of a user's text in an error sentence */
};

static int values_max(const struct parameter *row)
{
    return row->list_max > 0 ? row->list_max : 1;
}

/* A table that does not fit is a programming error. The first call finds it, in
 * every build. */
static void check_table(const struct parameter *table)
{
    int rows = parameters_count(table), values = 0;
    for (int i = 0; i < rows; i++)
        values += values_max(&table[i]);
    if (rows <= PARAMETERS_MAX && values <= ARGUMENT_VALUES_MAX)
        return;
    fprintf(stderr,
            "parameters: a table of %d rows and %d values exceeds %d "
            "and %d\n",
            rows, values, PARAMETERS_MAX, ARGUMENT_VALUES_MAX);
    abort();
}

int parameters_count(const struct parameter *table)
{
    int count = 0;
    while (table && table[count].name)
        count++;
    return count;
}

int parameters_find(const struct parameter *table, const char *name)
{
    for (int i = 0; table && table[i].name; i++)
        if (strcmp(table[i].name, name) == 0)
            return i;
    return -1;
}

static const char *shown(const char *text, char *out)
{
    int i = 0;
    for (; i < SHOWN_MAX - 1 && text[i]; i++)
        out[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
    out[i] = 0;
    return out;
}

__attribute__((format(printf, 3, 4))) static int
invalid(char *why, size_t why_size, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(why, why_size, format, list);
    va_end(list);
    return -EINVAL;
}

/* Not inlined, like `unknown`: the buffers of an error sentence would enlarge
 * the stack frame of every request. */
static __attribute__((noinline)) int wrong_value(const struct parameter *row,
                                                 const char *text, int error,
                                                 char *why, size_t why_size)
{
    char shown_text[SHOWN_MAX], low[FORMATTED_MAX], high[FORMATTED_MAX];
    units_format(row->unit, row->min, low, sizeof low);
    units_format(row->unit, row->max, high, sizeof high);
    if (error == -EINVAL)
        return invalid(why, why_size, "%s=%s is not %s; allowed is %s to %s",
                       row->name, shown(text, shown_text),
                       units[row->unit].kind, low, high);
    return invalid(why, why_size, "%s=%s is out of range; allowed is %s to %s",
                   row->name, shown(text, shown_text), low, high);
}

static int parse_value(const struct parameter *row, const char *text,
                       int64_t *value, char *why, size_t why_size)
{
    int error = units_parse(row->unit, text, value);
    if (error == 0 && *value >= row->min && *value <= row->max)
        return 0;
    return wrong_value(row, text, error, why, why_size);
}

/* Parses one row's text into `values`. Returns how many values there are, or
 * -EINVAL. */
static int parse_row(const struct parameter *row, const char *text,
                     int64_t *values, char *why, size_t why_size)
{
    if (row->list_max <= 0)
        return parse_value(row, text, values, why, why_size) < 0 ? -EINVAL : 1;
    char piece[PIECE_MAX], shown_text[SHOWN_MAX];
    for (int count = 0;; count++) {
        size_t length = strcspn(text, ",");
        if (count == row->list_max)
            return invalid(why, why_size,
                           "%s has too many values; allowed are 1 to %d",
                           row->name, row->list_max);
        if (length >= sizeof piece)
            return invalid(why, why_size, "%s=%s is not %s", row->name,
                           shown(text, shown_text), units[row->unit].kind);
        memcpy(piece, text, length);
        piece[length] = 0;
        if (parse_value(row, piece, &values[count], why, why_size) < 0)
            return -EINVAL;
        if (text[length] == 0)
            return count + 1;
        text += length + 1;
    }
}

int parameters_parse(const struct parameter *table, const char *const *given,
                     struct arguments *arguments, char *why, size_t why_size)
{
    check_table(table);
    int rows = parameters_count(table), used = 0;
    arguments->seed = 0;
    for (int i = 0; i < rows; i++) {
        const char *text = given && given[i] ? given[i] : table[i].default_text;
        arguments->first[i] = (uint8_t)used;
        int count =
            parse_row(&table[i], text, &arguments->values[used], why, why_size);
        if (count < 0)
            return -EINVAL;
        used += count;
    }
    for (int i = rows; i <= PARAMETERS_MAX; i++)
        arguments->first[i] = (uint8_t)used;
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A query string while it is split into null-terminated pieces. */
struct query {
    const char *at, *end;
    char *text;
    size_t used, size;
};

/* Decodes up to `stop`, '&' or the end. Returns the decoded, terminated text;
 * NULL when the query is malformed, holds a NUL or does not fit. */
static const char *query_piece(struct query *query, char stop)
{
    char *piece = query->text + query->used;
    while (query->at < query->end && *query->at != stop && *query->at != '&') {
        char c = *query->at++;
        if (c == '+')
            c = ' ';
        if (c == '%') {
            if (query->end - query->at < 2)
                return NULL;
            int high = hex_digit(query->at[0]), low = hex_digit(query->at[1]);
            if (high < 0 || low < 0)
                return NULL;
            c = (char)(high * 16 + low);
            query->at += 2;
        }
        if (c == 0 || query->used == query->size - 1)
            return NULL;
        query->text[query->used++] = c;
    }
    if (query->used == query->size)
        return NULL;
    query->text[query->used++] = 0;
    return piece;
}

static int parse_seed(const char *text, uint64_t *seed)
{
    uint64_t value = 0;
    if (!*text)
        return -EINVAL;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' ||
            __builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return -EINVAL;
    }
    *seed = value;
    return 0;
}

static __attribute__((noinline)) int unknown(const struct parameter *table,
                                             const char *name, char *why,
                                             size_t why_size)
{
    char shown_text[SHOWN_MAX], names[256] = "";
    for (int i = 0; table && table[i].name; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s, ", table[i].name);
    }
    return invalid(why, why_size,
                   "%s is not a parameter here; there are: %sseed",
                   shown(name, shown_text), names);
}

/* Splits the query into given[], one text for each row, and the seed's text. */
static int split_query(const struct parameter *table, struct query *query,
                       const char **given, const char **seed, char *why,
                       size_t why_size)
{
    char shown_text[SHOWN_MAX];
    while (query->at < query->end) {
        const char *name = query_piece(query, '=');
        bool equals = query->at < query->end && *query->at == '=';
        query->at += equals;
        const char *text = name && equals ? query_piece(query, '&') : NULL;
        if (!text)
            return invalid(why, why_size,
                           "the query is malformed or too long; write "
                           "name=value&name=value, %d bytes at most",
                           QUERY_MAX);
        int row = parameters_find(table, name);
        if (row < 0 && strcmp(name, "seed") != 0)
            return unknown(table, name, why, why_size);
        const char **slot = row < 0 ? seed : &given[row];
        if (*slot)
            return invalid(why, why_size, "%s is given twice; give it once",
                           shown(name, shown_text));
        *slot = text;
        if (query->at < query->end && ++query->at == query->end)
            return invalid(why, why_size, "the query ends in &; remove it");
    }
    return 0;
}

static int parse_pieces(const struct parameter *table, struct query *query,
                        struct arguments *arguments, char *why, size_t why_size)
{
    const char *given[PARAMETERS_MAX] = {NULL}, *seed = NULL;
    char shown_text[SHOWN_MAX];
    check_table(table);
    if (query->at < query->end &&
        split_query(table, query, given, &seed, why, why_size) < 0)
        return -EINVAL;
    if (parameters_parse(table, given, arguments, why, why_size) < 0)
        return -EINVAL;
    if (seed && parse_seed(seed, &arguments->seed) < 0)
        return invalid(why, why_size,
                       "seed=%s is not a whole number; allowed is 0 to "
                       "18446744073709551615",
                       shown(seed, shown_text));
    return 0;
}

/* Not inlined: its buffer would enlarge the stack frame of short queries. */
static __attribute__((noinline)) int parse_long(const struct parameter *table,
                                                struct query *query,
                                                struct arguments *arguments,
                                                char *why, size_t why_size)
{
    char text[QUERY_MAX];
    query->text = text;
    query->size = sizeof text;
    return parse_pieces(table, query, arguments, why, why_size);
}

/* The text is on the stack of a task, where every page that is touched once
 * costs memory for each connection. So a short query gets a small buffer.
 * Decoded and terminated, the pieces are at most one byte longer than the
 * query. */
int parameters_parse_query(const struct parameter *table, const char *query,
                           size_t query_length, struct arguments *arguments,
                           char *why, size_t why_size)
{
    char text[QUERY_SHORT];
    struct query split = {.at = query,
                          .end = query + query_length,
                          .text = text,
                          .size = sizeof text};
    if (query_length >= sizeof text)
        return parse_long(table, &split, arguments, why, why_size);
    return parse_pieces(table, &split, arguments, why, why_size);
}

/* Appends to text[*used]. Returns 0 or -ENOSPC. */
__attribute__((format(printf, 4, 5))) static int
append(char *text, size_t size, size_t *used, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = vsnprintf(text + *used, size - *used, format, list);
    va_end(list);
    if (length < 0 || (size_t)length >= size - *used)
        return -ENOSPC;
    *used += (size_t)length;
    return 0;
}

int parameters_format_query(const struct parameter *table,
                            const struct arguments *arguments, char *text,
                            size_t size)
{
    char value[FORMATTED_MAX];
    size_t used = 0;
    for (int i = 0; i < parameters_count(table); i++) {
        for (int k = 0; k < argument_count(arguments, i); k++) {
            units_format(table[i].unit,
                         arguments->values[arguments->first[i] + k], value,
                         sizeof value);
            const char *before = k > 0 ? "," : table[i].name;
            if (append(text, size, &used, "%s%s%s", before, k > 0 ? "" : "=",
                       value) < 0)
                return -ENOSPC;
        }
        if (append(text, size, &used, "&") < 0)
            return -ENOSPC;
    }
    if (append(text, size, &used, "seed=%llu",
               (unsigned long long)arguments->seed) < 0)
        return -ENOSPC;
    return (int)used;
}

/* Appends a JSON string. */
static int append_string(char *text, size_t size, size_t *used,
                         const char *string)
{
    int error = append(text, size, used, "\"");
    for (; error == 0 && *string; string++) {
        unsigned char c = (unsigned char)*string;
        if (c == '"' || c == '\\')
            error = append(text, size, used, "\\%c", c);
        else if (c < ' ')
            error = append(text, size, used, "\\u%04x", c);
        else
            error = append(text, size, used, "%c", c);
    }
    return error < 0 ? error : append(text, size, used, "\"");
}

static int describe_row(const struct parameter *row, char *text, size_t size,
                        size_t *used)
{
    char low[FORMATTED_MAX], high[FORMATTED_MAX];
    const char *const pairs[][2] = {
        {"name", row->name},
        {"unit", units[row->unit].name},
        {"default", row->default_text},
        {"minimum", units_format(row->unit, row->min, low, sizeof low)},
        {"maximum", units_format(row->unit, row->max, high, sizeof high)},
        {"help", row->help},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (append(text, size, used, "%s\"%s\":", i > 0 ? "," : "{",
                   pairs[i][0]) < 0 ||
            append_string(text, size, used, pairs[i][1]) < 0)
            return -ENOSPC;
    }
    if (row->list_max > 0)
        return append(text, size, used, ",\"list_max\":%d}", row->list_max);
    return append(text, size, used, "}");
}

int parameters_describe(const struct parameter *table, char *text, size_t size)
{
    size_t used = 0;
    int error = append(text, size, &used, "[");
    for (int i = 0; error == 0 && i < parameters_count(table); i++) {
        error = i > 0 ? append(text, size, &used, ",") : 0;
        if (error == 0)
            error = describe_row(&table[i], text, size, &used);
    }
    if (error == 0)
        error = append(text, size, &used, "]");
    return error < 0 ? error : (int)used;
}
