/* SPDX-License-Identifier: MIT */
#include "fit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/json.h"
#include "harness/calibrate/level.h"
#include "harness/figures/metric.h"

enum { BLOCKS_MAX = 64 };

/* A server that is busier hardly sleeps, so that nothing is seen of waking it.
 */
static const double BUSY_MOST = 0.9;

/* Up to this load hardly a request waits for a core: with one every second one
 * waits 0.4 of its CPU time at most, with two every second one finds one
 * free (Erlang's C is 0.5 at 0.64). */
static const double QUIET_MOST = 0.6;

/* Amounts of work that are nearer differ by scatter alone. */
static const double AMOUNTS_APART = 1.5;

static const double NS_PER_S = 1e9;

/* Longer times cannot be told from a CPU that never sleeps. */
static const double DOZE_MOST_NS = 200e3;

/* The load points of harness/experiments/calibrate.ini. */
enum place {
    HELLO,
    MANY,
    BYTES,
    CHURN,
    CALL_1,
    CALL_4,
    SHORT,
    SPIN,
    PART,
    BRISK,
    AWAY,
    HELD,
    READY,
    POOLS_FEW,
    POOLS_MANY,
    LOOPS,
    PLACES,
};

static const char *const places[PLACES] = {
    [HELLO] = "hello", [MANY] = "many",          [BYTES] = "bytes",
    [CHURN] = "churn", [CALL_1] = "call-calls1", [CALL_4] = "call-calls4",
    [SHORT] = "short", [SPIN] = "spin",          [PART] = "part",
    [BRISK] = "brisk", [AWAY] = "away",          [HELD] = "held",
    [READY] = "ready", [POOLS_FEW] = "pools-w8", [POOLS_MANY] = "pools-w64",
    [LOOPS] = "loops",
};

/* By what the cells differ, from the trials themselves. */
struct facts {
    double cpu_ns;                               /* of a request */
    double memory_bytes, idle_bytes, open_bytes; /* in the window; at rest, no
                                connection; all connected, nothing asked */
    double socket_bytes;    /* what was received and is unread, or was sent and
                               is not acknowledged */
    double user_more_bytes; /* of user memory, since all connected */
    double tasks; /* that the requests brought; NAN: they bring none */
    double connections, size_bytes, workers;
    double bare_ns, steps; /* of the work alone */
    double busy;           /* of one core */
    double rate_per_s;
    double response_ns, service_ns; /* medians, from the time that a request
                                       has, and from its sending */
    double wait_ns, calls;          /* to a backend */
};

/* One model in one block: what each place gave; NAN: nothing. */
typedef struct facts block[PLACES];

static struct facts unknown(void)
{
    struct facts facts;
    double *values = (double *)&facts;

    for (size_t i = 0; i < sizeof facts / sizeof *values; i++)
        values[i] = NAN;
    return facts;
}

/* NAN where a gate withholds it. */
static double figure_of(const char *metric, const json_t *trial)
{
    char why[256];
    return metric_of(metric_find(metric), trial, why, sizeof why);
}

/* The median of a trial's response or service times. NAN: it has none. */
static double median_of(const char *times, const json_t *trial)
{
    return metric_percentile(
        json_object_get(json_object_get(trial, "latency"), times), 50);
}

/* Tasks that came with the requests, where one is started for each; a
 * dispatcher may not have come to all of them. NAN: the model does not. */
static double tasks_of(const json_t *trial)
{
    double connections =
        json_figure_in(json_object_get(trial, "cell"), "load", "connections");
    double before =
        json_figure_in(json_object_get(trial, "memory"), "open", "threads");
    double more = json_figure_in(trial, "tasks", "threads") - before;

    return more >= connections / 4 ? fmin(more, connections) : NAN;
}

static struct facts facts_of(const json_t *trial)
{
    const json_t *cell = json_object_get(trial, "cell");
    const json_t *cpu = json_object_get(trial, "cpu");
    const json_t *bare = json_object_get(trial, "bare");
    double window_ns = json_figure_of(trial, "window_ns");

