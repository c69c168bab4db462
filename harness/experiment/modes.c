/* SPDX-License-Identifier: MIT
 *
 * The table of modes, and the table of keys that not every mode has.
 */
#include "modes.h"

#include <stdio.h>

/* The default of a search: more than a fast server needs to reach its limit. */
enum { SEARCH_CONNECTIONS = 256 };

const struct mode_row modes[MODES] = {
    [MODE_CLOSED] = {"closed",
                     "a connection sends again when it has its answer", "3s", 1,
                     .loop = LOAD_CLOSED},
    [MODE_OPEN] = {"open", "requests are sent at a rate of their own", "3s", 0,
                   .loop = LOAD_OPEN},
    [MODE_SEARCH] = {"search",
                     "the highest rate is looked for that keeps `slo`", "3s",
                     SEARCH_CONNECTIONS, .loop = LOAD_OPEN},
    [MODE_CHURN] = {"churn", "closed, with a new connection for every request",
                    "3s", 1, .loop = LOAD_CLOSED},
    [MODE_IDLE] = {"idle", "open, but so rare that connections sleep", "3s", 1,
                   .loop = LOAD_OPEN},
    [MODE_SLICE] = {"slice",
                    "a closed loop that moves between servers that are up side "
                    "by side",
                    "3s", 1, .loop = LOAD_CLOSED, .together = true},
    [MODE_SOAK] = {"soak", "open, for minutes, watched for what grows", "10m",
                   0, .loop = LOAD_OPEN},
};

#define IN(mode) (1U << MODE_##mode)

/* A key that is not listed here has a meaning in every mode. */
static const struct mode_key {
    enum cell_key key;
    unsigned in; /* the modes in which it has a meaning */
    bool told;   /* the description of the keys names these modes */
} mode_keys[] = {
    {CELL_SLICES, IN(SLICE), true},
    {CELL_SLICE, IN(SLICE), true},
    {CELL_DISCARD, IN(SLICE), true},
    {CELL_WINDOW, ~IN(SLICE), false},
    {CELL_SLO, IN(OPEN) | IN(SEARCH) | IN(SOAK), false},
    {CELL_ACTIVE, IN(IDLE), true},
    {CELL_RECOVERY, IN(OPEN), true},
    {CELL_RATE, IN(OPEN) | IN(SOAK), true},
    {CELL_ARRIVALS, IN(OPEN) | IN(SOAK) | IN(SEARCH), true},
    {CELL_THINK, IN(CLOSED) | IN(CHURN), true},
};

enum { MODE_KEYS = sizeof mode_keys / sizeof mode_keys[0] };

static const struct mode_key *find(enum cell_key key)
{
    for (int i = 0; i < MODE_KEYS; i++)
        if (mode_keys[i].key == key)
            return &mode_keys[i];
    return NULL;
}

const char *const *modes_names(void)
{
    static const char *names[MODES + 1];

    for (int i = 0; i < MODES; i++)
        names[i] = modes[i].name;
    return names;
}

enum mode modes_of(const struct load_point *point)
{
    return point->search              ? MODE_SEARCH
           : point->churn             ? MODE_CHURN
           : point->idle              ? MODE_IDLE
           : point->slicing.count > 0 ? MODE_SLICE
           : point->soak              ? MODE_SOAK
           : point->mode == LOAD_OPEN ? MODE_OPEN
                                      : MODE_CLOSED;
}

const char *load_point_mode(const struct load_point *point)
{
    return modes[modes_of(point)].name;
}

void modes_set(struct load_point *point, enum mode mode)
{
    point->mode = modes[mode].loop;
    point->search = mode == MODE_SEARCH;
    point->churn = mode == MODE_CHURN;
    point->idle = mode == MODE_IDLE;
    point->soak = mode == MODE_SOAK;
    point->slicing = (struct slicing){0};
}

bool modes_have(enum mode mode, enum cell_key key)
{
    const struct mode_key *row = find(key);

    return !row || (row->in & 1U << mode);
}

/* "open, search or soak". Returns text. */
static const char *names_in(unsigned in, char *text, size_t size)
{
    size_t used = 0;
    int left = __builtin_popcount(in & ((1U << MODES) - 1));

    text[0] = '\0';
    for (int mode = 0; mode < MODES && used < size; mode++) {
        if (!(in & 1U << mode))
            continue;
        left--;
        used +=
            (size_t)snprintf(text + used, size - used, "%s%s", modes[mode].name,
                             left > 1    ? ", "
                             : left == 1 ? " or "
                                         : "");
    }
    return text;
}

int modes_refuse(const struct reader *reader, const struct cell *cell,
                 enum mode mode)
{
    for (int i = 0; i < MODE_KEYS; i++) {
        const struct mode_key *row = &mode_keys[i];
        const struct cell_text *given = &cell->fixed[row->key];
        char names[128];
        bool replaced = row->key == CELL_WINDOW || row->key == CELL_THINK;

        if (!given->text || given->line < cell->line || row->in & 1U << mode)
            continue;
        if (mode == MODE_SLICE && replaced)
            return reader_fail(reader, given->line,
                               "\"%s\" has no meaning here; mode = slice has "
                               "slices and slice",
                               cell_keys[row->key].name);
        return reader_fail(reader, given->line,
                           "\"%s\" has no meaning here; it belongs to mode = "
                           "%s",
                           cell_keys[row->key].name,
                           names_in(row->in, names, sizeof names));
    }
    return 0;
}

/* Lists the modes: "closed, open", or with words "closed: a connection ...;
 * open: requests ...". */
static char *list(bool words, char *text, size_t size)
{
    size_t used = 0;

    for (int i = 0; i < MODES && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s%s%s",
                                 i == 0  ? ""
                                 : words ? "; "
                                         : ", ",
                                 modes[i].name, words ? ": " : "",
                                 words ? modes[i].words : "");
    return text;
}

char *modes_value(enum cell_key key, char *text, size_t size)
{
    if (key == CELL_MODE)
        return list(false, text, size);
    snprintf(text, size, "%s", cell_keys[key].value);
    return text;
}

char *modes_help(enum cell_key key, char *text, size_t size)
{
    const struct mode_key *row = find(key);
    char names[128];

    if (key == CELL_MODE)
        return list(true, text, size);
    if (row && row->told)
        snprintf(text, size, "%s (mode = %s only)", cell_keys[key].help,
                 names_in(row->in, names, sizeof names));
    else
        snprintf(text, size, "%s", cell_keys[key].help);
    return text;
}
