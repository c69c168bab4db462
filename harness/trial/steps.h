/* SPDX-License-Identifier: MIT
 *
 * The steps of a trial, which a trial of one server (trial_run.c), a block of
 * slices (slices.c) and a calibration (run/calibration.c) put together in
 * their own order. A step that fails returns a negative value and leaves the
 * reason in trial->failure.
 */
#pragma once

#include <netinet/in.h>

#include "harness/server/process.h"
#include "harness/server/target.h"
#include "trial.h"

/* A trial under way: everything that exists only while the trial runs. */
struct live_trial {
    const struct trial_spec *spec;
    struct trial *trial;
    struct process server;
    struct target_start target; /* if the model is a target */
    struct sockaddr_in address;
    struct load_request *requests, *beside_requests;
    int request_count, beside_request_count;
    struct load_greeting *greeting;          /* of a session, or NULL */
    struct load_spec load_plan, beside_plan; /* must outlive the loads */
    struct load *load, *beside;
    struct meter_sample backend_first, backend_last;
    bool backend_reset;    /* in the warm-up the backend forgot its lateness */
    int64_t refused_first; /* refused tasks before the server was started */
};

/* Empties the trial, picks its CPUs and moves the harness to those of the
 * clients, so that it takes nothing from the server. */
int steps_init(struct live_trial *live, const struct trial_spec *spec,
               struct trial *trial);

/* Notes why the trial failed. Returns `error`. */
int steps_fail(struct live_trial *live, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool steps_stopped(const struct live_trial *live);

/* Sleeps until at_ns. False: the trial is to be abandoned. */
bool steps_sleep_until(const struct live_trial *live, int64_t at_ns);

/* Measures the bare ceiling if the workload uses CPU. */
int steps_take_bare(struct live_trial *live);

/* Computes requests and expected answers; starts the backend and the stores
 * that they need. */
int steps_prepare(struct live_trial *live);

int steps_start_server(struct live_trial *live);

/* Checks a few requests one by one, then takes the idle snapshot. */
int steps_check(struct live_trial *live);

/* The load that the load point asks for. */
void steps_load_plan(const struct live_trial *live, struct load_spec *plan);

int steps_start_loads(struct live_trial *live);

/* Waits until all connections are open and the server has settled, then takes
 * the snapshot of idle connections. */
int steps_open(struct live_trial *live);

/* Begins the load. Returns when its window opens, or a negative errno. */
int64_t steps_begin(struct live_trial *live);

/* Makes the backend forget the lateness that earlier trials caused. */
void steps_reset_backend(struct live_trial *live);

/* Read machine, page faults, backend and stores at the window's edges; the
 * caller samples the server's meter. At the end the CPUs, the groups and the
 * sockets of the server are looked at too, and whether it lives. */
void steps_window_begin(struct live_trial *live);
void steps_window_end(struct live_trial *live);

/* Keeps the most tasks that any sample of the window has seen. */
void steps_note_tasks(struct trial *trial, const struct meter_sample *sample);

/* Waits for a load's end; no load: nothing to do. */
int steps_collect(struct live_trial *live, struct load *load,
                  struct load_result **result);

/* After the loads are collected: the limit that was hit, lateness of machine
 * and backend, and the updates that the server counted. */
void steps_read_window(struct live_trial *live);

/* Ends loads and server; trial->end must be set. */
void steps_finish(struct live_trial *live);
