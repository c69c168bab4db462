/* SPDX-License-Identifier: MIT */
#include "hint.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tree.h"
#include "version.h"

enum { WORD_SIZE = 4 * PATH_MAX + 3 };

/* Characters that are not special to a shell anywhere in a word. */
static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "_-./:,+@%=";

static char resume_verb[32], resume_more[WORD_SIZE];
static char program[WORD_SIZE] = "troika";

char *hint_word(const char *text, char *word, size_t size)
{
    size_t used = 0;

    if (text[0] != '\0' && text[strspn(text, PLAIN)] == '\0') {
        snprintf(word, size, "%s", text);
        return word;
    }
    used += (size_t)snprintf(word, size, "'");
    for (; *text != '\0' && used + 6 < size; text++)
        if (*text == '\'')
            used += (size_t)snprintf(word + used, size - used, "'\\''");
        else
            word[used++] = *text;
    snprintf(word + used, size - used, "'");
    return word;
}

void hint_set_program(const char *argv0)
{
    if (argv0 && argv0[0] != '\0')
        hint_word(argv0, program, sizeof program);
}

const char *hint_program(void)
{
    return program;
}

/* Finds the source tree, with its Makefile. */
static bool find_tree(char tree[PATH_MAX])
{
    char path[PATH_MAX];

    return tree_source("Makefile", path, sizeof path) == 0 &&
           access(path, R_OK) == 0 && tree_source("", path, sizeof path) == 0 &&
           realpath(path, tree);
}

char *hint_make(const char *target, const char *variable, const char *verb,
                const char *directory, char *command, size_t size)
{
    char tree[PATH_MAX], here[PATH_MAX], full[PATH_MAX];
    char place[WORD_SIZE], run[WORD_SIZE];
    bool at_home;

    if (!find_tree(tree)) {
        snprintf(command, size, "%s %s %s", hint_program(), verb,
                 hint_word(directory, run, sizeof run));
        return command;
    }
    at_home = getcwd(here, sizeof here) && !strcmp(here, tree);
    if (!at_home && realpath(directory, full))
        directory = full;
    snprintf(command, size, "make%s%s %s %s=%s", at_home ? "" : " -C ",
             at_home ? "" : hint_word(tree, place, sizeof place), target,
             variable, hint_word(directory, run, sizeof run));
    return command;
}

/* Whether this program is the one that make runs. */
static bool is_made(void)
{
    char path[PATH_MAX], made[PATH_MAX], self[PATH_MAX];

    return tree_source("build/release/troika", path, sizeof path) == 0 &&
           realpath(path, made) && realpath("/proc/self/exe", self) &&
           !strcmp(made, self);
}

void hint_set_resume(const char *verb, const char *more)
{
    snprintf(resume_verb, sizeof resume_verb, "%s", verb);
    snprintf(resume_more, sizeof resume_more, "%s", more);
}

char *hint_resume(const char *directory, char *command, size_t size)
{
    char run[WORD_SIZE];

    command[0] = '\0';
    if (resume_verb[0] != '\0')
        snprintf(command, size, "%s %s --resume=%s%s%s", hint_program(),
                 resume_verb, hint_word(directory, run, sizeof run),
                 resume_more[0] != '\0' ? " " : "", resume_more);
    else if (is_made())
        hint_make("resume", "RUN", "bench", directory, command, size);
    if (command[0] == '\0')
        snprintf(command, size, "%s bench --resume=%s%s", hint_program(),
                 hint_word(directory, run, sizeof run),
                 strcmp(version_variant(), "release") != 0
                     ? " --allow-any-build"
                     : "");
    return command;
}
