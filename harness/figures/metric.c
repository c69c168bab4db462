/* SPDX-License-Identifier: MIT
 *
 * A trial gives no figure that its data are too few or too coarse for: too few
 * answers for a rate, too few beyond a percentile, a second load on the same
 * CPU, a difference smaller than the kernel's counting. `why` then says so.
 */
#include "metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"

/* Answers that overlap the window's edges can make the count wrong by one,
 * which is over 10 % of fewer than 10 answers. */
enum { ANSWERS_MIN = 10 };

static double refuse(char *why, size_t size, const char *reason)
{
    snprintf(why, size, "%s", reason);
    return NAN;
}

static bool enough_answers(const json_t *trial, char *why, size_t size)
{
    double n = json_figure_in(trial, "requests", "completed_in_window");

    if (n >= ANSWERS_MIN)
        return true;
    snprintf(why, size,
             "a trial has %.0f answers in its window, at least %d are needed; "
             "lengthen the window",
             n, ANSWERS_MIN);
    return false;
}

static double throughput(const struct metric *metric, const json_t *trial,
                         char *why, size_t size)
{
    (void)metric;
    if (!enough_answers(trial, why, size))
        return NAN;
    return json_figure_of(trial, "throughput_per_s");
}

/* In a closed loop with few rounds, the window holds the answers to short waits
 * only. The long waits are still under way at its end and appear in no latency:
 * Little's law (connections / throughput) gives far more than the mean. */
static bool turned_over(const json_t *trial, char *why, size_t size)
{
    const json_t *latency = json_object_get(trial, "latency");

    if (!json_is_false(json_object_get(latency, "turned_over")))
        return true;
    snprintf(why, size,
             "a trial has %.0f answers for %.0f connections: too few rounds, "
             "the longest waits would be missing; lengthen the window",
             json_figure_in(trial, "requests", "completed_in_window"),
             json_figure_in(trial, "connections", "open"));
    return false;
}

/* A histogram of the load's latency by its name or that of a class of requests;
 * NULL as a name: response times in an open loop, else service times. */
static const json_t *histogram_of(const json_t *load, const char *name)
{
    const json_t *latency = json_object_get(load, "latency");

    if (!name && !(name = json_string_of(latency, "kind")))
        return NULL;
    const json_t *found = json_object_get(latency, name);
    return found ? found
                 : json_object_get(json_object_get(latency, "classes"), name);
}

double metric_percentile(const json_t *histogram, double p)
{
    const json_t *entry;
    size_t i;
    json_array_foreach (json_object_get(histogram, "percentiles"), i, entry)
        if (fabs(json_figure_of(entry, "p") - p) < 1e-9)
            return json_figure_of(entry, "ns");
    return NAN;
}

static double percentile_of(const json_t *histogram, double p, char *why,
                            size_t size)
{
    double ns = metric_percentile(histogram, p);
    if (isfinite(ns))
        return ns;
    snprintf(why, size,
             "needs %.0f requests in each trial, a trial has %.0f; lengthen "
             "the window",
             20 * 100 / (100 - p), fmax(0, json_figure_of(histogram, "count")));
    return NAN;
}

static double percentile(const struct metric *metric, const json_t *trial,
                         char *why, size_t size)
{
    /* A push answers no request, so that rounds of requests say nothing of it.
     */
    if (metric->scope != METRIC_PUSH && !turned_over(trial, why, size))
        return NAN;
    return percentile_of(histogram_of(trial, metric->part), metric->percentile,
                         why, size);
}

static double mean(const struct metric *metric, const json_t *trial, char *why,
                   size_t size)
{
    const json_t *histogram = histogram_of(trial, metric->part);

    if (!turned_over(trial, why, size))
        return NAN;
    if (json_figure_of(histogram, "count") >= 1)
        return json_figure_of(histogram, "mean_ns");
    return refuse(why, size, "no request was answered");
}

static double cpu(const json_t *trial, const char *part, char *why, size_t size)
{
    double ns = json_figure_in(trial, "cpu", part);

    if (json_is_object(json_object_get(trial, "beside")))
        return refuse(why, size,
                      "two loads share the server: its CPU time is not one "
                      "request's");
    if (!enough_answers(trial, why, size))
        return NAN;
    if (isnan(ns))
        return refuse(why, size, "the kernel does not tell");
    if (ns <= 0)
        return refuse(why, size, "below what the kernel counts");
    return ns;
}

static double cpu_per_request(const struct metric *metric, const json_t *trial,
                              char *why, size_t size)
{
    (void)metric;
    return cpu(trial, "per_request_ns", why, size);
}

