/* SPDX-License-Identifier: MIT
 *
 * One function per object of the format.
 */
#include "trial_json.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "ceiling.h"
#include "harness/machine/meter/kernel.h"
#include "harness/trial/drift.h"
#include "harness/trial/predict.h"
#include "harness/trial/slice_figures.h"

/* The fewest requests beyond a percentile that make it worth a figure, and the
 * fewest rounds of a closed loop that show its longest waits. */
enum { BEYOND_MIN = 20, ROUNDS_MIN = 2 };

static const double percentiles[] = {50, 75, 90, 95, 99, 99.9, 99.99};

static json_t *json_histogram(const struct histogram *histogram, bool whole)
{
    json_t *list = json_array();

    for (size_t i = 0; whole && i < sizeof percentiles / sizeof *percentiles;
         i++) {
        double p = percentiles[i];

        if ((double)histogram->count * (100 - p) / 100 < BEYOND_MIN - 1e-6)
            break;
        json_array_append_new(
            list,
            json_pack("{s:o, s:I}", "p",
                      p == floor(p) ? json_integer((json_int_t)p)
                                    : json_real(p),
                      "ns", (json_int_t)histogram_percentile_ns(histogram, p)));
    }
    return json_pack(
        "{s:I, s:I, s:I, s:o}", "count", (json_int_t)histogram->count,
        "mean_ns", (json_int_t)llround(histogram_mean_ns(histogram)), "max_ns",
        (json_int_t)histogram->max_ns, "percentiles", list);
}

static json_t *json_latency(const struct load_result *load, bool open)
{
    bool whole = open || load->completed_in_window >=
                             ROUNDS_MIN * (uint64_t)load->connections_open;

    json_t *object =
        json_pack("{s:s, s:b, s:o, s:o, s:o}", "kind",
                  open ? "response" : "service", "turned_over", whole,
                  "response", json_histogram(&load->response, whole), "service",
                  json_histogram(&load->service, whole), "lag",
                  json_histogram(&load->lag, whole));

    if (open)
        json_object_set_new(object, "punctual",
                            json_histogram(&load->punctual, true));
    if (load->connect.count > 0)
        json_object_set_new(object, "connect",
                            json_histogram(&load->connect, whole));
    if (load->push.count > 0)
        json_object_set_new(object, "push", json_histogram(&load->push, true));
    if (load->classes[CLASS_LIGHT].count + load->classes[CLASS_HEAVY].count > 0)
        json_object_set_new(
            object, "classes",
            json_pack("{s:o, s:o}", "light",
                      json_histogram(&load->classes[CLASS_LIGHT], whole),
                      "heavy",
                      json_histogram(&load->classes[CLASS_HEAVY], whole)));
    return object;
}

static json_t *json_requests(const struct load_result *load)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "started",
        (json_int_t)load->started, "unanswered", (json_int_t)load->unanswered,
        "oldest_unanswered_ns", (json_int_t)load->oldest_unanswered_ns,
        "scheduled", (json_int_t)load->scheduled, "ok", (json_int_t)load->ok,
        "wrong", (json_int_t)load->wrong, "http_error",
        (json_int_t)load->http_error, "io_error", (json_int_t)load->io_error,
        "timeout", (json_int_t)load->timeout, "completed_in_window",
        (json_int_t)load->completed_in_window, "resent",
        (json_int_t)load->resent);
}

static json_t *json_series(const struct load_result *load)
{
    json_t *completed = json_array();

    for (int i = 0; i < load->series_count; i++)
        json_array_append_new(completed, json_integer(load->series[i]));
    return json_pack("{s:i, s:o}", "step_ns", 100000000, "completed",
                     completed);
}

/* The window's end where the cheap sample knows it, else the walk just before,
 * else the warm-up's snapshot: all see the load's whole state. */
static json_t *best(const struct trial *trial, int64_t last, int64_t walk,
                    int64_t warm)
{
    if (last >= 0)
        return json_known(last);
    if (trial->has_walks && walk >= 0)
        return json_known(walk);
    return json_known(trial->has_warm ? warm : -1);
}

