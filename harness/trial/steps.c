/* SPDX-License-Identifier: MIT
 *
 * Each step is short and leaves facts in the trial. A failure that another
 * attempt would repeat (a program that cannot be executed, a wrong answer to a
 * lone request, a load that cannot be set up) is marked as lasting.
 */
#include "steps.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/tree.h"
#include "harness/load/answers.h"
#include "harness/server/attach.h"
#include "harness/server/client.h"
#include "inspection.h"

enum { CHECKS = 20, FLAGS_MAX = 16 + 2 * PARAMETERS_MAX, STATS_MAX = 4096 };

static const int64_t BARE_NS = 250000000;
static const int64_t READY_NS = 5000000000;
static const int64_t CHECK_BUDGET_NS = 500000000;
static const int64_t STATS_TIMEOUT_NS = 5000000000;

int steps_fail(struct live_trial *live, int error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(live->trial->failure, sizeof live->trial->failure, format,
              arguments);
    va_end(arguments);
    return error;
}

bool steps_stopped(const struct live_trial *live)
{
    return *live->spec->stop != 0;
}

bool steps_sleep_until(const struct live_trial *live, int64_t at_ns)
{
    struct timespec at = {.tv_sec = at_ns / 1000000000,
                          .tv_nsec = at_ns % 1000000000};

    while (!steps_stopped(live))
        if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == 0)
            return true;
    return false;
}

int steps_init(struct live_trial *live, const struct trial_spec *spec,
               struct trial *trial)
{
    *live = (struct live_trial){.spec = spec, .trial = trial};
    memset(trial, 0, sizeof *trial);
    trial->end = TRIAL_FAILED;
    trial->started_at = time(NULL);
    trial->threads_max = trial->processes_max = -1;
    placement_split(spec->point->placement, &trial->cpus);
    if (sched_setaffinity(0, sizeof(cpu_set_t), &trial->cpus.clients) == 0)
        return 0;
    return steps_fail(
        live, -errno,
        "the harness may not run on the clients' CPUs: %s; see taskset",
        strerror(errno));
}

int steps_take_bare(struct live_trial *live)
{
    const struct load_point *point = live->spec->point;
    const struct workload *workload = point->workload->workload;
    int result;

    if (workload->kind != WORKLOAD_CPU && workload->kind != WORKLOAD_MIXED)
        return 0;
    result =
        bare_measure(workload, &point->arguments, &live->trial->cpus.server,
                     BARE_NS, &live->trial->bare);
    return result >= 0
               ? 0
               : steps_fail(live, result,
                            "the bare processes of %s could not run: %s",
                            point->workload->name, strerror(-result));
}

/* The model as a target that is asked for URLs of its own; NULL: it is asked
 * for the workload, as a model is. */
static const struct target *asked_apart(const struct live_trial *live)
{
    const struct target *target = live->spec->model->target;

    return target && !target_serves(target) ? target : NULL;
}

int steps_prepare(struct live_trial *live)
{
    const struct load_point *point = live->spec->point;
    struct trial *trial = live->trial;
    const struct target *target = asked_apart(live);
    /* A target's requests wait for its first answers (steps_check). */
    int result = target ? 0
                        : answers_make_some(point->workload, &point->arguments,
                                            live->spec->seed, &live->requests,
                                            &live->request_count);

    trial->requests_made = live->request_count;
    if (!target && result == 0)
        result = answers_greeting(point->workload, &point->arguments,
                                  &live->greeting);
    if (result == 0 && point->beside.workload)
        result =
            answers_make_some(point->beside.workload, &point->beside.arguments,
                              live->spec->seed + 1, &live->beside_requests,
                              &live->beside_request_count);
    if (result < 0)
        return steps_fail(live, result,
                          "the expected answers could not be computed: %s",
                          strerror(-result));
    result = !target ? trial_store_prepare(live) : 0;
    if (result < 0 || !trial_needs_backend(point) || target)
        return result;
    trial->has_backend = true;
    result = backend_server_ensure(live->spec->backend, &trial->cpus.clients,
                                   point->backend_workers, trial->failure,
                                   sizeof trial->failure);
    trial->lasting = result == -ENOENT;
    return result;
}

/* Finds a target that runs already. */
static int attach(struct live_trial *live, char *why, size_t why_size)
{
    const struct model_info *model = live->spec->model;
    int result = target_find(model->target, &live->address, why, why_size);

    if (result == 0)
        result = attach_process(&live->address, model->name, &live->server);
    return result;
}

enum { SERVING_WORDS = 2 + STORES, ENVIRONMENT_MAX = STORES * STORE_WORDS };

