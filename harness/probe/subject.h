/* SPDX-License-Identifier: MIT
 *
 * The service that is probed from outside: one that runs already, by its URL,
 * or one that is started here and whose CPU time is metered, by a command or a
 * [target] section (docs/own-service.md). A section without a command is of a
 * service that runs already; its CPU time is metered if it can be seen.
 */
#pragma once

#include <signal.h>

#include "harness/load/load.h"
#include "harness/machine/placement.h"
#include "harness/server/process.h"
#include "harness/server/target.h"

/* What a person says; NULL: not said. */
struct subject_asked {
    const char *url;     /* with a command: http://127.0.0.1:{port}/PATH, a port
                            that the command fixes, or /PATH alone */
    const char *command; /* run by sh; {port} and {dir} are filled in */
    const char *ready;   /* of a command: a path that answers 200 when ready */
    const char *file, *target; /* an .ini file, and which of its targets; NULL:
                                  its only one */
    const char *home;          /* {here} of the file; NULL: its own folder */
    int placement; /* enum placement, or -1: apart if each side has two CPUs */
    const volatile sig_atomic_t *stop;
};

struct subject {
    union load_address address;
    struct load_request *requests;
    int request_count;
    char name[160]; /* for messages */
    bool started;   /* `start` is of a service that is started here */
    bool metered;   /* its processes are seen, so `server` has a meter */
    struct target target;
    struct target_start start;
    struct process server; /* also of a target that runs already */
    struct cpu_split cpus; /* without a server of ours: clients on all CPUs */
};

/* Starts the service, or finds it. Call guardian_start before. Returns 0, or a
 * negative errno with a sentence: -EINVAL for what cannot be meant.
 * subject_close may be called after any result. */
int subject_open(const struct subject_asked *asked, struct subject *subject,
                 char *why, size_t why_size);
void subject_close(struct subject *subject);
