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
#include "trial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/load/answers.h"
#include "harness/server/client.h"
#include "harness/server/process.h"

static const int64_t MS = 1000000;
static const int64_t BARE_NS = 250000000;
static const int64_t READY_NS = 5000000000;
static const int64_t CHECK_BUDGET_NS = 500000000;
static const int64_t SAMPLE_EVERY_NS = 250000000;
static const int64_t SNAPSHOT_PER_PROCESS_NS = 300000;
static const int64_t WALK_PER_FILE_NS = 10000;
static const int64_t WALK_MAX_NS = 2000000; /* in the window, at its end */

enum { CHECKS = 20, FLAGS_MAX = 16 };

/* What exists while a trial runs. */
struct stage {
    const struct trial_plan *plan;
    struct trial *trial;
    struct process server;
    struct sockaddr_in address;
    struct load_request *requests, *beside_requests;
    int request_count, beside_request_count;
    struct load_plan load_plan, beside_plan; /* must outlive the loads */
    struct load *load, *beside;
    struct meter_sample backend_first, backend_last;
    bool backend_reset; /* its lateness was forgotten in the warm-up */
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static bool stopped(const struct stage *stage)
{
    return *stage->plan->stop != 0;
}

/* Sleeps until then; false when the trial is to be abandoned. */
static bool sleep_until(const struct stage *stage, int64_t at_ns)
{
    struct timespec at = {.tv_sec = at_ns / 1000000000,
                          .tv_nsec = at_ns % 1000000000};

    while (!stopped(stage))
        if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == 0)
            return true;
    return false;
}

/* The harness must not take from the server's CPUs. */
static int take_cpus(struct trial *trial)
{
    if (sched_setaffinity(0, sizeof(cpu_set_t), &trial->cpus.clients) == 0)
        return 0;
    snprintf(trial->failure, sizeof(trial->failure),
             "the harness may not run on the clients' CPUs: %s; see taskset",
             strerror(errno));
    return -1;
}

bool trial_needs_backend(const struct load_point *point)
{
    return point->workload->workload->needs_backend ||
           (point->beside.workload != NULL &&
            point->beside.workload->workload->needs_backend);
}

int trial_workers(const struct trial_plan *plan)
{
    if (!plan->model->has_workers)
        return 0;
    return plan->workers > 0 ? plan->workers : plan->model->workers_default;
}

static int take_bare(struct stage *stage)
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
        snprintf(stage->trial->failure, sizeof(stage->trial->failure),
                 "the bare processes of %s could not run: %s",
                 point->workload->name, strerror(-result));
    return result;
}

static int prepare(struct stage *stage)
{
    const struct load_point *point = stage->plan->point;
    struct trial *trial = stage->trial;
    int result =
        answers_make_some(point->workload, &point->arguments, stage->plan->seed,
                          &stage->requests, &stage->request_count);

    if (result == 0 && point->beside.workload != NULL)
        result =
            answers_make_some(point->beside.workload, &point->beside.arguments,
                              stage->plan->seed + 1, &stage->beside_requests,
                              &stage->beside_request_count);
    if (result < 0) {
        snprintf(trial->failure, sizeof(trial->failure),
                 "the expected answers could not be computed: %s",
                 strerror(-result));
        return result;
    }
    if (!trial_needs_backend(point))
        return 0;
    trial->has_backend = true;
    result = backend_server_ensure(stage->plan->backend, &trial->cpus.clients,
                                   trial->failure, sizeof(trial->failure));
    trial->lasting = result == -ENOENT;
    return result;
}

