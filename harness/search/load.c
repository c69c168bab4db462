/* SPDX-License-Identifier: MIT
 *
 * The facts about the server are set to good values: it is assumed to be
 * healthy as long as it answers.
 */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/order.h"
#include "harness/gate/gate.h"
#include "trial.h"

static int64_t no_wait(const struct arguments *arguments)
{
    (void)arguments;
    return 0;
}

static const struct workload unknown = {.kind = WORKLOAD_IO,
                                        .wait_ns = no_wait};
static const struct workload_entry unknown_entry = {"url", &unknown};

static void fill(const struct load_point *point, struct load_spec *plan)
{
    plan->mode = point->mode;
    plan->arrivals = point->arrivals;
    plan->burst = point->burst;
    plan->rate_per_s = point->rate_per_s;
    plan->connections = point->connections;
    plan->warmup_ns = point->warmup_ns;
    plan->window_ns = point->window_ns;
    plan->timeout_ns = point->timeout_ns;
}

static int drive(const struct load_spec *plan, struct load_result *result,
                 char *why, size_t why_size)
{
    struct load *load;
    int status = load_start(plan, &load, why, why_size);

    if (status < 0)
        return status;
    int64_t begun = load_begin(load);
    status = begun < 0 ? (int)begun : load_wait(load, result);
    char cause[256];
    load_address_cause(status, cause, sizeof cause);
    char address[LOAD_ADDRESS_TEXT];
    if (begun < 0 && status != -ECHILD && status != -EINTR)
        snprintf(why, why_size, "%s: no connection could be opened: %s",
                 load_address_text(&plan->address, address, sizeof address),
                 load_reason(load) ? load_reason(load) : cause);
    else if (status < 0)
        snprintf(why, why_size, "the load could not be carried out: %s",
                 strerror(-status));
    load_free(load);
    return status;
}

static void judge(const struct load_point *point, struct load_result *load,
                  struct search_step *step)
{
    struct model_info model = {.name = "url", .task = "none", .flags = ""};
    struct trial_spec plan = {.point = point, .model = &model};
    struct trial *trial = calloc(1, sizeof *trial);

    if (!trial)
        return;
    trial->load = load;
    trial->alive = trial->clean = true;
    trial->first.at_ns = load->window_start_ns;
    trial->last.at_ns = load->window_end_ns;
    placement_split(PLACEMENT_SPLIT, &trial->cpus);
    struct gate gates[GATES_MAX];
    search_trial_judge(&plan, trial, gates, gate_judge(&plan, trial, gates),
                       step);
    /* If no answer was right, the first wrong one says more than the gates. */
    if (step->verdict == SEARCH_INVALID && load->ok == 0 &&
        load->first_failure[0] != '\0') {
        snprintf(step->why, sizeof step->why, "no answer was right: %.130s",
                 load->first_failure);
        step->lasting = true;
    }
    free(trial);
}

int search_load_run(struct search_load *target, double rate_per_s, int number,
                    struct search_step *step, char *why, size_t why_size)
{
    struct load_result *result = calloc(1, sizeof *result);
    uint64_t state = target->seed + (uint64_t)number;

    if (!result)
        return -ENOMEM;
    target->point.workload = &unknown_entry;
    struct load_point point;
    search_trial_point(&target->point, rate_per_s, &point);
    fill(&point, &target->plan);
    target->plan.seed = order_random(&state);
    int status = drive(&target->plan, result, why, why_size);
    if (status == 0)
        judge(&point, result, step);
    free(result);
    return status;
}
