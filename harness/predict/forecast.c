/* SPDX-License-Identifier: MIT */
#include "forecast.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "effort.h"
#include "harness/simulate/wiring.h"
#include "memory.h"

static const double NS_PER_S = 1e9;

/* Of what any number of workers gives. */
static const double WORKERS_WITHIN = 1.05;

/* Workers for each request in flight. */
static const double ENOUGH = 1.25;

/* After so long CPython's lock goes to another thread that waits for it
 * (sys.getswitchinterval). */
static const double TOKEN_NS = 5e6;

/* Numbers of workers are compared on fewer requests, which are the same for
 * each number. */
enum { WORKERS_MOST = 4096, WORKERS_REQUESTS = 20000, WORKERS_SHARE = 5 };

/* What all of them may take, in events for each of these requests; of requests
 * with many calls so many for each call. */
enum { WORKERS_EVENTS = 350, WORKERS_CALL_EVENTS = 150 };

/* Workers that a request holds until it ends; 0: none. */
static int holding_workers(const struct model_constants *model, int workers)
{
    switch (model->discipline) {
    case DISCIPLINE_ALONE:
        return 1;
    case DISCIPLINE_WORKER:
        return workers;
    default:
        return 0;
    }
}

/* Cores that computing requests can use at once. */
static int cores_of(const struct service *p,
                    const struct model_constants *model, int workers)
{
    if (!model->parallel || model->token)
        return 1;
    /* The loop beside its pool. */
    int most = workers > 0 && model->offloads ? workers + 1 : workers;
    return most > 0 && most < p->cores ? most : p->cores;
}

/* Of a core's time, what stalls leave. */
static double awake_share(const struct machine *machine)
{
    return 1 - machine->stall_share;
}

/* CPU of a request in the one thread that every request passes: who hands them
 * out, or the loop beside its pool; 0: there is none. */
static double one_thread_ns(const struct forecast *f, const struct cost *cost)
{
    if (f->model->offloads)
        return cost->total_ns - (f->workers > 0 ? cost->work_ns : 0);
    return cost_dispatch_ns(f->model, cost);
}

/* CPU takes longer than it is, since stalls stretch it. */
static void bind_laws(const struct service *p, const struct machine *machine,
                      struct forecast *f, const struct cost *cost)
{
    const struct model_constants *model = f->model;
    double cpu_ns_per_s = awake_share(machine) * NS_PER_S;
    bool limited = p->memory_bytes > 0;
    /* Clients who are given are there whatever the rate; otherwise each request
     * in flight has its connection. */
    struct crowd before = {.connections = p->connections};
    double each_bytes =
        memory_flight_bytes(p, model) +
        (p->connections > 0
             ? 0
             : constant_of(model, CONSTANT_MEMORY_CONNECTION, 0));
    struct laws laws = laws_of(&(struct laws_input){
        .open = p->rate_per_s > 0,
        .rate_per_s = p->rate_per_s,
        .connections = p->connections,
        .think_s = (p->think_ns + cost_path_ns(p, model)) / NS_PER_S,
        .wait_s = cost_calls_wait_ns(p, model) / NS_PER_S,
        .cpu_s = cost->total_ns / cpu_ns_per_s,
        .cpus = cores_of(p, model, f->workers),
        .thread_s = one_thread_ns(f, cost) / cpu_ns_per_s,
        .holding_workers = holding_workers(model, f->workers),
        .offload_workers = model->offloads ? f->workers : 0,
        .offload_s = cost->work_ns / cpu_ns_per_s,
        .backend_workers = p->backend_workers,
        .backend_s = p->wait_ns / NS_PER_S,
        .flight_bytes = each_bytes,
        .memory_left =
            limited ? p->memory_bytes - memory_of(p, model, f->workers, &before)
                    : INFINITY,
    });

    memcpy(f->law_per_s, laws.per_s, sizeof f->law_per_s);
    f->law = laws.capacity;
    f->capacity_per_s = f->law_per_s[f->law];
    double share = f->law == LAW_CPU || f->law == LAW_THREAD
                       ? cost->half_ns / cost->total_ns
                       : 0;
    f->capacity_lo_per_s = f->capacity_per_s / (1 + share);
    f->capacity_hi_per_s = f->capacity_per_s / fmax(1 - share, 0.01);
}

double forecast_half_share(const struct simulated *figure)
{
    return figure->value > 0 ? (figure->hi - figure->value) / figure->value : 0;
}