static double cpu_part(const struct metric *metric, const json_t *trial,
                       char *why, size_t size)
{
    return cpu(trial, metric->part, why, size) /
           json_figure_in(trial, "requests", "completed_in_window");
}

/* CPU time in each second of a window in which connections sleep. */
static double standing_cpu(const struct metric *metric, const json_t *trial,
                           char *why, size_t size)
{
    double ns = json_figure_in(trial, "cpu", "user_ns") +
                json_figure_in(trial, "cpu", "system_ns");

    (void)metric;
    if (ns == 0)
        refuse(why, size, "0: it used no CPU time");
    return ns * 1e9 / json_figure_of(trial, "window_ns");
}

/* A thread that gives up its CPU is woken again later. */
static double standing_wakeups(const struct metric *metric, const json_t *trial,
                               char *why, size_t size)
{
    double count = json_figure_in(trial, "switches", "voluntary");

    (void)metric;
    if (count == 0)
        refuse(why, size, "0: no thread was woken");
    return count * 1e9 / json_figure_of(trial, "window_ns");
}

static double memory_total(const struct metric *metric, const json_t *trial,
                           char *why, size_t size)
{
    double bytes = json_figure_in(trial, "memory", "total_bytes");

    (void)metric;
    return bytes > 0 ? bytes : refuse(why, size, "the kernel does not tell");
}

static double per_connection(const json_t *trial, double growth,
                             const char *no_growth, char *why, size_t size)
{
    double connections = json_figure_in(trial, "connections", "open");

    if (isnan(growth))
        return refuse(why, size, "the kernel does not tell");
    if (growth <= 0 || !(connections >= 1))
        return refuse(why, size, no_growth);
    return growth / connections;
}

static double memory_per_connection(const struct metric *metric,
                                    const json_t *trial, char *why, size_t size)
{
    double growth = json_figure_in(trial, "memory", "total_bytes") -
                    json_figure_in(trial, "memory", "idle_total_bytes");

    (void)metric;
    return per_connection(
        trial, growth, "no growth over the idle server that could be measured",
        why, size);
}

/* From the server without a connection to the server with all of them open,
 * before any request. The kernel's memory for them is included. */
static double memory_per_idle(const struct metric *metric, const json_t *trial,
                              char *why, size_t size)
{
    const json_t *memory = json_object_get(trial, "memory");
    double growth = json_figure_in(memory, "open", "total_bytes") -
                    json_figure_in(memory, "idle", "total_bytes");

    (void)metric;
    return per_connection(trial, growth, "no growth that could be measured",
                          why, size);
}

static double beside_percentile(const struct metric *metric,
                                const json_t *trial, char *why, size_t size)
{
    return percentile_of(histogram_of(json_object_get(trial, "beside"), NULL),
                         metric->percentile, why, size);
}

static double beside_max(const struct metric *metric, const json_t *trial,
                         char *why, size_t size)
{
    const json_t *histogram =
        histogram_of(json_object_get(trial, "beside"), NULL);

    (void)metric;
    if (json_figure_of(histogram, "count") >= 1)
        return json_figure_of(histogram, "max_ns");
    return refuse(why, size, "no request of the second load was answered");
}

static double capacity(const struct metric *metric, const json_t *trial,
                       char *why, size_t size)
{
    const json_t *found = json_object_get(trial, "capacity");
    const char *slo = json_string_of(found, "slo");
    const char *limit = json_string_of(found, "limit");
    double value = json_figure_of(found, metric->part);

    if (json_true_of(found, "cannot_meet"))
        snprintf(
            why, size, "cannot meet %s even at 10 %% of the %s that it reaches",
            slo ? slo : "the limit",
            digits_whole(json_figure_of(found, "ceiling_per_s"), "/s").text);
    else if (limit)
        snprintf(why, size, "at least %s: the %s %s the limit, not the server",
                 digits_whole(json_figure_of(found, "last_success"), "/s").text,
                 limit, !strcmp(limit, "connections") ? "are" : "is");
    else if (isnan(value))
        snprintf(why, size, "the search has no result");
    else
        return value;
    return NAN;
}

/* A server that kept no update has no shared memory, so its tasks did not
 * race. */
static double updates_kept(const struct metric *metric, const json_t *trial,
                           char *why, size_t size)
{
    double made = json_figure_in(trial, "updates", "made");
    double kept = json_figure_in(trial, "updates", "kept");

    (void)metric;
    if (!(made > 0))
        return refuse(why, size, "no update was made");
    if (kept > 0)
        return kept / made;
    return refuse(why, size, "none was kept: the tasks share no memory");
}

