/* SPDX-License-Identifier: MIT
 *
 * First the causes of a residual, as pure functions; then the inputs of the
 * laws and of the causes from a trial.
 */
#include "prediction.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/predict/laws.h"
#include "trial.h"

/* A larger residual needs a cause. */
static const double RESIDUAL_LIMIT = 0.20;

static const double BUSY = 0.9;       /* share of busy CPUs: nothing to spare */
static const double THROTTLED = 0.01; /* share of the window */
static const double SHARE = 0.5;      /* of the difference: the main cause */
/* A low guess of one switch's cost (`troika primitives` measures it), so that
 * only many switches are blamed. */
static const double SWITCH_S = 1.5e-6;

/* Of 1,000 consecutive seeds exactly the given share is heavy
 * (workloads/share.h). */
enum { SEEDS = 1000 };

void prediction_make(const struct prediction_input *input,
                     struct prediction *prediction)
{
    struct laws laws = laws_of(&(struct laws_input){
        .open = input->open,
        .rate_per_s = input->rate_per_s,
        .connections = input->connections,
        .think_s = (double)input->think_ns / 1e9,
        .wait_s = (double)input->wait_ns / 1e9,
        .cpu_s = input->cpu_s,
        .cpus = input->cpus,
        .quota_cpus = input->quota_cpus,
        .holding_workers = input->holding_workers,
        .backend_workers = input->backend_workers,
        .backend_s = (double)input->backend_ns / 1e9,
    });

    *prediction = (struct prediction){.input = *input};
    if (isinf(laws.per_s[laws.binding]))
        return;
    prediction->law = law_name(laws.binding);
    prediction->per_s = laws.per_s[laws.binding];
}

double residual_of(const struct residual_facts *facts)
{
    return facts->measured_per_s / facts->predicted_per_s - 1;
}

/* The causes outside the server, which make the law void. */
static const char *outside(const struct residual_facts *facts, char *words,
                           size_t size)
{
    double missing = facts->predicted_per_s - facts->measured_per_s;

    if (facts->exhausted && facts->exhausted[0] != '\0') {
        snprintf(words, size, "%s", facts->exhausted);
        return "limit";
    }
    if (missing > 0 && facts->failed_per_s >= SHARE * missing) {
        snprintf(words, size, "%.0f requests failed in the window",
                 facts->failed_per_s * facts->window_s);
        return "failures";
    }
    if (missing > 0 && facts->generator_bound) {
        snprintf(words, size, "near the ceiling of the null server");
        return "generator";
    }
    if (fabs(missing) * facts->window_s < facts->wave) {
        snprintf(words, size,
                 "only %.1f rounds of %d requests fit in the window; lengthen "
                 "it",
                 facts->predicted_per_s * facts->window_s / facts->wave,
                 facts->wave);
        return "waves";
    }
    if (missing > 0 && facts->backend_busy >= BUSY) {
        snprintf(words, size, "the backend was busy for %.0f %% of the window",
                 100 * facts->backend_busy);
        return "backend";
    }
    return NULL;
}

/* The causes inside the server: where a request spent more time than in the
 * law. */
static const char *inside(const struct residual_facts *facts, char *words,
                          size_t size)
{
    double extra_s = facts->cpu_s - facts->bare_s;
    double late_s =
        facts->wave * (1 / facts->measured_per_s - 1 / facts->predicted_per_s);

    if (facts->throttled >= THROTTLED) {
        snprintf(words, size,
                 "the CPU quota held tasks back for %.0f %% of the window, "
                 "summed over CPUs",
                 100 * facts->throttled);
        return "cpu quota";
    }
    if (facts->server_busy >= BUSY && extra_s > 0) {
        bool switching = facts->switches * SWITCH_S >= SHARE * extra_s;

        snprintf(words, size,
                 "CPUs %.0f %% busy; a request took %s of CPU%s and %.1f "
                 "switches",
                 100 * facts->server_busy, digits_ns(extra_s * 1e9).text,
                 facts->bare_s > 0 ? " beyond the bare work" : "",
                 facts->switches);
        return switching ? "switches" : "cpu";
    }
    if (late_s > 0 && facts->run_wait_s >= SHARE * late_s) {
        snprintf(words, size,
                 "requests waited %s for a CPU, %s the %s they were slower by",
                 digits_ns(facts->run_wait_s * 1e9).text,
                 facts->run_wait_s > late_s ? "more than" : "of",
                 digits_ns(late_s * 1e9).text);
        return "run queue";
    }
    return NULL;
}

