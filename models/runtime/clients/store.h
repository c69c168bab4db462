/* SPDX-License-Identifier: MIT
 *
 * Data servers that workloads call through the client libraries that everybody
 * uses: PostgreSQL and Redis. What they have in common; the calls are in
 * postgresql.h and redis.h.
 *
 * The libraries are loaded when the server is told where its store is, and not
 * linked: libpq alone brings a dozen others, which would weigh on the memory
 * of every server that is compared without a store.
 */
#pragma once

#include <netinet/in.h>
#include <stddef.h>

#include "models/runtime/workload.h"

/* The store's name: "postgresql", as in the flag --postgresql and the key of an
 * experiment. "" for STORE_NONE. */
const char *store_name(enum store store);

/* As people write it: "PostgreSQL". */
const char *store_title(enum store store);

/* Where it is, from now on. Its library is loaded before (postgresql_load,
 * redis_load). */
void store_use(enum store store, const struct sockaddr_in *address);

/* For a store's `load`: fills `functions`, as many pointers one after another,
 * with those of the names in its client library. Returns 0, or -ENOSYS with a
 * sentence in `why`. */
int store_library(enum store store, const char *library,
                  const char *const *names, size_t count, void **functions,
                  char *why, size_t why_size);

/* NULL: it was not given. */
const struct sockaddr_in *store_address(enum store store);

/* Puts a failed call into words, as the reason of a 503: `words` are the
 * library's or the store's own, or "". Returns `error`. */
int store_explain(enum store store, int error, const char *words,
                  struct reply *reply);

/* How long a call may take beyond what it waits for on purpose. */
#define STORE_GRACE_NS INT64_C(10000000000)
