/* SPDX-License-Identifier: MIT
 *
 * Rules about the load: whether every request is accounted for and answered
 * correctly, and whether generator, backend and sampler were in time.
 *
 * Little's law: the time-weighted number in flight equals completions per
 * second times mean service time. In a finite window the two sides differ by
 * the requests that overlap its edges: at most one service time per connection,
 * the term `edge` below. (J. D. C. Little, A Proof for the Queuing Formula L =
 * lambda W, Operations Research 9, 1961.)
 *
 * Rules about the course of the window: whether the rate of answers was steady,
 * and whether an open loop's requests were sent as the schedule says.
 *
 * Both are statistics of a finite window, so each limit allows for chance. The
 * slope of the rate is that of a least-squares line through ten parts. It fails
 * only above 5 % of the mean plus five standard errors. The standard error is
 * the larger of two: that of the scatter about the line (waves of equal waits)
 * and that of random counts (Poisson).
 */
#include <math.h>

#include "harness/arithmetic/digits.h"
#include "harness/load/record.h"
#include "models/runtime/clients/store.h"
#include "rule.h"

/* Time allowed between an answer and the next request of a closed loop, when
 * nothing is in flight on the connection. The generator needs a few
 * microseconds. */
static const double TURNAROUND_NS = 20e3;

/* Answers per connection that may overtake a slow one before it counts as lost.
 * Of random answers, one in e^10 is overtaken more often. */
static const double OVERTAKEN_MAX = 10;

/* Open loop: requests scheduled against their outcomes. Closed loop: requests
 * sent since the load began against those that ended and those still in flight
 * when the window closed. */
static void identity(const struct gate_facts *facts, struct gate *gate)
{
    const struct load_result *load = facts->load;
    uint64_t sum = load->ok + load->wrong + load->http_error + load->io_error +
                   load->timeout;
    uint64_t ended =
        load->ended_outside + sum - load->failures[FAILURE_CONNECT];

    if (!facts->open) {
        gate_most(gate,
                  fmax(fabs((double)load->started -
                            (double)(ended + load->unanswered)),
                       fabs((double)load->scheduled - (double)sum)),
                  0);
        gate_say(gate,
                 "%llu requests started, %llu ended (%llu of them in the "
                 "window, %llu counted) and %llu were in flight at its end",
                 (unsigned long long)load->started, (unsigned long long)ended,
                 (unsigned long long)sum, (unsigned long long)load->scheduled,
                 (unsigned long long)load->unanswered);
        return;
    }
    gate_most(gate, fabs((double)load->scheduled - (double)sum), 0);
    gate_say(gate, "%llu requests scheduled, %llu accounted for",
             (unsigned long long)load->scheduled, (unsigned long long)sum);
}

static void wrong_bodies(const struct gate_facts *facts, struct gate *gate)
{
    gate_most(gate, (double)facts->load->wrong, 0);
    gate->lasting =
        true; /* a right answer in another attempt does not undo it */
    gate_say(gate, "%llu answers with a wrong body",
             (unsigned long long)facts->load->wrong);
}

static void errors(const struct gate_facts *facts, struct gate *gate)
{
    const struct load_result *load = facts->load;
    /* In an open loop, a timeout is a late answer of an overloaded server. It
     * counts in the response times with its age, not here. */
    uint64_t failed =
        load->http_error + load->io_error + (facts->open ? 0 : load->timeout);
    uint64_t all = load->scheduled > 0 ? load->scheduled : 1;

    gate_most(gate, (double)failed / (double)all, 0.001);
    gate_say(gate, "%llu of %llu requests failed%s%.100s",
             (unsigned long long)failed, (unsigned long long)load->scheduled,
             failed > 0 && load->first_failure[0] ? ", the first: " : "",
             failed > 0 ? load->first_failure : "");
}

static void connections(const struct gate_facts *facts, struct gate *gate)
{
    int asked = facts->point->connections;

    gate_most(gate, asked - facts->load->connections_open, 0);
    gate_say(gate, "%d of %d connections open when the window began",
             facts->load->connections_open, asked);
}

