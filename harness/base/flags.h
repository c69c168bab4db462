/* SPDX-License-Identifier: MIT
 *
 * The flags of a verb as a table: one row yields argp's option, its line of the
 * help, the check of its value and where the value goes. A flag that is
 * misspelt is answered with the nearest one (options.h).
 */
#pragma once

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a flag takes, and the type of the member that it sets. */
enum flag_kind {
    FLAG_ON,     /* bool: true */
    FLAG_OFF,    /* bool: false */
    FLAG_TEXT,   /* const char * */
    FLAG_COUNT,  /* int64_t, from least to most */
    FLAG_TIME,   /* int64_t, from least to 24 h */
    FLAG_FORMAT, /* bool: text (false) or json (true) */
    FLAG_CALL,   /* what the verb's own function makes of it */
};

/* One row; a table ends with a NULL name. */
struct flag {
    const char *name;
    int letter;        /* 0: it has none */
    const char *value; /* as the help names it; NULL: it takes none */
    const char *help;
    enum flag_kind kind;
    size_t offset; /* of the member in the verb's struct */
    int64_t least, most;
    void (*call)(char *value, void *into, struct argp_state *state);
    bool optional; /* the value may be left out: NULL */
};

struct flags {
    const struct flag *rows;
    const char *arguments, *help; /* argp's args_doc and doc */
    /* What to make of a word that is no flag (NULL: there must be none), and of
     * the whole. What is wrong ends with argp_error; a word too many is
     * ARGP_ERR_UNKNOWN. */
    error_t (*word)(char *word, void *into, struct argp_state *state);
    void (*whole)(void *into, struct argp_state *state);
    /* Is told the name of each flag that is given; may be NULL. */
    void (*given)(const char *name, void *into);
    const char *const
        *more; /* other names that could have been meant, or NULL */
};

/* Sets the members of `into` as the words say. A wrong command line ends the
 * program with EXIT_USAGE and a sentence, --help with EXIT_OK. */
void flags_parse(const struct flags *flags, int argc, char **argv, void *into);

/* Finds the names that the comma-separated `words` mean: `fits` is asked for
 * each word and each of `count` things, which are marked in `chosen`. Returns
 * NULL, or the word that fits none. */
const char *flags_choose(char *words, int count,
                         bool (*fits)(const char *word, int index),
                         bool *chosen);
