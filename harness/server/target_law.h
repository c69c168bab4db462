/* SPDX-License-Identifier: MIT
 *
 * The declared law of a target: how many requests it can serve at once, as a
 * product of numbers and of what its command is told:
 *
 *   slots = {workers} * 40        FastAPI's `def` endpoints: 40 threads in each
 *                                 process (AnyIO's limiter)
 *   slots = {workers} * {threads} gunicorn's gthread workers
 *   slots = {workers}             Django's sync views under ASGI: one thread
 *
 * A request that waits holds its slot. So W slots and requests of D seconds
 * allow W / D a second, whatever the number of connections (Little's law).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct target_law {
    int factor; /* 0: no slots are declared */
    bool per_worker, per_thread;
    char text[64]; /* as declared */
};

/* Reads the product. Returns 0, or -EINVAL with the end of a sentence that
 * begins with the key. */
int target_law_parse(const char *text, struct target_law *law, char *why,
                     size_t why_size);

/* The slots of so many workers with so many threads each; 0: not declared. */
int target_law_slots(const struct target_law *law, int workers, int threads);