/* What a server finds in its environment. */
struct environment {
    char stores[ENVIRONMENT_MAX][STORE_WORD_SIZE];
    char serving[SERVING_WORDS][PATH_MAX + 32];
    const char *words[ENVIRONMENT_MAX + SERVING_WORDS + 1];
};

/* Tells a target that serves workloads what a model's flags tell. */
static void add_serving(const struct trial_spec *spec,
                        const struct trial *trial,
                        struct environment *environment)
{
    static const char *const names[STORES] = {[STORE_POSTGRESQL] =
                                                  "TROIKA_POSTGRESQL",
                                              [STORE_REDIS] = "TROIKA_REDIS"};
    char(*word)[PATH_MAX + 32] = environment->serving;
    char routes[PATH_MAX];
    int n = 0;

    while (environment->words[n])
        n++;
    if (tree_beside("routes.json", routes, sizeof routes) == 0) {
        snprintf(*word, sizeof *word, "TROIKA_ROUTES=%s", routes);
        environment->words[n++] = *word++;
    }
    if (trial->has_backend) {
        snprintf(*word, sizeof *word, "TROIKA_BACKEND=%s",
                 spec->backend->address);
        environment->words[n++] = *word++;
    }
    for (int store = STORE_NONE + 1; store < STORES; store++)
        if (trial->stores[store].used) {
            snprintf(*word, sizeof *word, "%s=%s", names[store],
                     trial->stores[store].address);
            environment->words[n++] = *word++;
        }
    environment->words[n] = NULL;
}

int steps_start_server(struct live_trial *live)
{
    const struct trial_spec *spec = live->spec;
    struct trial *trial = live->trial;
    const char *argv[FLAGS_MAX] = {spec->model->path, "--port", "0"};
    struct environment environment;
    char workers[16], words[2 * SETTINGS_TEXT_MAX], why[768] = "";
    int n = 3, result;
    struct process_options options = {.argv = argv,
                                      .environment = environment.words,
                                      .cpus = &trial->cpus.server,
                                      .meter_name = spec->model->name,
                                      .cpu_quota = spec->point->cpu_quota,
                                      .ready_timeout_ns = READY_NS,
                                      .stop = spec->stop};

    if (spec->workers > 0) {
        snprintf(workers, sizeof workers, "%d", spec->workers);
        argv[n++] = "--workers";
        argv[n++] = workers;
    }
    if (spec->settings)
        n = settings_argv(spec->settings, words, argv, n);
    if (trial->has_backend) {
        argv[n++] = "--backend";
        argv[n++] = spec->backend->address;
    }
    if (spec->point->workload->workload->counts_updates)
        argv[n++] = "--stats";
    trial_store_flags(trial, argv, n);
    trial_store_environment(spec, trial, environment.stores, environment.words);
    if (spec->model->target && target_serves(spec->model->target))
        add_serving(spec, trial, &environment);
    bool attached =
        spec->model->target && target_is_attached(spec->model->target);
    result = spec->model->target && !attached
                 ? target_prepare(
                       spec->model->target, spec->workers,
                       target_threads(spec->model->target, spec->settings),
                       &live->target, &options, why, sizeof why)
                 : 0;
    live->refused_first = exhaustion_refused(NULL);
    if (result == 0)
        result = attached
                     ? attach(live, why, sizeof why)
                     : process_start(&options, &live->server, why, sizeof why);
    if (result < 0) {
        trial->lasting =
            result == -ENOENT || result == -EACCES || result == -ENOTCONN;
        memset(&live->server, 0, sizeof live->server);
        return steps_fail(live, result, "%s", why);
    }
    if (!attached)
        live->address = client_loopback(live->server.port);
    trial->workers = live->server.workers;
    trial->source = meter_source(live->server.meter);
    snprintf(trial->meter_note, sizeof trial->meter_note, "%s",
             live->server.meter_note);
    return 0;
}