    return (struct facts){
        .cpu_ns = figure_of("cpu_per_request_ns", trial),
        .memory_bytes = figure_of("memory_total_bytes", trial),
        .idle_bytes = json_figure_in(trial, "memory", "idle_total_bytes"),
        .open_bytes = json_figure_in(json_object_get(trial, "memory"), "open",
                                     "total_bytes"),
        .socket_bytes = json_figure_in(trial, "memory", "socket_bytes"),
        .user_more_bytes = json_figure_in(trial, "memory", "user_bytes") -
                           json_figure_in(json_object_get(trial, "memory"),
                                          "open", "user_bytes"),
        .tasks = tasks_of(trial),
        .connections = json_figure_in(cell, "load", "connections"),
        .size_bytes = json_figure_in(cell, "parameters", "size_bytes"),
        .workers = json_figure_of(cell, "workers"),
        .bare_ns = 1e9 * json_figure_of(bare, "processes") /
                   json_figure_of(bare, "per_s"),
        .steps = json_figure_in(cell, "parameters", "steps"),
        .busy = (json_figure_of(cpu, "user_ns") +
                 json_figure_of(cpu, "system_ns")) /
                window_ns,
        .rate_per_s = json_figure_of(trial, "throughput_per_s"),
        .response_ns = median_of("response", trial),
        .service_ns = median_of("service", trial),
        .wait_ns = json_figure_in(cell, "parameters", "delay_ns"),
        .calls = json_figure_in(cell, "parameters", "calls"),
    };
}

/* Whether a load point is a place: by its name; as the place of one model alone
 * (part-node); or as the part load of models that cannot serve as many. */
static bool is_at(const char *load_point, enum place place, const char *model)
{
    const char *names[] = {places[place],
                           place == PART ? "seldom" : places[place]};
    char own[160];

    for (int i = 0; i < 2; i++) {
        snprintf(own, sizeof own, "%s-%s", names[i], model);
        if (!strcmp(load_point, names[i]) || !strcmp(load_point, own))
            return true;
    }
    return false;
}

static void gather(const json_t *trials, const char *model, block *blocks)
{
    const json_t *trial;
    size_t i;

    for (int b = 0; b < BLOCKS_MAX; b++)
        for (int p = 0; p < PLACES; p++)
            blocks[b][p] = unknown();
    json_array_foreach (trials, i, trial) {
        json_int_t b = json_integer_of(trial, "block") - 1;
        if (!json_true_of(trial, "valid") || b < 0 || b >= BLOCKS_MAX ||
            strcmp(json_text_of(json_object_get(trial, "cell"), "model"),
                   model) != 0)
            continue;
        for (int p = 0; p < PLACES; p++)
            if (is_at(json_text_of(trial, "load_point"), p, model))
                blocks[b][p] = facts_of(trial);
    }
}

static double cpu_more(const struct facts *at, enum place more, enum place less)
{
    return at[more].cpu_ns - at[less].cpu_ns;
}

/* The median time that a request waits for a core. One core is an M/D/1 queue,
 * in which P(wait <= t) = (1 - busy) exp(busy t / cpu) up to t = cpu. NAN: the
 * wait would be much of what a request takes. */
static double queue_ns(const struct facts *at, int cores)
{
    double busy = at->busy / cores;

    if (!(busy < QUIET_MOST))
        return NAN;
    return cores > 1 ? 0 : fmax(0, log(0.5 / (1 - busy))) / busy * at->cpu_ns;
}

/* Whether two amounts of work were measured that tell what more of it costs. */
static bool has_two_amounts(const struct facts *at)
{
    return isfinite(at[SHORT].cpu_ns) &&
           at[SPIN].bare_ns > AMOUNTS_APART * at[SHORT].bare_ns;
}

/* What the handler's work costs over that of the work alone, from two amounts
 * of it: what is paid once for each request is in both. From one, where there
 * is no other: then that is taken for work. */
static double work_factor(const struct facts *at)
{
    if (!has_two_amounts(at))
        return cpu_more(at, SPIN, HELLO) / at[SPIN].bare_ns;
    return cpu_more(at, SPIN, SHORT) / (at[SPIN].bare_ns - at[SHORT].bare_ns);
}