static int start_server(struct stage *stage)
{
    const struct trial_plan *plan = stage->plan;
    struct trial *trial = stage->trial;
    const char *argv[FLAGS_MAX] = {plan->model->path, "--port", "0"};
    char workers[16], why[768] = "";
    int n = 3, result;
    struct process_plan process = {.argv = argv,
                                   .cpus = &trial->cpus.server,
                                   .meter_name = plan->model->name,
                                   .ready_timeout_ns = READY_NS,
                                   .stop = plan->stop};

    if (plan->workers > 0) {
        snprintf(workers, sizeof(workers), "%d", plan->workers);
        argv[n++] = "--workers";
        argv[n++] = workers;
    }
    if (trial->has_backend) {
        argv[n++] = "--backend";
        argv[n++] = plan->backend->address;
    }
    result = process_start(&process, &stage->server, why, sizeof(why));
    if (result < 0) {
        snprintf(trial->failure, sizeof(trial->failure), "%s", why);
        trial->lasting = result == -ENOENT || result == -EACCES;
        memset(&stage->server, 0, sizeof(stage->server));
        return result;
    }
    stage->address = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)stage->server.port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    trial->source = meter_source(stage->server.meter);
    snprintf(trial->meter_note, sizeof(trial->meter_note), "%s",
             stage->server.meter_note);
    return 0;
}

static int check_and_idle(struct stage *stage)
{
    struct trial *trial = stage->trial;
    int count = stage->request_count < CHECKS ? stage->request_count : CHECKS;
    char state[256], why[640] = "";
    int result = client_check(&stage->address, stage->requests, count,
                              CHECK_BUDGET_NS, stage->plan->point->timeout_ns,
                              stage->plan->stop, why, sizeof(why));

    if (result < 0) {
        /* A wrong answer to a lone request is the server's own. */
        trial->lasting = result == -EPROTO;
        process_alive(&stage->server, state, sizeof(state));
        snprintf(trial->failure, sizeof(trial->failure), "%s; the server is %s",
                 why, state);
        return result;
    }
    sampler_settle(stage->server.meter, stage->plan->stop);
    meter_snapshot(stage->server.meter, &trial->idle);
    return 0;
}

static void fill_plan(const struct stage *stage, struct load_plan *plan)
{
    const struct load_point *point = stage->plan->point;

    *plan = (struct load_plan){
        .address = stage->address,
        .requests = stage->requests,
        .request_count = stage->request_count,
        .mode = point->mode,
        .arrivals = point->arrivals,
        .burst = point->burst,
        .rate_per_s = point->rate_per_s,
        .connections = point->connections,
        .seed = stage->plan->seed,
        .warmup_ns = point->warmup_ns,
        .window_ns = point->window_ns,
        .timeout_ns = point->timeout_ns,
        .think_ns = point->think_ns,
        .cpus = &stage->trial->cpus.clients,
        .stop = stage->plan->stop,
        .series = true,
    };
}

static int start_loads(struct stage *stage)
{
    const struct beside *beside = &stage->plan->point->beside;
    struct trial *trial = stage->trial;
    struct load_plan *second = &stage->beside_plan;
    int result;

    fill_plan(stage, &stage->load_plan);
    result = load_start(&stage->load_plan, &stage->load, trial->failure,
                        sizeof(trial->failure));
    trial->lasting = result == -EINVAL || result == -E2BIG ||
                     result == -EMFILE || result == -EADDRNOTAVAIL;
    if (result < 0 || beside->workload == NULL)
        return result;
    *second = stage->load_plan;
    second->requests = stage->beside_requests;
    second->request_count = stage->beside_request_count;
    second->mode = LOAD_OPEN;
    second->arrivals = ARRIVALS_POISSON;
    second->burst = 1;
    second->rate_per_s = beside->rate_per_s;
    second->connections = beside->connections;
    second->seed = stage->plan->seed + 1;
    return load_start(second, &stage->beside, trial->failure,
                      sizeof(trial->failure));
}

