/* SPDX-License-Identifier: MIT
 *
 * The order of steps is the method: bare ceiling, start, checked requests,
 * idle snapshot, connections, snapshot with all of them idle, warm-up (with a
 * snapshot in its middle), window between two cheap samples, drain, stop. The
 * harness sleeps on the clients' CPUs meanwhile, so that it takes nothing from
 * the server.
 *
 * PSS is read in the warm-up because reading it stalls the tree: never in the
 * window, and after the window no requests come.
 */
#include "trial_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drift.h"
#include "harness/machine/urgency.h"
#include "harness/server/process.h"
#include "predict.h"
#include "steps.h"

static const int64_t MS = 1000000;
static const int64_t SAMPLE_EVERY_NS = 250000000;
static const int64_t SAMPLE_SHARE = 200; /* of the time, the looks take 1 */
static const int64_t SNAPSHOT_PER_PROCESS_NS = 300000;
static const int64_t SNAPSHOT_URGENT_NS = 50000000;
static const int64_t WALK_PER_FILE_NS = 10000;
static const int64_t WALK_MAX_NS = 2000000; /* in the window, at its end */

/* The costly snapshot, unless it would reach into the window. A long one does
 * not come before the generator, whose warm-up it would take. */
static void take_warm(struct live_trial *live, int64_t window_ns)
{
    struct trial *trial = live->trial;
    struct meter_sample cheap;
    int64_t cost_ns;

    meter_sample(live->server.meter, &cheap);
    cost_ns =
        (cheap.processes > 0 ? cheap.processes : 1) * SNAPSHOT_PER_PROCESS_NS +
        20 * MS;
    if (steps_now_ns() + cost_ns > window_ns)
        return;
    if (cost_ns > SNAPSHOT_URGENT_NS)
        urgency_drop();
    meter_snapshot(live->server.meter, &trial->warm);
    urgency_give(0, URGENCY_SAMPLER);
    trial->has_warm = true;
}

static void note_maxima(struct trial *trial, const struct meter_sample *sample)
{
    if (sample->threads > trial->threads_max)
        trial->threads_max = sample->threads;
    if (sample->processes > trial->processes_max)
        trial->processes_max = sample->processes;
}

/* Sleeps until then but for a walk just before, if that is cheap enough to be
 * in the window. False when abandoned. */
static bool walk_before(struct live_trial *live, int64_t at_ns,
                        struct meter_sample *walk)
{
    struct meter_sample cheap;
    int64_t cost_ns;

    sampler_take(&live->trial->sampler, live->server.meter, &cheap);
    cost_ns = (2 * cheap.threads + cheap.processes) * WALK_PER_FILE_NS;
    if (cost_ns <= WALK_MAX_NS) {
        if (!steps_sleep_until(live, at_ns - cost_ns - 2 * MS))
            return false;
        sampler_walk(&live->trial->sampler, live->server.meter, walk);
    }
    return steps_sleep_until(live, at_ns);
}

/* The machine and the server's place, at the window's end. */
static void look_round(struct live_trial *live)
{
    struct trial *trial = live->trial;

    machine_sample(&trial->machine_last);
    trial->faults_last = inspection_major_faults(live->server.meter);
    inspection_make(live->server.meter, live->server.pid, &trial->cpus.server,
                    &trial->inspection);
    trial->listeners_last = inspection_listeners(live->server.port);
}

/* Until the next look: a large tree is looked at more seldom. */
static int64_t sample_step(const struct sampler *sampler)
{
    int64_t mean_ns = sampler->cpu_ns / sampler->count;

    return mean_ns * SAMPLE_SHARE > SAMPLE_EVERY_NS ? mean_ns * SAMPLE_SHARE
                                                    : SAMPLE_EVERY_NS;
}

/* From the window's start to its end. False when abandoned. */
static bool watch_window(struct live_trial *live, int64_t start_ns,
                         int64_t end_ns)
{
    struct trial *trial = live->trial;
    struct meter_sample sample;

    if (!walk_before(live, start_ns, &trial->walk_first))
        return false;
    trial->sampler = (struct sampler){0}; /* of the window alone */
    sampler_take(&trial->sampler, live->server.meter, &trial->first);
    machine_sample(&trial->machine_first);
    trial->faults_first = inspection_major_faults(live->server.meter);
    if (trial->has_backend)
        backend_server_sample(live->spec->backend, &live->backend_first);
    trial_store_first(live);
    note_maxima(trial, &trial->first);
    for (int64_t at_ns = start_ns + SAMPLE_EVERY_NS; at_ns < end_ns - 50 * MS;
         at_ns += sample_step(&trial->sampler)) {
        if (!steps_sleep_until(live, at_ns))
            return false;
        sampler_take(&trial->sampler, live->server.meter, &sample);
        note_maxima(trial, &sample);
        trial_drift_note(trial, at_ns - start_ns, end_ns - start_ns,
                         sample.total_bytes);
    }
    if (!walk_before(live, end_ns, &trial->walk_last))
        return false;
    sampler_take(&trial->sampler, live->server.meter, &trial->last);
    trial->has_walks =
        trial->walk_first.at_ns > 0 && trial->walk_last.at_ns > 0;
    if (trial->has_backend)
        backend_server_sample(live->spec->backend, &live->backend_last);
    trial_store_last(live);
    note_maxima(trial, &trial->last);
    look_round(live);
    trial->alive = process_alive(&live->server, trial->server_words,
                                 sizeof trial->server_words);
    return true;
}