/* One moment; tasks, so that what came with them can be told. */
static json_t *json_snapshot(const struct meter_sample *sample)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "total_bytes", json_known(sample->total_bytes),
                     "user_bytes", json_known(sample->user_bytes),
                     "kernel_stack_bytes",
                     json_known(sample->kernel_stack_bytes), "page_table_bytes",
                     json_known(sample->page_table_bytes), "slab_bytes",
                     json_known(sample->slab_bytes), "socket_bytes",
                     json_known(sample->socket_bytes), "rss_sum_bytes",
                     json_known(sample->rss_sum_bytes), "pss_sum_bytes",
                     json_known(sample->pss_sum_bytes), "threads",
                     json_known(sample->threads), "processes",
                     json_known(sample->processes));
}

/* How far an estimate may be off, and what it lacks. Null: no estimate. */
static json_t *json_estimate(const struct trial *trial)
{
    const struct meter_sample *last =
        trial->last.at_ns > 0 ? &trial->last : &trial->idle;
    json_t *missing;

    if (trial->source != METER_PROC)
        return json_null();
    missing = json_array();
    if (last->user_is_least == 1)
        json_array_append_new(missing, json_string("pages of new processes"));
    if (last->slab_bytes < 0)
        json_array_append_new(missing, json_string("slab"));
    if (last->socket_bytes < 0)
        json_array_append_new(missing, json_string("sockets"));
    return json_pack("{s:f, s:b, s:o}", "error_share", METER_ESTIMATE_ERROR,
                     "lower_bound", json_array_size(missing) > 0, "missing",
                     missing);
}

static json_t *json_memory(const struct trial *trial)
{
    const struct meter_sample *last = &trial->last, *walk = &trial->walk_last,
                              *warm = &trial->warm;

#define BEST(field) best(trial, last->field, walk->field, warm->field)
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}",
        "total_bytes", BEST(total_bytes), "user_bytes", BEST(user_bytes),
        "kernel_stack_bytes", BEST(kernel_stack_bytes), "page_table_bytes",
        BEST(page_table_bytes), "slab_bytes", BEST(slab_bytes), "socket_bytes",
        BEST(socket_bytes), "rss_sum_bytes", BEST(rss_sum_bytes),
        "pss_sum_bytes", json_known(trial->has_warm ? warm->pss_sum_bytes : -1),
        "source", meter_source_name(trial->source), "estimate",
        json_estimate(trial), "idle_total_bytes",
        json_known(trial->idle.total_bytes), "idle",
        json_snapshot(&trial->idle), "open", json_snapshot(&trial->opened));
#undef BEST
}

static json_t *json_sampler(const struct trial *trial)
{
    const struct sampler *sampler = &trial->sampler;
    int64_t window_ns =
        trial->load->window_end_ns - trial->load->window_start_ns;

    return json_pack(
        "{s:i, s:o, s:I, s:I, s:o}", "samples", sampler->count, "mean_ns",
        sampler->count > 0 ? json_integer(sampler->total_ns / sampler->count)
                           : json_null(),
        "max_ns", (json_int_t)sampler->max_ns, "cpu_ns",
        (json_int_t)sampler->cpu_ns, "cpu_share",
        json_finite((double)sampler->cpu_ns / (double)window_ns));
}

/* The difference of two counters that were read span_ns apart, scaled to the
 * window; or -1. */
static int64_t delta(const struct trial *trial, int64_t span_ns, int64_t first,
                     int64_t last)
{
    double window =
        (double)(trial->load->window_end_ns - trial->load->window_start_ns);

    if (first < 0 || last < first || span_ns <= 0)
        return -1;
    return llround((double)(last - first) * window / (double)span_ns);
}

static json_t *json_switches(const struct trial *trial)
{
    const struct meter_sample *first = &trial->walk_first,
                              *last = &trial->walk_last;
    int64_t span_ns = last->at_ns - first->at_ns;

    if (!trial->has_walks)
        return json_pack("{s:n, s:n}", "voluntary", "involuntary");
    return json_pack(
        "{s:o, s:o}", "voluntary",
        json_known(delta(trial, span_ns, first->switches_voluntary,
                         last->switches_voluntary)),
        "involuntary",
        json_known(delta(trial, span_ns, first->switches_involuntary,
                         last->switches_involuntary)));
}

static json_t *json_cpu(const struct trial *trial)
{
    const struct meter_sample *first = &trial->first, *last = &trial->last;
    int64_t span_ns = last->at_ns - first->at_ns;
    int64_t user = delta(trial, span_ns, first->cpu_user_ns, last->cpu_user_ns);
    int64_t kernel =
        delta(trial, span_ns, first->cpu_system_ns, last->cpu_system_ns);
    uint64_t n = trial->load->completed_in_window;
    bool known = user >= 0 && kernel >= 0 && n > 0 && !trial->beside;

    return json_pack(
        "{s:o, s:o, s:o}", "user_ns", json_known(user), "system_ns",
        json_known(kernel), "per_request_ns",
        json_known(trial->slices ? slices_cpu_per_request_ns(trial->slices)
                   : known       ? llround((double)(user + kernel) / (double)n)
                                 : -1));
}

