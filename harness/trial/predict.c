/* SPDX-License-Identifier: MIT
 *
 * From a trial's spec and its bare ceiling to what the laws need to know: who
 * holds a request, on how many CPUs. From its counters to what a residual's
 * cause is told by.
 */
#include "predict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/json.h"

enum { SEEDS = 1000 }; /* have exactly their share of heavy requests */

/* Of one request; in turn: one wait after the other. */
static int64_t wait_of(const struct workload *workload,
                       const struct arguments *arguments, bool in_turn)
{
    return in_turn && workload->waits_ns ? workload->waits_ns(arguments)
                                         : workload->wait_ns(arguments);
}

/* Where only some requests are heavy, their wait is shared by all. */
static int64_t mean_wait_ns(const struct load_point *point, bool in_turn)
{
    const struct workload *workload = point->workload->workload;
    int64_t wait_ns = wait_of(workload, &point->arguments, in_turn);
    struct arguments each = point->arguments;
    int heavy = 0;

    if (!workload->heavy)
        return wait_ns;
    for (each.seed = 0; each.seed < SEEDS; each.seed++)
        heavy += workload->heavy(&each);
    return wait_ns / SEEDS * heavy;
}

static bool has_flag(const struct model_info *model, const char *name)
{
    return strstr(model->flags, name);
}

/* Of a model of loops: how many requests can wait at once where a wait holds
 * more than its task; 0: all of them. */
static int loop_holders(const struct trial_spec *spec, int workers)
{
    const struct load_point *point = spec->point;
    const struct workload *workload = point->workload->workload;
    enum workload_hold hold =
        workload->hold ? workload->hold(&point->arguments) : HOLD_NOTHING;

    if (hold == HOLD_NOTHING)
        return 0;
    /* What another language has to offload to is not known here. */
    if (spec->model->foreign && hold == HOLD_OFFLOAD)
        return 0;
    if (workers == 0)
        return 1;
    return has_flag(spec->model, "offloads") && hold == HOLD_THREAD ? 1
                                                                    : workers;
}

/* What the laws need to know. */
static struct prediction_input input_of(const struct trial_spec *spec,
                                        const struct trial *trial)
{
    const struct load_point *point = spec->point;
    const struct model_info *model = spec->model;
    const struct bare *bare = &trial->bare;
    int workers = trial_workers(spec, trial);
    bool alone = model->discipline == DISCIPLINE_ALONE;
    bool loop = model->discipline == DISCIPLINE_LOOP;
    struct prediction_input input = {
        .open = point->mode == LOAD_OPEN,
        .rate_per_s = point->rate_per_s,
        .connections = point->connections,
        .think_ns = point->think_ns,
        .wait_ns = mean_wait_ns(point, alone),
        .backend_ns = mean_wait_ns(point, true),
        .cpus = has_flag(model, "parallel") ? trial->cpus.server_count : 1,
        .backend_workers = point->backend_workers,
    };

    /* What the bare work costs in C says nothing of another language. */
    if (bare->processes > 0 && bare->per_s > 0 && !model->foreign)
        input.cpu_s = bare->processes / bare->per_s;
    if (alone)
        input.holding_workers = 1;
    else if (loop)
        input.holding_workers = loop_holders(spec, workers);
    else if (model->discipline == DISCIPLINE_WORKER)
        input.holding_workers = workers;
    if (loop && model->has_workers && workers < input.cpus)
        input.cpus = workers; /* loops, or a loop's pool */
    return input;
}

/* The line, on the disk before the load begins. */
static int store(const struct trial_spec *spec, struct trial *trial)
{
    const struct prediction *prediction = &trial->prediction;
    const struct prediction_input *input = &prediction->input;
    struct timespec now;
    json_t *line;
    bool written;

    clock_gettime(CLOCK_REALTIME, &now);
    line = json_pack(
        "{s:s, s:i, s:I, s:s, s:o, s:i, s:I, s:I, s:o, s:i, s:i, s:i, s:I}",
        "trial_id", spec->id, "attempt", spec->attempt, "at_unix_ns",
        (json_int_t)now.tv_sec * 1000000000 + now.tv_nsec, "law",
        prediction->law, "throughput_per_s", json_finite(prediction->per_s),
        "connections", input->connections, "wait_ns",
        (json_int_t)input->wait_ns, "think_ns", (json_int_t)input->think_ns,
        "cpu_s", json_finite(input->cpu_s), "workers", input->holding_workers,
        "cpus", input->cpus, "backend_workers", input->backend_workers,
        "backend_ns", (json_int_t)input->backend_ns);
    written = line &&
              json_dumpf(line, spec->predictions,
                         JSON_COMPACT | JSON_REAL_PRECISION(12)) == 0 &&
              fputc('\n', spec->predictions) != EOF &&
              fflush(spec->predictions) == 0 &&
              fsync(fileno(spec->predictions)) == 0;
    json_decref(line);
    if (written)
        return 0;
    snprintf(trial->failure, sizeof trial->failure,
             "the prediction could not be stored (predictions.jsonl): %s",
             strerror(errno));
    return -EIO;
}