const char *residual_cause(const struct residual_facts *facts, char *words,
                           size_t words_size)
{
    const char *cause;

    words[0] = '\0';
    if (fabs(residual_of(facts)) <= RESIDUAL_LIMIT)
        return NULL;
    cause = outside(facts, words, words_size);
    if (!cause && facts->measured_per_s > 0 &&
        facts->measured_per_s < facts->predicted_per_s)
        cause = inside(facts, words, words_size);
    return cause ? cause : "unexplained";
}

/* The wait of one request; in_turn: its waits come one after another. */
static int64_t wait_of(const struct workload *workload,
                       const struct arguments *arguments, bool in_turn)
{
    return in_turn && workload->waits_ns ? workload->waits_ns(arguments)
                                         : workload->wait_ns(arguments);
}

/* If only some requests are heavy, the mean over all requests. */
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

/* For a model made of loops: how many requests can wait at once if a wait
 * holds a thread or the whole loop; 0: all of them. */
static int loop_holders(const struct trial_spec *spec, int workers)
{
    const struct load_point *point = spec->point;
    const struct workload *workload = point->workload->workload;
    enum workload_hold hold =
        workload->hold ? workload->hold(&point->arguments) : HOLD_NOTHING;

    if (hold == HOLD_NOTHING)
        return 0;
    /* The size of another language's pool for offloaded work is unknown. */
    if ((spec->model->foreign || spec->model->target) && hold == HOLD_OFFLOAD)
        return 0;
    if (workers == 0)
        return 1;
    return models_has_flag(spec->model, "offloads") && hold == HOLD_THREAD
               ? 1
               : workers;
}

/* The workers that the trial sets, or those that a target starts by itself. */
static int workers_of(const struct trial_spec *spec, const struct trial *trial)
{
    int workers = trial_workers(spec, trial);

    return workers == 0 && spec->model->target ? spec->model->target->workers
                                               : workers;
}

/* How many requests a model with workers can hold at once. */
static int holders_of(const struct trial_spec *spec, int workers)
{
    const struct target *target = spec->model->target;
    int slots = target
                    ? target_law_slots(&target->law, workers,
                                       target_threads(target, spec->settings))
                    : 0;

    return slots > 0 ? slots : workers;
}

/* How many CPUs the model's tasks can compute on at once. */
static int cpus_of(const struct trial_spec *spec, const struct trial *trial,
                   int workers)
{
    const struct target *target = spec->model->target;
    int all = trial->cpus.server_count;

    if (!target)
        return models_has_flag(spec->model, "parallel") ? all : 1;
    /* With a GIL, one for each process. */
    return target->gil && workers < all ? (workers > 0 ? workers : 1) : all;
}

static struct prediction_input input_of(const struct trial_spec *spec,
                                        const struct trial *trial)
{
    const struct load_point *point = spec->point;
    const struct model_info *model = spec->model;
    const struct bare *bare = &trial->bare;
    int workers = workers_of(spec, trial);
    bool alone = model->discipline == DISCIPLINE_ALONE;
    bool loop = model->discipline == DISCIPLINE_LOOP;
    struct prediction_input input = {
        .open = point->mode == LOAD_OPEN,
        .rate_per_s = point->rate_per_s,
        .connections = point->connections,
        .think_ns = point->think_ns,
        .wait_ns = mean_wait_ns(point, alone),
        .backend_ns = mean_wait_ns(point, true),
        .cpus = cpus_of(spec, trial, workers),
        .quota_cpus = point->cpu_quota,
        .backend_workers = point->backend_workers,
    };

    /* The bare work runs in C and says nothing about another language. */
    if (bare->processes > 0 && bare->per_s > 0 && !model->foreign &&
        !model->target)
        input.cpu_s = bare->processes / bare->per_s;
    if (alone)
        input.holding_workers = 1;
    else if (loop)
        input.holding_workers = loop_holders(spec, workers);
    else if (model->discipline == DISCIPLINE_WORKER)
        input.holding_workers = holders_of(spec, workers);
    if (loop && model->has_workers && workers < input.cpus)
        input.cpus = workers; /* one CPU for each loop or pool thread */
    return input;
}

