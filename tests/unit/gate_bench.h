/* SPDX-License-Identifier: MIT
 *
 * A made-up trial without a fault, for the tests of gates. Each test changes
 * one thing and says which gates must fail.
 */
#pragma once

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/gate/gate.h"

static const int64_t MS = 1000000;

static int64_t wait_50ms(const struct arguments *arguments)
{
    (void)arguments;
    return 50 * MS;
}

static int one_call(const struct arguments *arguments)
{
    (void)arguments;
    return 1;
}

static const struct workload waiting = {
    .kind = WORKLOAD_IO, .wait_ns = wait_50ms, .backend_calls = one_call};
static const struct workload_entry entry = {"waiting", &waiting};

static int64_t no_wait(const struct arguments *arguments)
{
    (void)arguments;
    return 0;
}

static const struct workload quick = {
    .kind = WORKLOAD_IO, .wait_ns = no_wait, .backend_calls = one_call};
static const struct workload_entry quick_entry = {"quick", &quick};

/* 100 connections, 50 ms each, one second: a good closed trial. */
struct bench {
    struct load_point point;
    struct model_info model;
    struct trial_spec plan;
    struct trial trial;
    struct load_result load, beside;
    struct gate gates[GATES_MAX];
    int count;
};

static void fill(struct load_result *load, int n, int64_t service_ns)
{
    histogram_reset(&load->service);
    histogram_reset(&load->response);
    histogram_reset(&load->lag_free);
    histogram_reset(&load->punctual);
    for (int i = 0; i < n; i++) {
        histogram_record(&load->service, service_ns);
        histogram_record(&load->response, service_ns);
        histogram_record(&load->punctual, service_ns);
        histogram_record(&load->lag_free, 20000);
    }
    load->scheduled = load->ok = load->completed_in_window = (uint64_t)n;
    load->ended_outside = 50;
    load->unanswered = 100;
    load->oldest_unanswered_ns = service_ns / 2;
    load->overtaken = 1;
    load->started = load->ended_outside + load->unanswered + (uint64_t)n;
    load->in_flight_integral_ns = (double)n * (double)service_ns;
    load->window_start_ns = 1000 * MS;
    load->window_end_ns = 2000 * MS;
    for (int i = 0; i < LOAD_PARTS; i++)
        load->parts[i] = (uint64_t)(n / LOAD_PARTS);
    load->bin_ns = 10 * MS;
    load->bin_count = 100;
    for (int i = 0; i < load->bin_count; i++) /* mean 20, variance 20.2 */
        load->bins[i] = (uint32_t)(n / 100) + (i % 2 ? 4 : -4) * (i % 5 > 0) +
                        (i % 2 ? 5 : -5) * (i % 5 == 0);
    load->processes = 1;
    load->cpu_ns = 100 * MS;
}

/* A machine with two CPUs, on which the server used 500 ms and other processes
 * 60 ms. */
static void fill_machine(struct trial *trial)
{
    trial->last.cpu_user_ns = 400 * MS;
    trial->last.cpu_system_ns = 100 * MS;
    trial->machine_first = (struct machine_sample){
        .at_ns = 1000 * MS, .tick_ns = 10 * MS, .cpus = 2};
    trial->machine_last = trial->machine_first;
    trial->machine_last.at_ns = 2000 * MS;
    trial->machine_last.busy_ns = (500 + 100 + 200 + 10 + 5 + 60) * MS;
    trial->machine_last.own_ns = 10 * MS;
    trial->inspection =
        (struct inspection){.done = true, .tasks = 3, .in_group = 1};
    trial->platform.cpus = 2;
    trial->platform.realtime = true;
    trial->platform.beats = 40;
    trial->platform.speed_per_us = 400;
    trial->platform.cost_ns = 5 * MS;
    histogram_reset(&trial->platform.lateness);
    for (int i = 0; i < 40; i++)
        histogram_record(&trial->platform.lateness, 60000);
}

static struct bench *good(void)
{
    struct bench *bench = calloc(1, sizeof *bench);

    assert_non_null(bench);
    bench->point = (struct load_point){.workload = &entry,
                                       .mode = LOAD_CLOSED,
                                       .connections = 100,
                                       .warmup_ns = 200 * MS,
                                       .window_ns = 1000 * MS};
    bench->model =
        (struct model_info){.name = "m", .task = "thread", .flags = "parallel"};
    bench->plan.point = &bench->point;
    bench->plan.model = &bench->model;
    bench->plan.usual_speed = 410;
    fill(&bench->load, 2000, 50 * MS);
    bench->load.connections_open = 100;
    bench->trial.load = &bench->load;
    bench->trial.cpus.clients_count = 1;
    bench->trial.cpus.server_count = 1;
    bench->trial.cpus.apart = true;
    bench->trial.alive = bench->trial.clean = true;
    bench->trial.has_backend = true;
    bench->trial.backend = (struct backend_report){.lateness_p90_ns = 60000,
                                                   .lateness_p99_ns = 90000,
                                                   .cpu_ns = 200 * MS,
                                                   .span_ns = 1000 * MS};
    bench->trial.listeners_first = bench->trial.listeners_last = 4711;
    bench->trial.sampler = (struct sampler){.count = 5, .cpu_ns = 2 * MS};
    bench->trial.first.at_ns = 1000 * MS;
    bench->trial.last.at_ns = 2000 * MS;
    fill_machine(&bench->trial);
    return bench;
}

static struct bench *good_open(void)
{
    struct bench *bench = good();

    bench->point.mode = LOAD_OPEN;
    bench->point.rate_per_s = 2000;
    bench->load.started = bench->load.unanswered = 0;
    return bench;
}

/* Switches off the gates that TROIKA_TEST_GATE_OFF names.
 * tests/method/test_gate_matrix.py uses it to show that a test fails without
 * each gate. */
static void switch_gates(void)
{
    const char *off = getenv("TROIKA_TEST_GATE_OFF");

    setenv("TROIKA_DISABLE_GATE", off ? off : "", 1);
}

/* Checks which gates fail: `expected` are their ids in order, joined by blanks.
 * Frees the bench. */
static void failing(struct bench *bench, const char *expected)
{
    char ids[512] = "", reason[2048];
    bool all;

    switch_gates();
    bench->count = gate_judge(&bench->plan, &bench->trial, bench->gates);
    for (int i = 0; i < bench->count; i++) {
        assert_true(bench->gates[i].words[0] != '\0');
        if (bench->gates[i].ok)
            continue;
        if (ids[0] != '\0')
            strcat(ids, " ");
        strcat(ids, bench->gates[i].id);
    }
    all = gate_all_ok(bench->gates, bench->count, reason, sizeof reason);
    assert_int_equal(all, expected[0] == '\0');
    assert_int_equal(all, reason[0] == '\0');
    assert_string_equal(ids, expected);
    free(bench);
}
