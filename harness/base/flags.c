/* SPDX-License-Identifier: MIT
 *
 * A row's key is its letter, or its place in the table behind all letters.
 */
#include "flags.h"

#include <string.h>

#include "models/runtime/base/units.h"
#include "options.h"

enum { FLAGS_MAX = 32, KEY_FIRST = 256 };

static const int64_t DAY_NS = INT64_C(86400000000000);

struct parsing {
    const struct flags *flags;
    void *into;
};

static void take_count(const struct flag *flag, const char *text,
                       int64_t *value, struct argp_state *state)
{
    if (units_parse(UNIT_COUNT, text, value) == 0 && *value >= flag->least &&
        *value <= flag->most)
        return;
    if (flag->most == INT64_MAX)
        argp_error(state, "--%s %s: give a whole number", flag->name, text);
    argp_error(state, "--%s %s: give a whole number from %lld to %lld",
               flag->name, text, (long long)flag->least, (long long)flag->most);
}

static void take_time(const struct flag *flag, const char *text, int64_t *value,
                      struct argp_state *state)
{
    if (units_parse(UNIT_NS, text, value) < 0 || *value < flag->least ||
        *value > DAY_NS)
        argp_error(state, "--%s %s: give a time with its unit, %s to 24h",
                   flag->name, text, flag->least > 0 ? "1ms" : "0ms");
}

static void take(const struct flag *flag, char *text, void *into,
                 struct argp_state *state)
{
    char *member = (char *)into + flag->offset;

    switch (flag->kind) {
    case FLAG_ON:
    case FLAG_OFF:
        *(bool *)member = flag->kind == FLAG_ON;
        break;
    case FLAG_TEXT:
        *(const char **)member = text;
        break;
    case FLAG_COUNT:
        take_count(flag, text, (int64_t *)member, state);
        break;
    case FLAG_TIME:
        take_time(flag, text, (int64_t *)member, state);
        break;
    case FLAG_FORMAT:
        if (strcmp(text, "json") != 0 && strcmp(text, "text") != 0)
            argp_error(state, "--format is \"%s\"; there is text and json",
                       text);
        *(bool *)member = !strcmp(text, "json");
        break;
    case FLAG_CALL:
        flag->call(text, into, state);
        break;
    }
}

static int key_of(const struct flags *flags, int row)
{
    int letter = flags->rows[row].letter;

    return letter != 0 ? letter : KEY_FIRST + row;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    const struct parsing *parsing = state->input;
    const struct flags *flags = parsing->flags;

    if (key == ARGP_KEY_ARG && flags->word)
        return flags->word(value, parsing->into, state);
    if (key == ARGP_KEY_END && flags->whole)
        return flags->whole(parsing->into, state), 0;
    for (int i = 0; flags->rows[i].name; i++)
        if (key == key_of(flags, i)) {
            if (flags->given)
                flags->given(flags->rows[i].name, parsing->into);
            take(&flags->rows[i], value, parsing->into, state);
            return 0;
        }
    return ARGP_ERR_UNKNOWN;
}

void flags_parse(const struct flags *flags, int argc, char **argv, void *into)
{
    struct argp_option options[FLAGS_MAX + 1] = {{0}};
    const struct argp argp = {.options = options,
                              .parser = parse,
                              .args_doc = flags->arguments,
                              .doc = flags->help};
    struct parsing parsing = {flags, into};

    for (int i = 0; flags->rows[i].name && i < FLAGS_MAX; i++)
        options[i] = (struct argp_option){
            .name = flags->rows[i].name,
            .key = key_of(flags, i),
            .arg = flags->rows[i].value,
            .flags = flags->rows[i].optional ? OPTION_ARG_OPTIONAL : 0,
            .doc = flags->rows[i].help};
    options_parse(&argp, argc, argv, flags->more, &parsing);
}

const char *flags_choose(char *words, int count,
                         bool (*fits)(const char *word, int index),
                         bool *chosen)
{
    char *rest = words, *word;

    while ((word = strsep(&rest, ","))) {
        bool found = false;

        for (int i = 0; i < count; i++)
            if (fits(word, i))
                found = chosen[i] = true;
        if (!found)
            return word;
    }
    return NULL;
}
