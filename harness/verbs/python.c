/* SPDX-License-Identifier: MIT */
#include "python.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/exit.h"
#include "harness/base/tree.h"

/* Python's modules come from the distribution: its own interpreter has them. */
static const char PYTHON[] = "/usr/bin/python3";

static int fail(const char *verb, const char *what, int error)
{
    fprintf(stderr, "%s: %s: %s\n", verb, what, strerror(error));
    return EXIT_FAILED;
}

void python_add(struct python_words *words, const char *word)
{
    if (words->count < PYTHON_WORDS_MAX)
        words->of[words->count] = word;
    words->count++;
}

int python_self(const char *verb, char *path)
{
    int error = tree_beside("troika", path, PATH_MAX);

    return error < 0 ? fail(verb, "troika", -error) : 0;
}

int python_become(const char *verb, const char *script,
                  const struct python_words *words)
{
    char path[PATH_MAX], *all[PYTHON_WORDS_MAX + 3];
    int count = 0, error = tree_source(script, path, sizeof path);

    if (error < 0)
        return fail(verb, script, -error);
    if (words->count > PYTHON_WORDS_MAX)
        return fail(verb, script, E2BIG);
    all[count++] = (char *)PYTHON;
    all[count++] = path;
    for (int i = 0; i < words->count; i++)
        all[count++] = (char *)words->of[i];
    all[count] = NULL;
    fflush(NULL);
    execv(PYTHON, all);
    return fail(verb, PYTHON, errno);
}

int python_run(const char *verb, const char *script,
               const struct python_words *words)
{
    int status;

    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        return fail(verb, script, errno);
    if (child == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        _exit(python_become(verb, script, words));
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return fail(verb, script, errno);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
