/* SPDX-License-Identifier: MIT */
#include "checked.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/arithmetic/digits.h"

struct checked checked_file(const json_t *object, char *why, size_t why_size)
{
    return (struct checked){.object = object, .why = why, .why_size = why_size};
}

struct checked checked_row(const json_t *row, const char *list, size_t index,
                           char *why, size_t why_size)
{
    struct checked checked = checked_file(row, why, why_size);

    snprintf(checked.of, sizeof checked.of, "%s[%zu]", list, index);
    return checked;
}

void checked_refuse(struct checked *checked, const char *member,
                    const char *expected)
{
    const json_t *value = json_object_get(checked->object, member);
    const char *of = checked->of[0] ? " of " : "";
    const size_t flags =
        JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(12);

    if (checked->wrong)
        return;
    checked->wrong = true;
    char *text = value ? json_dumps(value, flags) : NULL;
    if (value)
        snprintf(checked->why, checked->why_size,
                 "\"%s\"%s%s is %.60s%s, and should be %s", member, of,
                 checked->of, text ? text : "?",
                 text && strlen(text) > 60 ? "..." : "", expected);
    else
        snprintf(checked->why, checked->why_size,
                 "\"%s\"%s%s is missing: it should be %s", member, of,
                 checked->of, expected);
    free(text);
}

int64_t checked_whole(struct checked *checked, const char *member,
                      int64_t least, int64_t most)
{
    const json_t *value = json_object_get(checked->object, member);
    int64_t number = json_integer_value(value);
    char expected[96];

    if (json_is_integer(value) && number >= least && number <= most)
        return number;
    snprintf(expected, sizeof expected, "a whole number from %lld to %lld",
             (long long)least, (long long)most);
    checked_refuse(checked, member, expected);
    return 0;
}

double checked_number(struct checked *checked, const char *member, double least,
                      double most)
{
    const json_t *value = json_object_get(checked->object, member);
    double number = json_number_value(value);
    char expected[96];

    if (json_is_number(value) && number >= least && number <= most)
        return number;
    snprintf(expected, sizeof expected, "a number from %s to %s",
             digits_of(least, 3).text, digits_of(most, 3).text);
    checked_refuse(checked, member, expected);
    return 0;
}

double checked_number_or_null(struct checked *checked, const char *member,
                              double least, double most)
{
    return json_is_null(json_object_get(checked->object, member))
               ? NAN
               : checked_number(checked, member, least, most);
}

bool checked_flag(struct checked *checked, const char *member)
{
    const json_t *value = json_object_get(checked->object, member);

    if (!json_is_boolean(value))
        checked_refuse(checked, member, "true or false");
    return json_is_true(value);
}

void checked_text(struct checked *checked, const char *member, char *into,
                  size_t size)
{
    const char *text =
        json_string_value(json_object_get(checked->object, member));
    bool good = text && text[0] && strlen(text) < size;
    char expected[96];

    for (const char *c = text; good && *c; c++)
        good = (unsigned char)*c >= ' ' && *c != 0x7f;
    into[0] = '\0';
    if (good) {
        strcpy(into, text);
        return;
    }
    snprintf(expected, sizeof expected, "a text of 1 to %zu characters",
             size - 1);
    checked_refuse(checked, member, expected);
}

void checked_time(struct checked *checked, const char *member, char *into,
                  size_t size)
{
    const char *text =
        json_string_value(json_object_get(checked->object, member));
    struct tm at = {0};
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &at) : NULL;

    into[0] = '\0';
    if (end && !*end && strlen(text) < size)
        strcpy(into, text);
    else
        checked_refuse(checked, member, "a time as 2026-11-21T03:16:02Z");
}

const json_t *checked_list(struct checked *checked, const char *member,
                           size_t least, size_t most)
{
    const json_t *list = json_object_get(checked->object, member);
    size_t count = json_array_size(list);
    char expected[96];

    if (json_is_array(list) && count >= least && count <= most)
        return list;
    snprintf(expected, sizeof expected, "a list of %zu to %zu rows", least,
             most);
    checked_refuse(checked, member, expected);
    return NULL;
}