static struct draw draw_of(double cv)
{
    return cv > 0 ? (struct draw){SHAPE_LOGNORMAL, cv}
                  : (struct draw){SHAPE_CONSTANT, 0};
}

/* The handler's work lies in equal parts before, between and after the calls,
 * and varies; so do the halves of what a request and a call cost, which do not
 * vary. An offloading model does the work at once, after the calls. */
static struct demand demand_of(const struct service *p,
                               const struct model_constants *model,
                               const struct cost *cost)
{
    int calls = p->wait_ns > 0 ? p->calls : 0;
    double piece_ns =
        p->cpu_after_calls || model->offloads ? 0 : cost->work_ns / (calls + 1);
    double last_ns = cost->work_ns - calls * piece_ns;
    double dispatched_ns = cost->request_ns - cost_dispatch_ns(model, cost);
    double half_ns = cost->request_ns / 2;

    return (struct demand){
        .before_ns = piece_ns,
        .before_fixed_ns = dispatched_ns - half_ns + cost->call_ns / 2,
        .between_ns = piece_ns,
        .between_fixed_ns = cost->call_ns,
        .after_ns = model->offloads ? 0 : last_ns,
        .after_fixed_ns =
            calls > 0 ? half_ns + cost->call_ns / 2 : dispatched_ns,
        .offloaded_ns = model->offloads ? last_ns : 0,
        .compute = draw_of(p->cv_cpu),
        .path_ns = cost_path_ns(p, model),
        .wait_ns = cost_calls_wait_ns(p, model),
        .call_path_ns = cost_calls_wait_ns(p, model) - p->wait_ns,
        .wait = draw_of(p->cv_wait),
        .calls = calls,
    };
}

/* Executors of the model; 0: as many as are asked for. */
static int executors_of(const struct service *p,
                        const struct model_constants *model, int workers)
{
    /* Connections that are given have a thread each, which lives on from one
     * request to the next and keeps its debts to the core. */
    if (model->discipline == DISCIPLINE_THREAD && !model->dispatches)
        return p->connections;
    if (model->offloads)
        return 1;
    if (model->discipline == DISCIPLINE_LOOP && workers < 1)
        return cores_of(p, model, workers);
    return workers;
}

static struct wiring wiring_of(const struct service *p,
                               const struct model_constants *model, int workers,
                               const struct cost *cost)
{
    bool loop = model->discipline == DISCIPLINE_LOOP;
    return (struct wiring){
        .discipline = model->discipline,
        .executors = executors_of(p, model, workers),
        /* A loop takes events in the order in which they come; answers of
         * equal waits to short first pieces come all together, and so before
         * who is new (docs/method/forecasts.md, the convoy). */
        .resumed_first = loop && p->cpu_after_calls,
        .offload_executors = model->offloads ? workers : 0,
        .dispatch_ns = cost_dispatch_ns(model, cost),
        .token = model->token,
        .backend_servers = p->backend_workers,
    };
}

/* Simulates the requests of the log, whatever it takes, instead of such as come
 * by chance. */
static void replay(struct simulation *simulation, const struct request_log *log)
{
    struct arrivals *arrivals = &simulation->arrivals;

    arrivals->kind = ARRIVE_REPLAY;
    arrivals->burst = 1;
    arrivals->log_ns = log->at_ns;
    arrivals->log_count = (size_t)log->count;
    arrivals->log_factors[WIRING_DRAW_WORK] = log->work_factors;
    arrivals->log_factors[WIRING_DRAW_WAIT] = log->wait_factors;
    simulation->warmup = log->warmup;
    simulation->requests = log->count - log->warmup;
    simulation->events_most = simulation->flight_most = 0;
}

/* The capacity without the law of memory: nothing queues for that. */
static double queueing_per_s(const struct forecast *f)
{
    double least = INFINITY;

    for (enum law law = LAW_WORKERS; law < LAW_MEMORY; law++)
        least = fmin(least, f->law_per_s[law]);
    return least;
}

