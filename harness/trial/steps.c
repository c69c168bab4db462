/* SPDX-License-Identifier: MIT
 *
 * Each step is short and leaves facts in the trial. Failures that would be the
 * same again (a program that cannot be executed, a wrong answer to a lone
 * request, a load that cannot be set up) are marked as lasting.
 */
#include "steps.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/load/answers.h"
#include "harness/server/client.h"
#include "inspection.h"

enum { STATS_MAX = 4096 };
static const int64_t STATS_TIMEOUT_NS = 5000000000;

static const int64_t BARE_NS = 250000000;
static const int64_t READY_NS = 5000000000;
static const int64_t CHECK_BUDGET_NS = 500000000;

enum { CHECKS = 20, FLAGS_MAX = 16 + 2 * PARAMETERS_MAX };

int64_t stage_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

bool stage_stopped(const struct stage *stage)
{
    return *stage->plan->stop != 0;
}

bool stage_sleep_until(const struct stage *stage, int64_t at_ns)
{
    struct timespec at = {.tv_sec = at_ns / 1000000000,
                          .tv_nsec = at_ns % 1000000000};

    while (!stage_stopped(stage))
        if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == 0)
            return true;
    return false;
}

int stage_take_cpus(struct trial *trial)
{
    if (sched_setaffinity(0, sizeof(cpu_set_t), &trial->cpus.clients) == 0)
        return 0;
    snprintf(trial->failure, sizeof trial->failure,
             "the harness may not run on the clients' CPUs: %s; see taskset",
             strerror(errno));
    return -1;
}

int stage_take_bare(struct stage *stage)
{
    const struct load_point *point = stage->plan->point;
    const struct workload *workload = point->workload->workload;
    int result;

    if (workload->kind != WORKLOAD_CPU && workload->kind != WORKLOAD_MIXED)
        return 0;
    result =
        bare_measure(workload, &point->arguments, &stage->trial->cpus.server,
                     BARE_NS, &stage->trial->bare);
    if (result < 0)
        snprintf(stage->trial->failure, sizeof stage->trial->failure,
                 "the bare processes of %s could not run: %s",
                 point->workload->name, strerror(-result));
    return result;
}

int stage_prepare(struct stage *stage)
{
    const struct load_point *point = stage->plan->point;
    struct trial *trial = stage->trial;
    const struct target *target = stage->plan->model->target;
    int result = target ? target_request(target, &stage->requests)
                        : answers_make_some(point->workload, &point->arguments,
                                            stage->plan->seed, &stage->requests,
                                            &stage->request_count);

    if (target)
        stage->request_count = result == 0;
    else if (result == 0)
        result = answers_greeting(point->workload, &point->arguments,
                                  &stage->greeting);
    if (result == 0 && point->beside.workload)
        result =
            answers_make_some(point->beside.workload, &point->beside.arguments,
                              stage->plan->seed + 1, &stage->beside_requests,
                              &stage->beside_request_count);
    if (result < 0) {
        snprintf(trial->failure, sizeof trial->failure,
                 "the expected answers could not be computed: %s",
                 strerror(-result));
        return result;
    }
    result = !target ? trial_store_prepare(stage) : 0;
    if (result < 0 || !trial_needs_backend(point) || target)
        return result;
    trial->has_backend = true;
    result = backend_server_ensure(stage->plan->backend, &trial->cpus.clients,
                                   point->backend_workers, trial->failure,
                                   sizeof trial->failure);
    trial->lasting = result == -ENOENT;
    return result;
}

