/* SPDX-License-Identifier: MIT */
#include "ladder.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness/arithmetic/digits.h"
#include "harness/arithmetic/statistics.h"
#include "harness/figures/metric.h"
#include "harness/machine/machine.h"
#include "harness/machine/meter/meter.h"
#include "harness/machine/meter/proc.h"
#include "harness/machine/urgency.h"
#include "harness/run/plan.h"
#include "models/runtime/base/clock.h"

enum {
    TURNS_ALONE = 5,
    TURNS = 3,
    CONNECTS = 9,
    FIRST_REQUESTS = 5,
    WALK_THREADS_MAX = 500,
    CLIMBS = 6, /* rungs of a usual ladder, for the time that it will take */
};

static const double GROWS = 1.1, FAILURES_MOST = 0.01, LIVE_LEAST = 0.95;
static const double TICKS_NS = 2e7;
static const int64_t ALONE_LEAST_NS = 600000000, LEAST_NS = 1000000000;
static const int64_t MOST_NS = INT64_C(5000000000);
static const int64_t FIRST_NS = INT64_C(60000000000);
static const int64_t WARMUP_NS = 200000000;
static const int64_t TIMEOUT_NS = INT64_C(10000000000);

struct climb {
    struct subject *subject;
    const struct ladder_asked *asked;
    struct ladder *ladder;
    double response_ns; /* of the first requests */
    struct load_result *result;
    char *why;
    size_t why_size;
};

/* The readings at an edge of a window. */
struct edge {
    struct machine_sample machine;
    struct meter_sample meter;
    struct meter_sums live; /* of the threads that live during the window */
    struct meter_sums load; /* of the generator's threads */
};

static int stopped(const struct climb *c)
{
    return *c->asked->stop != 0 ? -EINTR : 0;
}

static int sleep_until(const struct climb *c, int64_t at_ns)
{
    struct timespec at = {.tv_sec = at_ns / 1000000000,
                          .tv_nsec = at_ns % 1000000000};

    while (!stopped(c))
        if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == 0)
            return 0;
    return -EINTR;
}

/* The service's processes. Those of a window are there before it opens, since
 * its connections are open. */
static void list_processes(const struct climb *c, struct meter_pids *pids)
{
    const struct process *server = &c->subject->server;

    if (c->ladder->metered)
        meter_proc_tree(server->pid, meter_proc_started(server->pid),
                        meter_tag(server->meter), pids);
}

/* Children of this process that are none of the service's: the generator. */
static void list_generators(const struct meter_pids *service,
                            struct meter_pids *pids)
{
    struct meter_pids all = {0};

    /* No environment has a line without "=". */
    meter_proc_tree(getpid(), meter_proc_started(getpid()), "none", &all);
    for (int i = 0; i < all.count; i++) {
        bool other = true;
        for (int j = 0; j < service->count; j++)
            other &= all.pid[i] != service->pid[j];
        if (other)
            meter_proc_add(pids, all.pid[i]);
    }
    meter_proc_free(&all);
}

static void read_meter(const struct climb *c, const struct meter_pids *pids,
                       const struct meter_pids *generators, struct edge *edge)
{
    edge->live.live_cpu_ns = edge->live.run_wait_ns =
        edge->live.thread_wanted_ns = -1;
    meter_proc_sum(generators, METER_PROC_THREADS, &edge->load);
    if (!c->ladder->metered)
        return;
    meter_sample(c->subject->server.meter, &edge->meter);
    if (edge->meter.threads <= WALK_THREADS_MAX)
        meter_proc_sum(pids, METER_PROC_THREADS, &edge->live);
}

/* The median of connecting times: a round trip of the network, which no server
 * takes part in. */
static double path_of(const union load_address *address)
{
    double times[CONNECTS];
    int count = 0;

    for (int i = 0; i < CONNECTS; i++) {
        struct timeval limit = {.tv_sec = 3};
        int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        int64_t start_ns = clock_now_ns();
        if (connect(fd, &address->any, load_address_size(address)) == 0)
            times[count++] = (double)(clock_now_ns() - start_ns);
        close(fd);
    }
    qsort(times, (size_t)count, sizeof times[0], statistics_ascending);
    return count > 0 ? times[count / 2] : 0;
}

static struct load_spec spec_of(const struct climb *c, int connections)
{
    const struct subject *subject = c->subject;
    double timeout_ns = 20 * c->response_ns;