static json_t *json_clients(const struct trial *trial)
{
    const struct load_result *load = trial->load;
    double window = (double)(load->window_end_ns - load->window_start_ns);
    /* One process cannot use more than one CPU. */
    int cpus = load->processes < trial->cpus.clients_count
                   ? load->processes
                   : trial->cpus.clients_count;

    return json_pack(
        "{s:i, s:b, s:I, s:o}", "processes", load->processes, "realtime",
        load->urgent == load->processes, "cpu_ns", (json_int_t)load->cpu_ns,
        "busy",
        json_finite((double)load->cpu_ns / (window * (cpus > 0 ? cpus : 1))));
}

static json_t *json_backend(const struct trial_plan *plan,
                            const struct trial *trial)
{
    int workers = plan->point->backend_workers;
    const struct backend_report *backend = &trial->backend;

    if (!trial->has_backend)
        return json_null();
    return json_pack(
        "{s:s, s:o, s:b, s:o, s:o, s:o, s:o}", "model",
        backend_server_model(workers > 0), "workers",
        workers > 0 ? json_integer(workers) : json_null(), "realtime",
        backend->urgent, "busy",
        backend->cpu_ns >= 0 && backend->span_ns > 0
            ? json_real((double)backend->cpu_ns / (double)backend->span_ns)
            : json_null(),
        "lateness_p90_ns", json_known(backend->lateness_p90_ns),
        "lateness_p99_ns", json_known(backend->lateness_p99_ns),
        "lateness_max_ns", json_known(backend->lateness_max_ns));
}

static json_t *json_bare(const struct trial *trial)
{
    if (trial->bare.processes == 0)
        return json_null();
    return json_pack("{s:i, s:f}", "processes", trial->bare.processes, "per_s",
                     trial->bare.per_s);
}

static json_t *json_beside(const struct trial *trial,
                           const struct load_point *point)
{
    const struct beside *beside = &point->beside;

    if (!trial->beside)
        return json_null();
    return json_pack(
        "{s:s, s:o, s:f, s:i, s:o, s:o}", "workload", beside->workload->name,
        "query", json_query(beside->workload, &beside->arguments), "rate_per_s",
        beside->rate_per_s, "connections", beside->connections, "requests",
        json_requests(trial->beside), "latency",
        json_latency(trial->beside, true));
}

static json_t *json_platform(const struct trial_plan *plan,
                             const struct trial *trial)
{
    double usual = plan->usual_speed;
    const struct metronome_report *platform = &trial->platform;
    json_t *object;

    if (platform->cpus == 0)
        return json_null();
    object = json_histogram(&platform->lateness, true);
    json_object_update_new(
        object, json_pack("{s:i, s:b, s:i, s:o, s:o, s:I}", "cpus",
                          platform->cpus, "realtime", platform->realtime,
                          "missed", platform->missed, "speed_per_us",
                          platform->speed_per_us > 0
                              ? json_finite(platform->speed_per_us)
                              : json_null(),
                          "speed_ratio",
                          usual > 0 && platform->speed_per_us > 0
                              ? json_finite(platform->speed_per_us / usual)
                              : json_null(),
                          "cost_ns", (json_int_t)platform->cost_ns));
    return object;
}

static json_t *json_machine(const struct trial *trial)
{
    const struct machine_sample *first = &trial->machine_first,
                                *last = &trial->machine_last;
    double foreign_ns = gate_foreign_ns(trial);
    json_t *object;

    if (first->at_ns == 0 || last->at_ns == 0)
        return json_null();
    object = json_pack(
        "{s:i, s:o, s:o, s:b, s:o}", "cpus", first->cpus, "steal_ns",
        json_known(first->steal_ns < 0 ? -1 : last->steal_ns - first->steal_ns),
        "foreign_ns", json_known((int64_t)foreign_ns), "exact",
        first->busy_grain_ns == 0, "server_major_faults",
        json_known(trial->faults_first < 0
                       ? -1
                       : trial->faults_last - trial->faults_first));
    for (int i = 0; i < MACHINE_COUNTERS; i++)
        json_object_set_new(object, machine_counter_name(i),
                            json_known(machine_grown(first, last, i)));
    return object;
}

