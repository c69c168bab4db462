/* SPDX-License-Identifier: MIT */
#include "outside.h"

#include <math.h>
#include <stdio.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"

/* Beyond this share of the response time, what was taken off it decides what
 * is left. */
static const double READY_MOST = 0.1;

/* From this share of its processes' time on, the load may be the limit. */
static const double LOAD_FULL = 0.9;

static double known(double value)
{
    return isfinite(value) ? value : 0;
}

/* How long a request holds its place while the rate stands still. */
static double hold_ns(const struct ladder *ladder)
{
    const struct rung *one = &ladder->rungs[0], *top = ladder_top(ladder);

    if (!isfinite(top->cpu_ns))
        return one->response_ns - ladder->path_ns;
    /* A thread that ended took its counts with it: then as with one connection.
     */
    double ready_ns = isfinite(top->ready_ns) ? top->ready_ns : one->ready_ns;
    return fmax(0, one->wait_ns) + top->cpu_ns + known(ready_ns);
}

/* What a turn says of the limit. */
static struct behaviour_turn turn_of(const struct ladder *ladder,
                                     const struct turn *turn)
{
    const struct rung *one = &ladder->rungs[0];
    double ready_ns = isfinite(turn->ready_ns) ? turn->ready_ns : one->ready_ns;
    double hold_turn_ns =
        isfinite(turn->cpu_ns)
            ? fmax(0, one->wait_ns) + turn->cpu_ns + known(ready_ns)
            : hold_ns(ladder);
    /* A load without schedstat may have lacked a CPU wherever others used one.
     */
    double load_cpus = isfinite(turn->load_ready_cpus) ? turn->load_ready_cpus
                                                       : turn->others_cpus;

    if (turn->load_share >= LOAD_FULL)
        load_cpus = 1; /* the load itself may be the limit */
    return (struct behaviour_turn){
        .places = turn->per_s * hold_turn_ns / 1e9,
        .busy_cpus = turn->busy_cpus,
        .wanted_cpus = turn->busy_cpus + known(turn->ready_cpus),
        .hot_cpus = turn->hot_cpus,
        .lost_cpus = known(turn->steal_cpus) + known(load_cpus),
        .others_cpus = turn->others_cpus,
        .free_cpus = turn->free_cpus,
    };
}

void outside_judge(const struct ladder *ladder, struct behaviour *behaviour)
{
    const struct rung *top = ladder_top(ladder);
    const struct rung *last = &ladder->rungs[ladder->count - 1];
    struct behaviour_facts facts = {
        .flat = ladder->flat,
        .per_s = top->per_s,
        .hold_ns = hold_ns(ladder),
        .cpu_ns = top->cpu_ns,
        .cpus = ladder->cpus,
        .in = last->per_s * hold_ns(ladder) / 1e9 / last->connections,
        .turn_count = top->turn_count,
    };

    for (int i = 0; i < top->turn_count; i++)
        facts.turns[i] = turn_of(ladder, &top->turns[i]);
    behaviour_judge(&facts, behaviour);
}

static void add_one(const struct ladder *ladder, struct findings *findings)
{
    const struct rung *one = &ladder->rungs[0];
    char response[FINDINGS_TIME], cpu[FINDINGS_TIME], ready[FINDINGS_TIME];
    char path[FINDINGS_TIME], wait[FINDINGS_TIME];

    findings_time(one->response_ns, response);
    findings_time(known(one->cpu_ns), cpu);
    findings_time(known(one->ready_ns), ready);
    findings_time(ladder->path_ns, path);
    findings_time(one->wait_ns, wait);
    findings_line(findings, "one connection",
                  "%s a request; nobody queues (%llu requests)", response,
                  (unsigned long long)one->ok);
    if (ladder->metered)
        findings_line(findings, "  CPU",
                      "%s: CPU time of the server's processes / requests", cpu);
    if (isfinite(one->ready_ns))
        findings_line(findings, "  ready",
                      "%s: its threads were ready and had no CPU", ready);
    findings_line(findings, "  network", "%s: to open a connection takes that",
                  path);
    if (ladder->metered)
        findings_line(findings, "  wait", "%s - %s - %s - %s = %s", response,
                      cpu, ready, path, wait);
    else
        findings_line(findings, "  wait and CPU", "%s - %s = %s", response,
                      path, wait);
    findings_fact(findings, "response_ns", one->response_ns);
    findings_fact(findings, "path_ns", ladder->path_ns);
    findings_fact(findings, "ready_ns", one->ready_ns);
    findings_fact(findings, "wait_ns", one->wait_ns);
    findings_fact(findings, "cpu_ns", one->cpu_ns);
}