static double goodput(const struct metric *metric, const json_t *trial,
                      char *why, size_t size)
{
    double per_s = json_figure_in(trial, "goodput", "per_s");

    (void)metric;
    if (per_s == 0)
        refuse(why, size, "0/s: no request was answered within the limit");
    return per_s;
}

static double recovery(const struct metric *metric, const json_t *trial,
                       char *why, size_t size)
{
    double ns = json_figure_in(trial, "recovery", "recovery_ns");

    (void)metric;
    if (ns == 0)
        refuse(why, size, "0 s: as quick as before from the window's end on");
    else if (isnan(ns))
        snprintf(why, size, "never recovered within %s",
                 digits_ns(json_figure_in(trial, "recovery", "limit_ns")).text);
    return ns;
}

/* Of the window; tasks that are held back on two CPUs at once count twice. */
static double throttled(const struct metric *metric, const json_t *trial,
                        char *why, size_t size)
{
    double share = json_figure_in(trial, "cpu", "throttled_ns") /
                   json_figure_of(trial, "window_ns");

    (void)metric;
    if (share == 0)
        refuse(why, size, "0: the quota held nothing back");
    return share;
}

const struct metric metrics[] = {
    {"throughput_per_s", "throughput", true, METRIC_COST, throughput,
     .figure = FIGURE_THROUGHPUT},
    {"latency_mean_ns", "mean latency", false, METRIC_LOAD, mean,
     .figure = FIGURE_LATENCY},
    {"latency_p50_ns", "median latency", false, METRIC_LOAD, percentile,
     .figure = FIGURE_LATENCY, .percentile = 50},
    {"latency_p99_ns", "p99 latency", false, METRIC_LOAD, percentile,
     .figure = FIGURE_LATENCY, .percentile = 99},
    {"cpu_per_request_ns", "CPU per request", false, METRIC_COST,
     cpu_per_request, .figure = FIGURE_CPU},
    {"cpu_user_per_request_ns", "user CPU per request", false, METRIC_LOAD,
     cpu_part, .figure = FIGURE_CPU, .part = "user_ns"},
    {"cpu_system_per_request_ns", "kernel CPU per request", false, METRIC_LOAD,
     cpu_part, .figure = FIGURE_CPU, .part = "system_ns"},
    {"memory_total_bytes", "memory", false, METRIC_LOAD, memory_total,
     .figure = FIGURE_MEMORY},
    {"memory_per_connection_bytes", "memory per connection", false, METRIC_LOAD,
     memory_per_connection, .figure = FIGURE_MEMORY},
    {"beside_p99_ns", "p99 latency of the second load", false, METRIC_BESIDE,
     beside_percentile, .figure = FIGURE_BESIDE, .percentile = 99},
    {"beside_max_ns", "worst latency of the second load", false, METRIC_BESIDE,
     beside_max, .figure = FIGURE_BESIDE},
    {"goodput_per_s", "goodput", true, METRIC_LIMIT, goodput,
     .figure = FIGURE_LATENCY},
    {"recovery_ns", "time to recover", false, METRIC_RECOVERY, recovery,
     .figure = FIGURE_RECOVERY},
    {"capacity_per_s", "capacity", true, METRIC_SEARCH, capacity, .figure = 0,
     .part = "estimate_per_s"},
    {"capacity_conservative_per_s", "conservative capacity", true,
     METRIC_SEARCH, capacity, .figure = 0, .part = "conservative_per_s"},
    {"latency_connect_mean_ns", "mean time to connect", false, METRIC_CHURN,
     mean, .figure = FIGURE_LATENCY, .part = "connect"},
    {"memory_per_idle_connection_bytes", "memory per idle connection", false,
     METRIC_IDLE, memory_per_idle, .figure = FIGURE_IDLE_MEMORY},
    {"standing_cpu_ns", "CPU per second with sleeping connections", false,
     METRIC_IDLE, standing_cpu, .figure = FIGURE_CPU},
    {"standing_wakeups_per_s", "wake-ups with sleeping connections", false,
     METRIC_IDLE, standing_wakeups, .figure = FIGURE_CPU},
    /* How late the messages were that the server sends without being asked. */
    {"push_lateness_p99_ns", "p99 lateness of pushes", false, METRIC_PUSH,
     percentile, .figure = FIGURE_LATENCY, .part = "push", .percentile = 99},
    {"latency_light_p50_ns", "median latency of light requests", false,
     METRIC_CLASS, percentile, .figure = FIGURE_LATENCY, .part = "light",
     .percentile = 50},
    {"latency_light_p99_ns", "p99 latency of light requests", false,
     METRIC_CLASS, percentile, .figure = FIGURE_LATENCY, .part = "light",
     .percentile = 99},
    {"latency_heavy_p50_ns", "median latency of heavy requests", false,
     METRIC_CLASS, percentile, .figure = FIGURE_LATENCY, .part = "heavy",
     .percentile = 50},
    {"updates_kept", "share of the updates that were kept", true,
     METRIC_UPDATES, updates_kept, .figure = 0},
    {"throttled_share", "share of the time that the CPU quota held tasks back",
     false, METRIC_QUOTA, throttled, .figure = FIGURE_CPU},
    {0},
};

