/* SPDX-License-Identifier: MIT
 *
 * How the server itself did, for GET /stats: requests, and how late its own
 * waits ended. The harness reads it from the backend, to tell a late backend
 * from a slow model. The memory is shared with forked processes; recording
 * takes no lock, so a process killed in the middle stops nobody. Without
 * stats_enable nothing is recorded and the calls cost one branch.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Set by stats_enable; read through stats_enabled. */
struct stats;
extern struct stats *stats_shared;

/* Before the first fork and thread. Returns 0 or a negative errno. */
int stats_enable(void);

static inline bool stats_enabled(void)
{
    return stats_shared;
}

/* Counts one request for a workload. */
void stats_count_request(void);

/* Counts updates that tasks made to something shared, and how many of them it
 * had in the end. */
void stats_count_updates(uint64_t made, uint64_t kept);

/* Records that a wait ended `lateness_ns` after the time asked for (less than
 * 0 counts as 0). */
void stats_record_sleep(int64_t lateness_ns);

/* The stacks of tasks that are no kernel's: how many were ever used, the room
 * that each has, and what they touched of it, in all and at most. */
struct stats_stacks {
    uint64_t count, room_bytes, touched_bytes, touched_max_bytes;
};

/* Where they are to be learnt, by the thread that answers: for models that
 * have such stacks, before requests come. */
void stats_ask_stacks(void (*ask)(struct stats_stacks *stacks));

/* Writes the JSON of GET /stats; returns its length. Eleven numbers of at most
 * 20 digits and their names fit. */
enum { STATS_TEXT_BYTES = 1024 };
size_t stats_print(char text[STATS_TEXT_BYTES]);

/* Starts anew. Values recorded meanwhile may be lost. */
void stats_reset(void);