/* If the server drops a silent WebSocket, no count of requests shows it.
 */
static void held(const struct gate_facts *facts, struct gate *gate)
{
    const struct load_result *load = facts->load;

    if (!facts->point->workload->workload->session) {
        gate_skip(gate, "plain HTTP requests: no WebSocket is held");
        return;
    }
    gate_most(gate, (double)load->lost, 0);
    gate_say(gate,
             "%llu of %d WebSockets ended in the window without the "
             "generator's doing%s%.100s",
             (unsigned long long)load->lost, facts->point->connections,
             load->lost > 0 && load->first_failure[0] ? ", first: " : "",
             load->lost > 0 ? load->first_failure : "");
}

/* If a server closes kept connections without saying so, many requests are sent
 * twice: the times are right, but the load is not the one asked for. */
static void resent(const struct gate_facts *facts, struct gate *gate)
{
    const struct load_result *load = facts->load;
    double limit, share = load_record_resent_share(load, &limit);

    if (!facts->trial->alive) {
        gate_skip(gate, "the server died, which closes its connections");
        return;
    }
    gate_most(gate, share, limit);
    gate->lasting = gate->value > 0.1; /* this server would do so again */
    gate_say(
        gate,
        "%llu of %llu requests were sent once more, because the server had "
        "closed a kept connection without \"Connection: close\"",
        (unsigned long long)load->resent, (unsigned long long)load->scheduled);
}

/* A request in flight when a closed loop's window ends is in no latency. If the
 * whole server stalls, all connections wait alike, which a closed loop cannot
 * show (docs/method/clocks-and-load.md). But a connection that waits while the
 * others get many answers was forgotten. */
static void oldest_unanswered(const struct gate_facts *facts, struct gate *gate)
{
    const struct load_result *load = facts->load;
    double age = (double)load->oldest_unanswered_ns;

    if (facts->open) {
        gate_skip(gate, "an open loop waits for every answer");
        return;
    }
    gate_most(gate, age,
              fmax(3 * (double)load->service.max_ns,
                   OVERTAKEN_MAX * age / fmax(load->overtaken, 0.001)));
    gate_say(gate,
             "the oldest of %llu unanswered requests was %s old; meanwhile "
             "each other connection got %.3g answers on average, and no answer "
             "took over %s",
             (unsigned long long)load->unanswered, digits_ns(age).text,
             load->overtaken, digits_ns((double)load->service.max_ns).text);
}

static void answers(const struct gate_facts *facts, struct gate *gate)
{
    if (facts->open && !(facts->point->rate_per_s > 0)) {
        gate_skip(gate, "no request was asked for");
        return;
    }
    gate->applied = true;
    gate->value = facts->completed;
    gate->limit = 1;
    gate->ok = facts->completed >= 1;
    /* Without a request or a failure, the window is just too short. */
    gate->lasting = facts->load->scheduled == 0 && facts->trial->alive;
    gate_say(gate, "%.0f answers in the window, at least 1 is needed%s",
             facts->completed, gate->ok ? "" : "; lengthen the window");
}

static void in_flight(const struct gate_facts *facts, struct gate *gate)
{
    double asked = facts->point->connections;
    double mean = facts->load->in_flight_integral_ns / facts->window_ns;
    double gap = facts->completed * TURNAROUND_NS / (asked * facts->window_ns);

    if (facts->open || facts->point->think_ns > 0 || facts->trial->slices) {
        gate_skip(gate, "connections are not always busy");
        return;
    }
    gate_most(gate, fabs(mean - asked) / asked, 0.02 + gap);
    gate_say(gate, "%.4g requests in flight on average over %.0f connections",
             mean, asked);
}

/* |N - X R| / N, where N is the integral and X R comes from counts and
 * histogram. */
