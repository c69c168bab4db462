/* SPDX-License-Identifier: MIT
 *
 * A target: a server that knows nothing of the process contract and is started
 * by a shell command in a fresh folder. The harness picks its port and asks it
 * whether it is ready.
 *
 * A [target NAME] section of an experiment (docs/own-service.md) describes an
 * HTTP server that takes part like a model: a struct model_info points to it.
 * The stores that workloads call are targets, too (store_server.c).
 */
#pragma once

#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asking.h"
#include "harness/load/load.h"
#include "models/runtime/base/discipline.h"
#include "models/runtime/base/parameter.h"
#include "process.h"
#include "target_law.h"

enum {
    TARGET_TEXT_MAX = 1024,
    TARGET_NAME_MAX = 40,
    TARGET_WORKLOADS_MAX = 16
};

/* A target without a command runs already, and is left running (attach.h).
 *
 * The command finds its port in the variable PORT of its environment as well.
 * Placeholders {port}, {workers}, {threads}, {dir}, {config}, {here} and
 * {secret} are filled in, in command, prepare and the template.
 *
 * A target that serves workloads of Troika has the routes of the models and
 * their answers. It is asked and checked as a model is, and its declared law
 * predicts its rate. Any other target is asked for its URLs. */
struct target {
    char name[TARGET_NAME_MAX];
    char home[512];                /* {here}: the folder of the experiment; of
                                      a store, of its program */
    char command[TARGET_TEXT_MAX]; /* run by sh with exec; "": it runs
                                      already, where `asking` says */
    char prepare[TARGET_TEXT_MAX]; /* run by sh before; "" for none */
    char program[512];             /* the command's first word, {here} filled */
    struct asking asking;          /* what requests ask for, and expect */
    char ready_path[TARGET_TEXT_MAX]; /* "": ready once it accepts */
    int64_t ready_limit_ns;
    int64_t stop_limit_ns;        /* 0: that of process_start */
    char config[TARGET_TEXT_MAX]; /* template, relative to home; "" for none */
    const char *workloads[TARGET_WORKLOADS_MAX + 1]; /* that it serves; NULL
                                                        ends them */
    /* What a waiting request occupies: for a forecast and, of a target that
     * serves workloads, for the law of a trial. Of other requests the waits
     * are not known. */
    enum discipline discipline;
    struct target_law law;
    bool gil;                     /* a worker computes on one CPU at a time */
    int threads;                  /* {threads} by default; 0: there are none */
    char threads_text[16];        /* that number as text, for `settings` */
    struct parameter settings[2]; /* --threads, if there are any; then NULL */
    char needs[TARGET_TEXT_MAX];  /* modules of the system's Python, with blanks
                                     between; "" for none */
    int workers;                  /* that the command starts; 0: not said */
    char version[TARGET_TEXT_MAX]; /* a command that prints it; "" for none */
    char reason[512];              /* of its struct model_info */

    /* For stores; NULL in a target of an experiment. */
    const char *template; /* text of the template, in place of `config` */
    const char *user;     /* the account that runs the command and alone may
                             read the folder, if root starts the target;
                             "nobody" if there is no such account. NULL: the
                             user of the harness runs the command */
    const char *secret;   /* {secret} */
    void (*clear)(const char *directory); /* removes the folder and whatever
                             else outlives a killed server; runs in the
                             guardian as well. NULL: folder_remove */
};

/* One start of a target. */
struct target_start {
    const struct target *target;
    int port;
    char directory[64]; /* {dir}; removed by target_clear */
    int keeper;         /* the guardian's slot for the folder */
    char config[96];    /* {config} */
    char workers[16];   /* {workers} */
    char threads[16];   /* {threads} */
    char command[5 * TARGET_TEXT_MAX];
    const char *argv[4]; /* sh -c command */
    int64_t looked_ns;   /* when it is looked for at other ports again */
    int elsewhere;       /* the port that was found then; 0: none */
    int64_t cpu_ns;      /* that it had used then */
    char astray[256];    /* where it listens, if not at its port */
};

/* Whether the program is there and executable; if not, `why` says so. */
bool target_available(const struct target *target, char *why, size_t why_size);

/* Whether command, prepare or template contains {workers}. False if the
 * template cannot be read. */
bool target_has_workers(const struct target *target);

/* Whether command, prepare or template contains {threads}. */
bool target_has_threads(const struct target *target);

/* Whether the target serves workloads of Troika. */
bool target_serves(const struct target *target);

/* The {threads} of a choice of settings (settings.h). */
int target_threads(const struct target *target, const char *settings);

/* Whether the target runs already. */
bool target_is_attached(const struct target *target);

/* Finds the address of a target that runs already. Returns 0, or a negative
 * errno with a sentence, also if nothing accepts a connection there. */
int target_find(const struct target *target, struct sockaddr_in *address,
                char *why, size_t why_size);

/* Picks a port, makes the folder and the configuration, fills in the command,
 * and sets `options` for process_start. Call target_clear afterwards, also
 * after a failure. Returns 0 or a negative errno with a message in `why`. */
int target_prepare(const struct target *target, int workers, int threads,
                   struct target_start *start, struct process_options *options,
                   char *why, size_t why_size);

/* Removes the folder. Safe on a zeroed struct, and twice. */
void target_clear(struct target_start *start);

/* Makes the requests of a target that is up at `address`, with what it must
 * answer (asking_open). Sets *requests, which answers_free releases. */
int target_requests(const struct target *target,
                    const struct sockaddr_in *address, int64_t timeout_ns,
                    const volatile sig_atomic_t *stop,
                    struct load_request **requests, int *count, char *why,
                    size_t why_size);

/* The first line that the version command prints, or "". */
void target_version(const struct target *target, char *text, size_t size);
