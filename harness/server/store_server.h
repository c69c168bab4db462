/* SPDX-License-Identifier: MIT
 *
 * A private PostgreSQL or Redis for the workloads that call one: on loopback,
 * with a fresh data folder, metered apart from the server under test. A client
 * needs the password of that one server. The harness starts a store when a
 * trial first needs it, and starts it again with new data if it has died.
 * Neither a process nor a file stays behind, even if the harness is killed.
 */
#pragma once

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/machine/meter/meter.h"
#include "models/runtime/clients/store.h"
#include "process.h"
#include "target.h"

enum { STORE_SECRET_SIZE = 40, STORE_VERIFIER_SIZE = 192 };

struct store_server {
    struct process process;           /* pid 0: not running */
    char address[64];                 /* "127.0.0.1:PORT" */
    char version[96];                 /* as the program prints it */
    int starts;                       /* how often it was started */
    char password[STORE_SECRET_SIZE]; /* for the servers that call it; goes into
                                         no log and no command line */

    /* Below: store_server.c's own. */
    enum store store;
    struct target target;
    struct target_start start;
    char verifier[STORE_VERIFIER_SIZE]; /* PostgreSQL's form of the password */
};

/* Whether the store's program is on this machine; if not, `why` says so. */
bool store_server_available(enum store store, char *why, size_t why_size);

/* Makes sure that the store runs on these CPUs (NULL: anywhere). Zero `server`
 * before the first call. *stop, once set, ends the wait. Returns 0, or a
 * negative errno with a message in `why`: -ENOENT not installed. */
int store_server_ensure(enum store store, struct store_server *server,
                        const cpu_set_t *cpus,
                        const volatile sig_atomic_t *stop, char *why,
                        size_t why_size);

enum { STORE_WORDS = 4, STORE_WORD_SIZE = 64 };

/* Writes the environment variables that a client of the store needs
 * ("PGPASSWORD=..."), at most STORE_WORDS. Returns their number. */
int store_server_environment(const struct store_server *server,
                             char (*words)[STORE_WORD_SIZE]);

/* Ends the servers of all stores (an array of STORES) and removes their
 * folders. Safe on zeroed structs. */
void store_server_stop_all(struct store_server *servers);