    return (struct load_spec){
        .address = subject->address,
        .requests = subject->requests,
        .request_count = subject->request_count,
        .mode = LOAD_CLOSED,
        .connections = connections,
        .seed = 1,
        .timeout_ns =
            timeout_ns > (double)TIMEOUT_NS ? (int64_t)timeout_ns : TIMEOUT_NS,
        .cpus = &subject->cpus.clients,
        /* One connection leaves the generator asleep most of the time; more of
         * them could keep it on a CPU that the service wants. */
        .urgent = connections == 1 || subject->cpus.apart,
        .stop = c->asked->stop,
    };
}

/* Tells why a load could not be made. */
static int no_load(const struct climb *c, const struct load *load, int error)
{
    char cause[256], state[256];
    const char *reason = load ? load_reason(load) : NULL;

    if (error == -EINTR)
        return error;
    load_address_cause(error, cause, sizeof cause);
    state[0] = '\0';
    if (c->subject->started)
        process_alive(&c->subject->server, state, sizeof state);
    if (error == -ECHILD)
        snprintf(c->why, c->why_size, "a generator process died");
    else
        snprintf(c->why, c->why_size,
                 "%s: no connection could be opened: %s%s%s", c->subject->name,
                 reason ? reason : cause, state[0] ? "; the service is " : "",
                 state);
    return error;
}

static double growth(int64_t first, int64_t last)
{
    return first >= 0 && last >= first ? (double)(last - first) : NAN;
}

/* What others took of the machine in the window, and what nobody used of the
 * CPUs that the service may use, at least: other programs may have run on other
 * CPUs. */
static void take_others(const struct climb *c, const struct edge *first,
                        const struct edge *last, double span_ns,
                        struct turn *turn)
{
    const struct subject *subject = c->subject;
    double all =
        growth(first->machine.busy_ns, last->machine.busy_ns) / span_ns;
    double own = growth(first->machine.own_ns, last->machine.own_ns) / span_ns;
    double ours = (isfinite(turn->busy_cpus) ? turn->busy_cpus : 0) +
                  turn->load_cpus + (isnan(own) ? 0 : own);

    turn->steal_cpus =
        growth(first->machine.steal_ns, last->machine.steal_ns) / span_ns;
    turn->load_ready_cpus =
        growth(first->load.run_wait_ns, last->load.run_wait_ns) / span_ns;
    if (!isfinite(turn->busy_cpus))
        return; /* then the service is one of the others */
    turn->others_cpus = fmax(0, all - ours);
    turn->free_cpus = subject->cpus.server_count - turn->busy_cpus -
                      turn->others_cpus -
                      (isnan(turn->steal_cpus) ? 0 : turn->steal_cpus) -
                      (subject->cpus.apart ? 0 : ours - turn->busy_cpus);
}

/* The CPU time of the service. */
static void take_cpu(const struct climb *c, const struct edge *first,
                     const struct edge *last, struct turn *turn)
{
    double span_ns = (double)(last->meter.at_ns - first->meter.at_ns);
    double cpu_ns =
        growth(first->meter.cpu_user_ns + first->meter.cpu_system_ns,
               last->meter.cpu_user_ns + last->meter.cpu_system_ns);
    double live_ns = growth(first->live.live_cpu_ns, last->live.live_cpu_ns);
    double ready_ns = growth(first->live.run_wait_ns, last->live.run_wait_ns);
    /* Threads that came or went in the window have taken theirs with them. */
    if (!(live_ns >= LIVE_LEAST * cpu_ns) && !(cpu_ns - live_ns < TICKS_NS))
        ready_ns = NAN;
    else if (!meter_has_group(c->subject->server.meter))
        cpu_ns = live_ns; /* the other one is counted by ticks */
    turn->busy_cpus = cpu_ns / span_ns;
    turn->ready_cpus = ready_ns / span_ns;
    turn->cpu_ns = turn->busy_cpus / turn->per_s * 1e9;
    turn->ready_ns = turn->ready_cpus / turn->per_s * 1e9;
    /* The thread that wanted most of all time so far: if another one wanted
     * more of this window, there is one that wanted at least as much. */
    turn->hot_cpus =
        growth(first->live.thread_wanted_ns, last->live.thread_wanted_ns) /
        span_ns;
}