double metric_error_share(const struct metric *metric, const json_t *trial,
                          bool *lower_bound)
{
    const json_t *estimate =
        json_object_get(json_object_get(trial, "memory"), "estimate");
    bool is_memory = strncmp(metric->name, "memory_", 7) == 0;

    if (lower_bound)
        *lower_bound = is_memory && json_true_of(estimate, "lower_bound");
    return is_memory ? json_number_of(estimate, "error_share") : 0;
}

const char *metric_mark(const json_t *row)
{
    if (json_true_of(row, "lower_bound"))
        return ">= ";
    return json_number_of(row, "error_share") > 0 ? "~" : "";
}

bool metric_applies(const struct metric *metric, const json_t *object)
{
    const json_t *cell = json_object_get(object, "cell");
    const json_t *load = json_object_get(cell ? cell : object, "load");
    const json_t *given = json_object_get(cell ? cell : object, "parameters");
    const char *mode = json_text_of(load, "mode");
    bool slices = !strcmp(mode, "slice");

    /* Everything but the capacity is that of one step of the search. */
    if (!strcmp(mode, "search") || metric->scope == METRIC_SEARCH)
        return !strcmp(mode, "search") && metric->scope == METRIC_SEARCH;
    /* A load point says that it has classes or updates, a trial has their
     * figures. */
    switch (metric->scope) {
    case METRIC_COST:
    case METRIC_SEARCH:
        return true;
    case METRIC_LOAD:
        return !slices;
    case METRIC_PUSH:
        return json_integer_of(given, "push_ns") > 0;
    case METRIC_BESIDE:
        return json_is_object(json_object_get(object, "beside"));
    case METRIC_LIMIT:
        return json_is_object(json_object_get(object, "goodput")) ||
               (json_is_string(json_object_get(object, "slo")) &&
                !strcmp(mode, "open"));
    case METRIC_RECOVERY:
        return json_object_get(load, "recovery_limit_ns");
    case METRIC_CHURN:
        return !strcmp(mode, "churn");
    case METRIC_CLASS:
        return !slices && (json_true_of(object, "classes") ||
                           json_is_object(json_object_get(
                               json_object_get(object, "latency"), "classes")));
    case METRIC_UPDATES:
        return json_is_object(json_object_get(object, "updates")) ||
               json_true_of(object, "updates");
    case METRIC_IDLE:
        return !strcmp(mode, "idle");
    case METRIC_QUOTA:
        return !slices && json_is_number(json_object_get(cell ? cell : object,
                                                         "cpu_quota"));
    }
    return false;
}

double metric_of(const struct metric *metric, const json_t *trial, char *why,
                 size_t why_size)
{
    const char *words;
    if (!figures_withheld(trial, metric->figure, true, &words))
        return metric->value(metric, trial, why, why_size);
    snprintf(why, why_size, "withheld: %.200s", words ? words : "");
    return NAN;
}

const struct metric *metric_find(const char *name)
{
    for (const struct metric *metric = metrics; metric->name; metric++)
        if (!strcmp(metric->name, name))
            return metric;
    return NULL;
}

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), size = strlen(end);

    return length >= size && !strcmp(name + length - size, end);
}

char *metric_format(const char *name, double value, char *text, size_t size)
{
    bool rate = ends_in(name, "_per_s");

    /* One request in three hours is a rate too. */
    if (rate && value > 0 && value < 0.01) {
        snprintf(text, size, "%s/s", digits_of(value, 3).text);
        return text;
    }
    struct digits digits = ends_in(name, "_bytes") ? digits_bytes(value)
                           : ends_in(name, "_ns")
                               ? digits_ns(value)
                               : digits_three(value, rate ? "/s" : "");

    snprintf(text, size, "%s", digits.text);
    return text;
}
