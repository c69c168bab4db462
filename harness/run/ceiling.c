/* SPDX-License-Identifier: MIT
 *
 * The ceiling is a trial of the null server, as all others are made, that is
 * in no plan and takes part in nothing. Its generator may be as busy as it
 * likes: that is what is asked. For every other failed gate it is taken again,
 * and the best of them counts, since disturbance only ever lowers it.
 */
#include "ceiling.h"
#include "harness/base/json.h"
#include "harness/trial/trial_run.h"

#include <stdlib.h>
#include <string.h>

#include "harness/experiment/modes.h"
#include "harness/gate/gate.h"
#include "harness/load/answers.h"

/* Where rates begin to matter: a fifth of what a null server does even on a
 * slow machine. */
static const double NEAR_PER_S = 4000;
static const int64_t WARMUP_NS = 150000000, WINDOW_NS = 450000000;

enum { ATTEMPTS = 3 };

static double rate_of(const struct trial *trial)
{
    return trial->end == TRIAL_DONE ? trial_per_s(trial) : 0;
}

/* The load point with nothing to do. */
static bool make_point(const struct load_point *of, struct load_point *point,
                       int64_t *bytes)
{
    struct load_request *request = NULL;
    char query[64];

    if (answers_make(of->workload, &of->arguments, 0, 1, &request) < 0)
        return false;
    *bytes = (int64_t)request->body_size;
    answers_free(request, 1);
    *point = *of;
    point->workload = workload_find("hello");
    modes_set(point, point->churn ? MODE_CHURN : MODE_CLOSED);
    point->think_ns = 0;
    point->warmup_ns = WARMUP_NS;
    point->window_ns = WINDOW_NS;
    point->beside = (struct beside){0};
    snprintf(query, sizeof query, "size=%lldB", (long long)*bytes);
    return point->workload &&
           parameters_parse_query(point->workload->workload->parameters, query,
                                  strlen(query), &point->arguments, NULL,
                                  0) >= 0;
}

/* A ceiling counts also where the clients were its limit. */
static bool undisturbed(const struct trial_plan *plan,
                        const struct trial *trial)
{
    struct gate gates[GATES_MAX];
    int count = gate_judge(plan, trial, gates);

    return (gate_withheld(gates, count) & FIGURE_THROUGHPUT) == 0;
}

static double measure(const struct model_info *null,
                      const struct trial_plan *like,
                      const struct load_point *point)
{
    struct trial_plan plan = *like;
    struct trial *trial = calloc(1, sizeof *trial);
    double best = 0;
    bool good = false;

    plan.point = point;
    plan.model = null;
    plan.workers = 0;
    plan.settings = NULL;
    plan.usual_speed = 0;
    plan.predictions = NULL;
    for (int i = 0; trial && i < ATTEMPTS && !good; i++) {
        trial_run(&plan, trial);
        best = rate_of(trial) > best ? rate_of(trial) : best;
        good = trial->end == TRIAL_STOPPED || undisturbed(&plan, trial);
        trial_free(trial);
    }
    free(trial);
    return best;
}

static const json_t *find(const json_t *known, const struct load_point *point,
                          int64_t bytes)
{
    const json_t *row;
    size_t i;

    json_array_foreach (known, i, row) {
        const char *placement = json_string_of(row, "placement");

        if (placement && !strcmp(placement, placement_name(point->placement)) &&
            json_integer_of(row, "connections") == point->connections &&
            json_true_of(row, "churn") == point->churn &&
            json_integer_of(row, "answer_bytes") == bytes)
            return row;
    }
    return NULL;
}

double ceiling_of(json_t *known, const struct model_info *models,
                  const struct trial_plan *plan, const struct trial *trial)
{
    const struct model_info *null = models_find(models, "null");
    struct load_point *point;
    const json_t *row = NULL;
    int64_t bytes;

    if (!json_is_array(known) || rate_of(trial) < NEAR_PER_S || !null ||
        !null->available)
        return 0;
    point = calloc(1, sizeof *point);
    if (point && make_point(plan->point, point, &bytes)) {
        row = find(known, point, bytes);
        if (!row) {
            json_array_append_new(
                known,
                json_pack("{s:s, s:b, s:i, s:I, s:f}", "placement",
                          placement_name(point->placement), "churn",
                          point->churn, "connections", point->connections,
                          "answer_bytes", (json_int_t)bytes, "per_s",
                          measure(null, plan, point)));
            row = find(known, point, bytes);
        }
    }
    free(point);
    return json_number_of(row, "per_s");
}