static json_t *turns_json(const struct rung *rung)
{
    json_t *list = json_array();

    for (int i = 0; i < rung->turn_count; i++) {
        const struct turn *t = &rung->turns[i];
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "per_s",
                            json_finite(t->per_s), "busy_cpus",
                            json_finite(t->busy_cpus), "ready_cpus",
                            json_finite(t->ready_cpus), "hot_cpus",
                            json_finite(t->hot_cpus), "load_ready_cpus",
                            json_finite(t->load_ready_cpus), "others_cpus",
                            json_finite(t->others_cpus), "steal_cpus",
                            json_finite(t->steal_cpus), "free_cpus",
                            json_finite(t->free_cpus)));
    }
    return list;
}

static void add_rungs(const struct ladder *ladder, struct findings *findings)
{
    json_t *list = json_array();

    for (int i = 0; i < ladder->count; i++) {
        const struct rung *rung = &ladder->rungs[i];
        char name[64], response[FINDINGS_TIME], cpu[FINDINGS_TIME];
        char metered[128] = "";

        snprintf(name, sizeof name, "%d connection%s", rung->connections,
                 digits_plural(rung->connections));
        if (isfinite(rung->cpu_ns))
            snprintf(metered, sizeof metered,
                     ", CPU %s a request, %.2f CPUs busy",
                     findings_time(rung->cpu_ns, cpu), rung->busy_cpus);
        findings_line(findings, name, "%s, %s a request%s",
                      digits_rate(rung->per_s, 4).text,
                      findings_time(rung->response_ns, response), metered);
        json_t *json = json_pack(
            "{s:i, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "connections",
            rung->connections, "per_s", json_finite(rung->per_s), "response_ns",
            json_finite(rung->response_ns), "cpu_ns", json_finite(rung->cpu_ns),
            "ready_ns", json_finite(rung->ready_ns), "busy_cpus",
            json_finite(rung->busy_cpus), "failed", (json_int_t)rung->failed,
            "turns", turns_json(rung));
        json_array_append_new(list, json);
    }
    json_object_set_new(findings->facts, "rungs", list);
}

static void add_fields(const struct ladder *ladder, struct findings *findings)
{
    const struct rung *one = &ladder->rungs[0], *top = ladder_top(ladder);
    struct service *service = &findings->service;

    service->wait_ns = fmax(0, one->wait_ns);
    if (ladder->metered)
        findings_found(findings, SERVICE_WAIT,
                       "one connection: response - CPU - ready - network");
    else
        findings_found(findings, SERVICE_WAIT,
                       "one connection; CPU time is in it, which cannot be "
                       "told apart");
    if (isfinite(top->cpu_ns)) {
        service->cpu_ns = top->cpu_ns;
        findings_found(findings, SERVICE_CPU,
                       "CPU time / requests at %d connection%s, the server's "
                       "own work included",
                       top->connections, digits_plural(top->connections));
        findings_fact(findings, "cpu_busy_ns", top->cpu_ns);
    } else {
        findings_missing(findings, SERVICE_CPU,
                         "the service was not started here (--command)");
    }
    service->payload_bytes = ladder->answer_bytes;
    findings_found(findings, SERVICE_PAYLOAD,
                   "bytes of an answer with its head");
    findings_missing(findings, SERVICE_RATE,
                     "from outside nobody sees your users: --rate, or a log "
                     "(troika probe --log)");
}

static void add_limit(const struct ladder *ladder,
                      const struct behaviour *behaviour,
                      struct findings *findings)
{
    const struct rung *one = &ladder->rungs[0], *top = ladder_top(ladder);
    const struct rung *last = &ladder->rungs[ladder->count - 1];
    char hold[FINDINGS_TIME], wait[FINDINGS_TIME], cpu[FINDINGS_TIME];
    char ready[FINDINGS_TIME];

    json_object_set_new(findings->facts, "limit",
                        json_string(behaviour_name(behaviour->limit)));
    findings_fact(findings, "top_per_s", top->per_s);
    findings_fact(findings, "hold_ns", behaviour->facts.hold_ns);
    findings_fact(findings, "serial_ns", behaviour->serial_ns);
    findings_fact(findings, "places", behaviour->places);
    if (!ladder->flat)
        return;
    findings_line(findings, "stands still",
                  "at %s: %d connections bring "
                  "%.2f x what %d do",
                  digits_rate(top->per_s, 4).text, last->connections,
                  last->per_s / last[-1].per_s, last[-1].connections);
    findings_time(behaviour->facts.hold_ns, hold);
    if (isfinite(behaviour->places) && isfinite(top->cpu_ns))
        findings_line(
            findings, "places",
            "%s x (%s wait + %s CPU + %s ready) = %.2f at once",
            digits_rate(top->per_s, 4).text,
            findings_time(fmax(0, one->wait_ns), wait),
            findings_time(top->cpu_ns, cpu),
            findings_time(
                known(isfinite(top->ready_ns) ? top->ready_ns : one->ready_ns),
                ready),
            behaviour->places);
    else if (isfinite(behaviour->places))
        findings_line(findings, "places", "%s x %s = %.2f at once",
                      digits_rate(top->per_s, 4).text, hold, behaviour->places);
    else
        findings_line(findings, "CPUs busy then", "%s x %s = %.2f of %d",
                      digits_rate(top->per_s, 4).text,
                      findings_time(top->cpu_ns, cpu), top->busy_cpus,
                      ladder->cpus);
    behaviour_words(behaviour, findings->behaves, sizeof findings->behaves);
}

