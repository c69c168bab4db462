/* SPDX-License-Identifier: MIT
 *
 * Every test of the self-test: what is planted, and what must catch it.
 */
#pragma once

#include <stdbool.h>

#include "outcome.h"
#include "reference.h"

struct selftest_test {
    const char *name, *group;
    const char *planted;   /* the fault or the known figure */
    const char *caught_by; /* the gate or figure that must show it */
    void (*run)(struct outcome *outcome);
    bool alone; /* uses a CPU in full, or judges how late others are: not
                   beside another */
    bool noisy; /* a stall of the machine can spoil it: may be tried again */
};

/* All tests, ended by a NULL name. */
extern const struct selftest_test selftest_tests[];

/* Delays and stalls of known size. With a mutation the same checks run on a
 * generator that makes that mistake. */
void test_latency_fixed(struct outcome *outcome);
void test_latency_bimodal(struct outcome *outcome);
void test_latency_exponential(struct outcome *outcome);
void test_latency_stall_open(struct outcome *outcome);
void test_latency_stall_closed(struct outcome *outcome);

void test_latency_exponential_with(struct outcome *outcome,
                                   enum load_mutation mutation);
/* A short stall. */
void test_latency_stall_with(struct outcome *outcome,
                             enum load_mutation mutation);

/* Single-server queues, whose response times are in every textbook. */
void test_queue_mm1_half(struct outcome *outcome);
void test_queue_mm1_high(struct outcome *outcome);
void test_queue_md1(struct outcome *outcome);

/* Servers that lie, break off, go silent: every fault is counted exactly,
 * under its own name, and the gate that must say so does. */
void test_fault_none(struct outcome *outcome);
void test_fault_wrong(struct outcome *outcome);
void test_fault_other(struct outcome *outcome);
void test_fault_cached(struct outcome *outcome);
void test_fault_status(struct outcome *outcome);
void test_fault_truncate(struct outcome *outcome);
void test_fault_reset(struct outcome *outcome);
void test_fault_hang(struct outcome *outcome);
void test_fault_mixture(struct outcome *outcome);
void test_fault_skip(struct outcome *outcome);
void test_fault_hung_one(struct outcome *outcome);

/* Plants one kind of fault in each n-th request, under a mistake of the
 * generator. */
void test_fault_with(struct outcome *outcome, enum reference_fault fault,
                     int every, enum load_mutation mutation);

/* Generators with one known mistake each: the checks that a right generator
 * passes must catch every one. */
void test_mutant_from_sent(struct outcome *outcome);
void test_mutant_skip(struct outcome *outcome);
void test_mutant_drop(struct outcome *outcome);
void test_mutant_p95(struct outcome *outcome);
void test_mutant_errors_ok(struct outcome *outcome);
void test_mutant_unchecked(struct outcome *outcome);

/* A generator that is slow, starved or asked too much, and a server that lets
 * nobody in: the trial must be called invalid, not the server slow. And a
 * trial in which nothing is wrong, on which every gate must be silent. */
void test_generator_good_open(struct outcome *outcome);
void test_generator_good_closed(struct outcome *outcome);
void test_generator_slow(struct outcome *outcome);
void test_generator_starved(struct outcome *outcome);
void test_generator_saturated(struct outcome *outcome);
void test_mutant_outliers(struct outcome *outcome);
void test_generator_stopped(struct outcome *outcome);
void test_generator_backlog(struct outcome *outcome);
void test_generator_ports(struct outcome *outcome);

/* The search for a capacity against servers whose capacity is known. */
void test_search_repeat(struct outcome *outcome);
void test_search_cannot(struct outcome *outcome);

/* Whole trials of a real model: one with nothing wrong, and faults around it.
 */
void test_trial_good(struct outcome *outcome);
void test_trial_late_backend(struct outcome *outcome);
void test_trial_killed(struct outcome *outcome);
void test_trial_stopped(struct outcome *outcome);
void test_trial_moved(struct outcome *outcome);
void test_trial_left_group(struct outcome *outcome);
void test_trial_foreign(struct outcome *outcome);
void test_trial_descriptors(struct outcome *outcome);
void test_trial_facts(struct outcome *outcome);

/* Memory and CPU of known size against the meter. */
void test_meter_memory(struct outcome *outcome);
void test_meter_cpu(struct outcome *outcome);
void test_meter_count(struct outcome *outcome);

/* Intervals and verdicts on data that is drawn, so that the right ones are
 * known. */
void test_statistics_coverage(struct outcome *outcome);
void test_statistics_equal(struct outcome *outcome);
void test_statistics_different(struct outcome *outcome);
void test_statistics_verdicts(struct outcome *outcome);