int steps_check(struct live_trial *live)
{
    struct trial *trial = live->trial;
    const struct target *target = asked_apart(live);
    int64_t timeout_ns = live->spec->point->timeout_ns;
    char state[256], why[640] = "";
    int result = 0;

    if (target) {
        result = target_requests(target, &live->address, timeout_ns,
                                 live->spec->stop, &live->requests,
                                 &live->request_count, why, sizeof why);
        trial->requests_made = live->request_count;
    }
    int count = live->request_count < CHECKS ? live->request_count : CHECKS;
    if (result >= 0 && live->greeting)
        result = client_check_socket(&live->address, live->greeting,
                                     live->requests, count, CHECK_BUDGET_NS,
                                     timeout_ns, why, sizeof why);
    else if (result >= 0)
        result =
            client_check(&live->address, live->requests, count, CHECK_BUDGET_NS,
                         timeout_ns, live->spec->stop, why, sizeof why);
    if (result < 0) {
        /* A wrong answer to a lone request lasts, unless it came because a
         * store has gone. */
        bool alone = trial_store_alive(live, state, sizeof state);

        trial->lasting = result == -EPROTO && alone;
        if (alone)
            process_alive(&live->server, state, sizeof state);
        return steps_fail(live, result, "%s; %s%s", why,
                          alone ? "the server is " : "", state);
    }
    sampler_settle(live->server.meter, live->spec->stop);
    meter_snapshot(live->server.meter, &trial->idle);
    /* Sockets are looked up this late because a target's workers may open
     * theirs one after another. */
    trial->listeners_first = inspection_listeners(live->server.port);
    return 0;
}

void steps_load_plan(const struct live_trial *live, struct load_spec *plan)
{
    const struct load_point *point = live->spec->point;

    *plan = (struct load_spec){
        .address.v4 = live->address,
        .requests = live->requests,
        .request_count = live->request_count,
        .greeting = live->greeting,
        .mode = point->mode,
        .arrivals = point->arrivals,
        .burst = point->burst,
        .rate_per_s = point->rate_per_s,
        .connections = point->connections,
        .churn = point->churn,
        .seed = live->spec->seed,
        .warmup_ns = point->warmup_ns,
        .window_ns = point->window_ns,
        .timeout_ns = point->timeout_ns,
        .think_ns = point->think_ns,
        .cpus = &live->trial->cpus.clients,
        /* A closed loop has no due times to miss. If it shares CPUs with its
         * server and never sleeps, a real-time priority would leave the server
         * whatever CPU time the generator does not want. */
        .urgent = point->mode == LOAD_OPEN || live->trial->cpus.apart,
        .stop = live->spec->stop,
        .tenths = true,
        .classes = point->workload->workload->heavy != NULL,
        .series = true,
    };
}

int steps_start_loads(struct live_trial *live)
{
    const struct beside *beside = &live->spec->point->beside;
    struct trial *trial = live->trial;
    struct load_spec *second = &live->beside_plan;
    int result;

    steps_load_plan(live, &live->load_plan);
    result = load_start(&live->load_plan, &live->load, trial->failure,
                        sizeof trial->failure);
    trial->lasting = result == -EINVAL || result == -E2BIG ||
                     result == -EMFILE || result == -EADDRNOTAVAIL;
    if (result < 0 || !beside->workload)
        return result;
    *second = live->load_plan;
    second->requests = live->beside_requests;
    second->request_count = live->beside_request_count;
    second->greeting = NULL;
    second->tenths = second->series = false;
    second->mode = LOAD_OPEN;
    second->urgent = true;
    second->churn = false;
    second->arrivals = ARRIVALS_POISSON;
    second->burst = 1;
    second->rate_per_s = beside->rate_per_s;
    second->connections = beside->connections;
    second->seed = live->spec->seed + 1;
    second->classes = beside->workload->workload->heavy != NULL;
    return load_start(second, &live->beside, trial->failure,
                      sizeof trial->failure);
}

/* Says why the load could not begin and in what state the server is. */
static int refuse_load(struct live_trial *live, const struct load *load,
                       int error)
{
    char state[256];
    const char *reason = load_reason(load);

    process_alive(&live->server, state, sizeof state);
    return steps_fail(
        live, error, "the load could not begin: %s; the server is %s",
        error == -ECHILD ? "a generator process died"
        : error == -EINVAL
            ? "a generator process may not run on its CPUs (taskset)"
        : reason ? reason
                 : strerror(-error),
        state);
}

int steps_open(struct live_trial *live)
{
    const struct load *load = live->load;
    int error = load_opened(live->load);

    if (error >= 0 && live->beside) {
        load = live->beside;
        error = load_opened(live->beside);
    }
    if (error < 0)
        return refuse_load(live, load, error);
    sampler_settle(live->server.meter, live->spec->stop);
    meter_snapshot(live->server.meter, &live->trial->opened);
    return 0;
}

int64_t steps_begin(struct live_trial *live)
{
    const struct load *load = live->load;
    int64_t start_ns = load_begin(live->load);
    int64_t error = start_ns;

    if (error >= 0 && live->beside) {
        load = live->beside;
        error = load_begin(live->beside);
    }
    return error < 0 ? refuse_load(live, load, (int)error) : start_ns;
}

