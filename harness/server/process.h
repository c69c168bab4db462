/* SPDX-License-Identifier: MIT
 *
 * Starting a server, waiting until it is ready, stopping it. Knows the process
 * contract (docs/contract.md) and nothing else about what it starts, so that
 * any command that prints the ready line will do.
 *
 * What the server prints never blocks it: a small reader keeps the last
 * 64 KiB of stdout and stderr, of which error texts show the last lines.
 */
#pragma once

#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "guardian.h"
#include "harness/machine/meter/meter.h"

struct process_options {
    const char *const *argv; /* NULL-terminated; argv[0] is a path, or a name
                                looked up in PATH */
    const cpu_set_t *cpus;   /* NULL: anywhere */
    const char *const *environment; /* NULL, or NULL-terminated "NAME=VALUE"s:
                                       in place of what we have ourselves */
    const char *meter_name;         /* of the tree's meter */
    int64_t ready_timeout_ns;
    bool (*ready)(void *context); /* not NULL: the server prints no line, but
                         listens on `port` and is ready once this says so; to
                         be ended by SIGTERM is a clean end of it */
    void *ready_context;
    int port;                          /* with `ready` */
    const volatile sig_atomic_t *stop; /* not NULL: once set, process_start
                                          fails with -EINTR */
};

struct process_output;

struct process {
    pid_t pid;
    int port;    /* as the ready line said */
    int workers; /* likewise; 0: it has none to set */
    struct meter *meter;
    char meter_note[256];

    /* Below: process.c's own. */
    bool foreign; /* started with `ready` */
    bool ended;   /* reaped, `status` as from waitpid */
    int status;
    int slot;     /* the guardian's */
    pid_t reader; /* the process that keeps `output`; 0: none yet */
    struct process_output *output;
};

/* Starts a server in a session and groups of its own, stdin from /dev/null,
 * and waits for its ready line. On failure nothing is left running and `why`
 * says what was started, what it printed last (a port taken, a missing
 * library, ...) and what to do. Returns 0 or a negative errno: -ETIMEDOUT not
 * ready in time, -ECHILD ended before it was ready, others from the system.
 * The server is killed when the calling thread ends: call from the main one. */
int process_start(const struct process_options *options,
                  struct process *process, char *why, size_t why_size);

/* How it is: running, exited or killed, in words, into `text`. Returns true
 * while it runs. */
bool process_alive(struct process *process, char *text, size_t size);

/* The last lines that it printed (at most 8), without the final newline; ""
 * when there are none. Returns text. */
char *process_tail(const struct process *process, char *text, size_t size);

/* SIGTERM, up to 5 s of grace, then the whole tree is killed. Sets *clean to
 * whether it exited 0 on its own and left no process; frees what
 * process_start made. Safe on a zeroed struct. `clean` and `why` may be
 * NULL. */
void process_stop(struct process *process, bool *clean, char *why,
                  size_t why_size);

/* Kills the tree now (Ctrl-C twice, a failed trial) and frees like
 * process_stop. Safe on a zeroed struct. */
void process_kill(struct process *process);

/* The last part of what a server printed, in memory shared with the process
 * that reads its pipes: for process.c and its fuzz test. NULL: out of memory.
 */
struct process_output *process_output_new(void);

/* Adds; the oldest bytes give way. One writer at a time. */
void process_output_add(struct process_output *output, const char *bytes,
                        size_t size);

/* The last lines, at most `lines`, null-terminated, bytes that are not text
 * replaced by '?'. Returns text. */
char *process_output_tail(const struct process_output *output, int lines,
                          char *text, size_t size);
