/* SPDX-License-Identifier: MIT
 *
 * Requests for our own workloads together with the answers they must get:
 * what lets the load generator compare every body byte for byte. The answers
 * are computed by the workload's own answer(), linked into the harness.
 */
#pragma once

#include <stdint.h>

#include "load.h"
#include "models/runtime/workload.h"

/* Makes `count` requests that differ in their seed alone: GET
 * /WORKLOAD?QUERY&seed=N, Host: 127.0.0.1 (no port, so that the bytes are the
 * same for every server). Seeds are nine-digit numbers that follow one
 * another from one derived from `first_seed`, so that all requests have one
 * length. Sets *requests, which answers_free releases. Returns 0, -EINVAL
 * (count < 1), -ENOMEM or what answer() returned. */
int answers_make(const struct workload_entry *entry,
                 const struct arguments *arguments, uint64_t first_seed,
                 int count, struct load_request **requests);

/* Prepares as many requests as a little CPU time allows (4 to 64, to
 * 1,000 where some are heavy), since the answers of CPU work cost as much as
 * the work. Sets *count. */
int answers_make_some(const struct workload_entry *entry,
                      const struct arguments *arguments, uint64_t first_seed,
                      struct load_request **requests, int *count);

/* How connections become WebSockets where the workload is a conversation; its
 * requests are then messages, each a masked frame whose payload is the answer
 * that its seed gives. The key and the masks follow from the seeds and are the
 * same for every server: no proxy is to be protected here. Sets *greeting,
 * NULL for other workloads, which answers_free_greeting releases. Returns 0,
 * -EINVAL or -ENOMEM. */
int answers_greeting(const struct workload_entry *entry,
                     const struct arguments *arguments,
                     struct load_greeting **greeting);

/* NULL is allowed. */
void answers_free_greeting(struct load_greeting *greeting);

/* NULL is allowed. */
void answers_free(struct load_request *requests, int count);
