/* SPDX-License-Identifier: MIT
 *
 * Which CPUs the server has and which its clients (generator, backend and the
 * harness itself). Only CPUs that this process may use count.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum placement {
    PLACEMENT_SPLIT,  /* server on half of the CPUs, generator and backend on
                         the others */
    PLACEMENT_SHARED, /* everybody on every CPU */
};

struct cpu_split {
    cpu_set_t server, clients;
    int server_count, clients_count;
    bool apart; /* the two do not overlap */
};

/* The CPUs this process was started with; remembered at the first call, so
 * that later pinning of the harness does not narrow them. Returns how many. */
int placement_available(cpu_set_t *cpus);

/* How `placement` turns out here: split gives the server the first half and
 * the clients the rest; with one CPU there is nothing to split and both get
 * it (apart = false). */
void placement_split(enum placement placement, struct cpu_split *split);

/* Splits a given set of CPUs; pure. */
void placement_split_of(const cpu_set_t *available, enum placement placement,
                        struct cpu_split *split);

/* "split" or "shared". */
const char *placement_name(enum placement placement);

/* Moves every thread of a process to the CPUs. Returns 0 or a negative
 * errno. */
int placement_move(pid_t pid, const cpu_set_t *cpus);