/* CPU of waking whoever gets the answer, who falls asleep while a handler
 * works; in hello everybody is awake. Below 0 by scatter: the blocks together
 * are no less (constant_settled). */
static double peer_ns(const struct facts *at)
{
    if (!has_two_amounts(at))
        return NAN;
    return cpu_more(at, SHORT, HELLO) - work_factor(at) * at[SHORT].bare_ns;
}

/* CPU of waking up and of waking who gets the answer, for a request that comes
 * while nothing runs. */
static double wake_ns(const struct facts *at, enum place place)
{
    return at[place].busy < BUSY_MOST
               ? cpu_more(at, place, HELLO) / (1 - at[place].busy)
               : NAN;
}

/* A request that comes a time t after the last one finds the CPU asleep if t is
 * long enough; of requests that come by chance at a rate r, that is a share of
 * exp(-r doze). Two rates tell it. */
static double doze_ns(const struct facts *at)
{
    double few_ns = wake_ns(at, PART), many_ns = wake_ns(at, BRISK);
    double apart_per_s = at[BRISK].rate_per_s - at[PART].rate_per_s;

    if (!isfinite(many_ns) || !(few_ns > 0) || !(apart_per_s > 0))
        return NAN;
    double least_ns = few_ns * exp(-DOZE_MOST_NS / NS_PER_S * apart_per_s);
    double share = fmax(many_ns, least_ns) / few_ns;
    return fmax(0, -log(share) / apart_per_s * NS_PER_S);
}

/* The factor that is missing of the cost of waking in the cell `part`, where
 * some requests find the CPU awake. */
static double doze_factor(const struct facts *at)
{
    double ns = doze_ns(at);

    return isfinite(ns) ? exp(at[PART].rate_per_s * ns / NS_PER_S) : 1;
}

/* Of the cost of waking, the part of the server itself. (Where a compiler
 * learns while it runs, what the work is taken to cost may be far off.) */
static double own_wake_ns(const struct facts *at)
{
    double all_ns = wake_ns(at, PART) * doze_factor(at), peer = peer_ns(at);

    return isfinite(peer) ? all_ns - fmax(0, peer) : all_ns;
}

/* What a request takes beyond its waits, its CPU and its queue. */
static double path_ns(const struct facts *at, int cores)
{
    return at->service_ns - at->cpu_ns - queue_ns(at, cores);
}

/* How late a request is sent, by the sender's waking up. A server with little
 * time to spare makes the sender later, for want of a free connection. */
static double lag_ns(const struct facts *at, int cores)
{
    return at->busy / cores < QUIET_MOST ? at->response_ns - at->service_ns
                                         : NAN;
}

/* A request's own path belongs to its calls where the cell that has none is too
 * busy to tell it. */
static double call_path_ns(const struct facts *at, int cores)
{
    double own_ns = path_ns(&at[PART], cores);

    return (path_ns(&at[AWAY], cores) - at[AWAY].wait_ns -
            (isfinite(own_ns) ? own_ns : 0)) /
           at[AWAY].calls;
}

/* Bytes that grew while the requests of a cell were served, but for its
 * sockets. */
static double grown_bytes(const struct facts *at)
{
    return at->memory_bytes - at->open_bytes - at->socket_bytes;
}

/* A pool whose workers have all served, and 256 requests for them: each worker
 * carries one, and the others wait for their turn. */
static double pool_in_block(const struct facts *at, enum constant_id id)
{
    const struct facts *few = &at[POOLS_FEW], *many = &at[POOLS_MANY];
    double idle_bytes =
        (many->idle_bytes - few->idle_bytes) / (many->workers - few->workers);

    switch (id) {
    case CONSTANT_MEMORY:
        return few->idle_bytes - few->workers * idle_bytes;
    case CONSTANT_MEMORY_CONNECTION:
        return (few->open_bytes - few->idle_bytes + many->open_bytes -
                many->idle_bytes) /
               (few->connections + many->connections);
    case CONSTANT_MEMORY_QUEUED:
        return few->socket_bytes / (few->connections - few->workers);
    case CONSTANT_MEMORY_WORKER:
        return idle_bytes + grown_bytes(many) / many->workers;
    default:
        return NAN;
    }
}

