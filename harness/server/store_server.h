/* SPDX-License-Identifier: MIT
 *
 * A private PostgreSQL or Redis for the workloads that call one: on loopback,
 * with a fresh data folder, measured apart from the server under test.
 * Open to nobody who does not know the password of that one server. Started
 * when first needed, and again, from nothing, when it died. Neither a
 * process nor a file is left behind, also when the harness is killed.
 */
#pragma once

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/machine/meter/meter.h"
#include "models/runtime/clients/store.h"
#include "process.h"

enum { STORE_SECRET_SIZE = 40 };

struct store_server {
    struct process process;           /* pid 0: not running */
    char address[64];                 /* "127.0.0.1:PORT" */
    char version[96];                 /* as its program says */
    int starts;                       /* how often it had to be started */
    char password[STORE_SECRET_SIZE]; /* for the servers that call it; into no
                                         file, log or command line */

    /* Below: store_server.c's own. */
    enum store store;
    char directory[64];
    int keeper; /* the guardian's slot for the folder, or negative */
};

/* Whether its program is on this machine; else a sentence in `why`. */
bool store_server_available(enum store store, char *why, size_t why_size);

/* Makes sure that it runs, on these CPUs (NULL: anywhere); `server` is zeroed
 * before the first call. `stop`, once set, ends the wait for it. Returns 0, or
 * a negative errno with a sentence in `why`: -ENOENT not installed. */
int store_server_ensure(enum store store, struct store_server *server,
                        const cpu_set_t *cpus,
                        const volatile sig_atomic_t *stop, char *why,
                        size_t why_size);

enum { STORE_WORDS = 4, STORE_WORD_SIZE = 64 };

/* What a server that calls it needs in its environment ("PGPASSWORD=..."), as
 * at most STORE_WORDS words. Returns their number. */
int store_server_environment(const struct store_server *server,
                             char (*words)[STORE_WORD_SIZE]);

/* How it is, in words. Returns true while it runs. */
bool store_server_alive(struct store_server *server, char *text, size_t size);

/* Ends one of each store (STORES of them) and removes their folders: what they
 * held was worth nothing. Safe on zeroed structs. */
void store_server_stop_all(struct store_server *servers);