static void doubt_limit(const struct ladder *ladder,
                        const struct behaviour *behaviour,
                        struct findings *findings)
{
    const struct rung *last = &ladder->rungs[ladder->count - 1];
    char text[FINDINGS_LINE];

    switch (behaviour->limit) {
    case LIMIT_NONE:
        findings_doubt(findings,
                       "the rate still grew with %d connection%s: what limits "
                       "the service is beyond them (--connections)",
                       last->connections, digits_plural(last->connections));
        break;
    case LIMIT_UNKNOWN:
        findings_doubt(findings,
                       "whether places or the CPU limit it: of a service that "
                       "runs already nothing is known of its CPU time; "
                       "--command starts one whose CPU time is metered");
        break;
    case LIMIT_UNDECIDED:
        findings_doubt(findings, "%s. %s",
                       behaviour_doubt(behaviour, text, sizeof text),
                       behaviour_disturbed(behaviour)
                           ? "Repeat the probe when the machine is quiet"
                           : "A URL whose requests compute less, or wait "
                             "longer, tells more");
        break;
    case LIMIT_PLACES:
        findings_doubt(findings,
                       "whether the places are the server's own (workers, a "
                       "lock) or those of what it calls (a pool of "
                       "connections, a backend)");
        break;
    case LIMIT_ONE:
        findings_doubt(findings, "whether one thread computes, or several do "
                                 "one after another under a lock (Python's, or "
                                 "your own)");
        break;
    case LIMIT_CPU:
        if (ladder->cpus == 1)
            findings_doubt(findings,
                           "the service had one CPU: one loop, many threads "
                           "and a pool all keep that busy, and cannot be told "
                           "apart");
        else
            findings_doubt(findings, "how many places there are beyond what "
                                     "the CPUs can do");
        break;
    }
}

static void doubt(const struct ladder *ladder,
                  const struct behaviour *behaviour, struct findings *findings)
{
    const struct rung *one = &ladder->rungs[0], *top = ladder_top(ladder);
    const struct rung *last = &ladder->rungs[ladder->count - 1];
    char time[FINDINGS_TIME], full[FINDINGS_TIME];

    doubt_limit(ladder, behaviour, findings);
    if (ladder->failed)
        findings_doubt(findings,
                       "with %d connection%s %s %% of the requests failed, so "
                       "the ladder ends there; the first: %s",
                       last->connections, digits_plural(last->connections),
                       digits_of(100 * (double)last->failed /
                                     (double)(last->ok + last->failed),
                                 3)
                           .text,
                       last->failure);
    if (ladder->ended[0] != '\0')
        findings_doubt(findings, "more than %d connection%s: %s",
                       last->connections, digits_plural(last->connections),
                       ladder->ended);
    if (!ladder->metered)
        findings_doubt(findings, "how much of the time is CPU time");
    else if (!isfinite(one->ready_ns))
        findings_doubt(findings,
                       "how long its threads were ready without a CPU: they "
                       "end with their requests, or the kernel does not say");
    else if (one->ready_ns > READY_MOST * one->response_ns ||
             (behaviour->limit == LIMIT_PLACES &&
              top->ready_ns > READY_MOST * behaviour->facts.hold_ns))
        findings_doubt(findings,
                       "a request was ready and had no CPU for %s alone, and "
                       "for %s beside others: if other programs run here, "
                       "repeat the probe when the machine is quiet",
                       findings_time(one->ready_ns, time),
                       findings_time(known(top->ready_ns), full));
    findings_doubt(findings,
                   "one URL says nothing of how requests differ: give "
                   "cv_wait and cv_cpu, or probe a log");
}

void outside_findings(const struct ladder *ladder, struct findings *findings)
{
    struct behaviour behaviour;

    outside_judge(ladder, &behaviour);
    add_one(ladder, findings);
    add_rungs(ladder, findings);
    add_fields(ladder, findings);
    add_limit(ladder, &behaviour, findings);
    doubt(ladder, &behaviour, findings);
}
