/* SPDX-License-Identifier: MIT
 *
 * The common part of the stores, PostgreSQL and Redis, which workloads call
 * through their usual client libraries. The calls are in postgresql.h and
 * redis.h.
 *
 * The libraries are not linked, but loaded when a server is told the address of
 * its store. libpq alone brings a dozen other libraries, which would add to the
 * memory of every server that is compared without a store.
 */
#pragma once

#include <netinet/in.h>
#include <stddef.h>

#include "models/runtime/workload.h"

/* The store's name: "postgresql", as in the flag --postgresql and the key of an
 * experiment. "" for STORE_NONE. */
const char *store_name(enum store store);

/* The store's name as people write it: "PostgreSQL". */
const char *store_title(enum store store);

/* Sets the store's address. Load its library first (postgresql_load,
 * redis_load). */
void store_use(enum store store, const struct sockaddr_in *address);

/* For a store's `load`: fills `functions`, an array of `count` pointers, with
 * the functions of these names in the client library. Returns 0, or -ENOSYS
 * with the reason in `why`. */
int store_library(enum store store, const char *library,
                  const char *const *names, size_t count, void **functions,
                  char *why, size_t why_size);

/* The store's address. NULL: none was given. */
const struct sockaddr_in *store_address(enum store store);

/* Puts a failed call into words, as the reason of a 503. `words` is the
 * library's or the store's own message, or "". Returns `error`. */
int store_explain(enum store store, int error, const char *words,
                  struct reply *reply);

/* How long a call may take beyond its intended wait. */
#define STORE_GRACE_NS INT64_C(10000000000)