static void little(const struct gate_facts *facts, struct gate *gate)
{
    const struct load_result *load = facts->load;
    double n = load->in_flight_integral_ns / facts->window_ns;
    double turns = facts->completed / facts->window_ns;
    double mean = histogram_mean_ns(&load->service);
    double edge = (double)load->service.max_ns / facts->window_ns;
    double gap = facts->open ? 0 : turns * TURNAROUND_NS / fmax(n, 1);

    if (n <= 0 || facts->completed < 100) {
        gate_skip(gate, "fewer than 100 answers");
        return;
    }
    /* In slice mode the load comes and goes: at an edge all connections may be
     * busy, while on average over the window far fewer are. */
    if (facts->trial->slices)
        edge *= fmax(1, facts->point->connections / n);
    /* With random arrivals, the number of requests that overlap the two edges
     * varies like sqrt(2N); with bursts of k, like sqrt(2kN). */
    if (facts->open)
        edge *= 4 * fmax(1, sqrt(2 * fmax(1, facts->point->burst) / n));
    if (load->timeout > 0 || edge > 0.2) {
        gate_skip(gate,
                  load->timeout > 0
                      ? "requests timed out"
                      : "the window is short against the longest service");
        return;
    }
    if (facts->open && facts->completed < 0.95 * (double)load->scheduled) {
        gate_skip(gate, "the server is overloaded");
        return;
    }
    gate_most(gate, fabs(n - turns * mean) / n, 0.02 + edge + gap);
    gate_say(gate, "%.4g in flight, throughput times service time gives %.4g",
             n, turns * mean);
}

/* How much the generator's own lateness, which is known for each request,
 * raises a percentile of the response times. */
static double lateness_at(const struct load_result *load, double percentile)
{
    return (double)(histogram_percentile_ns(&load->response, percentile) -
                    histogram_percentile_ns(&load->punctual, percentile));
}

static void lag_at(const struct load_result *load, double percentile,
                   double least_ns, struct gate *gate)
{
    double figure =
        (double)histogram_percentile_ns(&load->response, percentile);

    if (load->lag_free.count < 10) {
        gate_skip(gate, "fewer than 10 requests found a free connection");
        return;
    }
    /* The limit is a part of the percentile itself: 1 ms matters to a p99 of 2
     * ms, but not to one of 50 ms. If other requests than the slowest were
     * late, the percentile hardly changes. */
    gate_most(gate, fmax(0, lateness_at(load, percentile)),
              fmax(least_ns, 0.05 * figure));
    gate_say(gate,
             "the generator's own lateness makes %s of a p%.0f of %s, %s "
             "allowed%s",
             digits_ns(gate->value).text, percentile, digits_ns(figure).text,
             digits_ns(gate->limit).text,
             gate->ok ? "" : "; lower the rate or free its CPUs");
}

static void lag_of(const struct load_result *load, struct gate *gate)
{
    /* With few requests the 99th percentile is the maximum, which one interrupt
     * could decide. */
    lag_at(load, load->lag_free.count >= 200 ? 99 : 90, 200e3, gate);
}

static void lag_median(const struct gate_facts *facts, struct gate *gate)
{
    if (!facts->open)
        gate_skip(gate, "a closed loop has no due times");
    else
        lag_at(facts->load, 50, 100e3, gate);
}

static void lag(const struct gate_facts *facts, struct gate *gate)
{
    if (!facts->open)
        gate_skip(gate, "a closed loop has no due times");
    else
        lag_of(facts->load, gate);
}

static double generator_cpus(const struct gate_facts *facts)
{
    const struct load_result *beside = facts->trial->beside;

    return ((double)facts->load->cpu_ns +
            (beside ? (double)beside->cpu_ns : 0)) /
           facts->active_ns;
}

/* Something other than the server was the limit. In a closed loop it bounds
 * throughput and latency. In an open loop that keeps up, the rate is given, so
 * it bounds latency only. */
static void bounded_by(const struct gate_facts *facts, const char *by,
                       struct gate *gate)
{
    gate->by = by;
    if (facts->open && !gate_overloaded(facts->plan, facts->trial))
        gate->figures &= ~(unsigned)FIGURE_THROUGHPUT;
}

