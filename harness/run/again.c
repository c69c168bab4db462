/* SPDX-License-Identifier: MIT
 *
 * Trials that were carried out together are so again, for their figures are
 * each other's measure.
 */
#include "again.h"

#include <errno.h>
#include <string.h>

#include "busy.h"
#include "harness/base/json.h"
#include "search.h"

static const int64_t LEAST_NS = INT64_C(10000000000);

static const json_t *find(const struct run *run,
                          const struct plan_trial *planned)
{
    const json_t *trial;
    size_t i;

    json_array_foreach (run->trials, i, trial) {
        const char *id = json_string_of(trial, "trial_id");

        if (id != NULL && !strcmp(id, planned->id))
            return trial;
    }
    return NULL;
}

static bool is_worth(const struct run *run, const struct plan_trial *planned,
                     int count)
{
    bool invalid = false;

    for (int i = 0; i < count; i++) {
        const json_t *trial = find(run, &planned[i]);

        if (trial == NULL || run_search_is(run, &planned[i]) ||
            json_true_of(trial, "lasting"))
            return false;
        invalid |= !json_true_of(trial, "valid") || busy_was(trial);
    }
    return invalid;
}

static int64_t cost_ns(const struct run *run, const struct plan_trial *planned,
                       int count)
{
    return count * plan_trial_ns(&run->plan.experiments[planned->experiment]
                                      ->load_points[planned->load_point]);
}

/* How many there are; what they take in *ns. */
static int count_all(const struct run *run, int64_t *ns)
{
    int all = 0;

    *ns = 0;
    for (int i = 0, count; i < run->plan.trial_count; i += count) {
        const struct plan_trial *planned = &run->plan.trials[i];

        count = plan_together(&run->plan, i);
        if (!is_worth(run, planned, count))
            continue;
        all += count;
        *ns += cost_ns(run, planned, count);
    }
    return all;
}

int again_do(struct run *run)
{
    int64_t left_ns = plan_eta_ns(&run->plan, 0) / 4, need_ns;
    int all = count_all(run, &need_ns), result = 0;
    char time[64];

    if (run->extra_ns > 0)
        left_ns -= run->extra_ns;
    left_ns = left_ns > LEAST_NS ? left_ns : LEAST_NS;
    if (all == 0)
        return 0;
    results_say(&run->results,
                "%d trials are invalid, spoiled by other processes, or go with "
                "one that is: once more, %s%s",
                all,
                plan_duration(need_ns < left_ns ? need_ns : left_ns, time,
                              sizeof(time)),
                need_ns > left_ns ? ", as many as that is enough for" : "");
    for (int i = 0, count; i < run->plan.trial_count && result == 0;
         i += count) {
        const struct plan_trial *planned = &run->plan.trials[i];

        count = plan_together(&run->plan, i);
        if (!is_worth(run, planned, count) ||
            cost_ns(run, planned, count) > left_ns)
            continue;
        left_ns -= cost_ns(run, planned, count);
        result = *run->stop != 0 ? -EINTR : attempt_again(run, planned, count);
    }
    return result;
}
