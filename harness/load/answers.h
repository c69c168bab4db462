/* SPDX-License-Identifier: MIT
 *
 * Requests for our own workloads, each with the answer that it must get, so
 * that the load generator can compare every body byte by byte. The workload's
 * own answer(), linked into the harness, computes the answers.
 */
#pragma once

#include <stdint.h>

#include "load.h"
#include "models/runtime/workload.h"

/* Makes `count` requests that differ only in their seed: GET
 * /WORKLOAD?QUERY&seed=N, Host: 127.0.0.1 (without a port, so that every server
 * gets equal bytes). Seeds are consecutive nine-digit numbers, so that all
 * requests have one length; `first_seed` decides the first. Sets *requests,
 * which answers_free releases. Returns 0, -EINVAL (count < 1), -ENOMEM or what
 * answer() returned. */
int answers_make(const struct workload_entry *entry,
                 const struct arguments *arguments, uint64_t first_seed,
                 int count, struct load_request **requests);

/* Makes as many requests as a small budget of CPU time allows, since computing
 * the answer of CPU work costs as much as the work: 4 to 64, up to 1,000 if
 * some are heavy, up to 4,096 if they vary. Sets *count. */
int answers_make_some(const struct workload_entry *entry,
                      const struct arguments *arguments, uint64_t first_seed,
                      struct load_request **requests, int *count);

/* The seed of request i of those that are made with this first_seed. */
uint64_t answers_seed(uint64_t first_seed, int i);

/* How many different requests answers_make_some makes of a workload that
 * varies, if time allows, and its answers have so many bytes. */
int answers_varied(size_t body_bytes);

/* Makes the greeting by which connections become WebSockets, if the workload is
 * a session; its requests are then messages, each a masked frame whose payload
 * is the answer for its seed. The key is fixed and the masks follow from the
 * seeds, so that every server gets equal bytes; unpredictable ones protect
 * proxies, of which there are none. Sets *greeting, which answers_free_greeting
 * releases; NULL for other workloads. Returns 0, -EINVAL or -ENOMEM. */
int answers_greeting(const struct workload_entry *entry,
                     const struct arguments *arguments,
                     struct load_greeting **greeting);

/* NULL is allowed. */
void answers_free_greeting(struct load_greeting *greeting);

/* NULL is allowed. */
void answers_free(struct load_request *requests, int count);