static void generator_busy(const struct gate_facts *facts, struct gate *gate)
{
    int processes = facts->load->processes;
    int cpus = facts->trial->cpus.clients_count;
    double own = (double)facts->load->cpu_ns / facts->active_ns;

    /* A process cannot use more than one CPU. */
    cpus = processes < cpus ? processes : cpus;
    gate_most(gate, own / (cpus > 0 ? cpus : 1), 0.85);
    gate_say(gate, "the generator used %.0f %% of %d CPU%s%s",
             100 * gate->value, cpus, cpus == 1 ? "" : "s",
             gate->ok ? "" : ": it was the limit, not the server");
    bounded_by(facts, "generator", gate);
}

/* Number of CPUs that the backend used. */
static double backend_cpus(const struct trial *trial)
{
    const struct backend_report *backend = &trial->backend;

    return trial->has_backend && backend->cpu_ns >= 0 && backend->span_ns > 0
               ? (double)backend->cpu_ns / (double)backend->span_ns
               : 0;
}

/* Names the client that used most of the clients' CPUs. */
static const char *busiest(const struct trial *trial, double generator,
                           double backend, double stores)
{
    const char *store_name = "stores";
    int used = 0;

    for (int store = STORE_NONE + 1; store < STORES; store++)
        if (trial->stores[store].own && used++ == 0)
            store_name = store_title(store);
    if (stores > generator && stores > backend)
        return used == 1 ? store_name : "stores";
    return backend > generator ? "backend" : "generator";
}

static void clients_busy(const struct gate_facts *facts, struct gate *gate)
{
    const struct trial *trial = facts->trial;
    double generator = generator_cpus(facts);
    double backend = backend_cpus(trial);
    double stores = trial_store_cpu_ns(trial) / facts->window_ns;

    if (!trial->cpus.apart) {
        gate_skip(gate, "server and clients share the CPUs");
        return;
    }
    gate_most(gate, (generator + backend + stores) / trial->cpus.clients_count,
              0.9);
    bounded_by(facts, busiest(trial, generator, backend, stores), gate);
    gate_say(gate,
             "generator, backend and stores used %.0f %% of their CPUs%s%s%s",
             100 * gate->value, gate->ok ? "" : ": the limit was ",
             gate->ok ? "" : gate->by, gate->ok ? "" : ", not the server");
}

enum { WAVES_MANY = 200 };

/* The calls of a closed loop come in waves, and a stall of the machine, of
 * which there are a few in a second, delays a whole wave. With few waves a p99
 * would be that of the worst wave, which says nothing about the backend; so the
 * p90 is used. */
static void backend_lateness(const struct gate_facts *facts, struct gate *gate)
{
    const struct workload *workload = facts->point->workload->workload;
    const struct backend_report *backend = &facts->trial->backend;
    double wait = (double)workload->wait_ns(&facts->point->arguments);
    int calls = workload->backend_calls
                    ? workload->backend_calls(&facts->point->arguments)
                    : 1;
    bool few = facts->point->mode == LOAD_CLOSED &&
               facts->window_ns * (calls > 0 ? calls : 1) < WAVES_MANY * wait;
    double late =
        (double)(few ? backend->lateness_p90_ns : backend->lateness_p99_ns);
    double limit;

    if (!facts->trial->has_backend) {
        gate_skip(gate, "no backend");
        return;
    }
    if (late < 0) {
        gate->ok = false;
        gate_say(gate,
                 "the backend did not tell how late it was; see whether it "
                 "still runs");
        return;
    }
    /* The limit is a part of a wait, and of the percentile that lateness can
     * spoil. */
    limit = fmax(1e6, 0.05 * wait / (calls > 0 ? calls : 1));
    gate_most(gate, late,
              fmax(limit, 0.05 * (double)histogram_percentile_ns(
                                     facts->open ? &facts->load->response
                                                 : &facts->load->service,
                                     few ? 90 : 99)));
    /* If nine waits in ten were in time, so was their mean, and throughput is
     * right. */
    if (facts->open || (double)backend->lateness_p90_ns <= limit)
        gate->figures &= ~(unsigned)FIGURE_THROUGHPUT;
    gate_say(gate, "the backend was %s late (%s), %s allowed",
             digits_ns(late).text, few ? "p90" : "p99",
             digits_ns(gate->limit).text);
}

