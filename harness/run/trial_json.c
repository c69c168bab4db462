/* SPDX-License-Identifier: MIT
 *
 * One function per object of the format.
 */
#include "trial_json.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "harness/base/json.h"
#include "harness/experiment/json_cell.h"
#include "harness/machine/meter/kernel.h"
#include "harness/trial/drift.h"
#include "run_json.h"

/* A percentile is a figure if at least 20 requests lie beyond it. A closed loop
 * has percentiles if its connections made two rounds on average: the slowest
 * requests of a single round may still be under way. */
enum { BEYOND_MIN = 20, ROUNDS_MIN = 2 };

static const double percentiles[] = {50, 75, 90, 95, 99, 99.9, 99.99};

static bool has_percentile(const struct histogram *histogram, double p)
{
    return (double)histogram->count * (100 - p) / 100 >= BEYOND_MIN - 1e-6;
}

static bool made_rounds(const struct load_result *load)
{
    return load->completed_in_window >=
           ROUNDS_MIN * (uint64_t)load->connections_open;
}

static json_t *json_histogram(const struct histogram *histogram, bool whole)
{
    json_t *list = json_array();

    for (size_t i = 0; whole && i < sizeof percentiles / sizeof *percentiles;
         i++) {
        double p = percentiles[i];

        if (!has_percentile(histogram, p))
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
    bool whole = open || made_rounds(load);
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

/* `checked` is there only if answers change and bodies were checked. */
static json_t *json_requests(const struct load_result *load)
{
    json_t *object = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "started",
        (json_int_t)load->started, "unanswered", (json_int_t)load->unanswered,
        "oldest_unanswered_ns", (json_int_t)load->oldest_unanswered_ns,
        "scheduled", (json_int_t)load->scheduled, "ok", (json_int_t)load->ok,
        "wrong", (json_int_t)load->wrong, "http_error",
        (json_int_t)load->http_error, "io_error", (json_int_t)load->io_error,
        "timeout", (json_int_t)load->timeout, "completed_in_window",
        (json_int_t)load->completed_in_window, "resent",
        (json_int_t)load->resent);
    if (load->checked > 0)
        json_object_set_new(object, "checked",
                            json_integer((json_int_t)load->checked));
    return object;
}

/* Latency in each tenth of the window. A tenth of a short window has too few
 * requests for its p99, which is null then. */
static json_t *json_tenths(const struct load_result *load, bool open)
{
    static const struct {
        const char *key;
        double p;
    } kept[] = {{"p50_ns", 50}, {"p90_ns", 90}, {"p99_ns", 99}};
    bool whole = open || made_rounds(load);
    json_t *tenths = json_array();

    for (int i = 0; i < LOAD_PARTS; i++) {
        const struct histogram *histogram = &load->tenths[i];
        json_t *tenth =
            json_pack("{s:I}", "requests", (json_int_t)histogram->count);
        for (size_t k = 0; k < sizeof kept / sizeof *kept; k++)
            json_object_set_new(tenth, kept[k].key,
                                whole && has_percentile(histogram, kept[k].p)
                                    ? json_integer(histogram_percentile_ns(
                                          histogram, kept[k].p))
                                    : json_null());
        json_array_append_new(tenths, tenth);
    }
    return tenths;
}

static json_t *json_series(const struct load_result *load, bool open)
{
    json_t *completed = json_array();

    for (int i = 0; i < load->series_count; i++)
        json_array_append_new(completed, json_integer(load->series[i]));
    return json_pack("{s:i, s:o, s:o}", "step_ns", 100000000, "completed",
                     completed, "tenths", json_tenths(load, open));
}

/* The best known value of one part of memory: from the cheap sample at the
 * window's end, else from the walk just before the end, else from the warm-up's
 * snapshot. Each of them sees the server under full load. */
static json_t *best(const struct trial *trial, int64_t last, int64_t walk,
                    int64_t warm)
{
    if (last >= 0)
        return json_known(last);
    if (trial->has_walks && walk >= 0)
        return json_known(walk);
    return json_known(trial->has_warm ? warm : -1);
}

/* Memory at one moment, with the number of tasks, to which memory may be
 * ascribed. */
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

/* The error of an estimate, and the parts that it lacks; null: memory was
 * measured and not estimated. */
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

    return json_pack(
        "{s:i, s:o, s:I, s:I, s:o}", "samples", sampler->count, "mean_ns",
        json_known(sampler->count > 0 ? sampler->total_ns / sampler->count
                                      : -1),
        "max_ns", (json_int_t)sampler->max_ns, "cpu_ns",
        (json_int_t)sampler->cpu_ns, "cpu_share",
        json_finite((double)sampler->cpu_ns / (double)trial_window_ns(trial)));
}