/* Memory that a connection keeps once a request of it was served, with a call:
 * the stack of its task. A task that ends with its request keeps none. */
static double kept_bytes(const struct facts *held)
{
    bool ends = isfinite(held->tasks) || isnan(held->user_more_bytes);
    return ends ? 0 : fmax(0, held->user_more_bytes) / held->connections;
}

/* Memory of the server at rest, of all cells that show it: in any one of them
 * the kernel may have charged some ahead. Sets *workers to those it has. */
static double rest_bytes(const struct facts *at, double *workers)
{
    static const enum place shown[] = {HELD, READY, PART, AWAY};
    double sum = 0;
    int n = 0;

    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (isfinite(at[shown[i]].idle_bytes)) {
            sum += at[shown[i]].idle_bytes;
            *workers = at[shown[i]].workers;
            n++;
        }
    return n > 0 ? sum / n : NAN;
}

/* A loop more, with its process or thread; NAN for one loop alone. */
static double loop_bytes(const struct facts *at)
{
    double workers = NAN, bytes = rest_bytes(at, &workers);

    return (at[LOOPS].idle_bytes - bytes) / (at[LOOPS].workers - workers);
}

/* The server at rest, without its workers. */
static double base_bytes(const struct facts *at)
{
    double workers = NAN, bytes = rest_bytes(at, &workers);
    double each = loop_bytes(at);

    return isfinite(each) ? bytes - workers * each : bytes;
}

/* memory = base + connections + requests in flight + workers, each times its
 * constant. */
static double memory_in_block(const struct facts *at, enum constant_id id)
{
    const struct facts *held = &at[HELD], *ready = &at[READY];
    const struct facts *any = isfinite(held->open_bytes) ? held : ready;
    double tasks = isfinite(held->tasks) ? held->tasks : held->connections;

    if (isfinite(at[POOLS_FEW].memory_bytes))
        return pool_in_block(at, id);
    switch (id) {
    case CONSTANT_MEMORY:
        return base_bytes(at);
    case CONSTANT_MEMORY_WORKER:
        return loop_bytes(at);
    case CONSTANT_MEMORY_CONNECTION:
        return (any->open_bytes - any->idle_bytes) / any->connections +
               (any == held ? kept_bytes(held) : 0);
    case CONSTANT_MEMORY_FLIGHT:
        return (held->memory_bytes - held->open_bytes - held->socket_bytes) /
                   tasks -
               kept_bytes(held);
    case CONSTANT_MEMORY_QUEUED:
        return ready->socket_bytes / ready->connections;
    default:
        return NAN;
    }
}

/* Of the cell `away`, beside what its sockets have without a long answer, and
 * what its requests and connections (or workers) hold. Where a task is started
 * for each request, the others' memory is too unsteady: the sockets alone. */
static double payload_share(const struct facts *at, double sent_bytes)
{
    const struct facts *away = &at[AWAY], *held = &at[HELD];
    double waiting = away->rate_per_s * away->wait_ns / 1e9;
    double answered =
        away->connections - away->rate_per_s * away->response_ns / 1e9;
    double bytes = away->socket_bytes - (answered + waiting) * sent_bytes;

    if (isfinite(at[POOLS_MANY].memory_bytes))
        bytes += grown_bytes(away) - away->workers *
                                         grown_bytes(&at[POOLS_MANY]) /
                                         at[POOLS_MANY].workers;
    else if (!isfinite(held->tasks))
        bytes += grown_bytes(away) - away->connections * kept_bytes(held) -
                 waiting *
                     (grown_bytes(held) / held->connections - kept_bytes(held));
    return answered / away->rate_per_s * 1e9 < ACKNOWLEDGED_NS
               ? bytes / answered / away->size_bytes
               : NAN;
}