static void backend_busy(const struct gate_facts *facts, struct gate *gate)
{
    const struct backend_report *backend = &facts->trial->backend;

    if (!facts->trial->has_backend || backend->cpu_ns < 0 ||
        backend->span_ns <= 0) {
        gate_skip(gate, facts->trial->has_backend ? "its CPU time is unknown"
                                                  : "no backend");
        return;
    }
    gate_most(gate, (double)backend->cpu_ns / (double)backend->span_ns, 0.85);
    gate_say(gate, "the backend used %.0f %% of one CPU, all it can use",
             100 * gate->value);
    bounded_by(facts, "backend", gate);
}

static void sampler(const struct gate_facts *facts, struct gate *gate)
{
    const struct trial *trial = facts->trial;
    double first =
        fabs((double)(trial->first.at_ns - facts->load->window_start_ns));
    double last =
        fabs((double)(trial->last.at_ns - facts->load->window_end_ns));

    if (trial->slices) {
        gate_skip(gate, "slice mode: see gate slices_sampled");
        return;
    }
    gate_most(gate, fmax(first, last), fmax(10e6, 0.02 * facts->window_ns));
    gate_say(gate,
             "CPU and memory were sampled within %s of the window's edges",
             digits_ns(gate->value).text);
}

static void server_alive(const struct gate_facts *facts, struct gate *gate)
{
    gate_most(gate, facts->trial->alive ? 0 : 1, 0);
    if (facts->trial->alive)
        gate_say(gate, "the server ran at the window's end");
    else
        gate_say(gate, "the server did not survive the window: %.120s",
                 facts->trial->server_words);
}

static void server_clean(const struct gate_facts *facts, struct gate *gate)
{
    gate_most(gate, facts->trial->clean ? 0 : 1, 0);
    if (facts->trial->clean)
        gate_say(gate, "the server ended by itself when told to");
    else
        gate_say(gate, "the server did not end cleanly: %.130s",
                 facts->trial->server_words);
}

static const struct load_result *second(const struct gate_facts *facts,
                                        struct gate *gate)
{
    if (!facts->trial->beside)
        gate_skip(gate, "no second load");
    return facts->trial->beside;
}

static void beside_counts(const struct gate_facts *facts, struct gate *gate)
{
    const struct load_result *load = second(facts, gate);
    uint64_t failed;

    if (!load)
        return;
    failed = load->wrong + load->http_error + load->io_error;
    if (load->scheduled != failed + load->ok + load->timeout)
        failed += load->scheduled + 1;
    gate_most(gate, (double)failed / fmax(1, (double)load->scheduled), 0.001);
    gate_say(gate, "second load: %llu of %llu requests went wrong",
             (unsigned long long)failed, (unsigned long long)load->scheduled);
}

static void beside_lag(const struct gate_facts *facts, struct gate *gate)
{
    const struct load_result *load = second(facts, gate);

    if (load)
        lag_of(load, gate);
}

