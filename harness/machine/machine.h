/* SPDX-License-Identifier: MIT
 *
 * Counters of the whole machine: CPU time used and stolen, swap, out-of-memory
 * kills, packets that the kernel dropped. Two readings, at the edges of a
 * window, show whether anything but the trial happened in it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum machine_counter {
    MACHINE_SWAPPED_IN, /* pages */
    MACHINE_SWAPPED_OUT,
    MACHINE_OOM_KILLS,
    MACHINE_MAJOR_FAULTS,
    MACHINE_LISTEN_OVERFLOWS, /* this and the following: TCP, of this network
                                 namespace */
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
    int64_t busy_ns;       /* CPU time used by all tasks on all CPUs */
    int64_t busy_grain_ns; /* the kernel's sampling period, if it samples
                              busy_ns by its tick; 0: busy_ns is exact */
    int64_t steal_ns;      /* taken by the hypervisor, all CPUs */
    int64_t tick_ns;       /* the resolution of steal_ns */
    int64_t softirq_ns;    /* CPU time of the kernel's ksoftirqd threads, which
                              process the load's own packets */
    int64_t own_ns;        /* CPU time of this process */
    int64_t asleep_ns;     /* time for which the whole system was suspended */
    int cpus;              /* online */
    int64_t counters[MACHINE_COUNTERS];
};

/* CPU time of the whole machine in ticks of sysconf(_SC_CLK_TCK) a second, as
 * /proc/stat has it: used, not used, and taken by the hypervisor. */
struct machine_ticks {
    int64_t busy, idle, steal;
};

/* Returns whether /proc/stat could be read. */
bool machine_ticks(struct machine_ticks *ticks);

/* Takes about 0.2 ms. Never fails: values that cannot be read are -1. */
void machine_sample(struct machine_sample *sample);

/* The counter's growth between two samples; -1: unknown. */
int64_t machine_grown(const struct machine_sample *first,
                      const struct machine_sample *last,
                      enum machine_counter counter);