static json_t *json_cell(const struct trial_plan *plan,
                         const struct trial *trial)
{
    const struct load_point *point = plan->point;
    int workers = trial_workers(plan, trial);

    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s}", "model", plan->model->name,
        "workload", point->workload->name, "query",
        json_query(point->workload, &point->arguments), "parameters",
        json_parameters(point->workload->workload->parameters,
                        &point->arguments),
        "workers", workers > 0 ? json_integer(workers) : json_null(),
        "settings", json_settings(plan->model, plan->settings), "load",
        json_load(point), "placement", placement_name(point->placement));
}

static json_t *json_gates(const struct gate *gates, int count)
{
    json_t *list = json_array();

    for (int i = 0; i < count; i++)
        json_array_append_new(
            list,
            json_pack(
                "{s:s, s:o, s:o, s:b, s:o}", "id", gates[i].id, "value",
                gates[i].applied ? json_finite(gates[i].value) : json_null(),
                "limit",
                gates[i].applied ? json_finite(gates[i].limit) : json_null(),
                "ok", gates[i].ok, "words", json_text(gates[i].words)));
    return list;
}

/* Each figure that a failed gate takes away, with the first such gate. A trial
 * that is invalid has none left to name. */
static json_t *json_withheld(const struct gate *gates, int count, bool valid)
{
    json_t *list = json_array();
    unsigned told[2] = {0, 0};

    for (int i = 0; i < count && valid; i++) {
        bool level = gates[i].effect == EFFECT_LEVEL;

        if (gates[i].ok || gates[i].effect == EFFECT_BOUND)
            continue;
        for (unsigned one = 1; one <= FIGURES_ALL; one <<= 1)
            if ((gates[i].figures & one) && !(told[level] & one)) {
                told[level] |= one;
                json_array_append_new(
                    list,
                    json_pack("{s:s, s:s, s:s, s:o}", "figure",
                              figure_name(one), "effect",
                              effect_name(gates[i].effect), "gate", gates[i].id,
                              "words", json_text(gates[i].words)));
            }
    }
    return list;
}

/* What was the limit where the server was not: a gate's word, or a rate near
 * the null server's. */
static json_t *json_bound(const struct gate *gates, int count, bool near_null)
{
    const struct gate *gate = gate_bound(gates, count);

    if (gate)
        return json_pack("{s:s, s:s, s:o, s:o}", "by", gate->by, "gate",
                         gate->id, "figures", figures_json(gate->figures),
                         "words", json_text(gate->words));
    if (!near_null)
        return json_null();
    return json_pack("{s:s, s:n, s:o, s:s}", "by", "generator", "gate",
                     "figures",
                     figures_json(FIGURE_THROUGHPUT | FIGURE_LATENCY), "words",
                     "the rate is over 70 % of the null server's");
}

static json_t *json_connections(const struct load_point *point,
                                const struct load_result *load)
{
    json_t *object =
        json_pack("{s:i, s:i, s:i}", "asked", point->connections, "open",
                  load->connections_open, "in_flight_max", load->in_flight_max);

    if (point->workload->workload->session)
        json_object_update_new(
            object,
            json_pack("{s:I, s:I}", "lost", (json_int_t)load->lost,
                      "pushes_missing", (json_int_t)load->pushes_missing));
    return object;
}

static bool is_by_generator(const json_t *trial)
{
    const char *by = figures_bound(trial, FIGURES_ALL);

    return by && !strcmp(by, "generator");
}

/* {"made", "kept"}, or null where it is not known. */
static json_t *json_updates(const struct trial_updates *updates)
{
    if (!updates->known)
        return json_null();
    return json_pack("{s:I, s:I}", "made", (json_int_t)updates->made, "kept",
                     (json_int_t)updates->kept);
}

/* What an open loop's server did for its users: requests answered rightly and
 * within the limit. Beyond its capacity a server's throughput stays up while
 * this falls. Of the requests that were due in the window, whenever they were
 * answered: a late answer is no good, and one that never came is in the
 * histogram at the age of its timeout. null where the cell has no limit. */
