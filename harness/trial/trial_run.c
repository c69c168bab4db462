/* SPDX-License-Identifier: MIT
 *
 * The order of the steps is the method: bare ceiling, start, checked requests,
 * idle snapshot, open connections, snapshot of open connections, warm-up with a
 * snapshot in its middle, window between two cheap samples, drain, stop.
 *
 * Reading PSS stalls the server's tree. So PSS is read in the warm-up: in the
 * window it would disturb the figures, and after the window there is no load.
 */
#include "trial_run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drift.h"
#include "harness/machine/urgency.h"
#include "models/runtime/base/clock.h"
#include "steps.h"

static const int64_t MS = 1000000;
static const int64_t SAMPLE_EVERY_NS = 250000000;
static const int64_t SAMPLE_SHARE = 200; /* samples use one part in 200 of the
                                            time */
static const int64_t SNAPSHOT_PER_PROCESS_NS = 300000;
static const int64_t SNAPSHOT_URGENT_NS = 50000000;
static const int64_t WALK_PER_FILE_NS = 10000;
static const int64_t WALK_MAX_NS = 2000000; /* a longer walk would be noticed in
                                               the window */

/* Takes the costly snapshot, unless it would still run when the window opens. A
 * long snapshot runs without real-time priority, so that the generator can warm
 * up meanwhile. */
static void take_warm(struct live_trial *live, int64_t window_ns)
{
    struct trial *trial = live->trial;
    struct meter_sample cheap;
    int64_t cost_ns;

    meter_sample(live->server.meter, &cheap);
    cost_ns =
        (cheap.processes > 0 ? cheap.processes : 1) * SNAPSHOT_PER_PROCESS_NS +
        20 * MS;
    if (clock_now_ns() + cost_ns > window_ns)
        return;
    if (cost_ns > SNAPSHOT_URGENT_NS)
        urgency_drop();
    meter_snapshot(live->server.meter, &trial->warm);
    urgency_give(0, URGENCY_SAMPLER);
    trial->has_warm = true;
}

/* Sleeps until at_ns, an edge of the window. Just before the edge a walk reads
 * the context switches of every thread, unless the tree is so large that the
 * walk would disturb the window. False: the trial is to be abandoned. */
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

/* The time until the next sample; large trees, which cost more to read, are
 * sampled less often. */
static int64_t sample_step(const struct sampler *sampler)
{
    int64_t mean_ns = sampler->cpu_ns / sampler->count;

    return mean_ns * SAMPLE_SHARE > SAMPLE_EVERY_NS ? mean_ns * SAMPLE_SHARE
                                                    : SAMPLE_EVERY_NS;
}

/* Samples the server from the window's start to its end. False: the trial is
 * to be abandoned. */
static bool watch_window(struct live_trial *live, int64_t start_ns,
                         int64_t end_ns)
{
    struct trial *trial = live->trial;
    struct meter_sample sample;

    if (!walk_before(live, start_ns, &trial->walk_first))
        return false;
    trial->sampler = (struct sampler){0}; /* without the warm-up's samples */
    sampler_take(&trial->sampler, live->server.meter, &trial->first);
    steps_window_begin(live);
    steps_note_tasks(trial, &trial->first);
    for (int64_t at_ns = start_ns + SAMPLE_EVERY_NS; at_ns < end_ns - 50 * MS;
         at_ns += sample_step(&trial->sampler)) {
        if (!steps_sleep_until(live, at_ns))
            return false;
        sampler_take(&trial->sampler, live->server.meter, &sample);
        steps_note_tasks(trial, &sample);
        trial_drift_note(trial, at_ns - start_ns, end_ns - start_ns,
                         sample.total_bytes);
    }
    if (!walk_before(live, end_ns, &trial->walk_last))
        return false;
    sampler_take(&trial->sampler, live->server.meter, &trial->last);
    trial->has_walks =
        trial->walk_first.at_ns > 0 && trial->walk_last.at_ns > 0;
    steps_note_tasks(trial, &trial->last);
    steps_window_end(live);
    return true;
}

static struct recovery_probe probe_of(const struct live_trial *live)
{
    return (struct recovery_probe){.address = &live->address,
                                   .requests = live->requests,
                                   .request_count = live->request_count,
                                   .stop = live->spec->stop};
}

/* Measures the latency without load, if the load point asks for recovery. */
static int learn(struct live_trial *live)
{
    struct recovery_probe probe = probe_of(live);
    struct trial *trial = live->trial;
    int result;

    trial->recovery.limit_ns = live->spec->point->recovery_ns;
    if (trial->recovery.limit_ns == 0)
        return 0;
    result = recovery_learn(&probe, &trial->recovery);
    return result >= 0 ? 0
                       : steps_fail(live, result,
                                    "a lone request before the load failed: %s",
                                    strerror(-result));
}

static int await_recovery(struct live_trial *live, int64_t end_ns)
{
    struct recovery_probe probe = probe_of(live);

    if (live->trial->recovery.limit_ns == 0)
        return 0;
    return recovery_await(&probe, end_ns, &live->trial->recovery);
}

/* Everything that happens under load. */
static int drive(struct live_trial *live)
{
    struct trial *trial = live->trial;
    int64_t start_ns, end_ns;

    if (steps_start_loads(live) < 0 || steps_open(live) < 0 || learn(live) < 0)
        return -1;
    start_ns = steps_begin(live);
    if (start_ns < 0)
        return -1;
    end_ns = start_ns + live->spec->point->window_ns;
    /* Without a real-time priority, a generator that never sleeps would delay
     * every sample from here on. */
    urgency_give(0, URGENCY_SAMPLER);
    if (!steps_sleep_until(live, (clock_now_ns() + start_ns) / 2))
        return -EINTR;
    take_warm(live, start_ns);
    if (trial_activity_take(live, start_ns) < 0)
        return -EINTR;
    steps_reset_backend(live);
    if (!watch_window(live, start_ns, end_ns) ||
        await_recovery(live, end_ns) < 0)
        return -EINTR;
    urgency_drop();
    if (steps_collect(live, live->load, &trial->load) < 0 ||
        steps_collect(live, live->beside, &trial->beside) < 0)
        return -1;
    steps_read_window(live);
    return 0;
}

void trial_run(const struct trial_spec *spec, struct trial *trial)
{
    struct live_trial live;
    bool done = steps_init(&live, spec, trial) >= 0 && !steps_stopped(&live) &&
                steps_take_bare(&live) >= 0 && steps_prepare(&live) >= 0 &&
                steps_start_server(&live) >= 0 && steps_check(&live) >= 0 &&
                prediction_record(spec, trial) >= 0 && drive(&live) >= 0;

    urgency_drop();
    trial->end = steps_stopped(&live) ? TRIAL_STOPPED
                 : done               ? TRIAL_DONE
                                      : TRIAL_FAILED;
    if (trial->end == TRIAL_FAILED && trial->failure[0] == '\0')
        steps_fail(&live, -1,
                   "the trial could not be carried out, and no step says why");
    steps_finish(&live);
}