static int simulate_it(const struct service *p, const struct machine *machine,
                       struct forecast *f, const struct cost *cost,
                       const struct precision *precision,
                       struct simulation_result *result, char *why,
                       size_t why_size)
{
    struct demand demand = demand_of(p, f->model, cost);
    struct wiring wiring = wiring_of(p, f->model, f->workers, cost);
    bool closed = p->rate_per_s <= 0;
    const struct request_log *log = precision->log;
    struct simulation simulation = {
        .arrivals = {.kind = closed         ? ARRIVE_CLOSED
                             : p->burst > 1 ? ARRIVE_BURSTS
                                            : ARRIVE_POISSON,
                     .rate_per_s = p->rate_per_s,
                     .burst = p->burst,
                     .connections = closed ? p->connections : 0,
                     .think_ns = p->think_ns,
                     /* As people pause: most for a short time, some for
                      * long. Equal pauses would keep together for ever who
                      * came together. */
                     .think_draw = WIRING_DRAWS},
        .draws = {[WIRING_DRAWS] = {SHAPE_EXPONENTIAL, 0}},
        .cores = p->cores,
        /* Of two busy threads each runs from tick to tick (calibrate/turns.h):
         * what was measured as a quantum is the tick. */
        .order = ORDER_FAIR,
        .slice_ns = simulation_slice_ns(machine->cores),
        .tick_ns = machine->quantum_ns,
        .token_ns = f->model->token ? TOKEN_NS : 0,
        .stall_share = machine->stall_share,
        .stall_ns = machine->stall_ns,
        .seed = precision->seed,
    };
    if (wiring_apply(&simulation, &demand, &wiring) < 0) {
        snprintf(why, why_size, "%s cannot be simulated with %d calls",
                 f->model->name, demand.calls);
        return -EINVAL;
    }
    struct effort effort = effort_apply(
        &simulation, p,
        &(struct effort_load){.capacity_per_s = queueing_per_s(f),
                              .wait_ns = demand.wait_ns + demand.path_ns,
                              .cpu_ns = cost->total_ns},
        precision->requests, precision->budget);
    f->events = effort.events;
    f->beyond = effort.beyond;
    if (log && !closed)
        replay(&simulation, log);
    else if (f->beyond > 1)
        return -E2BIG;
    int status = simulate(&simulation, result, why, why_size);
    f->beyond = status == -E2BIG ? effort_seen(&simulation, result->ended) : 0;
    return status;
}

enum kept forecast_on_memory(const struct service *p, const struct forecast *f)
{
    if (p->memory_bytes <= 0)
        return KEPT_UNASKED;
    if (f->memory_most_bytes > p->memory_bytes)
        return KEPT_NOT;
    return isfinite(f->memory_most_bytes) &&
                   f->model->discipline != DISCIPLINE_UNKNOWN
               ? KEPT
               : KEPT_UNKNOWN;
}

static enum kept on_limit(const struct service *p, const struct forecast *f)
{
    if (p->limit_ns <= 0)
        return KEPT_UNASKED;
    if (p->rate_per_s > 0 && f->load >= FORECAST_OVERLOAD)
        return KEPT_NOT;
    if (!f->simulated)
        return KEPT_UNKNOWN;
    return f->limit_ns.value < p->limit_ns ? KEPT : KEPT_NOT;
}

static struct simulated at_limit(const struct service *p,
                                 const struct simulation_result *r)
{
    if (p->limit_percent == 50)
        return r->p50_ns;
    if (p->limit_percent == 90)
        return r->p90_ns;
    return r->p99_ns;
}

/* The work of the requests of a log, of the mean. */
static double work_of(const struct precision *precision)
{
    const struct request_log *log = precision->log;
    double sum = 0;

    if (!log || log->count == log->warmup)
        return 1;
    for (int64_t i = log->warmup; i < log->count; i++)
        sum += log->work_factors[i];
    return sum / (double)(log->count - log->warmup);
}

/* What a request costs under this load; its parts keep their shares where the
 * whole was measured. */
static struct cost cost_at(const struct service *p,
                           const struct model_constants *model,
                           const struct precision *precision, double cores,
                           double load, double in_flight, double rate_per_s)
{
    struct cost cost = cost_of(p, model, cores, load, in_flight, rate_per_s);

    if (precision->request_cpu_ns > 0)
        cost_scale(&cost, precision->request_cpu_ns /
                              (cost.total_ns +
                               (work_of(precision) - 1) * cost.work_ns));
    return cost;
}

/* A request may cost more at its load than at the capacity (its peers sleep),
 * so that the cores are full at a lower rate than the laws say. */
static void weigh(const struct service *p, const struct machine *machine,
                  struct forecast *f)
{
    double load = f->rate_per_s * f->request_cpu_ns / NS_PER_S /
                  (f->cores * awake_share(machine));