int trial_predict(const struct trial_spec *spec, struct trial *trial)
{
    const struct model_info *model = spec->model;
    struct prediction *prediction = &trial->prediction;
    struct prediction_input input = input_of(spec, trial);

    *prediction = (struct prediction){0};
    if (model->yardstick || model->target || spec->point->beside.workload)
        return 0;
    prediction_make(&input, prediction);
    if (!prediction->law || prediction->per_s <= 0 || !spec->predictions)
        return 0;
    return store(spec, trial);
}

/* How many requests can begin at once and so may end at once; 0: they come
 * when the schedule says so. */
static int wave_of(const struct prediction_input *input)
{
    int wave = input->connections;

    if (input->open)
        return 0;
    if (input->holding_workers > 0 && input->holding_workers < wave)
        wave = input->holding_workers;
    if (input->backend_workers > 0 && input->backend_workers < wave)
        wave = input->backend_workers;
    return wave;
}

/* The window's counters, by the requests that were answered in it. */
static void count_requests(const struct trial *trial, int cpus,
                           struct residual_facts *facts)
{
    const struct load_result *load = trial->load;
    const struct meter_sample *first = &trial->first, *last = &trial->last;
    double requests = (double)load->completed_in_window;
    int64_t cpu_ns = last->cpu_user_ns + last->cpu_system_ns -
                     first->cpu_user_ns - first->cpu_system_ns;
    int64_t span_ns = last->at_ns - first->at_ns;
    int64_t wait_ns = trial_run_wait_ns(trial);
    int64_t switches = trial_switches(trial);
    bool known = first->cpu_user_ns >= 0 && last->cpu_user_ns >= 0 &&
                 first->cpu_system_ns >= 0 && last->cpu_system_ns >= 0;

    facts->failed_per_s = (double)(load->wrong + load->http_error +
                                   load->io_error + load->timeout) /
                          facts->window_s;
    if (known && span_ns > 0 && cpus > 0)
        facts->server_busy = (double)cpu_ns / (double)span_ns / cpus;
    if (requests > 0 && facts->server_busy > 0)
        facts->cpu_s = facts->server_busy * cpus * facts->window_s / requests;
    if (requests > 0 && wait_ns > 0)
        facts->run_wait_s = (double)wait_ns / 1e9 / requests;
    if (requests > 0 && switches > 0)
        facts->switches = (double)switches / requests;
}

static void collect(const struct trial_spec *spec, const struct trial *trial,
                    struct residual_facts *facts)
{
    const struct prediction *prediction = &trial->prediction;
    const struct prediction_input *input = &prediction->input;
    const struct load_result *load = trial->load;
    const struct backend_report *backend = &trial->backend;

    facts->predicted_per_s = prediction->per_s;
    facts->window_s =
        (double)(load->window_end_ns - load->window_start_ns) / 1e9;
    facts->bare_s = input->cpu_s;
    facts->exhausted = trial->exhausted;
    facts->generator_bound =
        trial_ceiling_binds(facts->measured_per_s, trial->ceiling_per_s);
    /* A pool of threads has several CPUs: its busy time says nothing. */
    if (trial->has_backend && spec->point->backend_workers == 0 &&
        backend->cpu_ns >= 0 && backend->span_ns > 0)
        facts->backend_busy =
            (double)backend->cpu_ns / (double)backend->span_ns;
    /* The counters of a window that is cut into slices are not one model's. */
    if (trial->slices)
        return;
    facts->wave = wave_of(input);
    count_requests(trial, input->cpus, facts);
}

json_t *trial_predict_json(const struct trial_spec *spec,
                           const struct trial *trial, double throughput)
{
    const struct prediction *prediction = &trial->prediction;
    struct residual_facts facts = {.measured_per_s = throughput};
    char words[256];
    const char *cause;

    if (!prediction->law || prediction->per_s <= 0)
        return json_null();
    collect(spec, trial, &facts);
    cause = residual_cause(&facts, words, sizeof words);
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "law", prediction->law,
                     "throughput_per_s", json_finite(prediction->per_s),
                     "residual", json_finite(residual_of(&facts)), "cause",
                     cause ? json_string(cause) : json_null(), "evidence",
                     words[0] ? json_text(words) : json_null());
}
