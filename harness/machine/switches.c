/* SPDX-License-Identifier: MIT
 *
 * A name that ends in * stands for all names that begin so. Variables that hold
 * passwords are not listed, since a run's files may be shown to others.
 */
#include "switches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/names.h"

static const char GATES_OFF[] = "TROIKA_DISABLE_GATE";

static const char *const names[] = {
    GATES_OFF,
    "TROIKA_URGENCY",
    "TROIKA_METER",
    "TROIKA_FILES",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "LD_AUDIT",
    "LD_BIND_NOW",
    "GLIBC_TUNABLES",
    "MALLOC_*",
    "UV_THREADPOOL_SIZE",
    "UV_USE_IO_URING",
    "NODE_OPTIONS",
    "NODE_ENV",
    "OPENSSL_CONF",
    "OPENSSL_ia32cap",
    "PGUSER",
    "PGDATABASE",
    "PGSSLMODE",
};

static bool is_named(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t known = strlen(names[i]);
        bool open = names[i][known - 1] == '*';

        known -= open;
        if (length >= known && !strncmp(names[i], name, known) &&
            (open || length == known))
            return true;
    }
    return false;
}

json_t *switches_json(void)
{
    json_t *object = json_object();

    for (char **at = environ; at && *at; at++) {
        const char *value = strchr(*at, '=');
        char name[128];

        if (!value || value[1] == '\0' || !is_named(*at, (size_t)(value - *at)))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(value - *at), *at);
        json_t *text = json_string(value + 1);
        json_object_set_new(object, name,
                            text ? text : json_string("not UTF-8"));
    }
    return object;
}

bool switches_untrusted(const json_t *variables, char *words, size_t size)
{
    const char *off = json_string_value(json_object_get(variables, GATES_OFF));

    words[0] = '\0';
    if (!off)
        return false;
    snprintf(words, size,
             "NOT TO BE TRUSTED: %s=%.300s in the environment switches gates "
             "off, so that figures stand that these would have withheld; "
             "unset it and measure again",
             GATES_OFF, off);
    return true;
}

static const char *value_of(const json_t *variables, const char *name)
{
    return json_string_value(json_object_get(variables, name));
}

/* Finds the first of `these` whose value differs in `others`, and names it with
 * its values then and now. */
static bool differs(const json_t *these, const json_t *others,
                    const json_t *then, const json_t *now, char *words,
                    size_t size)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)these, name, value) {
        const char *before = value_of(then, name), *after = value_of(now, name);

        if (json_equal(value, json_object_get(others, name)))
            continue;
        snprintf(words, size, "%s%s%.200s then, %s%.200s now", name,
                 before ? "=" : "", before ? before : " not set",
                 after ? "=" : "", after ? after : "not set");
        return true;
    }
    return false;
}

bool switches_agree(const json_t *then, const json_t *now, char *words,
                    size_t size)
{
    words[0] = '\0';
    return !differs(then, now, then, now, words, size) &&
           !differs(now, then, then, now, words, size);
}

static bool is_among(const char *const *known, const char *word)
{
    while (*known && strcmp(*known, word) != 0)
        known++;
    return *known;
}

static bool check_words(const char *variable, const char *thing,
                        const char *const *known, char *why, size_t size)
{
    const char *list = getenv(variable);
    char word[64], hint[256];

    while (list && *list != '\0') {
        size_t length = strcspn(list, ", ");

        snprintf(word, sizeof word, "%.*s", (int)length, list);
        if (length > 0 && !is_among(known, word)) {
            snprintf(why, size, "%s: no %s is named \"%s\"%s", variable, thing,
                     word, names_suggest(word, known, hint, sizeof hint));
            return false;
        }
        list += length + strspn(list + length, ", ");
    }
    return true;
}

static bool check_word(const char *variable, const char *const *known,
                       char *why, size_t size)
{
    const char *value = getenv(variable);
    char hint[256];

    if (!value || *value == '\0' || is_among(known, value))
        return true;
    snprintf(why, size, "%s has no value \"%.64s\"%s", variable, value,
             names_suggest(value, known, hint, sizeof hint));
    return false;
}

bool switches_check(const char *const *gates, char *why, size_t size)
{
    static const char *const meters[] = {"v1", "v2", "proc", NULL};
    static const char *const urgencies[] = {"yes", "no", NULL};

    return check_words(GATES_OFF, "gate", gates, why, size) &&
           check_word("TROIKA_METER", meters, why, size) &&
           check_word("TROIKA_URGENCY", urgencies, why, size);
}
