/* SPDX-License-Identifier: MIT
 *
 * Which CPUs the server gets, and which its clients: generator, backend and the
 * harness itself. Only CPUs that this process may use count.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum placement {
    PLACEMENT_SPLIT,  /* server on half of the CPUs, generator and backend on
                         the others */
    PLACEMENT_SHARED, /* server and clients on all CPUs */
};

struct cpu_split {
    cpu_set_t server, clients;
    int server_count, clients_count;
    bool apart; /* server and clients have no CPU in common */
};

/* Gets the CPUs with which this process was started, and returns how many. They
 * are remembered at the first call, so that pinning the harness later does not
 * change them. */
int placement_available(cpu_set_t *cpus);

/* Applies `placement` to the available CPUs. PLACEMENT_SPLIT gives the server
 * the first half and the clients the rest; if there is only one CPU, both get
 * it (apart = false). */
void placement_split(enum placement placement, struct cpu_split *split);

/* Like placement_split, for a given set of CPUs. */
void placement_split_of(const cpu_set_t *available, enum placement placement,
                        struct cpu_split *split);

/* "split" or "shared". */
const char *placement_name(enum placement placement);

/* Moves every thread of a process to the CPUs. Returns 0 or a negative
 * errno. */
int placement_move(pid_t pid, const cpu_set_t *cpus);