static struct recovery_probe probe_of(const struct live_trial *live)
{
    return (struct recovery_probe){.address = &live->address,
                                   .requests = live->requests,
                                   .request_count = live->request_count,
                                   .stop = live->spec->stop};
}

/* What an answer takes without load, where recovery is asked for. */
static int learn(struct live_trial *live)
{
    struct recovery_probe probe = probe_of(live);
    struct trial *trial = live->trial;
    int result;

    trial->recovery.limit_ns = live->spec->point->recovery_ns;
    if (trial->recovery.limit_ns == 0)
        return 0;
    result = recovery_learn(&probe, &trial->recovery);
    if (result < 0)
        snprintf(trial->failure, sizeof trial->failure,
                 "a lone request before the load failed: %s",
                 strerror(-result));
    return result;
}

/* The generator waits for its last answers meanwhile. */
static int await_recovery(struct live_trial *live, int64_t end_ns)
{
    struct recovery_probe probe = probe_of(live);

    if (live->trial->recovery.limit_ns == 0)
        return 0;
    return recovery_await(&probe, end_ns, &live->trial->recovery);
}

static int drive(struct live_trial *live)
{
    const struct load_point *point = live->spec->point;
    struct trial *trial = live->trial;
    int64_t start_ns, now;
    int result;

    if (steps_start_loads(live) < 0)
        return -1;
    if (steps_open(live) < 0)
        return -1;
    if (learn(live) < 0)
        return -1;
    start_ns = steps_begin(live);
    if (start_ns < 0)
        return -1;
    /* From here on: a generator that never sleeps would keep it waiting. */
    urgency_give(0, URGENCY_SAMPLER);
    now = steps_now_ns();
    if (!steps_sleep_until(live, now + (start_ns - now) / 2))
        return -EINTR;
    take_warm(live, start_ns);
    if (trial_activity_take(live, start_ns) < 0)
        return -EINTR;
    live->backend_reset =
        trial->has_backend && backend_server_reset(live->spec->backend) == 0;
    if (!watch_window(live, start_ns, start_ns + point->window_ns) ||
        await_recovery(live, start_ns + point->window_ns) < 0)
        return -EINTR;
    urgency_drop();
    result = steps_collect(live, live->load, &trial->load);
    if (result == 0)
        result = steps_collect(live, live->beside, &trial->beside);
    if (result == 0)
        steps_look_for_limits(live);
    if (result == 0 && live->spec->metronome)
        metronome_read(live->spec->metronome, trial->load->window_start_ns,
                       trial->load->window_end_ns, &trial->platform);
    steps_read_updates(live);
    if (trial->has_backend)
        backend_server_read(live->spec->backend, &live->backend_first,
                            &live->backend_last, &trial->backend);
    /* What other trials have left in it is not this one's lateness. */
    if (trial->has_backend && !live->backend_reset)
        trial->backend.lateness_p90_ns = trial->backend.lateness_p99_ns =
            trial->backend.lateness_max_ns = -1;
    return result;
}

void trial_run(const struct trial_spec *spec, struct trial *trial)
{
    struct live_trial live = {.spec = spec, .trial = trial};
    bool done;

    memset(trial, 0, sizeof *trial);
    trial->started_at = time(NULL);
    placement_split(spec->point->placement, &trial->cpus);
    trial->threads_max = trial->processes_max = -1;
    done = !steps_stopped(&live) && steps_take_cpus(trial) >= 0 &&
           steps_take_bare(&live) >= 0 && steps_prepare(&live) >= 0 &&
           steps_start_server(&live) >= 0 && steps_check(&live) >= 0 &&
           trial_predict(spec, trial) >= 0 && drive(&live) >= 0;
    urgency_drop();
    if (steps_stopped(&live))
        trial->end = TRIAL_STOPPED;
    else
        trial->end = done ? TRIAL_DONE : TRIAL_FAILED;
    if (trial->end == TRIAL_FAILED && trial->failure[0] == '\0')
        snprintf(trial->failure, sizeof trial->failure,
                 "the trial could not be carried out, for no known reason");
    steps_finish(&live);
}
