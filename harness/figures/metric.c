/* SPDX-License-Identifier: MIT
 *
 * A figure is refused here, with the reason, when the trial's sample cannot
 * carry it: too few answers for a rate, too few beyond a percentile, a second
 * load on the same CPU, a difference that the kernel's counting swallows.
 */
#include "metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/json.h"

/* The answers that overlap the window's edges make up to one in count. */
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

static double throughput(const json_t *trial, char *why, size_t size)
{
    if (!enough_answers(trial, why, size))
        return NAN;
    return json_figure_of(trial, "throughput_per_s");
}

static const json_t *headline(const json_t *latency)
{
    const char *kind = json_string_of(latency, "kind");

    return kind ? json_object_get(latency, kind) : NULL;
}

/* In a closed loop that has not gone round often enough, the answers in the
 * window are those of the short waits: the long ones are still under way when
 * it ends, and their connections' time is in nobody's latency. Little's law
 * (connections / throughput) then gives far more than the mean. */
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

static double percentile_of(const json_t *histogram, double p, char *why,
                            size_t size)
{
    const json_t *entry;
    size_t i;

    json_array_foreach (json_object_get(histogram, "percentiles"), i, entry)
        if (fabs(json_figure_of(entry, "p") - p) < 1e-9)
            return json_figure_of(entry, "ns");
    snprintf(why, size,
             "needs %.0f requests in each trial, a trial has %.0f; lengthen "
             "the window",
             20 * 100 / (100 - p), fmax(0, json_figure_of(histogram, "count")));
    return NAN;
}

static double percentile(const json_t *latency, double p, char *why,
                         size_t size)
{
    return percentile_of(headline(latency), p, why, size);
}

static double latency_mean(const json_t *trial, char *why, size_t size)
{
    const json_t *histogram = headline(json_object_get(trial, "latency"));

    if (!turned_over(trial, why, size))
        return NAN;
    if (json_figure_of(histogram, "count") >= 1)
        return json_figure_of(histogram, "mean_ns");
    return refuse(why, size, "no request was answered");
}

static double latency_p50(const json_t *trial, char *why, size_t size)
{
    if (!turned_over(trial, why, size))
        return NAN;
    return percentile(json_object_get(trial, "latency"), 50, why, size);
}

static double latency_p99(const json_t *trial, char *why, size_t size)
{
    if (!turned_over(trial, why, size))
        return NAN;
    return percentile(json_object_get(trial, "latency"), 99, why, size);
}

/* How late what the server sends by itself came. */
static double push_p99(const json_t *trial, char *why, size_t size)
{
    return percentile_of(
        json_object_get(json_object_get(trial, "latency"), "push"), 99, why,
        size);
}

/* A class's own times, of a load that has classes. */
static double of_class(const json_t *trial, const char *class, double p,
                       char *why, size_t size)
{
    const json_t *classes =
        json_object_get(json_object_get(trial, "latency"), "classes");

    if (!turned_over(trial, why, size))
        return NAN;
    return percentile_of(json_object_get(classes, class), p, why, size);
}

static double light_p50(const json_t *trial, char *why, size_t size)
{
    return of_class(trial, "light", 50, why, size);
}

static double light_p99(const json_t *trial, char *why, size_t size)
{
    return of_class(trial, "light", 99, why, size);
}