/* Writes the line and waits until it is on the disk. */
static int store(const struct trial_spec *spec, struct trial *trial)
{
    const struct prediction *prediction = &trial->prediction;
    const struct prediction_input *input = &prediction->input;
    struct timespec now;
    json_t *line;
    bool written;

    clock_gettime(CLOCK_REALTIME, &now);
    line = json_pack(
        "{s:s, s:i, s:I, s:s, s:o, s:i, s:I, s:I, s:o, s:i, s:i, s:i, s:I, "
        "s:o}",
        "trial_id", spec->id, "attempt", spec->attempt, "at_unix_ns",
        (json_int_t)now.tv_sec * 1000000000 + now.tv_nsec, "law",
        prediction->law, "throughput_per_s", json_finite(prediction->per_s),
        "connections", input->connections, "wait_ns",
        (json_int_t)input->wait_ns, "think_ns", (json_int_t)input->think_ns,
        "cpu_s", json_finite(input->cpu_s), "workers", input->holding_workers,
        "cpus", input->cpus, "backend_workers", input->backend_workers,
        "backend_ns", (json_int_t)input->backend_ns, "quota_cpus",
        json_finite_if(input->quota_cpus, input->quota_cpus > 0));
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

int prediction_record(const struct trial_spec *spec, struct trial *trial)
{
    const struct model_info *model = spec->model;
    struct prediction *prediction = &trial->prediction;
    struct prediction_input input = input_of(spec, trial);

    *prediction = (struct prediction){0};
    bool unknown = model->target && !target_serves(model->target);
    if (model->yardstick || unknown || spec->point->beside.workload)
        return 0;
    prediction_make(&input, prediction);
    if (!prediction->law || prediction->per_s <= 0 || !spec->predictions)
        return 0;
    return store(spec, trial);
}

/* How many requests can begin, and therefore end, at the same moment; 0: an
 * open loop spreads them. */
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

/* The window's counters, divided by the requests answered in it. */
static void count_requests(const struct trial *trial, int cpus,
                           struct residual_facts *facts)
{
    const struct load_result *load = trial->load;
    const struct meter_sample *first = &trial->first, *last = &trial->last;
    double requests = (double)load->completed_in_window;
    int64_t cpu_ns = last->cpu_user_ns + last->cpu_system_ns -
                     first->cpu_user_ns - first->cpu_system_ns;
    int64_t span_ns = last->at_ns - first->at_ns;
    const struct meter_sample *from = &trial->walk_first,
                              *to = &trial->walk_last;
    int64_t wait_ns = trial_walked(trial, from->run_wait_ns, to->run_wait_ns);
    int64_t voluntary =
        trial_walked(trial, from->switches_voluntary, to->switches_voluntary);
    int64_t involuntary = trial_walked(trial, from->switches_involuntary,
                                       to->switches_involuntary);
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
    if (requests > 0 && voluntary >= 0 && involuntary >= 0)
        facts->switches = (double)(voluntary + involuntary) / requests;
}

static void collect(const struct trial_spec *spec, const struct trial *trial,
                    struct residual_facts *facts)
{
    const struct prediction *prediction = &trial->prediction;
    const struct prediction_input *input = &prediction->input;
    const struct backend_report *backend = &trial->backend;

    facts->predicted_per_s = prediction->per_s;
    facts->window_s = (double)trial_window_ns(trial) / 1e9;
    facts->bare_s = input->cpu_s;
    facts->exhausted = trial->exhausted;
    facts->generator_bound =
        trial_ceiling_binds(facts->measured_per_s, trial->ceiling_per_s);
    /* A backend with a pool of threads uses several CPUs: its CPU time does
     * not say whether it was busy. */
    if (trial->has_backend && spec->point->backend_workers == 0 &&
        backend->cpu_ns >= 0 && backend->span_ns > 0)
        facts->backend_busy =
            (double)backend->cpu_ns / (double)backend->span_ns;
    /* In slice mode the window's counters belong to all models together. */
    if (trial->slices)
        return;
    facts->wave = wave_of(input);
    if (trial_throttled_ns(spec, trial) > 0)
        facts->throttled =
            (double)trial_throttled_ns(spec, trial) / (1e9 * facts->window_s);
    count_requests(trial, input->cpus, facts);
}

json_t *prediction_json(const struct trial_spec *spec,
                        const struct trial *trial)
{
    const struct prediction *prediction = &trial->prediction;
    struct residual_facts facts = {.measured_per_s = trial_per_s(trial)};
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
