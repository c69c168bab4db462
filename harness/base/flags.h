/* SPDX-License-Identifier: MIT
 *
 * The flags of a verb as a table. One row gives argp's option, a line of
 * --help, the check of the value and the member that takes it. argp alone ends
 * the program at an unknown flag; here the message also names the flag to give
 * instead: one that other verbs or programs call so, or the nearest one.
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
    FLAG_INT,    /* int, from least to most */
    FLAG_COUNT,  /* int64_t, from least to most */
    FLAG_TIME,   /* int64_t, nanoseconds, from least to 24 h */
    FLAG_FORMAT, /* bool: text (false) or json (true) */
    FLAG_CHOICE, /* int: the index among the alternatives of `value` */
    FLAG_CALL,   /* none: the verb's function handles the value */
};

/* One row; a table ends with a row of zeroes. */
struct flag {
    const char *name;  /* NULL only with `alias`: a letter alone */
    int letter;        /* 0: none */
    const char *value; /* as --help names it; NULL: the flag takes no value */
    const char *help;
    enum flag_kind kind;
    size_t offset; /* of the member in the verb's struct */
    int64_t least, most;
    void (*call)(char *value, void *into, struct argp_state *state);
    bool optional;       /* the value may be left out: NULL */
    bool alias;          /* another name of the row above */
    bool repeats;        /* also where flags are given `once` */
    const char *heading; /* of the group of rows that begins here, in --help; or
                            NULL */
    const char *remark;  /* FLAG_TIME, FLAG_INT, FLAG_COUNT: ends the message
                           about a value of another kind; or NULL */
};

/* A flag of another program that people type from habit. --help does not list
 * it; whoever gives it is told what to give instead. */
struct flag_habit {
    const char *name; /* NULL: a letter alone */
    int letter;       /* 0: none */
    bool has_value;
    const char *instead;
};

struct flags {
    const struct flag
        *first; /* rows that verbs share, before `rows`; or NULL */
    const struct flag *rows;
    const char *arguments, *help; /* argp's args_doc and doc */
    /* Takes a word that is no flag; NULL: no such word is allowed. Reports an
     * error with argp_error; returns 0, or ARGP_ERR_UNKNOWN for a word too
     * many. */
    error_t (*word)(char *word, void *into, struct argp_state *state);
    /* Checks the whole command line, last. May be NULL. */
    void (*whole)(void *into, struct argp_state *state);
    /* Gets the name of each flag that is given. May be NULL. */
    void (*given)(const char *name, void *into);
    /* A flag with a value may be given once: the second one is refused, instead
     * of taking the first one's place without a word. */
    bool once;
    const struct flag_habit *habits; /* ends with a row of zeroes; or NULL */
    const char *const *more; /* other names to suggest, ended by NULL; or
                                NULL */
};

/* The flags that a command line has; a verb's `given` adds to it. */
enum { FLAGS_GIVEN_MAX = 64 };

struct flags_given {
    const char *names[FLAGS_GIVEN_MAX];
    int count;
};

void flags_given_add(struct flags_given *given, const char *name);
bool flags_has(const struct flags_given *given, const char *name);

/* Whether the command line has nothing that `of`, which is given, leaves
 * without effect: no flag of `without` (ended by NULL), or, where that is NULL,
 * none but those of `with`. Otherwise false, with "--NAME has no effect with
 * --OF: INSTEAD". */
bool flags_apply(const struct flags_given *given, const char *of,
                 const char *const *without, const char *const *with,
                 const char *instead, char *why, size_t why_size);

/* Sets the members of `into` as the command line says. A wrong command line
 * ends the program with EXIT_USAGE and a message, --help with EXIT_OK. */
void flags_parse(const struct flags *flags, int argc, char **argv, void *into);

/* From now on flags_parse looks the flag (--NAME or -X) up in the table that it
 * gets, and hands its row to `told`, which ends the program; NULL: there is no
 * such flag. */
void flags_ask(const char *flag, void (*told)(const struct flag *row));

/* Who knows which other verbs have a flag: writes them, "load, search", or "".
 * Without it, a hint names none. */
void flags_set_owners(char *(*owners)(const char *flag, char *text,
                                      size_t size));

/* Finds the things that the comma-separated `words` mean: each word is a
 * shell pattern of names, or a group. `name_of` gives the name and group of a
 * thing by its index, and NULL after the last. Marks matches in `chosen`.
 * Returns NULL, or the first word that matches nothing. */
const char *flags_choose(char *words,
                         const char *(*name_of)(int index, const char **group),
                         bool *chosen);

/* The index of `text` among alternatives of the form "a|b|c", or -1. */
int flags_alternative(const char *alternatives, const char *text);

/* Writes "; did you mean --NAME?" or a list of flags for `word` (--name or
 * --name=value). `names` come without dashes, ended by NULL. Writes "" if one
 * of them begins with the word. Returns text. */
char *flags_suggest(const char *word, const char *const *names, char *text,
                    size_t size);