int stage_start_server(struct stage *stage)
{
    const struct trial_plan *plan = stage->plan;
    struct trial *trial = stage->trial;
    const char *argv[FLAGS_MAX] = {plan->model->path, "--port", "0"};
    char stores[STORES * STORE_WORDS][STORE_WORD_SIZE];
    const char *environment[STORES * STORE_WORDS + 1];
    char workers[16], words[2 * SETTINGS_TEXT_MAX], why[768] = "";
    int n = 3, result;
    struct process_options options = {.argv = argv,
                                      .environment = environment,
                                      .cpus = &trial->cpus.server,
                                      .meter_name = plan->model->name,
                                      .ready_timeout_ns = READY_NS,
                                      .stop = plan->stop};

    if (plan->workers > 0) {
        snprintf(workers, sizeof workers, "%d", plan->workers);
        argv[n++] = "--workers";
        argv[n++] = workers;
    }
    if (plan->settings)
        n = settings_argv(plan->settings, words, argv, n);
    if (trial->has_backend) {
        argv[n++] = "--backend";
        argv[n++] = plan->backend->address;
    }
    if (plan->point->workload->workload->counts_updates)
        argv[n++] = "--stats";
    trial_store_flags(trial, argv, n);
    trial_store_environment(plan, trial, stores, environment);
    result = plan->model->target
                 ? target_prepare(plan->model->target, plan->workers,
                                  &stage->target, &options, why, sizeof why)
                 : 0;
    stage->refused_first = exhaustion_refused(NULL);
    if (result == 0)
        result = process_start(&options, &stage->server, why, sizeof why);
    if (result < 0) {
        snprintf(trial->failure, sizeof trial->failure, "%s", why);
        trial->lasting = result == -ENOENT || result == -EACCES;
        memset(&stage->server, 0, sizeof stage->server);
        return result;
    }
    stage->address = client_loopback(stage->server.port);
    trial->workers = stage->server.workers;
    trial->source = meter_source(stage->server.meter);
    snprintf(trial->meter_note, sizeof trial->meter_note, "%s",
             stage->server.meter_note);
    return 0;
}

int stage_check(struct stage *stage)
{
    struct trial *trial = stage->trial;
    int count = stage->request_count < CHECKS ? stage->request_count : CHECKS;
    const struct target *target = stage->plan->model->target;
    int64_t timeout_ns = stage->plan->point->timeout_ns;
    char state[256], why[640] = "";
    int result = 0;

    if (target && !target->has_body)
        result =
            target_learn(target, &stage->address, timeout_ns, stage->plan->stop,
                         &stage->requests[0], why, sizeof why);
    if (result >= 0 && stage->greeting)
        result = client_check_socket(&stage->address, stage->greeting,
                                     stage->requests, count, CHECK_BUDGET_NS,
                                     timeout_ns, why, sizeof why);
    else if (result >= 0)
        result = client_check(&stage->address, stage->requests, count,
                              CHECK_BUDGET_NS, timeout_ns, stage->plan->stop,
                              why, sizeof why);
    if (result < 0) {
        /* A wrong answer to a lone request is the server's own, unless what it
         * calls has gone. */
        bool alone = trial_store_alive(stage, state, sizeof state);

        trial->lasting = result == -EPROTO && alone;
        if (alone)
            process_alive(&stage->server, state, sizeof state);
        snprintf(trial->failure, sizeof trial->failure, "%s; %s%s", why,
                 alone ? "the server is " : "", state);
        return result;
    }
    sampler_settle(stage->server.meter, stage->plan->stop);
    meter_snapshot(stage->server.meter, &trial->idle);
    /* Not sooner: a target's workers may open theirs one after another. */
    trial->listeners_first = inspection_listeners(stage->server.port);
    return 0;
}

void stage_fill_plan(const struct stage *stage, struct load_spec *plan)
{
    const struct load_point *point = stage->plan->point;

    *plan = (struct load_spec){
        .address.v4 = stage->address,
        .requests = stage->requests,
        .request_count = stage->request_count,
        .greeting = stage->greeting,
        .mode = point->mode,
        .arrivals = point->arrivals,
        .burst = point->burst,
        .rate_per_s = point->rate_per_s,
        .connections = point->connections,
        .churn = point->churn,
        .seed = stage->plan->seed,
        .warmup_ns = point->warmup_ns,
        .window_ns = point->window_ns,
        .timeout_ns = point->timeout_ns,
        .think_ns = point->think_ns,
        .cpus = &stage->trial->cpus.clients,
        /* A closed loop has no due times to miss, and where it never sleeps it
         * would choose how its server gets the CPUs that both use. */
        .urgent = point->mode == LOAD_OPEN || stage->trial->cpus.apart,
        .stop = stage->plan->stop,
        .tenths = point->soak,
        .classes = point->workload->workload->heavy != NULL,
        .series = true,
    };
}

