/* SPDX-License-Identifier: MIT
 *
 * From a plan to a running program: fork, what the child does to itself, exec.
 */
#pragma once

#include <stddef.h>

#include "process.h"

/* The pipes between the harness and a server that starts: its output, and why
 * it could not be executed. The harness keeps the first end of each. */
struct process_wires {
    int out[2], err[2], failure[2];
};

/* Returns 0 or a negative errno; process_launch_close is due in any case. */
int process_launch_open(struct process_wires *wires);

void process_launch_close(struct process_wires *wires);

/* Forks and execs the plan's program; process->meter and ->slot are set, its
 * pid will be. Returns 0 or a negative errno with a sentence. */
int process_launch(const struct process_plan *plan, struct process *process,
                   struct process_wires *wires, char *why, size_t size);