/* The costly snapshot, unless it would reach into the window. */
static void take_warm(struct stage *stage, int64_t window_ns)
{
    struct trial *trial = stage->trial;
    struct meter_sample cheap;
    int64_t cost_ns;

    meter_sample(stage->server.meter, &cheap);
    cost_ns =
        (cheap.processes > 0 ? cheap.processes : 1) * SNAPSHOT_PER_PROCESS_NS +
        20 * MS;
    if (now_ns() + cost_ns > window_ns)
        return;
    meter_snapshot(stage->server.meter, &trial->warm);
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
static bool walk_before(struct stage *stage, int64_t at_ns,
                        struct meter_sample *walk)
{
    struct meter_sample cheap;
    int64_t cost_ns;

    sampler_take(&stage->trial->sampler, stage->server.meter, &cheap);
    cost_ns = (2 * cheap.threads + cheap.processes) * WALK_PER_FILE_NS;
    if (cost_ns <= WALK_MAX_NS) {
        if (!sleep_until(stage, at_ns - cost_ns - 2 * MS))
            return false;
        sampler_walk(&stage->trial->sampler, stage->server.meter, walk);
    }
    return sleep_until(stage, at_ns);
}

/* The machine and the server's place, at the window's end. */
static void look_round(struct stage *stage)
{
    struct trial *trial = stage->trial;

    machine_sample(&trial->machine_last);
    trial->faults_last = inspection_major_faults(stage->server.meter);
    inspection_make(stage->server.meter, stage->server.pid, &trial->cpus.server,
                    &trial->inspection);
}

/* From the window's start to its end. False when abandoned. */
static bool watch_window(struct stage *stage, int64_t start_ns, int64_t end_ns)
{
    struct trial *trial = stage->trial;
    struct meter_sample sample;

    if (!walk_before(stage, start_ns, &trial->walk_first))
        return false;
    trial->sampler = (struct sampler){0}; /* of the window alone */
    sampler_take(&trial->sampler, stage->server.meter, &trial->first);
    machine_sample(&trial->machine_first);
    trial->faults_first = inspection_major_faults(stage->server.meter);
    if (trial->has_backend)
        backend_server_sample(stage->plan->backend, &stage->backend_first);
    note_maxima(trial, &trial->first);
    for (int64_t at_ns = start_ns + SAMPLE_EVERY_NS; at_ns < end_ns - 50 * MS;
         at_ns += SAMPLE_EVERY_NS) {
        if (!sleep_until(stage, at_ns))
            return false;
        sampler_take(&trial->sampler, stage->server.meter, &sample);
        note_maxima(trial, &sample);
    }
    if (!walk_before(stage, end_ns, &trial->walk_last))
        return false;
    sampler_take(&trial->sampler, stage->server.meter, &trial->last);
    trial->has_walks =
        trial->walk_first.at_ns > 0 && trial->walk_last.at_ns > 0;
    if (trial->has_backend)
        backend_server_sample(stage->plan->backend, &stage->backend_last);
    note_maxima(trial, &trial->last);
    look_round(stage);
    trial->alive = process_alive(&stage->server, trial->server_words,
                                 sizeof(trial->server_words));
    return true;
}

/* When all connections are open and the server has done with opening them:
 * what connections weigh without requests. Then the load begins. */
static int64_t begin(struct stage *stage)
{
    struct trial *trial = stage->trial;
    int64_t start_ns = 0;
    int64_t error = load_opened(stage->load);

    if (error >= 0 && stage->beside != NULL)
        error = load_opened(stage->beside);
    if (error >= 0) {
        sampler_settle(stage->server.meter, stage->plan->stop);
        meter_snapshot(stage->server.meter, &trial->opened);
        error = start_ns = load_begin(stage->load);
    }
    if (error >= 0 && stage->beside != NULL)
        error = load_begin(stage->beside);
    char state[256];

    if (error >= 0)
        return start_ns;
    process_alive(&stage->server, state, sizeof(state));
    snprintf(trial->failure, sizeof(trial->failure),
             "the load could not begin: %s; the server is %s",
             error == -ECHILD ? "a generator process died"
             : error == -EINVAL
                 ? "a generator process may not run on its CPUs (taskset)"
                 : strerror((int)-error),
             state);
    return error;
}

static int collect(struct stage *stage, struct load *load,
                   struct load_result **result)
{
    int error;

    if (load == NULL)
        return 0;
    *result = calloc(1, sizeof(**result));
    error = *result == NULL ? -ENOMEM : load_wait(load, *result);
    if (error < 0)
        snprintf(stage->trial->failure, sizeof(stage->trial->failure),
                 "the load generator did not finish: %s",
                 error == -ECHILD ? "one of its processes died"
                                  : strerror(-error));
    return error;
}

static int drive(struct stage *stage)
{
    const struct load_point *point = stage->plan->point;
    struct trial *trial = stage->trial;
    char tail[4096];
    int64_t start_ns, now;
    int result;

    if (start_loads(stage) < 0)
        return -1;
    start_ns = begin(stage);
    if (start_ns < 0)
        return -1;
    now = now_ns();
    if (!sleep_until(stage, now + (start_ns - now) / 2))
        return -EINTR;
    take_warm(stage, start_ns);
    stage->backend_reset =
        trial->has_backend && backend_server_reset(stage->plan->backend) == 0;
    if (!watch_window(stage, start_ns, start_ns + point->window_ns))
        return -EINTR;
    result = collect(stage, stage->load, &trial->load);
    if (result == 0)
        result = collect(stage, stage->beside, &trial->beside);
    if (result == 0)
        inspection_exhausted(trial->load->first_failure,
                             process_tail(&stage->server, tail, sizeof(tail)),
                             trial->exhausted, sizeof(trial->exhausted));
    if (result == 0 && stage->plan->metronome != NULL)
        metronome_read(stage->plan->metronome, trial->load->window_start_ns,
                       trial->load->window_end_ns, &trial->platform);
    if (trial->has_backend)
        backend_server_read(stage->plan->backend, &stage->backend_first,
                            &stage->backend_last, &trial->backend);
    /* What other trials have left in it is not this one's lateness. */
    if (trial->has_backend && !stage->backend_reset)
        trial->backend.lateness_p99_ns = trial->backend.lateness_max_ns = -1;
    return result;
}

static void finish(struct stage *stage)
{
    struct trial *trial = stage->trial;
    char words[512] = "";

    load_free(stage->load);
    load_free(stage->beside);
    if (trial->end == TRIAL_DONE) {
        process_stop(&stage->server, &trial->clean, words, sizeof(words));
        if (trial->alive)
            snprintf(trial->server_words, sizeof(trial->server_words), "%s",
                     words);
    } else {
        process_kill(&stage->server);
    }
    answers_free(stage->requests, stage->request_count);
    answers_free(stage->beside_requests, stage->beside_request_count);
}

void trial_run(const struct trial_plan *plan, struct trial *trial)
{
    struct stage stage = {.plan = plan, .trial = trial};
    bool done;

    memset(trial, 0, sizeof(*trial));
    trial->started_at = time(NULL);
    placement_split(plan->point->placement, &trial->cpus);
    trial->threads_max = trial->processes_max = -1;
    done = !stopped(&stage) && take_cpus(trial) >= 0 &&
           take_bare(&stage) >= 0 && prepare(&stage) >= 0 &&
           start_server(&stage) >= 0 && check_and_idle(&stage) >= 0 &&
           drive(&stage) >= 0;
    if (stopped(&stage))
        trial->end = TRIAL_STOPPED;
    else
        trial->end = done ? TRIAL_DONE : TRIAL_FAILED;
    if (trial->end == TRIAL_FAILED && trial->failure[0] == '\0')
        snprintf(trial->failure, sizeof(trial->failure),
                 "the trial could not be carried out, for no known reason");
    finish(&stage);
}

void trial_free(struct trial *trial)
{
    free(trial->load);
    free(trial->beside);
    trial->load = trial->beside = NULL;
}
