/* SPDX-License-Identifier: MIT
 *
 * Starting a server, waiting until it is ready, stopping it; and the guardian
 * that leaves nothing behind when the harness is killed. Knows the process
 * contract (docs/contract.md) and nothing else about what it starts.
 */
#pragma once

#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "meter.h"

struct process_plan {
    const char *const *argv; /* NULL-terminated; argv[0] is a path */
    const cpu_set_t *cpus;   /* NULL: anywhere */
    const char *meter_name;  /* of the tree's meter */
    int64_t ready_timeout_ns;
};

struct process {
    pid_t pid;
    int port; /* as the ready line said */
    struct meter *meter;
    int output_fd; /* the read end of its stdout and stderr, or -1 */
    char meter_note[256];
};

/* Starts the guardian: a small process that waits for the end of this one,
 * however it comes, and then kills the trees registered since. Call once,
 * before the first process_start. Returns 0 or a negative errno. */
int guardian_start(void);

/* Starts a server in a session and groups of its own, stdin from /dev/null,
 * and waits for its ready line. On failure nothing is left running and `why`
 * says what was started, what it printed last (a port taken, a missing
 * library, ...) and what to do. Returns 0 or a negative errno. */
int process_start(const struct process_plan *plan, struct process *process,
                  char *why, size_t why_size);

/* How it is: running, exited or killed, in words, into `text`. Returns true
 * while it runs. */
bool process_alive(struct process *process, char *text, size_t size);

/* SIGTERM, up to 5 s of grace, then the whole tree is killed. Sets *clean to
 * whether it exited 0 on its own and left no process; frees what
 * process_start made. Safe on a zeroed struct. */
void process_stop(struct process *process, bool *clean, char *why,
                  size_t why_size);

/* Kills the tree now (Ctrl-C twice, a failed trial). */
void process_kill(struct process *process);
