/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

json_t *json_known(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

json_t *json_positive(int64_t value)
{
    return value > 0 ? json_integer(value) : json_null();
}

json_t *json_finite(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_finite_if(double value, bool known)
{
    return json_finite(known ? value : NAN);
}

json_t *json_text(const char *text)
{
    json_t *value = json_string(text);
    char copy[2048];

    if (value)
        return value;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *c = copy; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    return json_string(copy);
}

json_t *json_text_if(const char *text)
{
    return text[0] != '\0' ? json_text(text) : json_null();
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 127;
}

/* Texts are replaced and not changed in place: Jansson's are constant. */
static void make_text_printable(json_t *value)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value) + 1, i = 0;

    while (i + 1 < size && !is_control(text[i]))
        i++;
    char *copy = i + 1 < size ? malloc(size) : NULL;
    if (!copy)
        return;
    memcpy(copy, text, size);
    for (; i + 1 < size; i++)
        if (is_control(copy[i]))
            copy[i] = '?';
    json_string_set_nocheck(value, copy);
    free(copy);
}

void json_make_printable(json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_string(value))
        make_text_printable(value);
    json_array_foreach (value, i, item)
        json_make_printable(item);
    json_object_foreach (value, key, item)
        json_make_printable(item);
}

json_t *json_time(int64_t unix_s)
{
    char text[32];
    time_t at = (time_t)unix_s;
    struct tm utc;

    gmtime_r(&at, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_string(text);
}

const char *json_string_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

const char *json_text_of(const json_t *object, const char *key)
{
    const char *text = json_string_of(object, key);

    return text ? text : "";
}

bool json_text_is(const json_t *object, const char *key, const char *text)
{
    return strcmp(json_text_of(object, key), text) == 0;
}

bool json_true_of(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

json_int_t json_integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

double json_number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

double json_figure_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

double json_figure_in(const json_t *object, const char *first,
                      const char *second)
{
    return json_figure_of(json_object_get(object, first), second);
}

void json_print(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    putchar('\n');
}

bool json_take_text(const json_t *object, const char *key, char *into,
                    size_t size)
{
    const char *text = json_string_of(object, key);

    if (!text || strlen(text) >= size)
        return false;
    strcpy(into, text);
    return true;
}

const json_t *json_row_of(const json_t *list, const char *key, const char *text)
{
    const json_t *row;
    size_t i;

    json_array_foreach (list, i, row) {
        if (text[0] != '\0' && json_text_is(row, key, text))
            return row;
    }
    return NULL;
}
