/* SPDX-License-Identifier: MIT
 *
 * Counts what a tree does: context switches, system calls, threads and
 * processes started, also by tasks that have ended.
 *
 * Counting slows the tree down (a hook runs at each system call of the whole
 * machine), so it must not happen in a window. A trial counts during a part of
 * its warm-up and calls the figures sampled.
 *
 * The counters are perf events of the tree's v2 group, one per CPU and kind.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "meter.h"

enum tally_kind {
    TALLY_SWITCHES,
    TALLY_SYSTEM_CALLS,
    TALLY_THREADS,   /* started */
    TALLY_PROCESSES, /* started */
    TALLY_KINDS,
};

/* "switches", "system_calls", "threads_started", "processes_started". */
const char *tally_name(enum tally_kind kind);

struct tally;

/* Begins to count. Returns 0, or a negative errno with a sentence in `why`: no
 * v2 group, or no permission. If only one kind cannot be counted, tally_read
 * gives -1 for it. */
int tally_open(const struct meter *meter, struct tally **tally, char *why,
               size_t why_size);

/* The counts since tally_open; -1: unknown. */
void tally_read(const struct tally *tally, int64_t counts[TALLY_KINDS]);

/* Ends the counting; that takes some 10 ms for each kind. NULL is allowed. */
void tally_close(struct tally *tally);