static json_t *json_goodput(const struct load_point *point,
                            const struct load_result *load)
{
    int64_t window_ns = load->window_end_ns - load->window_start_ns;
    uint64_t within;

    if (point->slo.limit_ns <= 0 || point->search || window_ns <= 0)
        return json_null();
    within = histogram_within(&load->response, point->slo.limit_ns);
    return json_pack("{s:s, s:I, s:I, s:f}", "slo", point->slo.text, "limit_ns",
                     (json_int_t)point->slo.limit_ns, "within",
                     (json_int_t)within, "per_s",
                     (double)within * 1e9 / (double)window_ns);
}

/* What was measured; only for a trial that was carried out. */
static void add_measures(json_t *object, const struct trial_plan *plan,
                         const struct trial *trial, const struct gate *gates,
                         int gate_count)
{
    const struct load_result *load = trial->load;
    int64_t window = load->window_end_ns - load->window_start_ns;
    double throughput = trial_per_s(trial);
    const char *failure = load->first_failure;

#define ADD(key, value) json_object_set_new(object, key, value)
    ADD("window_ns", json_integer(window));
    ADD("throughput_per_s", json_finite(throughput));
    ADD("requests", json_requests(load));
    ADD("failure", failure[0] ? json_text(failure) : json_null());
    ADD("connections", json_connections(plan->point, load));
    ADD("latency", json_latency(load, plan->point->mode == LOAD_OPEN));
    ADD("memory", json_memory(trial));
    if (plan->point->soak)
        ADD("drift", trial_drift_json(trial));
    ADD("cpu", json_cpu(trial));
    ADD("tasks", json_pack("{s:o, s:o, s:o, s:o}", "threads_max",
                           json_known(trial->threads_max), "processes_max",
                           json_known(trial->processes_max), "threads",
                           json_known(trial->last.threads), "processes",
                           json_known(trial->last.processes)));
    ADD("switches", json_switches(trial));
    ADD("activity", trial_activity_json(trial));
    ADD("run_queue", trial_run_queue_json(trial));
    ADD("sampler", json_sampler(trial));
    ADD("generator", json_clients(trial));
    ADD("backend", json_backend(plan, trial));
    ADD("stores", trial_store_json(trial));
    ADD("bare", json_bare(trial));
    ADD("ceiling_per_s", trial->ceiling_per_s > 0
                             ? json_finite(trial->ceiling_per_s)
                             : json_null());
    ADD("bound",
        json_bound(gates, gate_count,
                   trial_ceiling_binds(throughput, trial->ceiling_per_s)));
    ADD("generator_bound", json_boolean(is_by_generator(object)));
    ADD("updates", json_updates(&trial->updates));
    ADD("goodput", json_goodput(plan->point, load));
    ADD("recovery", recovery_json(&trial->recovery));
    ADD("overloaded", json_boolean(gate_overloaded(plan, trial)));
    ADD("platform", json_platform(plan, trial));
    ADD("machine", json_machine(trial));
    ADD("beside", json_beside(trial, plan->point));
    ADD("series", json_series(load));
    ADD("slices", slices_json(trial->slices));
    ADD("prediction", trial_predict_json(plan, trial, throughput));
#undef ADD
}

json_t *trial_json(const char *run_id, const struct plan *plan,
                   const struct plan_trial *planned, int attempt,
                   const struct trial_plan *trial_plan,
                   const struct trial *trial, const struct gate *gates,
                   int gate_count)
{
    const struct experiment *experiment =
        plan->experiments[planned->experiment];
    char reason[2048], seed[24];
    bool valid =
        gate_valid(trial_plan->point, gates, gate_count, reason, sizeof reason);
    json_t *object = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:o, s:b, s:o, s:o, s:b, "
        "s:o, s:o, s:o}",
        "schema_version", 1, "run_id", run_id, "trial_id", planned->id,
        "experiment", experiment->name, "load_point", trial_plan->point->id,
        "block", planned->block, "order", planned->order, "attempt", attempt,
        "started_at", json_time(trial->started_at), "complete", 1, "cell",
        json_cell(trial_plan, trial), "runtime",
        models_runtime(trial_plan->model), "valid", valid, "gates",
        json_gates(gates, gate_count), "reason",
        valid ? json_null() : json_text(reason), "withheld",
        json_withheld(gates, gate_count, valid));

    if (object && trial->end == TRIAL_DONE)
        add_measures(object, trial_plan, trial, gates, gate_count);
    snprintf(seed, sizeof seed, "0x%016llx",
             (unsigned long long)trial_plan->seed);
    json_object_set_new(object, "seed", json_string(seed));
    if (object && trial->meter_note[0])
        json_object_set_new(object, "meter_note", json_text(trial->meter_note));
    return object;
}