const struct gate_rule gate_load_rules[] = {
    {"identity", identity, "a request is not accounted for", FIGURES_ALL,
     EFFECT_WITHHELD},
    {"wrong_bodies", wrong_bodies, "one body differs from the expected answer",
     FIGURES_ALL, EFFECT_WITHHELD},
    {"errors", errors, "more than 0.1 % of the requests failed", FIGURES_ALL,
     EFFECT_WITHHELD},
    {"connections", connections, "fewer connections were open than asked for",
     FIGURES_ALL, EFFECT_WITHHELD},
    {"held", held, "a WebSocket was lost", FIGURES_ALL, EFFECT_WITHHELD},
    {"resent", resent, "more than 1 % of the requests were sent once more",
     FIGURES_ALL, EFFECT_WITHHELD},
    {"oldest_unanswered", oldest_unanswered,
     "a closed loop's connection was forgotten while others were answered",
     FIGURES_ALL, EFFECT_WITHHELD},
    {"answers", answers, "the window saw no answer", FIGURES_ALL,
     EFFECT_WITHHELD},
    {"in_flight", in_flight, "a closed loop's connections were not all busy",
     FIGURES_ALL, EFFECT_WITHHELD},
    {"little", little,
     "requests in flight and throughput times service time differ", FIGURES_ALL,
     EFFECT_WITHHELD},
    {"generator_lag", lag, "the generator itself was late: over 5 % of the p99",
     FIGURE_LATENCY, EFFECT_WITHHELD},
    {"generator_lag_median", lag_median,
     "the generator itself was late: over 5 % of the median", FIGURE_LATENCY,
     EFFECT_WITHHELD},
    {"generator_busy", generator_busy,
     "the generator used over 85 % of its CPUs",
     FIGURE_THROUGHPUT | FIGURE_LATENCY, EFFECT_BOUND},
    {"clients_busy", clients_busy,
     "generator, backend and stores used over 90 % of their CPUs",
     FIGURE_THROUGHPUT | FIGURE_LATENCY, EFFECT_BOUND},
    {"backend_lateness", backend_lateness, "the backend's own waits were late",
     FIGURE_THROUGHPUT | FIGURE_LATENCY, EFFECT_WITHHELD},
    {"backend_busy", backend_busy, "the backend used over 85 % of a CPU",
     FIGURE_THROUGHPUT | FIGURE_LATENCY, EFFECT_BOUND},
    {"sampler", sampler, "memory and CPU were not read at the window's edges",
     FIGURE_CPU | FIGURE_MEMORY, EFFECT_WITHHELD},
    {"server_alive", server_alive, "the server died", FIGURES_ALL,
     EFFECT_WITHHELD},
    {"server_clean", server_clean, "the server did not end when told to",
     FIGURES_ALL, EFFECT_WITHHELD},
    {"beside_counts", beside_counts, "a second load's requests went wrong",
     FIGURES_ALL, EFFECT_WITHHELD},
    {"beside_lag", beside_lag, "a second load's generator was late",
     FIGURE_BESIDE, EFFECT_WITHHELD},
    {0},
};

enum { ANSWERS_MIN = 20, BINS_MIN = 40, ARRIVALS_MIN = 100 };

struct line {
    double mean, slope,
        error; /* slope, error: change over the window as a share of the mean */
};

static void fit(const uint64_t parts[LOAD_PARTS], struct line *line)
{
    double middle = (LOAD_PARTS - 1) / 2.0, xx = 0, xy = 0, rest = 0;

    line->mean = 0;
    for (int i = 0; i < LOAD_PARTS; i++)
        line->mean += (double)parts[i] / LOAD_PARTS;
    for (int i = 0; i < LOAD_PARTS; i++) {
        xx += (i - middle) * (i - middle);
        xy += (i - middle) * ((double)parts[i] - line->mean);
    }
    for (int i = 0; i < LOAD_PARTS; i++)
        rest += pow((double)parts[i] - line->mean - xy / xx * (i - middle), 2);
    line->slope = xy / xx * LOAD_PARTS / line->mean;
    line->error = fmax(sqrt(rest / (LOAD_PARTS - 2)), 0.8 * sqrt(line->mean)) /
                  sqrt(xx) * LOAD_PARTS / line->mean;
}

/* Requests that arrived but did not end in the window, as a share of those that
 * arrived. The limit allows for chance: the number of requests in the system
 * varies by its square root. False: the share cannot be judged. */
static bool growth(const struct trial_spec *plan, const struct trial *trial,
                   double *value, double *limit)
{
    const struct load_result *load = trial->load;
    double came = (double)load->scheduled;
    double ended = (double)(load->completed_in_window + load->wrong +
                            load->http_error + load->io_error);
    double inside = came / (double)plan->point->window_ns *
                    histogram_mean_ns(&load->service);
    int64_t wait_ns =
        plan->point->workload->workload->wait_ns(&plan->point->arguments);

    /* While the first waits last, more requests arrive than end. */
    if (plan->point->mode != LOAD_OPEN || came < ARRIVALS_MIN ||
        plan->point->warmup_ns < 2 * wait_ns)
        return false;
    *value = (came - ended) / came;
    *limit = 0.01 + 4 * sqrt(2 * fmax(inside, 1)) / came;
    return true;
}

