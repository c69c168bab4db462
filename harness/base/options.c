/* SPDX-License-Identifier: MIT
 *
 * argp ends the program where getopt finds an unknown option, before any parser
 * learns of it. So a silent parse of a copy of the words comes first: it takes
 * whatever is known, and tells which word is not.
 */
#include "options.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit.h"
#include "names.h"

enum { OPTIONS_MAX = 96, NAME_SIZE = 64, CHILDREN_MAX = 4 };

static error_t look(int key, char *value, struct argp_state *state)
{
    const char **bad = state->input;

    (void)value;
    if (key == ARGP_KEY_ERROR && state->next > 0 && state->next <= state->argc)
        *bad = state->argv[state->next - 1];
    return 0;
}

static error_t ignore(int key, char *value, struct argp_state *state)
{
    (void)value, (void)state;
    return key == ARGP_KEY_ARG ? ARGP_ERR_UNKNOWN : 0;
}

char *options_suggest(const char *word, const char *const *names, char *text,
                      size_t size)
{
    static char dashed[OPTIONS_MAX][NAME_SIZE];
    const char *known[OPTIONS_MAX + 1] = {NULL};
    char name[NAME_SIZE];
    int count = 0;

    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    text[0] = '\0';
    for (; names[count] && count < OPTIONS_MAX; count++) {
        snprintf(dashed[count], NAME_SIZE, "--%s", names[count]);
        known[count] = dashed[count];
        /* Cut short, ambiguous, or without what it needs: getopt says so. */
        if (!strncmp(dashed[count], name, strlen(name)))
            return text;
    }
    return names_suggest(name, known, text, size);
}

/* What getopt does not know of the words; NULL where it knows all. */
static const char *unknown_word(const struct argp *argp, int argc, char **argv)
{
    struct argp below[CHILDREN_MAX];
    struct argp_child children[CHILDREN_MAX + 1] = {{0}};
    struct argp silent = {.options = argp->options, .parser = look};
    char **words = calloc((size_t)argc + 1, sizeof *words);
    const char *bad = NULL;

    if (!words)
        return NULL;
    memcpy(words, argv, (size_t)argc * sizeof *words);
    for (int i = 0; argp->children && argp->children[i].argp; i++) {
        below[i] = (struct argp){.options = argp->children[i].argp->options,
                                 .parser = ignore};
        children[i].argp = &below[i];
        silent.children = children;
    }
    if (argp_parse(&silent, argc, words, ARGP_SILENT, NULL, &bad) == 0)
        bad = NULL;
    free(words);
    return bad && !strncmp(bad, "--", 2) ? bad : NULL;
}

/* Puts the long names of the rows, if any, behind those that are there. */
static int add_names(const struct argp_option *rows, const char **names,
                     int count)
{
    for (; rows && (rows->name || rows->key != 0) && count < OPTIONS_MAX;
         rows++)
        if (rows->name && !(rows->flags & OPTION_HIDDEN))
            names[count++] = rows->name;
    return count;
}

error_t options_parse(const struct argp *argp, int argc, char **argv,
                      const char *const *more, void *input)
{
    const char *names[OPTIONS_MAX + 1] = {"help", "usage"};
    const char *bad = unknown_word(argp, argc, argv);
    int count = add_names(argp->options, names, 2);
    char hint[512];

    argp_err_exit_status = EXIT_USAGE;
    for (int i = 0; argp->children && argp->children[i].argp; i++)
        count = add_names(argp->children[i].argp->options, names, count);
    for (; more && *more && count < OPTIONS_MAX; more++)
        names[count++] = *more;
    if (bad && *options_suggest(bad, names, hint, sizeof hint)) {
        fprintf(stderr, "%s: unrecognized option '%s'%s (%s --help)\n", argv[0],
                bad, hint, argv[0]);
        exit(EXIT_USAGE);
    }
    return argp_parse(argp, argc, argv, 0, NULL, input);
}
