/* SPDX-License-Identifier: MIT
 *
 * What the whole machine has counted so far: CPU time used and stolen, swap,
 * out-of-memory kills, packets the kernel dropped. Two readings, at the edges
 * of a window, tell whether anything but the trial went on in it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum machine_counter {
    MACHINE_SWAPPED_IN, /* pages */
    MACHINE_SWAPPED_OUT,
    MACHINE_OOM_KILLS,
    MACHINE_MAJOR_FAULTS,
    MACHINE_LISTEN_OVERFLOWS, /* from here on: TCP, of this network namespace */
    MACHINE_LISTEN_DROPS,
    MACHINE_REQUEST_QUEUE_FULL,
    MACHINE_BACKLOG_DROPS,
    MACHINE_ABORTS_ON_MEMORY,
    MACHINE_TCP_TIMEOUTS,
    MACHINE_RETRANSMITS,
    MACHINE_COUNTERS,
};

/* The counter's name in the results: "listen_drops". */
const char *machine_counter_name(enum machine_counter counter);

/* Unknown values are -1. */
struct machine_sample {
    int64_t at_ns;         /* 0: never taken */
    int64_t busy_ns;       /* used by all tasks on all CPUs */
    int64_t busy_grain_ns; /* how often the kernel looks, when it samples
                              busy_ns by its tick; 0: exact */
    int64_t steal_ns;      /* all CPUs */
    int64_t tick_ns;       /* the grain of steal_ns */
    int64_t softirq_ns;    /* used by the kernel's ksoftirqd threads, which
                              carry the load's own packets */
    int64_t own_ns;        /* used by this process */
    int64_t asleep_ns;     /* that the whole system was suspended */
    int cpus;              /* online */
    int64_t counters[MACHINE_COUNTERS];
};

/* About 0.2 ms. Never fails: what cannot be read is -1. */
void machine_sample(struct machine_sample *sample);

/* The counter's growth between two samples, or -1. */
int64_t machine_grown(const struct machine_sample *first,
                      const struct machine_sample *last,
                      enum machine_counter counter);
