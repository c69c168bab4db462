/* SPDX-License-Identifier: MIT
 *
 * Counting begins and ends with a step of the generator's series (100 ms each,
 * from the warm-up's start), so that the number of requests answered meanwhile
 * is known. Counting slows the server down and therefore ends before the window
 * opens.
 */
#include "activity.h"

#include <math.h>
#include <stdio.h>

#include "harness/base/json.h"
#include "models/runtime/base/clock.h"
#include "steps.h"

static const int64_t STEP_NS = 100000000;
static const int64_t OPEN_NS = 20000000;   /* time to set up the counters */
static const int64_t CLOSE_NS = 100000000; /* time to remove them */

enum { STEPS_MAX = 3 };

/* Chooses the steps that fit into the rest of the warm-up; false: none does. */
static bool choose_steps(struct live_trial *live, int64_t start_ns)
{
    struct trial_activity *activity = &live->trial->activity;
    int64_t warmup_ns = live->spec->point->warmup_ns;
    int64_t origin_ns = start_ns - warmup_ns;
    int64_t first =
        (clock_now_ns() + OPEN_NS - origin_ns + STEP_NS - 1) / STEP_NS;
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
    began_ns = clock_now_ns();
    tally_read(tally, before);
    slept = slept && steps_sleep_until(live, at_ns + activity->steps * STEP_NS);
    activity->span_ns = clock_now_ns() - began_ns;
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
    bool sampled = activity->steps > 0;
    double span = (double)activity->steps * (double)STEP_NS;
    int64_t requests = 0;
    const char *why = activity->why[0] != '\0'
                          ? activity->why
                          : "nothing is counted in this mode";
    json_t *object;

    for (int i = 0; i < activity->steps; i++)
        if (activity->first_step + i < load->series_count)
            requests += load->series[activity->first_step + i];
    object = json_pack("{s:b, s:s?, s:o, s:o}", "sampled", sampled, "why",
                       sampled ? NULL : why, "span_ns",
                       json_known(sampled ? activity->span_ns : -1), "requests",
                       json_known(sampled ? requests : -1));
    /* A late reading has counted for longer than the steps last. */
    for (int i = 0; i < TALLY_KINDS; i++)
        json_object_set_new(
            object, tally_name(i),
            json_known(sampled && activity->counts[i] >= 0
                           ? llround((double)activity->counts[i] * span /
                                     (double)activity->span_ns)
                           : -1));
    return object;
}
