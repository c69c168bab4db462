/* SPDX-License-Identifier: MIT
 *
 * Starts a server, waits until it is ready, stops it. Relies on the process
 * contract (docs/contract.md) alone, so any command that prints the ready line
 * will do.
 *
 * A server never blocks on its output: a small process reads stdout and stderr
 * and keeps the last 64 KiB, whose last lines error messages show.
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

struct process;

struct process_options {
    const char *const *argv; /* NULL-terminated; argv[0] is a path, or a name
                                looked up in PATH */
    const cpu_set_t *cpus;   /* NULL: anywhere */
    const char *const *environment; /* "NAME=VALUE"s, NULL-terminated, which
                                       replace or extend our own; or NULL */
    const char *meter_name;         /* of the tree's meter */
    double cpu_quota;               /* CPUs that the tree may use; 0: all */
    int64_t ready_timeout_ns;
    int64_t stop_timeout_ns;      /* from SIGTERM to the end; 0: 5 s */
    bool (*ready)(void *context); /* NULL: a ready line is expected. Else the
                         server prints none, listens on `port`, and is ready
                         once this function returns true; then dying of
                         SIGTERM counts as a clean end */
    /* Asked now and then while the server is not ready: a sentence if it never
     * will be, else NULL. May be NULL. */
    const char *(*astray)(void *context, const struct process *process);
    const char
        *unready; /* what to add to "was not ready within 5 s"; or NULL */
    void *ready_context;
    int port;                          /* with `ready` */
    const volatile sig_atomic_t *stop; /* not NULL: once set, process_start
                                          fails with -EINTR */
};

struct process_output;

struct process {
    pid_t pid;
    int port;    /* from the ready line, or the options' */
    int workers; /* from the ready line; 0: the server takes no --workers */
    struct meter *meter;
    char meter_note[256];

    /* Below: process.c's own. */
    bool foreign; /* started with `ready` */
    int64_t stop_timeout_ns;
    bool attached; /* found (attach.h), not started; pid 0: not seen */
    bool ended;    /* reaped, `status` as from waitpid */
    int status;
    int slot;     /* the guardian's */
    pid_t reader; /* the process that fills `output`; 0: none yet */
    struct process_output *output;
};

/* Starts a server in a session and control groups of its own, with stdin from
 * /dev/null, and waits until it is ready. After a failure nothing is left
 * running, and `why` says what was started, what it printed last (a port taken,
 * a missing library, ...) and what to do. Returns 0 or a negative errno:
 * -ETIMEDOUT not ready in time, -ENOTCONN it went astray, -ECHILD ended before
 * it was ready, -EINTR *stop was set, others from the system. The kernel kills
 * the server when the calling thread ends, so call from the main thread. */
int process_start(const struct process_options *options,
                  struct process *process, char *why, size_t why_size);

/* Writes the server's state in words (running, exited or killed) into `text`.
 * Returns true while it runs. */
bool process_alive(struct process *process, char *text, size_t size);

/* Writes the last lines that the server printed (at most 8), without the final
 * newline; "" if there are none. Returns text. */
char *process_tail(const struct process *process, char *text, size_t size);

/* Sends SIGTERM, waits up to the options' stop_timeout_ns, then kills the whole
 * tree and frees everything that process_start made. Sets *clean to whether the
 * server exited with 0 after the signal and left no process behind; if not,
 * `why` says what happened. Safe on a zeroed struct. `clean` and `why` may be
 * NULL. */
void process_stop(struct process *process, bool *clean, char *why,
                  size_t why_size);

/* Kills the tree at once (Ctrl-C twice, a failed trial) and frees as
 * process_stop does. Safe on a zeroed struct. */
void process_kill(struct process *process);

/* The end of a server's output, in memory shared with the process that reads
 * the pipes. For process.c and its fuzz test. NULL: out of memory. */
struct process_output *process_output_new(void);

/* Adds bytes and overwrites the oldest. One writer at a time. */
void process_output_add(struct process_output *output, const char *bytes,
                        size_t size);

/* Writes at most `lines` last lines, null-terminated, with '?' for bytes that
 * are not text. Returns text. */
char *process_output_tail(const struct process_output *output, int lines,
                          char *text, size_t size);