    if (p->rate_per_s <= 0 || load < FORECAST_OVERLOAD || load <= f->load)
        return;
    f->law = LAW_CPU;
    f->load = load;
    f->full_cpu_ns = f->request_cpu_ns;
    f->capacity_per_s = f->law_per_s[LAW_CPU] = f->rate_per_s / load;
    f->capacity_lo_per_s = fmin(f->capacity_lo_per_s, f->capacity_per_s);
    f->capacity_hi_per_s = f->capacity_per_s;
}

/* The simulated queue has no end, though no law says so. */
static void notice_growth(struct forecast *f, double behind_share)
{
    f->grows = true;
    f->capacity_per_s = f->rate_per_s * (1 - behind_share);
    f->capacity_lo_per_s = f->capacity_hi_per_s = f->capacity_per_s;
    f->load = f->rate_per_s / f->capacity_per_s;
}

/* Requests that tell a queue without end from one that is long, at any load
 * below FORECAST_OVERLOAD. */
enum { REQUESTS_SURE = 40000 };

/* Latencies, who is in flight and what memory they hold. Returns 0, -EINVAL
 * with the reason, or -ENOMEM. */
static int look(const struct service *p, const struct machine *machine,
                const struct precision *precision, const struct cost *cost,
                struct forecast *f, char *why, size_t why_size)
{
    const struct model_constants *model = f->model;
    struct precision needed = *precision;
    struct simulation_result result;

    if (p->rate_per_s > 0 && f->load > FORECAST_NEAR_FULL &&
        needed.requests_near_full > needed.requests)
        needed.requests = needed.requests_near_full;
    bool open = p->rate_per_s > 0 && !precision->log;
    int status =
        simulate_it(p, machine, f, cost, &needed, &result, why, why_size);
    if (status == 0 && open && result.behind_share > 0) {
        /* A busy queue may rise by chance; one without end goes on, and with
         * other requests too. */
        needed.seed++;
        needed.requests = result.measured * 4 > REQUESTS_SURE
                              ? result.measured * 4
                              : REQUESTS_SURE;
        status =
            simulate_it(p, machine, f, cost, &needed, &result, why, why_size);
    }
    if (status < 0)
        return status;
    if (open && result.behind_share > 0) {
        notice_growth(f, result.behind_share);
        return 0;
    }
    f->simulated = true;
    f->mean_ns = result.mean_ns;
    f->p50_ns = result.p50_ns;
    f->p90_ns = result.p90_ns;
    f->p99_ns = result.p99_ns;
    f->limit_ns = at_limit(p, &result);
    f->busy = result.busy;
    f->in_flight = result.in_flight;
    struct crowd crowd = memory_crowd(p, model, cost, &result, false);
    f->memory_bytes = memory_of(p, model, f->workers, &crowd);
    crowd = memory_crowd(p, model, cost, &result, true);
    f->memory_most_bytes =
        fmax(f->memory_bytes, memory_of(p, model, f->workers, &crowd));
    if (p->rate_per_s <= 0)
        f->rate_per_s = result.rate_per_s.value;
    return 0;
}

/* With a fixed number of workers. */
static int make(const struct service *p, const struct machine *machine,
                const struct model_constants *model, int workers,
                const struct precision *precision, struct forecast *f,
                char *why, size_t why_size)
{
    double awake = awake_share(machine);
    int cores = cores_of(p, model, workers);
    struct cost full = cost_full(p, model, cores * awake);

    *f = (struct forecast){.model = model, .workers = workers, .cores = cores};
    bind_laws(p, machine, f, &full);
    f->full_cpu_ns = full.total_ns;
    f->held_ns = cost_calls_wait_ns(p, model) + full.total_ns / awake;
    f->rate_per_s = p->rate_per_s > 0
                        ? p->rate_per_s
                        : fmin(f->law_per_s[LAW_CLIENTS], f->capacity_per_s);
    f->load = f->rate_per_s / f->capacity_per_s;
    double in_flight = p->rate_per_s > 0 ? f->rate_per_s * f->held_ns / NS_PER_S
                                         : p->connections;
    struct cost cost = cost_at(p, model, precision, cores, fmin(f->load, 1),
                               in_flight, f->rate_per_s);
    f->request_cpu_ns = cost.total_ns + (work_of(precision) - 1) * cost.work_ns;
    f->in_flight = in_flight;
    struct crowd crowd = {
        .connections = p->connections > 0 ? p->connections : in_flight,
        .carried = in_flight,
    };
    memory_add_sent(p, model, in_flight, f->rate_per_s, &crowd);
    f->memory_bytes = memory_of(p, model, workers, &crowd);
    f->memory_most_bytes = f->memory_bytes;
    if (!precision->log)
        weigh(p, machine, f);
    int status = 0;
    if (precision->requests > 0 && model->discipline != DISCIPLINE_UNKNOWN &&
        (p->rate_per_s <= 0 || f->load < FORECAST_OVERLOAD))
        status = look(p, machine, precision, &cost, f, why, why_size);
    f->on_memory = forecast_on_memory(p, f);
    f->on_limit = on_limit(p, f);
    return status == -E2BIG ? 0 : status; /* f->beyond says so */
}