int steps_collect(struct live_trial *live, struct load *load,
                  struct load_result **result)
{
    int error;

    if (!load)
        return 0;
    *result = calloc(1, sizeof(**result));
    error = !*result ? -ENOMEM : load_wait(load, *result);
    return error >= 0
               ? 0
               : steps_fail(live, error,
                            "the load generator did not finish: %s",
                            error == -ECHILD ? "one of its processes died"
                                             : strerror(-error));
}

void steps_reset_backend(struct live_trial *live)
{
    live->backend_reset = live->trial->has_backend &&
                          backend_server_reset(live->spec->backend) == 0;
}

void steps_window_begin(struct live_trial *live)
{
    struct trial *trial = live->trial;

    meter_throttled(live->server.meter, &trial->throttled_first);
    machine_sample(&trial->machine_first);
    trial->faults_first = inspection_major_faults(live->server.meter);
    if (trial->has_backend)
        backend_server_sample(live->spec->backend, &live->backend_first);
    trial_store_first(live);
}

void steps_window_end(struct live_trial *live)
{
    struct trial *trial = live->trial;

    if (trial->has_backend)
        backend_server_sample(live->spec->backend, &live->backend_last);
    trial_store_last(live);
    machine_sample(&trial->machine_last);
    meter_throttled(live->server.meter, &trial->throttled_last);
    trial->faults_last = inspection_major_faults(live->server.meter);
    inspection_make(live->server.meter, live->server.pid, &trial->cpus.server,
                    &trial->inspection);
    trial->listeners_last = inspection_listeners(live->server.port);
    trial->alive = process_alive(&live->server, trial->server_words,
                                 sizeof trial->server_words);
}

void steps_note_tasks(struct trial *trial, const struct meter_sample *sample)
{
    if (sample->threads > trial->threads_max)
        trial->threads_max = sample->threads;
    if (sample->processes > trial->processes_max)
        trial->processes_max = sample->processes;
}

static void look_for_limits(struct live_trial *live)
{
    struct trial *trial = live->trial;
    char tail[4096];

    exhaustion_judge(exhaustion_refused(live->server.meter) -
                         live->refused_first,
                     trial->load->first_failure,
                     process_tail(&live->server, tail, sizeof tail),
                     trial->exhausted, sizeof trial->exhausted);
}

/* Workloads that update something shared have the server count the updates;
 * GET /stats tells the counts. */
static void read_updates(struct live_trial *live)
{
    struct trial_updates *updates = &live->trial->updates;
    json_t *stats = NULL;
    char body[STATS_MAX];

    if (!live->spec->point->workload->workload->counts_updates)
        return;
    if (client_get(&live->address, "/stats", STATS_TIMEOUT_NS, NULL, body,
                   sizeof body, NULL, 0) >= 0)
        stats = json_loads(body, 0, NULL);
    const json_t *told = json_object_get(stats, "updates");
    const json_t *made = json_object_get(told, "made");
    const json_t *kept = json_object_get(told, "kept");

    updates->known = json_is_integer(made) && json_is_integer(kept);
    updates->made = json_integer_value(made);
    updates->kept = json_integer_value(kept);
    json_decref(stats);
}

void steps_read_window(struct live_trial *live)
{
    struct trial *trial = live->trial;

    look_for_limits(live);
    if (live->spec->metronome)
        metronome_read(live->spec->metronome, trial->load->window_start_ns,
                       trial->load->window_end_ns, &trial->platform);
    read_updates(live);
    if (!trial->has_backend)
        return;
    backend_server_read(live->spec->backend, &live->backend_first,
                        &live->backend_last, &trial->backend);
    /* Without a reset the lateness may stem from earlier trials. */
    if (!live->backend_reset)
        trial->backend.lateness_p90_ns = trial->backend.lateness_p99_ns =
            trial->backend.lateness_max_ns = -1;
}

void steps_finish(struct live_trial *live)
{
    struct trial *trial = live->trial;
    char words[512] = "";

    load_free(live->load);
    load_free(live->beside);
    if (trial->end == TRIAL_DONE) {
        process_stop(&live->server, &trial->clean, words, sizeof words);
        if (trial->alive)
            snprintf(trial->server_words, sizeof trial->server_words, "%s",
                     words);
    } else {
        process_kill(&live->server);
    }
    target_clear(&live->target);
    answers_free(live->requests, live->request_count);
    answers_free(live->beside_requests, live->beside_request_count);
    answers_free_greeting(live->greeting);
}