static double heavy_p50(const json_t *trial, char *why, size_t size)
{
    return of_class(trial, "heavy", 50, why, size);
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

static double cpu_per_request(const json_t *trial, char *why, size_t size)
{
    return cpu(trial, "per_request_ns", why, size);
}

static double cpu_part(const json_t *trial, const char *part, char *why,
                       size_t size)
{
    return cpu(trial, part, why, size) /
           json_figure_in(trial, "requests", "completed_in_window");
}

static double cpu_user(const json_t *trial, char *why, size_t size)
{
    return cpu_part(trial, "user_ns", why, size);
}

static double cpu_system(const json_t *trial, char *why, size_t size)
{
    return cpu_part(trial, "system_ns", why, size);
}

static double memory_total(const json_t *trial, char *why, size_t size)
{
    double bytes = json_figure_in(trial, "memory", "total_bytes");

    return bytes > 0 ? bytes : refuse(why, size, "the kernel does not tell");
}

static double memory_per_connection(const json_t *trial, char *why, size_t size)
{
    double growth = json_figure_in(trial, "memory", "total_bytes") -
                    json_figure_in(trial, "memory", "idle_total_bytes");
    double connections = json_figure_in(trial, "connections", "open");

    if (isnan(growth))
        return refuse(why, size, "the kernel does not tell");
    if (growth <= 0 || !(connections >= 1))
        return refuse(why, size,
                      "no growth over the idle server that could be measured");
    return growth / connections;
}

/* At rest before the first connection, and with all of them open. What the
 * kernel holds for them is in it. */
static double memory_per_idle(const json_t *trial, char *why, size_t size)
{
    const json_t *memory = json_object_get(trial, "memory");
    double growth = json_figure_in(memory, "open", "total_bytes") -
                    json_figure_in(memory, "idle", "total_bytes");
    double connections = json_figure_in(trial, "connections", "open");

    if (isnan(growth))
        return refuse(why, size, "the kernel does not tell");
    if (growth <= 0 || !(connections >= 1))
        return refuse(why, size, "no growth that could be measured");
    return growth / connections;
}

static double connect_mean(const json_t *trial, char *why, size_t size)
{
    const json_t *latency = json_object_get(trial, "latency");

    if (!turned_over(trial, why, size))
        return NAN;
    if (json_figure_in(latency, "connect", "count") >= 1)
        return json_figure_in(latency, "connect", "mean_ns");
    return refuse(why, size, "no request was answered");
}

static double beside_p99(const json_t *trial, char *why, size_t size)
{
    return percentile(
        json_object_get(json_object_get(trial, "beside"), "latency"), 99, why,
        size);
}

static double beside_max(const json_t *trial, char *why, size_t size)
{
    const json_t *beside = json_object_get(trial, "beside");
    const json_t *histogram = headline(json_object_get(beside, "latency"));

    if (json_figure_of(histogram, "count") >= 1)
        return json_figure_of(histogram, "max_ns");
    return refuse(why, size, "no request of the second load was answered");
}

static double capacity_of(const json_t *trial, const char *key, char *why,
                          size_t size)
{
    const json_t *capacity = json_object_get(trial, "capacity");
    const char *slo = json_string_of(capacity, "slo");
    const char *limit = json_string_of(capacity, "limit");
    double value = json_figure_of(capacity, key);

    if (json_true_of(capacity, "cannot_meet"))
        snprintf(why, size,
                 "cannot meet %s even at 10 %% of the %.0f/s that it reaches",
                 slo ? slo : "the limit",
                 json_figure_of(capacity, "ceiling_per_s"));
    else if (limit)
        snprintf(why, size, "at least %.0f/s: the %s %s the limit, not it",
                 json_figure_of(capacity, "last_success"), limit,
                 !strcmp(limit, "connections") ? "are" : "is");
    else if (isnan(value))
        snprintf(why, size, "the search has no result");
    else
        return value;
    return NAN;
}

static double capacity(const json_t *trial, char *why, size_t size)
{
    return capacity_of(trial, "estimate_per_s", why, size);
}

static double capacity_conservative(const json_t *trial, char *why, size_t size)
{
    return capacity_of(trial, "conservative_per_s", why, size);
}

/* Where none was kept, none was raced for. */
static double updates_kept(const json_t *trial, char *why, size_t size)
{
    double made = json_figure_in(trial, "updates", "made");
    double kept = json_figure_in(trial, "updates", "kept");

    if (!(made > 0))
        return refuse(why, size, "no update was made");
    if (kept > 0)
        return kept / made;
    return refuse(why, size, "none was kept: the tasks share no memory");
}

static double goodput(const json_t *trial, char *why, size_t size)
{
    double per_s = json_figure_in(trial, "goodput", "per_s");

    if (per_s == 0)
        refuse(why, size, "0/s: no request was answered within the limit");
    return per_s;
}

static double recovery(const json_t *trial, char *why, size_t size)
{
    double ns = json_figure_in(trial, "recovery", "recovery_ns");

    if (ns == 0)
        refuse(why, size, "0 s: as quick as before from the window's end on");
    else if (isnan(ns))
        snprintf(why, size, "never recovered within %.3g s",
                 json_figure_in(trial, "recovery", "limit_ns") / 1e9);
    return ns;
}

const struct metric metrics[] = {
    {"throughput_per_s", "throughput", true, METRIC_COST, throughput,
     FIGURE_THROUGHPUT},
    {"latency_mean_ns", "mean latency", false, METRIC_LOAD, latency_mean,
     FIGURE_LATENCY},
    {"latency_p50_ns", "median latency", false, METRIC_LOAD, latency_p50,
     FIGURE_LATENCY},
    {"latency_p99_ns", "p99 latency", false, METRIC_LOAD, latency_p99,
     FIGURE_LATENCY},
    {"cpu_per_request_ns", "CPU per request", false, METRIC_COST,
     cpu_per_request, FIGURE_CPU},
    {"cpu_user_per_request_ns", "user CPU per request", false, METRIC_LOAD,
     cpu_user, FIGURE_CPU},
    {"cpu_system_per_request_ns", "kernel CPU per request", false, METRIC_LOAD,
     cpu_system, FIGURE_CPU},
    {"memory_total_bytes", "memory", false, METRIC_LOAD, memory_total,
     FIGURE_MEMORY},
    {"memory_per_connection_bytes", "memory per connection", false, METRIC_LOAD,
     memory_per_connection, FIGURE_MEMORY},
    {"beside_p99_ns", "p99 latency of the second load", false, METRIC_BESIDE,
     beside_p99, FIGURE_BESIDE},
    {"beside_max_ns", "worst latency of the second load", false, METRIC_BESIDE,
     beside_max, FIGURE_BESIDE},
    {"goodput_per_s", "goodput", true, METRIC_LIMIT, goodput, FIGURE_LATENCY},
    {"recovery_ns", "time to recover", false, METRIC_RECOVERY, recovery,
     FIGURE_RECOVERY},
    {"capacity_per_s", "capacity", true, METRIC_SEARCH, capacity, 0},
    {"capacity_conservative_per_s", "conservative capacity", true,
     METRIC_SEARCH, capacity_conservative, 0},
    {"latency_connect_mean_ns", "mean time to connect", false, METRIC_CHURN,
     connect_mean, FIGURE_LATENCY},
    {"memory_per_idle_connection_bytes", "memory per idle connection", false,
     METRIC_IDLE, memory_per_idle, FIGURE_IDLE_MEMORY},
    {"push_lateness_p99_ns", "p99 lateness of pushes", false, METRIC_PUSH,
     push_p99, FIGURE_LATENCY},
    {"latency_light_p50_ns", "median latency of light requests", false,
     METRIC_CLASS, light_p50, FIGURE_LATENCY},
    {"latency_light_p99_ns", "p99 latency of light requests", false,
     METRIC_CLASS, light_p99, FIGURE_LATENCY},
    {"latency_heavy_p50_ns", "median latency of heavy requests", false,
     METRIC_CLASS, heavy_p50, FIGURE_LATENCY},
    {"updates_kept", "share of the updates that were kept", true,
     METRIC_UPDATES, updates_kept, 0},
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

/* A load point says so itself, a trial has the times; slice mode tells no
 * latency. */
static bool has_classes(const json_t *object, const char *mode)
{
    if (!strcmp(mode, "slice"))
        return false;
    return json_true_of(object, "classes") ||
           json_is_object(
               json_object_get(json_object_get(object, "latency"), "classes"));
}

bool metric_applies(const struct metric *metric, const json_t *object)
{
    const json_t *cell = json_object_get(object, "cell");
    const json_t *load = json_object_get(cell ? cell : object, "load");
    const json_t *given = json_object_get(cell ? cell : object, "parameters");
    const char *mode = json_string_of(load, "mode");

    if (!mode)
        mode = "";
    /* What else its trial has is of one step. */
    if (!strcmp(mode, "search") || metric->scope == METRIC_SEARCH)
        return !strcmp(mode, "search") && metric->scope == METRIC_SEARCH;
    if (metric->scope == METRIC_PUSH)
        return json_integer_of(given, "push_ns") > 0;
    if (metric->scope == METRIC_BESIDE)
        return json_is_object(json_object_get(object, "beside"));
    if (metric->scope == METRIC_LIMIT)
        return json_is_object(json_object_get(object, "goodput")) ||
               (json_is_string(json_object_get(object, "slo")) &&
                !strcmp(mode, "open"));
    if (metric->scope == METRIC_RECOVERY)
        return json_object_get(load, "recovery_limit_ns");
    if (metric->scope == METRIC_CHURN)
        return !strcmp(mode, "churn");
    if (metric->scope == METRIC_CLASS)
        return has_classes(object, mode);
    if (metric->scope == METRIC_UPDATES)
        return json_is_object(json_object_get(object, "updates")) ||
               json_true_of(object, "updates");
    if (metric->scope == METRIC_IDLE)
        return !strcmp(mode, "idle");
    return metric->scope == METRIC_COST || strcmp(mode, "slice") != 0;
}

double metric_of(const struct metric *metric, const json_t *trial, char *why,
                 size_t why_size)
{
    const char *words;

    if (!figures_withheld(trial, metric->figure, true, &words))
        return metric->value(trial, why, why_size);
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

/* Three significant digits without an exponent. */
static void three_digits(double value, const char *unit, char *text,
                         size_t size)
{
    int decimals = value >= 100 || value == 0 ? 0
                   : value >= 10              ? 1
                   : value >= 1               ? 2
                                              : 3;

    if (value >= 1000) {
        double scale = pow(10, floor(log10(value)) - 2);

        value = round(value / scale) * scale;
    }
    snprintf(text, size, "%.*f%s", decimals, value, unit);
}

char *metric_format(const char *name, double value, char *text, size_t size)
{
    static const char *const times[] = {" ns", " us", " ms", " s"};
    static const char *const sizes[] = {" B", " KiB", " MiB", " GiB"};
    int step = 0;

    if (ends_in(name, "_bytes")) {
        for (; value >= 1024 && step < 3; step++)
            value /= 1024;
        three_digits(value, sizes[step], text, size);
    } else if (ends_in(name, "_ns")) {
        for (; value >= 1000 && step < 3; step++)
            value /= 1000;
        three_digits(value, times[step], text, size);
    } else {
        three_digits(value, ends_in(name, "_per_s") ? "/s" : "", text, size);
    }
    return text;
}