static void take_facts(const struct climb *c, const struct edge *first,
                       const struct edge *last, struct turn *turn)
{
    const struct load_result *r = c->result;
    double window_ns = (double)(r->window_end_ns - r->window_start_ns);
    double span_ns = (double)(last->machine.at_ns - first->machine.at_ns);

    *turn = (struct turn){
        .processes = c->ladder->metered ? last->meter.processes : -1,
        .threads = c->ladder->metered ? last->meter.threads : -1,
        .per_s = (double)r->completed_in_window / window_ns * 1e9,
        .response_ns = histogram_mean_ns(&r->service),
        .load_cpus = (double)r->cpu_ns / window_ns,
        .load_share = (double)r->cpu_ns / window_ns / fmax(1, r->processes),
        .ok = r->ok,
        .failed = r->wrong + r->http_error + r->io_error + r->timeout,
        .cpu_ns = NAN,
        .ready_ns = NAN,
        .busy_cpus = NAN,
        .ready_cpus = NAN,
        .hot_cpus = NAN,
        .load_ready_cpus = NAN,
        .others_cpus = NAN,
        .steal_cpus = NAN,
        .free_cpus = NAN,
    };
    if (c->ladder->metered && last->meter.at_ns > first->meter.at_ns &&
        r->completed_in_window > 0)
        take_cpu(c, first, last, turn);
    if (span_ns > 0)
        take_others(c, first, last, span_ns, turn);
}

/* Reads both edges of the window that opens at start_ns. */
static int watch(const struct climb *c, int64_t start_ns, int64_t window_ns,
                 struct edge *first, struct edge *last)
{
    struct meter_pids pids = {0};
    struct meter_pids generators = {0};
    list_processes(c, &pids);
    list_generators(&pids, &generators);
    /* On a full machine the reading itself would be late. */
    urgency_give(0, URGENCY_SAMPLER);
    int result = sleep_until(c, start_ns);
    machine_sample(&first->machine);
    read_meter(c, &pids, &generators, first);
    if (result == 0)
        result = sleep_until(c, start_ns + window_ns);
    read_meter(c, &pids, &generators, last);
    machine_sample(&last->machine);
    urgency_drop();
    meter_proc_free(&generators);
    meter_proc_free(&pids);
    return result;
}

/* Carries out a load; *first and *last are NULL for one that is not measured.
 */
static int drive(const struct climb *c, const struct load_spec *spec,
                 struct edge *first, struct edge *last)
{
    struct load *load = NULL;
    char why[512];
    int result = load_start(spec, &load, why, sizeof why);

    if (result < 0) {
        snprintf(c->why, c->why_size, "%s", why);
        return result;
    }
    int64_t start_ns = load_begin(load);
    result = start_ns < 0 ? (int)start_ns : 0;
    if (result == 0 && first)
        result = watch(c, start_ns, spec->window_ns, first, last);
    if (result == 0)
        result = load_wait(load, c->result);
    if (result < 0)
        no_load(c, load, result);
    load_free(load);
    return result;
}

/* Asks a few times, to learn how long a request takes, and warms the service
 * up. */
static int ask_first(struct climb *c)
{
    struct load_spec spec = spec_of(c, 1);

    spec.window_ns = FIRST_NS;
    spec.timeout_ns = FIRST_NS;
    spec.requests_max = FIRST_REQUESTS;
    int result = drive(c, &spec, NULL, NULL);
    if (result < 0)
        return result;
    if (c->result->ok == 0) {
        snprintf(c->why, c->why_size, "%s: no answer was right: %s",
                 c->subject->name,
                 c->result->first_failure[0] ? c->result->first_failure
                                             : "none came within a minute");
        return -EPROTO;
    }
    /* The first request of all may take longer than all others. */
    c->response_ns = (double)histogram_percentile_ns(&c->result->service, 50);
    c->ladder->answer_bytes =
        (double)c->result->bytes_read / (double)c->result->ok;
    return 0;
}

/* The length of a turn's window. */
static int64_t window_of(const struct climb *c, int connections)
{
    int64_t least_ns = connections == 1 ? ALONE_LEAST_NS : LEAST_NS;
    double wanted_ns = 25 * c->response_ns;

    if (c->asked->window_ns > 0)
        return c->asked->window_ns;
    return wanted_ns > (double)MOST_NS    ? MOST_NS
           : wanted_ns > (double)least_ns ? (int64_t)wanted_ns
                                          : least_ns;
}

static void tell(const struct climb *c, const struct rung *rung)
{
    char rate[64], response[64];

    if (!c->asked->quiet)
        fprintf(
            stderr, "%d connection%s: %s, %s a request\n", rung->connections,
            rung->connections > 1 ? "s" : "",
            metric_format("_per_s", rung->per_s, rate, sizeof rate),
            metric_format("_ns", rung->response_ns, response, sizeof response));
}