bool gate_overloaded(const struct trial_spec *plan, const struct trial *trial)
{
    double value, limit;

    return trial->end == TRIAL_DONE && growth(plan, trial, &value, &limit) &&
           value > limit;
}

/* Overload is a result and not a fault: this gate always passes, but its
 * figures are in every trial. */
static void overload(const struct gate_facts *facts, struct gate *gate)
{
    if (!growth(facts->plan, facts->trial, &gate->value, &gate->limit)) {
        gate_skip(gate, !facts->open ? "a closed loop cannot be overloaded"
                                     : "too few requests, or the warm-up is "
                                       "shorter than two waits");
        return;
    }
    gate->applied = true;
    gate_say(gate,
             gate->value > gate->limit
                 ? "overloaded: %.3g %% of the requests that came did not end "
                   "in the window; a result, not a fault"
                 : "%.3g %% of the requests that came did not end in the "
                   "window: the server keeps up",
             100 * gate->value);
}

static void steady(const struct gate_facts *facts, struct gate *gate)
{
    struct line line;
    uint64_t counted = 0;

    for (int i = 0; i < LOAD_PARTS; i++)
        counted += facts->load->parts[i];
    if (counted < ANSWERS_MIN) {
        gate_skip(gate, "fewer than 20 answers");
        return;
    }
    if (gate_overloaded(facts->plan, facts->trial)) {
        gate_skip(gate, "the server is overloaded, which is a result");
        return;
    }
    if (facts->trial->slices) {
        gate_skip(gate, "the load comes and goes; slices are judged in pairs");
        return;
    }
    fit(facts->load->parts, &line);
    gate_most(gate, fabs(line.slope), 0.05 + 5 * line.error);
    gate_say(gate,
             "the rate of answers %s by %.3g %% over the window, %.3g %% are "
             "within chance%s",
             line.slope < 0 ? "fell" : "rose", 100 * gate->value,
             100 * gate->limit, gate->ok ? "" : "; lengthen the warm-up");
}

/* The counts of Poisson arrivals have a variance equal to their mean. */
static void arrivals(const struct gate_facts *facts, struct gate *gate)
{
    const struct load_result *load = facts->load;
    double mean = 0, variance = 0, k = load->bin_count;

    if (!facts->open || facts->point->arrivals != ARRIVALS_POISSON) {
        gate_skip(gate, "the arrivals are not random");
        return;
    }
    if (load->bin_count < BINS_MIN || load->scheduled < ARRIVALS_MIN) {
        gate_skip(gate, "too short or too few requests to tell");
        return;
    }
    if ((double)load->lag_free.count < 0.99 * (double)load->scheduled) {
        gate_skip(gate, "requests had to wait for a free connection");
        return;
    }
    for (int i = 0; i < load->bin_count; i++)
        mean += load->bins[i] / k;
    for (int i = 0; i < load->bin_count; i++)
        variance += pow(load->bins[i] - mean, 2) / (k - 1);
    gate_most(gate, fabs(variance / mean - 1),
              4 * sqrt((2 + 1 / mean) / k) + 0.05);
    gate_say(gate,
             "requests sent per %s have %.3g times the variance of "
             "random arrivals, 1 +- %.2g allowed",
             digits_ns((double)load->bin_ns).text, variance / mean,
             gate->limit);
}

const struct gate_rule gate_steady_rules[] = {
    {"overload", overload, "never: overload is a result", 0, EFFECT_WITHHELD},
    {"steady", steady, "the rate of answers rose or fell over the window",
     FIGURES_LOADED, EFFECT_WITHHELD},
    {"arrivals", arrivals, "requests were not sent at random, as drawn",
     FIGURE_LATENCY | FIGURE_CPU | FIGURE_MEMORY, EFFECT_WITHHELD},
    {0},
};