struct times {
    double mean_ns, p99_ns; /* INFINITY: they cannot carry the load */
};

/* The next number of workers to try: steps of a quarter, of 1 at least. */
static int next_workers(int workers)
{
    return workers + (workers < 4 ? 1 : workers / 4);
}

/* What the search for a number of workers needs again and again. */
struct pool {
    const struct service *service;
    const struct machine *machine;
    const struct model_constants *model;
    const struct precision *precision;
    struct times best;
    double events, events_most; /* of all simulations */
    int made, planned;
    double beyond; /* above 0: so many times too much */
};

static struct times times_with(struct pool *pool, int workers)
{
    struct forecast f;
    char why[256];

    if (pool->beyond > 0)
        return (struct times){INFINITY, INFINITY};
    int status = make(pool->service, pool->machine, pool->model, workers,
                      pool->precision, &f, why, sizeof why);
    if (status == 0)
        pool->beyond = f.beyond;
    if (status == 0)
        pool->events += f.events;
    pool->made++;
    if (pool->events > pool->events_most)
        pool->beyond = pool->events / pool->events_most *
                       fmax(1, (double)pool->planned / pool->made);
    if (status < 0 || !f.simulated)
        return (struct times){INFINITY, INFINITY};
    return (struct times){f.mean_ns.value, f.p99_ns.value};
}

static bool near_best(const struct pool *pool, const struct times *times)
{
    return times->p99_ns <= WORKERS_WITHIN * pool->best.p99_ns &&
           times->mean_ns <= WORKERS_WITHIN * pool->best.mean_ns;
}

/* The least number that is near the best, above `low` and up to `high`, which
 * is. */
