/* SPDX-License-Identifier: MIT
 *
 * What a socket did not take of an answer, for models that cannot wait until
 * it does. The usual answer is sent at once and nothing is kept.
 */
#pragma once

#include <stddef.h>

/* Zero-initialise. */
struct unsent {
    char *bytes;
    size_t size, sent;
};

/* Sends, and keeps a copy of what is left. Returns 1 when all was sent, 0 when
 * something is left, or a negative errno. */
int unsent_begin(struct unsent *unsent, int fd, const char *bytes, size_t size);

/* Sends on; result as above. */
int unsent_go_on(struct unsent *unsent, int fd);

void unsent_free(struct unsent *unsent);
