/* SPDX-License-Identifier: MIT
 *
 * An own service as flags: what a [target] section says, and nothing else. The
 * flags become such a section, so that the reader of experiments judges them.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "harness/base/flags.h"

enum { OWN_URLS_MAX = 16, OWN_HEADERS_MAX = 16 };

/* NULL: not given. The first member of a verb's struct. */
struct own_asked {
    const char *urls[OWN_URLS_MAX]; /* "[METHOD ]URL[ WEIGHT]"; of a command
                                       paths are enough */
    int url_count;
    const char *command, *ready, *method, *body, *body_file;
    const char *headers[OWN_HEADERS_MAX];
    int header_count;
    const char *login, *login_body, *token, *check;
};

/* The rows of these flags, for struct flags.first. */
extern const struct flag own_flags[];

/* Whether the words of a command line describe an own service: --url,
 * --command. */
bool own_is_asked(int argc, char **argv);

/* Writes [target NAME] of what is asked; `check`: in the place of asked->check,
 * or NULL. Returns 0, or -EINVAL with a sentence: something does not fit a
 * line. */
int own_section(const struct own_asked *asked, const char *name,
                const char *check, FILE *file, char *why, size_t why_size);
