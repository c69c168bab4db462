/* SPDX-License-Identifier: MIT
 *
 * The counting begins and ends with a step of the generator's series (100 ms
 * each, from the warm-up's start), so that the requests that were answered
 * meanwhile are known. It is over before the window: what counts slows down.
 */
#include "activity.h"

#include <math.h>
#include <stdio.h>

#include "harness/base/json.h"
#include "steps.h"

static const int64_t STEP_NS = 100000000;
static const int64_t OPEN_NS = 20000000;   /* to begin counting */
static const int64_t CLOSE_NS = 100000000; /* to end it */

enum { STEPS_MAX = 3 };

/* The steps that fit; false when there is none. */
static bool choose_steps(struct live_trial *live, int64_t start_ns)
{
    struct trial_activity *activity = &live->trial->activity;
    int64_t warmup_ns = live->spec->point->warmup_ns;
    int64_t origin_ns = start_ns - warmup_ns;
    int64_t first =
        (steps_now_ns() + OPEN_NS - origin_ns + STEP_NS - 1) / STEP_NS;
    int64_t last = (warmup_ns - CLOSE_NS) / STEP_NS;

    activity->first_step = (int)first;
    activity->steps = last <= first              ? 0
                      : last - first > STEPS_MAX ? STEPS_MAX
                                                 : (int)(last - first);
    if (activity->steps == 0)
        snprintf(activity->why, sizeof activity->why,
                 "the warm-up is too short to count in it");
    return activity->steps > 0;
}

int trial_activity_take(struct live_trial *live, int64_t start_ns)
{
    struct trial_activity *activity = &live->trial->activity;
    int64_t before[TALLY_KINDS], at_ns, began_ns;
    struct tally *tally;
    bool slept;

    if (!choose_steps(live, start_ns))
        return 0;
    if (tally_open(live->server.meter, &tally, activity->why,
                   sizeof activity->why) < 0) {
        activity->steps = 0;
        return 0;
    }
    at_ns = start_ns - live->spec->point->warmup_ns +
            activity->first_step * STEP_NS;
    slept = steps_sleep_until(live, at_ns);
    began_ns = steps_now_ns();
    tally_read(tally, before);
    slept = slept && steps_sleep_until(live, at_ns + activity->steps * STEP_NS);
    activity->span_ns = steps_now_ns() - began_ns;
    tally_read(tally, activity->counts);
    tally_close(tally);
    for (int i = 0; i < TALLY_KINDS; i++)
        if (activity->counts[i] >= 0)
            activity->counts[i] -= before[i];
    return slept ? 0 : -1;
}

json_t *trial_activity_json(const struct trial *trial)
{
    const struct trial_activity *activity = &trial->activity;
    const struct load_result *load = trial->load;
    double span = (double)activity->steps * (double)STEP_NS;
    int64_t requests = 0;
    const char *why = activity->why[0] != '\0'
                          ? activity->why
                          : "nothing is counted in this mode";
    json_t *object;

    for (int i = 0; i < activity->steps; i++)
        if (activity->first_step + i < load->series_count)
            requests += load->series[activity->first_step + i];
    object = json_pack(
        "{s:o, s:o, s:o, s:o}", "sampled", json_boolean(activity->steps > 0),
        "why", activity->steps > 0 ? json_null() : json_text(why), "span_ns",
        activity->steps > 0 ? json_integer(activity->span_ns) : json_null(),
        "requests", activity->steps > 0 ? json_integer(requests) : json_null());
    /* A look that came late has counted more than the steps. */
    for (int i = 0; i < TALLY_KINDS; i++)
        json_object_set_new(
            object, tally_name(i),
            activity->steps > 0 && activity->counts[i] >= 0
                ? json_integer(llround((double)activity->counts[i] * span /
                                       (double)activity->span_ns))
                : json_null());
    return object;
}

/* The difference over the window's span, scaled to it; or -1. */
static int64_t grown(const struct trial *trial, int64_t first, int64_t last)
{
    int64_t span_ns = trial->walk_last.at_ns - trial->walk_first.at_ns;
    double window =
        (double)(trial->load->window_end_ns - trial->load->window_start_ns);

    if (!trial->has_walks || first < 0 || last < first || span_ns <= 0)
        return -1;
    return llround((double)(last - first) * window / (double)span_ns);
}

int64_t trial_run_wait_ns(const struct trial *trial)
{
    return grown(trial, trial->walk_first.run_wait_ns,
                 trial->walk_last.run_wait_ns);
}

int64_t trial_switches(const struct trial *trial)
{
    const struct meter_sample *first = &trial->walk_first,
                              *last = &trial->walk_last;
    int64_t voluntary =
        grown(trial, first->switches_voluntary, last->switches_voluntary);
    int64_t involuntary =
        grown(trial, first->switches_involuntary, last->switches_involuntary);

    return voluntary < 0 || involuntary < 0 ? -1 : voluntary + involuntary;
}

json_t *trial_run_queue_json(const struct trial *trial)
{
    const struct meter_sample *first = &trial->walk_first,
                              *last = &trial->walk_last;
    int64_t wait_ns = trial_run_wait_ns(trial);
    int64_t some_ns = grown(trial, first->pressure_ns, last->pressure_ns);

    return json_pack("{s:o, s:o}", "wait_ns", json_known(wait_ns),
                     "pressure_ns", json_known(some_ns));
}
