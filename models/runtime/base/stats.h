/* SPDX-License-Identifier: MIT
 *
 * The server's own statistics, for GET /stats: how many requests it had, and
 * how late its waits ended. The harness reads the backend's, to tell a late
 * backend from a slow model. The memory is shared with forked processes.
 * Recording takes no lock, so a process killed in the middle blocks no other.
 * Without stats_enable nothing is recorded, and each call costs one branch.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Set by stats_enable; read through stats_enabled. */
struct stats;
extern struct stats *stats_shared;

/* Call it before the first fork and thread. Returns 0 or a negative errno. */
int stats_enable(void);

static inline bool stats_enabled(void)
{
    return stats_shared;
}

/* Counts one request for a workload. */
void stats_count_request(void);

/* Counts updates to shared data: how many the tasks made, and how many of these
 * the data had kept in the end. */
void stats_count_updates(uint64_t made, uint64_t kept);

/* Records that a wait ended `lateness_ns` after the time asked for (less than
 * 0 counts as 0). */
void stats_record_sleep(int64_t lateness_ns);

/* The stacks of coroutines: how many were ever used, how many bytes each has,
 * and how many bytes were touched, in all and in the deepest one. */
struct stats_stacks {
    uint64_t count, room_bytes, touched_bytes, touched_max_bytes;
};

/* Registers the function that fills in the stacks, for models with coroutines;
 * call it before requests come. The thread that answers GET /stats calls it. */
void stats_ask_stacks(void (*ask)(struct stats_stacks *stacks));

/* Writes the JSON of GET /stats; returns its length. Eleven numbers of at most
 * 20 digits and their names fit. */
enum { STATS_TEXT_BYTES = 1024 };
size_t stats_print(char text[STATS_TEXT_BYTES]);

/* Sets everything to 0. Values recorded meanwhile may be lost. */
void stats_reset(void);
