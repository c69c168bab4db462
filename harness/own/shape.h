/* SPDX-License-Identifier: MIT
 *
 * Which of the models a service is built as, told by what grows under load: its
 * processes, its threads, or only its requests in flight. A pure function.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A service with one connection, and with many. Unknown: NAN, -1. */
struct shape_facts {
    bool closes;     /* the service ends the connection after an answer */
    int connections; /* the many */
    int processes_one, processes_many;
    int threads_one, threads_many;
    double per_s_one, per_s_many;
    double response_ns; /* with one connection */
    double cpu_ns;      /* of a request */
    double hot_share;   /* with many: of the CPU time that its threads used or
                           were ready for, that of the one that wanted most */
};

struct shape {
    const char *model; /* of Troika's; NULL: it cannot be told */
    int workers;       /* of the model; 0: its own number, or it has none */
    char why[240];     /* by which figures, or why not */
};

void shape_tell(const struct shape_facts *facts, struct shape *shape);