static int least_workers(struct pool *pool, int low, int high)
{
    while (low + 1 < high) {
        int middle = low + (high - low) / 2;
        struct times times = times_with(pool, middle);
        if (near_best(pool, &times))
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* Fewer workers queue; more of them share the cores, which may be as bad for
 * the slowest. So the best p99 lies somewhere between `least` and `most`; among
 * those near that, the mean decides, which a p99 made of long waits alone does
 * not show. Returns 0 where no number carries the load. */
static int search_workers(struct pool *pool, int least, int most)
{
    enum { TRIED_MAX = 64 };
    int tried[TRIED_MAX], count = 0;
    struct times times[TRIED_MAX];

    pool->best = (struct times){INFINITY, INFINITY};
    for (int workers = least; workers <= most; workers = next_workers(workers))
        pool->planned++;
    for (int workers = least; workers <= most && count < TRIED_MAX;
         workers = next_workers(workers)) {
        tried[count] = workers;
        times[count] = times_with(pool, workers);
        pool->best.p99_ns = fmin(pool->best.p99_ns, times[count++].p99_ns);
    }
    for (int i = 0; i < count; i++)
        if (times[i].p99_ns <= WORKERS_WITHIN * pool->best.p99_ns)
            pool->best.mean_ns = fmin(pool->best.mean_ns, times[i].mean_ns);
    for (int i = 0; i < count && isfinite(pool->best.p99_ns); i++)
        if (near_best(pool, &times[i]))
            return i == 0 ? tried[0]
                          : least_workers(pool, tried[i - 1], tried[i]);
    return 0;
}

/* Requests of clients that are in flight beside those that queue. Half as many
 * workers answer half as many of them. */
static double answered_flight(const struct service *p, double held_s,
                              double cpu_per_ns)
{
    double rate_per_s = fmin(p->connections / (held_s + p->think_ns / NS_PER_S),
                             cpu_per_ns * NS_PER_S);

    if (p->backend_workers > 0 && p->wait_ns > 0)
        rate_per_s =
            fmin(rate_per_s, p->backend_workers / p->wait_ns * NS_PER_S);
    return rate_per_s * held_s;
}

int forecast_workers(const struct service *p, const struct machine *machine,
                     const struct model_constants *model,
                     const struct precision *whole, double *beyond)
{
    struct precision quick = *whole, *precision = &quick;

    if (beyond)
        *beyond = 0;
    quick.requests = (int64_t)fmin(
        quick.requests, fmax(WORKERS_REQUESTS, quick.requests / WORKERS_SHARE));
    quick.requests_near_full = 0;
    if (quick.budget < whole->requests)
        quick.budget = whole->requests;
    if (!model->has_workers)
        return model->workers;
    if (model->discipline == DISCIPLINE_LOOP)
        return p->cores;
    double awake = awake_share(machine);
    struct cost full = cost_full(p, model, cores_of(p, model, 0) * awake);
    double held_s =
        (cost_calls_wait_ns(p, model) + full.total_ns / awake) / NS_PER_S;
    double answered = answered_flight(
        p, held_s, cores_of(p, model, 0) * awake / full.total_ns);
    double in_flight = p->rate_per_s > 0 ? p->rate_per_s * held_s
                       : p->think_ns > 0 ? answered
                                         : p->connections;
    double laws = in_flight;
    if (p->rate_per_s > 0 || p->think_ns > 0)
        laws += 2 * sqrt(in_flight);
    if (precision->requests == 0)
        in_flight = laws;
    int most = (int)fmin(WORKERS_MOST, 4 * in_flight + 8 + p->cores);
    /* With fewer than what is held at a time the queue grows without end. */
    int least = p->rate_per_s > 0 ? (int)fmin(most, ceil(in_flight))
                                  : (int)fmin(most, answered / 2);
    struct pool pool = {
        .service = p,
        .machine = machine,
        .model = model,
        .precision = precision,
        .events_most = fmax((double)precision->requests, WORKERS_REQUESTS) *
                       fmax(WORKERS_EVENTS, p->calls * WORKERS_CALL_EVENTS),
    };
    int workers = search_workers(&pool, least > 0 ? least : 1, most);
    if (beyond)
        *beyond = pool.beyond;
    if (pool.beyond > 0)
        return (int)ceil(fmin(WORKERS_MOST, fmax(p->cores, laws)));
    /* None does, or none was tried: so many that not they are what is full. */
    double enough = precision->requests > 0 ? ENOUGH * in_flight : in_flight;
    if (workers <= 0)
        workers = (int)ceil(fmin(WORKERS_MOST, fmax(p->cores, enough)));
    /* More workers than connections have nothing to do. */
    return p->rate_per_s > 0 && p->connections > 0 && workers > p->connections
               ? p->connections
               : workers;
}

/* Figures may be off by this factor with few requests. */
static const double CLOSE = 1.25;

static bool is_close(const struct service *p, const struct forecast *f)
{
    double apart = f->limit_ns.value / p->limit_ns;

    return p->limit_ns > 0 && apart < CLOSE && apart > 1 / CLOSE;
}

/* The precision with which to look again; without requests where there is no
 * need. */
static struct precision surer_of(const struct service *p,
                                 const struct forecast *f,
                                 const struct precision *precision)
{
    struct precision surer = *precision;
    bool full = p->rate_per_s > 0 && f->load > FORECAST_NEAR_FULL;

    surer.requests = FORECAST_REQUESTS;
    surer.budget = 0;
    surer.requests_near_full = FORECAST_REQUESTS_NEAR_FULL;
    if (!f->simulated || precision->requests >= FORECAST_REQUESTS ||
        !(full || is_close(p, f)))
        surer.requests = 0;
    return surer;
}

int forecast_make(const struct service *p, const struct machine *machine,
                  const struct model_constants *model, int workers,
                  const struct precision *precision, struct forecast *f,
                  char *why, size_t why_size)
{
    struct precision wanted = *precision;
    double beyond = 0;

    if (!model->has_workers)
        workers = model->workers;
    else if (workers == 0)
        workers = forecast_workers(p, machine, model, precision, &beyond);
    if (beyond > 0)
        wanted.requests = 0;
    int status = make(p, machine, model, workers, &wanted, f, why, why_size);
    if (status == 0 && beyond > 0)
        f->beyond = beyond;
    return status;
}

int forecast_surely(const struct service *p, const struct machine *machine,
                    const struct model_constants *model, int workers,
                    const struct precision *precision, struct forecast *f,
                    char *why, size_t why_size)
{
    int status =
        forecast_make(p, machine, model, workers, precision, f, why, why_size);

    if (status < 0)
        return status;
    struct precision surer = surer_of(p, f, precision);
    return surer.requests == 0 ? 0
                               : forecast_make(p, machine, model, f->workers,
                                               &surer, f, why, why_size);
}