static json_t *json_switches(const struct trial *trial)
{
    const struct meter_sample *first = &trial->walk_first,
                              *last = &trial->walk_last;

    return json_pack("{s:o, s:o}", "voluntary",
                     json_known(trial_walked(trial, first->switches_voluntary,
                                             last->switches_voluntary)),
                     "involuntary",
                     json_known(trial_walked(trial, first->switches_involuntary,
                                             last->switches_involuntary)));
}

static json_t *json_run_queue(const struct trial *trial)
{
    const struct meter_sample *first = &trial->walk_first,
                              *last = &trial->walk_last;

    return json_pack(
        "{s:o, s:o}", "wait_ns",
        json_known(trial_walked(trial, first->run_wait_ns, last->run_wait_ns)),
        "pressure_ns",
        json_known(trial_walked(trial, first->pressure_ns, last->pressure_ns)));
}

static json_t *json_cpu(const struct trial_spec *spec,
                        const struct trial *trial)
{
    const struct meter_sample *first = &trial->first, *last = &trial->last;
    int64_t span_ns = last->at_ns - first->at_ns;

    return json_pack(
        "{s:o, s:o, s:o, s:o}", "user_ns",
        json_known(trial_scaled(trial, span_ns, first->cpu_user_ns,
                                last->cpu_user_ns)),
        "system_ns",
        json_known(trial_scaled(trial, span_ns, first->cpu_system_ns,
                                last->cpu_system_ns)),
        "per_request_ns", json_known(trial_cpu_per_request_ns(trial)),
        "throttled_ns", json_known(trial_throttled_ns(spec, trial)));
}

