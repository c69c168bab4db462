/* SPDX-License-Identifier: MIT
 *
 * A ceiling is measured by a trial of the null server that is in no plan and in
 * no statistics. Its generator is meant to be busy. If any other gate withholds
 * the throughput, the trial is repeated; the best rate counts, since a
 * disturbance can only lower it.
 */
#include "ceiling.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/json.h"
#include "harness/experiment/modes.h"
#include "harness/gate/gate.h"
#include "harness/load/answers.h"
#include "harness/trial/trial_run.h"

/* Lower rates are below a fifth of any ceiling, even on a slow machine. */
static const double NEAR_PER_S = 4000;
static const int64_t WARMUP_NS = 150000000, WINDOW_NS = 450000000;

enum { ATTEMPTS = 3 };

/* A load point like `of` whose requests cost the server nothing but an answer
 * of the same size. */
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

/* Whether no gate withholds the throughput; a gate that calls the rate a lower
 * bound does not withhold it. */
static bool undisturbed(const struct trial_spec *spec,
                        const struct trial *trial)
{
    struct gate gates[GATES_MAX];
    int count = gate_judge(spec, trial, gates);

    return (gate_withheld(gates, count) & FIGURE_THROUGHPUT) == 0;
}

static double measure(const struct model_info *null,
                      const struct trial_spec *like,
                      const struct load_point *point)
{
    struct trial_spec spec = *like;
    struct trial *trial = calloc(1, sizeof *trial);
    double best = 0;
    bool good = false;

    spec.point = point;
    spec.model = null;
    spec.workers = 0;
    spec.settings = NULL;
    spec.usual_speed = 0;
    spec.predictions = NULL;
    for (int i = 0; trial && i < ATTEMPTS && !good; i++) {
        trial_run(&spec, trial);
        best = trial_per_s(trial) > best ? trial_per_s(trial) : best;
        good = trial->end == TRIAL_STOPPED || undisturbed(&spec, trial);
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
        if (json_text_is(row, "placement", placement_name(point->placement)) &&
            json_integer_of(row, "connections") == point->connections &&
            json_true_of(row, "churn") == point->churn &&
            json_integer_of(row, "answer_bytes") == bytes)
            return row;
    }
    return NULL;
}

double ceiling_of(json_t *known, const struct model_info *models,
                  const struct trial_spec *spec, const struct trial *trial)
{
    const struct model_info *null = models_find(models, "null");
    struct load_point *point;
    const json_t *row = NULL;
    int64_t bytes;

    if (!json_is_array(known) || trial_per_s(trial) < NEAR_PER_S || !null ||
        !null->available)
        return 0;
    point = calloc(1, sizeof *point);
    if (point && make_point(spec->point, point, &bytes)) {
        row = find(known, point, bytes);
        if (!row) {
            json_array_append_new(
                known,
                json_pack("{s:s, s:b, s:i, s:I, s:f}", "placement",
                          placement_name(point->placement), "churn",
                          point->churn, "connections", point->connections,
                          "answer_bytes", (json_int_t)bytes, "per_s",
                          measure(null, spec, point)));
            row = find(known, point, bytes);
        }
    }
    free(point);
    return json_number_of(row, "per_s");
}