static int measure(struct climb *c, int connections, struct rung *rung)
{
    int count = connections == 1 ? TURNS_ALONE : TURNS, result = 0;
    struct load_spec spec = spec_of(c, connections);

    *rung = (struct rung){.connections = connections};
    spec.window_ns = window_of(c, connections);
    spec.warmup_ns = 2 * c->response_ns > (double)WARMUP_NS
                         ? (int64_t)(2 * c->response_ns)
                         : WARMUP_NS;
    for (int i = 0; i < count && result == 0; i++) {
        struct edge first = {0}, last = {0};

        memset(c->result, 0, sizeof *c->result);
        result = drive(c, &spec, &first, &last);
        if (result < 0)
            break;
        take_facts(c, &first, &last, &rung->turns[rung->turn_count++]);
        if (rung->failure[0] == '\0')
            snprintf(rung->failure, sizeof rung->failure, "%s",
                     c->result->first_failure);
    }
    if (result == 0)
        rung_settle(rung, c->ladder->path_ns);
    return result;
}

static bool alive(struct climb *c)
{
    char state[1500];

    if (!c->subject->started ||
        process_alive(&c->subject->server, state, sizeof state))
        return true;
    snprintf(c->why, c->why_size, "the service ended under the load: it %s",
             state);
    return false;
}

/* The connections of the rung above that of n. */
static int next_of(const struct climb *c, int n)
{
    int second = c->asked->second;

    if (second == 0)
        return 2 * n;
    return n == 1 && second > 1 ? second : c->asked->most_connections + 1;
}

static int climb_all(struct climb *c)
{
    struct ladder *ladder = c->ladder;
    int most = c->asked->most_connections;

    for (int n = 1; n <= most && ladder->count < LADDER_RUNGS;
         n = next_of(c, n)) {
        struct rung *rung = &ladder->rungs[ladder->count];
        int result = measure(c, n, rung);
        if (result == -EINTR)
            return result;
        if (!alive(c))
            return -ECHILD;
        if (result < 0 && ladder->count > 0) {
            snprintf(ladder->ended, sizeof ladder->ended, "%.400s", c->why);
            return 0;
        }
        if (result < 0)
            return result;
        tell(c, rung);
        if (rung->ok == 0 && n == 1) {
            snprintf(c->why, c->why_size,
                     "%s: no answer came in a turn of %s s: give longer ones "
                     "(--duration)%s%s",
                     c->subject->name,
                     digits_of((double)window_of(c, 1) / 1e9, 3).text,
                     rung->failure[0] ? "; " : "", rung->failure);
            return -EPROTO;
        }
        ladder->count++;
        ladder->failed = (double)rung->failed >
                         FAILURES_MOST * (double)(rung->ok + rung->failed);
        ladder->flat = !ladder->failed && n > 1 &&
                       rung->per_s_most < GROWS * rung[-1].per_s;
        if (ladder->failed || ladder->flat)
            return 0;
    }
    return 0;
}

static void tell_length(const struct climb *c)
{
    double turns_ns = TURNS_ALONE * (double)(window_of(c, 1) + WARMUP_NS) +
                      CLIMBS * TURNS * (double)(window_of(c, 2) + WARMUP_NS);

    char text[32];

    if (!c->asked->quiet)
        fprintf(stderr,
                "one connection, then 2, 4, 8 ... until the rate stands still: "
                "about %s\n",
                plan_duration((int64_t)turns_ns, text, sizeof text));
}

int ladder_climb(struct subject *subject, const struct ladder_asked *asked,
                 struct ladder *ladder, char *why, size_t why_size)
{
    struct climb climb = {.subject = subject,
                          .asked = asked,
                          .ladder = ladder,
                          .result = calloc(1, sizeof *climb.result),
                          .why = why,
                          .why_size = why_size};
    int result = climb.result ? 0 : -ENOMEM;

    *ladder = (struct ladder){.metered = subject->metered,
                              .cpus = subject->cpus.server_count,
                              .apart = subject->cpus.apart};
    if (result < 0)
        snprintf(why, why_size, "out of memory");
    if (result == 0)
        result = ask_first(&climb);
    if (result == 0) {
        ladder->path_ns = path_of(&subject->address);
        tell_length(&climb);
        result = climb_all(&climb);
    }
    if (result < 0 && stopped(&climb) < 0)
        result = -EINTR;
    free(climb.result);
    return result;
}

const struct rung *ladder_top(const struct ladder *ladder)
{
    const struct rung *last = &ladder->rungs[ladder->count - 1];

    if (ladder->count == 0)
        return NULL;
    if (ladder->flat && ladder->count > 2 && last[-1].per_s > last->per_s)
        return last - 1;
    return last;
}