static json_t *json_clients(const struct trial *trial)
{
    const struct load_result *load = trial->load;
    double window = (double)trial_window_ns(trial);
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

static json_t *json_backend(const struct trial_spec *spec,
                            const struct trial *trial)
{
    int workers = spec->point->backend_workers;
    const struct backend_report *backend = &trial->backend;

    if (!trial->has_backend)
        return json_null();
    return json_pack(
        "{s:s, s:o, s:b, s:o, s:o, s:o, s:o}", "model",
        backend_server_model(workers > 0), "workers", json_positive(workers),
        "realtime", backend->urgent, "busy",
        json_finite_if((double)backend->cpu_ns / (double)backend->span_ns,
                       backend->cpu_ns >= 0 && backend->span_ns > 0),
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
    json_t *object;

    if (!trial->beside)
        return json_null();
    object = run_json_beside(&point->beside);
    json_object_update_new(object,
                           json_pack("{s:o, s:o}", "requests",
                                     json_requests(trial->beside), "latency",
                                     json_latency(trial->beside, true)));
    return object;
}

static json_t *json_platform(const struct trial_spec *spec,
                             const struct trial *trial)
{
    double usual = spec->usual_speed;
    const struct metronome_report *platform = &trial->platform;
    json_t *object;

    if (platform->cpus == 0)
        return json_null();
    object = json_histogram(&platform->lateness, true);
    json_object_update_new(
        object,
        json_pack(
            "{s:i, s:b, s:i, s:o, s:o, s:I}", "cpus", platform->cpus,
            "realtime", platform->realtime, "missed", platform->missed,
            "speed_per_us",
            json_finite_if(platform->speed_per_us, platform->speed_per_us > 0),
            "speed_ratio",
            json_finite_if(platform->speed_per_us / usual,
                           usual > 0 && platform->speed_per_us > 0),
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

static json_t *json_cell(const struct trial_spec *spec,
                         const struct trial *trial)
{
    const struct load_point *point = spec->point;
    int workers = trial_workers(spec, trial);

    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "model",
        spec->model->name, "workload", point->workload->name, "query",
        json_query(point->workload, &point->arguments), "parameters",
        json_parameters(point->workload->workload->parameters,
                        &point->arguments),
        "workers", json_positive(workers), "settings",
        json_settings(spec->model, spec->settings), "load", json_load(point),
        "placement", placement_name(point->placement), "cpu_quota",
        json_finite_if(point->cpu_quota, point->cpu_quota > 0));
}

static json_t *json_gates(const struct gate *gates, int count)
{
    json_t *list = json_array();

    for (int i = 0; i < count; i++)
        json_array_append_new(
            list,
            json_pack("{s:s, s:o, s:o, s:b, s:o}", "id", gates[i].id, "value",
                      json_finite_if(gates[i].value, gates[i].applied), "limit",
                      json_finite_if(gates[i].limit, gates[i].applied), "ok",
                      gates[i].ok, "words", json_text(gates[i].words)));
    return list;
}

/* Each figure that a failed gate withholds, with the first such gate. The list
 * of an invalid trial is empty: the whole trial is withheld. */
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

/* The limit that was reached before the server's own: one that a gate found, or
 * the generator, if the rate is near the null server's. */
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

/* {"made", "kept"}; null: unknown. */
static json_t *json_updates(const struct trial_updates *updates)
{
    if (!updates->known)
        return json_null();
    return json_pack("{s:I, s:I}", "made", (json_int_t)updates->made, "kept",
                     (json_int_t)updates->kept);
}

/* The goodput of an open loop: right answers within the limit per second.
 * Beyond its capacity a server's throughput stays up while its goodput falls.
 * All requests that were due in the window count, whenever they were answered:
 * a late answer is over the limit, and so is a missing answer, whose latency in
 * the histogram is its timeout. null: the cell has no limit. */
static json_t *json_goodput(const struct load_point *point,
                            const struct trial *trial)
{
    int64_t window_ns = trial_window_ns(trial);
    uint64_t within;

    if (point->slo.limit_ns <= 0 || point->search || window_ns <= 0)
        return json_null();
    within = histogram_within(&trial->load->response, point->slo.limit_ns);
    return json_pack("{s:s, s:I, s:I, s:f}", "slo", point->slo.text, "limit_ns",
                     (json_int_t)point->slo.limit_ns, "within",
                     (json_int_t)within, "per_s",
                     (double)within * 1e9 / (double)window_ns);
}

static json_t *json_slices(const struct trial_slices *slices)
{
    json_t *list;

    if (!slices)
        return json_null();
    list = json_array();
    for (int i = 0; i < slices->count; i++) {
        const struct slice *slice = &slices->rows[i];

        json_array_append_new(
            list, json_pack("{s:I, s:I, s:I, s:o, s:o, s:I, s:b}", "started_ns",
                            (json_int_t)slice->started_ns, "counted_ns",
                            (json_int_t)slice->counted_ns, "completed",
                            (json_int_t)slice->completed, "cpu_ns",
                            json_known(slice->cpu_ns), "idle_cpu_ns",
                            json_known(slice->idle_cpu_ns), "late_ns",
                            (json_int_t)slice->late_ns, "sampled",
                            slice_sampled(slice)));
    }
    return list;
}

/* Adds all that was measured. The trial was carried out. */
static void add_measures(json_t *object, const struct trial_spec *spec,
                         const struct trial *trial, const struct gate *gates,
                         int gate_count)
{
    const struct load_result *load = trial->load;
    double throughput = trial_per_s(trial);
    const char *failure = load->first_failure;

#define ADD(key, value) json_object_set_new(object, key, value)
    ADD("window_ns", json_integer(trial_window_ns(trial)));
    ADD("throughput_per_s", json_finite(throughput));
    ADD("requests", json_requests(load));
    ADD("failure", json_text_if(failure));
    ADD("connections", json_connections(spec->point, load));
    ADD("latency", json_latency(load, spec->point->mode == LOAD_OPEN));
    ADD("memory", json_memory(trial));
    if (spec->point->soak)
        ADD("drift", trial_drift_json(trial));
    ADD("cpu", json_cpu(spec, trial));
    ADD("tasks", json_pack("{s:o, s:o, s:o, s:o}", "threads_max",
                           json_known(trial->threads_max), "processes_max",
                           json_known(trial->processes_max), "threads",
                           json_known(trial->last.threads), "processes",
                           json_known(trial->last.processes)));
    ADD("switches", json_switches(trial));
    ADD("activity", trial_activity_json(trial));
    ADD("run_queue", json_run_queue(trial));
    ADD("sampler", json_sampler(trial));
    ADD("generator", json_clients(trial));
    ADD("backend", json_backend(spec, trial));
    ADD("stores", trial_store_json(trial));
    ADD("bare", json_bare(trial));
    ADD("ceiling_per_s",
        json_finite_if(trial->ceiling_per_s, trial->ceiling_per_s > 0));
    ADD("bound",
        json_bound(gates, gate_count,
                   trial_ceiling_binds(throughput, trial->ceiling_per_s)));
    ADD("generator_bound", json_boolean(is_by_generator(object)));
    ADD("updates", json_updates(&trial->updates));
    ADD("goodput", json_goodput(spec->point, trial));
    ADD("recovery", recovery_json(&trial->recovery));
    ADD("overloaded", json_boolean(gate_overloaded(spec, trial)));
    ADD("platform", json_platform(spec, trial));
    ADD("machine", json_machine(trial));
    ADD("beside", json_beside(trial, spec->point));
    ADD("series", json_series(load, spec->point->mode == LOAD_OPEN));
    ADD("slices", json_slices(trial->slices));
    ADD("prediction", prediction_json(spec, trial));
#undef ADD
}

json_t *trial_json(const char *run_id, const struct plan *plan,
                   const struct planned_trial *planned,
                   const struct trial_spec *spec, const struct trial *trial,
                   const struct gate *gates, int gate_count)
{
    const struct experiment *experiment =
        plan->experiments[planned->experiment];
    char reason[2048], seed[24];
    bool valid =
        gate_valid(spec->point, gates, gate_count, reason, sizeof reason);
    json_t *object = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:o, s:b, s:o, s:o, s:b, "
        "s:o, s:o, s:o}",
        "schema_version", 1, "run_id", run_id, "trial_id", planned->id,
        "experiment", experiment->name, "load_point", spec->point->id, "block",
        planned->block, "order", planned->order, "attempt", spec->attempt,
        "started_at", json_time(trial->started_at), "complete", 1, "cell",
        json_cell(spec, trial), "runtime", models_runtime(spec->model), "valid",
        valid, "gates", json_gates(gates, gate_count), "reason",
        valid ? json_null() : json_text(reason), "withheld",
        json_withheld(gates, gate_count, valid));

    if (object && trial->end == TRIAL_DONE)
        add_measures(object, spec, trial, gates, gate_count);
    snprintf(seed, sizeof seed, "0x%016llx", (unsigned long long)spec->seed);
    json_object_set_new(object, "seed", json_string(seed));
    if (object && trial->meter_note[0])
        json_object_set_new(object, "meter_note", json_text(trial->meter_note));
    return object;
}
