/* SPDX-License-Identifier: MIT
 *
 * A target: an HTTP server that knows nothing of the process contract, put
 * behind the same load, gates and meter as a model. A [target NAME] section of
 * an experiment says how it is started and asked (docs/own-service.md). It is
 * a struct model_info with another way of starting: the port is picked here,
 * and it is ready when it answers, not when it prints a line.
 */
#pragma once

#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/load/load.h"

enum { TARGET_TEXT_MAX = 1024, TARGET_NAME_MAX = 40 };

/* {port}, {workers}, {dir}, {config} and {here} are filled in, in command,
 * prepare and the template. */
struct target {
    char name[TARGET_NAME_MAX];
    char home[512];                /* {here}: the folder of the experiment */
    char command[TARGET_TEXT_MAX]; /* run by sh, which it takes the place of */
    char prepare[TARGET_TEXT_MAX]; /* run by sh before; "" for none */
    char program[512];             /* the command's first word, {here} filled */
    char path[TARGET_TEXT_MAX];    /* what is asked for: /hello?x=1 */
    char ready_path[TARGET_TEXT_MAX]; /* "" when it is enough to connect */
    int64_t ready_limit_ns;
    char config[TARGET_TEXT_MAX]; /* template, relative to home; "" for none */
    bool has_body;
    char body[TARGET_TEXT_MAX];    /* expected; else equal to the first one */
    char version[TARGET_TEXT_MAX]; /* a command that prints it; "" for none */
    char reason[512];              /* of its struct model_info */
};

/* One start of a target. */
struct target_start {
    const struct target *target;
    int port;
    char directory[64]; /* {dir}; removed by target_clear */
    int keeper;         /* the guardian's slot for it, for when the harness is
                           killed */
    char config[96];    /* {config} */
    char workers[16];   /* {workers} */
    char command[5 * TARGET_TEXT_MAX];
    const char *argv[4]; /* sh -c command */
};

/* The program is there and executable; else why not, in `why`. */
bool target_available(const struct target *target, char *why, size_t why_size);

/* Whether it says {workers} anywhere; a template that cannot be read says
 * none. */
bool target_has_workers(const struct target *target);

/* Picks a port, makes the fresh folder and the configuration, fills the
 * command in. target_clear is due afterwards, also after a failure. Returns 0
 * or a negative errno with a sentence. */
int target_prepare(const struct target *target, int workers,
                   struct target_start *start, char *why, size_t why_size);

/* Whether the target answers by now; `start` is a struct target_start. */
bool target_ready(void *start);

/* Removes the folder. Safe on a zeroed struct, and twice. */
void target_clear(struct target_start *start);

/* The one request of a target, with the body that is expected when the section
 * says so. answers_free releases it. Returns 0 or -ENOMEM. */
int target_request(const struct target *target, struct load_request **requests);

/* Where no body is expected: that of a first answer is from now on. Returns 0,
 * or a negative errno with a sentence. */
int target_learn(const struct target *target, const struct sockaddr_in *address,
                 int64_t timeout_ns, const volatile sig_atomic_t *stop,
                 struct load_request *request, char *why, size_t why_size);

/* The first line that its version command prints, or "". */
void target_version(const struct target *target, char *text, size_t size);
