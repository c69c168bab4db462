/* SPDX-License-Identifier: MIT
 *
 * The whole of it: a look at the service, its wait and CPU time, the run beside
 * the models, the sentence.
 */
#pragma once

#include <signal.h>

#include "race.h"

/* How an own service is measured. */
struct own_how {
    int connections;
    int64_t wait_ns;        /* of a request, as the person says; -1: found */
    int64_t cpu_ns;         /* that the models compute as well */
    const char *model;      /* that it is built as; NULL: told */
    struct run_options run; /* without a command */
    const volatile sig_atomic_t *stop;
};

/* Measures, and prints the sentence. Returns an exit code. */
int own_bench(const struct own_asked *asked, const struct own_how *how);

/* Looks at the service, and writes the experiment file for it. Returns an exit
 * code. */
int own_init(const struct own_asked *asked, const struct own_how *how,
             const char *path);