int stage_start_loads(struct stage *stage)
{
    const struct beside *beside = &stage->plan->point->beside;
    struct trial *trial = stage->trial;
    struct load_spec *second = &stage->beside_plan;
    int result;

    stage_fill_plan(stage, &stage->load_plan);
    result = load_start(&stage->load_plan, &stage->load, trial->failure,
                        sizeof trial->failure);
    trial->lasting = result == -EINVAL || result == -E2BIG ||
                     result == -EMFILE || result == -EADDRNOTAVAIL;
    if (result < 0 || !beside->workload)
        return result;
    *second = stage->load_plan;
    second->requests = stage->beside_requests;
    second->request_count = stage->beside_request_count;
    second->greeting = NULL;
    second->mode = LOAD_OPEN;
    second->urgent = true;
    second->churn = false;
    second->arrivals = ARRIVALS_POISSON;
    second->burst = 1;
    second->rate_per_s = beside->rate_per_s;
    second->connections = beside->connections;
    second->seed = stage->plan->seed + 1;
    second->classes = beside->workload->workload->heavy != NULL;
    return load_start(second, &stage->beside, trial->failure,
                      sizeof trial->failure);
}

/* Why the load could not begin, with how the server is. */
static int refuse_load(struct stage *stage, const struct load *load, int error)
{
    char state[256];
    const char *reason = load_reason(load);

    process_alive(&stage->server, state, sizeof state);
    snprintf(stage->trial->failure, sizeof stage->trial->failure,
             "the load could not begin: %s; the server is %s",
             error == -ECHILD ? "a generator process died"
             : error == -EINVAL
                 ? "a generator process may not run on its CPUs (taskset)"
             : reason ? reason
                      : strerror(-error),
             state);
    return error;
}

int stage_open(struct stage *stage)
{
    const struct load *load = stage->load;
    int error = load_opened(stage->load);

    if (error >= 0 && stage->beside) {
        load = stage->beside;
        error = load_opened(stage->beside);
    }
    if (error < 0)
        return refuse_load(stage, load, error);
    sampler_settle(stage->server.meter, stage->plan->stop);
    meter_snapshot(stage->server.meter, &stage->trial->opened);
    return 0;
}

int64_t stage_begin(struct stage *stage)
{
    const struct load *load = stage->load;
    int64_t start_ns = load_begin(stage->load);
    int64_t error = start_ns;

    if (error >= 0 && stage->beside) {
        load = stage->beside;
        error = load_begin(stage->beside);
    }
    return error < 0 ? refuse_load(stage, load, (int)error) : start_ns;
}

int stage_collect(struct stage *stage, struct load *load,
                  struct load_result **result)
{
    int error;

    if (!load)
        return 0;
    *result = calloc(1, sizeof(**result));
    error = !*result ? -ENOMEM : load_wait(load, *result);
    if (error < 0)
        snprintf(stage->trial->failure, sizeof stage->trial->failure,
                 "the load generator did not finish: %s",
                 error == -ECHILD ? "one of its processes died"
                                  : strerror(-error));
    return error;
}

void stage_look_for_limits(struct stage *stage)
{
    struct trial *trial = stage->trial;
    char tail[4096];

    exhaustion_judge(exhaustion_refused(stage->server.meter) -
                         stage->refused_first,
                     trial->load->first_failure,
                     process_tail(&stage->server, tail, sizeof tail),
                     trial->exhausted, sizeof trial->exhausted);
}

void stage_finish(struct stage *stage)
{
    struct trial *trial = stage->trial;
    char words[512] = "";

    load_free(stage->load);
    load_free(stage->beside);
    if (trial->end == TRIAL_DONE) {
        process_stop(&stage->server, &trial->clean, words, sizeof words);
        if (trial->alive)
            snprintf(trial->server_words, sizeof trial->server_words, "%s",
                     words);
    } else {
        process_kill(&stage->server);
    }
    target_clear(&stage->target);
    answers_free(stage->requests, stage->request_count);
    answers_free(stage->beside_requests, stage->beside_request_count);
    answers_free_greeting(stage->greeting);
}

void stage_read_updates(struct stage *stage)
{
    struct trial_updates *updates = &stage->trial->updates;
    json_t *stats = NULL, *told, *made, *kept;
    char body[STATS_MAX];

    if (!stage->plan->point->workload->workload->counts_updates)
        return;
    if (client_get(&stage->address, "/stats", STATS_TIMEOUT_NS, NULL, body,
                   sizeof body, NULL, 0) >= 0)
        stats = json_loads(body, 0, NULL);
    told = json_object_get(stats, "updates");
    made = json_object_get(told, "made");
    kept = json_object_get(told, "kept");
    updates->known = json_is_integer(made) && json_is_integer(kept);
    updates->made = json_integer_value(made);
    updates->kept = json_integer_value(kept);
    json_decref(stats);
}