/* Of what comes and goes with the rate of requests. */
static double flow_in_block(const struct facts *at, enum constant_id id)
{
    const struct facts *part = &at[PART];
    double sent_bytes = part->socket_bytes / part->connections;

    switch (id) {
    case CONSTANT_MEMORY_SENT:
        return sent_bytes;
    case CONSTANT_MEMORY_PAYLOAD:
        return payload_share(at, sent_bytes);
    case CONSTANT_MEMORY_ENDED:
        return isfinite(at[HELD].tasks) ? grown_bytes(part) / part->rate_per_s
                                        : NAN;
    default:
        return memory_in_block(at, id);
    }
}

/* A constant as one block has it, on so many cores; NAN where a cell is
 * missing. */
static double in_block(const struct facts *at, int cores, enum constant_id id)
{
    switch (id) {
    case CONSTANT_REQUEST:
        return at[HELLO].cpu_ns;
    case CONSTANT_CALL_FIRST:
        return cpu_more(at, CALL_1, HELLO);
    case CONSTANT_CALL:
        return cpu_more(at, CALL_4, CALL_1) / 3;
    case CONSTANT_BYTE:
        return cpu_more(at, BYTES, HELLO) /
               (at[BYTES].size_bytes - at[HELLO].size_bytes);
    case CONSTANT_CONNECTION:
        return cpu_more(at, CHURN, HELLO);
    case CONSTANT_GROWTH:
        return (at[MANY].cpu_ns / at[HELLO].cpu_ns - 1) /
               log2(at[MANY].connections / at[HELLO].connections);
    case CONSTANT_WAKE:
        return own_wake_ns(at);
    case CONSTANT_PEER:
        return peer_ns(at);
    case CONSTANT_DOZE:
        return doze_ns(at);
    case CONSTANT_WORK_FACTOR:
        return work_factor(at);
    case CONSTANT_PATH:
        return path_ns(&at[PART], cores);
    case CONSTANT_LAG:
        return lag_ns(&at[PART], cores);
    case CONSTANT_CALL_PATH:
        return call_path_ns(at, cores);
    default:
        return flow_in_block(at, id);
    }
}

/* The work alone, by all of a model's blocks; 0: not measured. */
static double step_ns(block *blocks)
{
    double sum_ns = 0;
    int n = 0;

    for (int b = 0; b < BLOCKS_MAX; b++) {
        double ns = blocks[b][SPIN].bare_ns / blocks[b][SPIN].steps;
        if (isfinite(ns)) {
            sum_ns += ns;
            n++;
        }
    }
    return n > 0 ? sum_ns / n : 0;
}

static void fit_model(block *blocks, int machine_cores,
                      struct model_constants *model)
{
    int cores = model->parallel && machine_cores > 1 ? machine_cores : 1;

    for (int id = 0; id < CONSTANTS; id++) {
        double values[BLOCKS_MAX];
        int n = 0;
        for (int b = 0; b < BLOCKS_MAX; b++) {
            double value = in_block(blocks[b], cores, id);
            if (isfinite(value))
                values[n++] = value;
        }
        model->of[id] = constant_settled(id, level_of(values, n));
    }
    for (int b = 0; b < BLOCKS_MAX; b++)
        model->dispatches |= isfinite(blocks[b][HELD].tasks);
}

int fit_constants(const json_t *trials, struct machine *machine, char *why,
                  size_t why_size)
{
    static block blocks[BLOCKS_MAX];
    int kept = 0, left = 0;

    snprintf(why, why_size, "no model is asked for");
    for (int i = 0; i < machine->model_count; i++) {
        struct model_constants *model = &machine->models[i];
        gather(trials, model->name, blocks);
        fit_model(blocks, machine->cores, model);
        if (machine->step_ns == 0)
            machine->step_ns = step_ns(blocks);
        if (isfinite(model->of[CONSTANT_REQUEST].value))
            machine->models[kept++] = *model;
        else if (left++ == 0)
            snprintf(why, why_size,
                     "%s has no valid trial of the cell %s (the run says why "
                     "a trial is not valid)",
                     model->name, places[HELLO]);
    }
    machine->model_count = kept;
    return kept > 0 ? 0 : -EINVAL;
}
