/* SPDX-License-Identifier: MIT
 *
 * A test's process leaves its outcome in memory shared with the runner. All
 * processes that a test starts die with it. The JSON follows
 * results/schema/selftest.schema.json.
 */
#include "selftest.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/child.h"
#include "harness/base/json.h"
#include "harness/base/version.h"
#include "harness/load/load.h"
#include "harness/machine/machine.h"

enum { TOGETHER_MAX = 6, ATTEMPTS_MAX = 3 };

static const int64_t LIMIT_NS = 60000000000;
static const int64_t LOOK_NS = 5000000;

/* A quiet machine stays well below both limits. The gate foreign_cpu fails
 * above 5 %. */
static const int64_t STALLS_MAX_NS = 500000;
static const double FOREIGN_MAX = 0.03;

/* A running test. */
struct job {
    struct selftest_result *result;
    pid_t pid; /* 0: the place is free */
    int64_t started_ns;
};

static int launch(struct job *job, struct selftest_result *result)
{
    pid_t parent = getpid();

    memset(result->outcome, 0, sizeof *result->outcome);
    result->attempts++;
    *job = (struct job){.result = result, .started_ns = clock_now_ns()};
    job->pid = fork();
    if (job->pid == 0) {
        child_dies_with(parent);
        result->test->run(result->outcome);
        result->outcome->finished = true;
        _exit(0);
    }
    if (job->pid > 0)
        return 0;
    job->pid = 0;
    return -EAGAIN;
}

/* Whether the test has ended. A test over its time limit is killed. */
static bool ended(struct job *job)
{
    struct selftest_result *result = job->result;
    int64_t took_ns = clock_now_ns() - job->started_ns;
    pid_t got = waitpid(job->pid, NULL, WNOHANG);

    if (got == 0 && took_ns < LIMIT_NS)
        return false;
    if (got == 0)
        child_end(job->pid);
    if (!result->outcome->finished)
        outcome_words(result->outcome, "the test itself", "comes to an end",
                      got == 0 ? "killed after 60 s" : "died", false);
    result->duration_ns += took_ns;
    result->pass = outcome_pass(result->outcome);
    job->pid = 0;
    return true;
}

static void look_later(void)
{
    struct timespec pause = {.tv_nsec = LOOK_NS};

    nanosleep(&pause, NULL);
}

/* Skips a failed test if the machine stalled or other processes used it, since
 * the failure then says nothing about the instrument. */
static void excuse(struct selftest_result *result)
{
    struct outcome *outcome = result->outcome;

    if (result->pass || !result->test->noisy || !outcome->finished)
        return;
    if (outcome->stalled > 0 && outcome->stalled == outcome_failed(outcome))
        snprintf(outcome->skipped, sizeof outcome->skipped,
                 "cannot tell: the machine's stalls explain %s",
                 digits_ns((double)outcome->stalled_max_ns).text);
    else if (outcome->stalls_p99_ns > STALLS_MAX_NS)
        snprintf(outcome->skipped, sizeof outcome->skipped,
                 "cannot tell: plain sleeps beside it were %s late (p99)",
                 digits_ns((double)outcome->stalls_p99_ns).text);
    else if (result->foreign_share > FOREIGN_MAX)
        snprintf(outcome->skipped, sizeof outcome->skipped,
                 "cannot tell: others used %.0f %% of the CPUs meanwhile",
                 100 * result->foreign_share);
}

static int64_t used_ns(int who)
{
    struct rusage used;

    getrusage(who, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000000) +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * INT64_C(1000);
}

/* CPU time of this process and of all children that it has waited for. */
static int64_t family_ns(void)
{
    return used_ns(RUSAGE_SELF) + used_ns(RUSAGE_CHILDREN);
}

/* The share of all CPUs that other processes and the hypervisor used between
 * two samples; -1: unknown. */
static double others(const struct machine_sample *first,
                     const struct machine_sample *last, int64_t own_ns)
{
    double all = (double)(last->at_ns - first->at_ns) * first->cpus;
    double busy = (double)(last->busy_ns - first->busy_ns - own_ns);

    if (first->busy_ns < 0 || last->busy_ns < 0 || all <= 0)
        return -1;
    busy -= (double)(last->softirq_ns - first->softirq_ns);
    if (first->steal_ns >= 0 && last->steal_ns > first->steal_ns)
        busy += (double)(last->steal_ns - first->steal_ns);
    return busy > 0 ? busy / all : 0;
}

static int run_alone(struct selftest_result *result)
{
    struct machine_sample first, last;
    int64_t before_ns = family_ns();
    struct job job;
    int status;

    machine_sample(&first);
    status = launch(&job, result);
    if (status < 0)
        return status;
    while (!ended(&job))
        look_later();
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ; /* orphans of the test became our children */
    machine_sample(&last);
    result->foreign_share = others(&first, &last, family_ns() - before_ns);
    return 0;
}

static bool again(const struct selftest_result *result)
{
    return !result->pass && !result->outcome->skipped[0] &&
           result->test->noisy && result->attempts < ATTEMPTS_MAX;
}

/* The next chosen test, from *at on, that may run beside others; NULL: none is
 * left. */
static struct selftest_result *next(const bool *chosen,
                                    struct selftest_result *results, int *at)
{
    for (; selftest_tests()[*at].name; (*at)++)
        if (chosen[*at] && !selftest_tests()[*at].alone)
            return &results[(*at)++];
    return NULL;
}

static int run_together(const bool *chosen, struct selftest_result *results,
                        void (*told)(const struct selftest_result *result))
{
    struct job jobs[TOGETHER_MAX] = {0};
    int at = 0, running = 0, status = 0;

    do {
        for (int i = 0; i < TOGETHER_MAX && status == 0; i++) {
            struct selftest_result *result =
                jobs[i].pid == 0 ? next(chosen, results, &at) : NULL;

            if (result)
                status = launch(&jobs[i], result);
        }
        running = 0;
        for (int i = 0; i < TOGETHER_MAX; i++) {
            if (jobs[i].pid == 0)
                continue;
            if (!ended(&jobs[i]))
                running++;
            else if (!again(jobs[i].result))
                told(jobs[i].result);
        }
        look_later();
    } while (running > 0 || (status == 0 && selftest_tests()[at].name));
    return status;
}

int selftest_run(const bool *chosen, struct selftest_result *results,
                 void (*told)(const struct selftest_result *result))
{
    int count = 0, status;
    struct outcome *outcomes;

    while (selftest_tests()[count].name)
        count++;
    outcomes = child_share((size_t)count * sizeof *outcomes);
    if (!outcomes)
        return -ENOMEM;
    for (int i = 0; i < count; i++)
        results[i] = (struct selftest_result){.test = &selftest_tests()[i],
                                              .outcome = &outcomes[i],
                                              .foreign_share = -1};
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    status = run_together(chosen, results, told);
    for (int i = 0; i < count && status == 0; i++) {
        bool first = chosen[i] && selftest_tests()[i].alone;

        if (!first && !(chosen[i] && again(&results[i])))
            continue;
        if (first)
            status = run_alone(&results[i]);
        while (status == 0 && again(&results[i])) {
            status = run_alone(&results[i]);
            excuse(&results[i]);
        }
        told(&results[i]);
    }
    return status;
}

enum { SHOWN = 4 };

static void append(char *text, size_t size, const char *what, const char *word)
{
    size_t used = strlen(text);

    snprintf(text + used, size - used, "%s%s %s", used > 0 ? "; " : "", what,
             word);
}

char *selftest_words(const struct outcome *outcome, bool seen, char *text,
                     size_t size)
{
    bool failed = !outcome_pass(outcome);
    int shown = 0;

    text[0] = '\0';
    for (int i = 0; i < outcome->count && shown < SHOWN; i++) {
        const struct outcome_check *check = &outcome->checks[i];

        if (failed && check->pass)
            continue;
        append(text, size, check->what, seen ? check->seen : check->expected);
        shown++;
    }
    return text;
}

static json_t *checks_json(const struct outcome *outcome)
{
    json_t *list = json_array();

    for (int i = 0; i < outcome->count; i++) {
        const struct outcome_check *check = &outcome->checks[i];

        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "what",
                            json_text(check->what), "expected",
                            json_text(check->expected), "seen",
                            json_text(check->seen), "value",
                            json_finite_if(check->value, check->numeric), "lo",
                            json_finite_if(check->lo, check->numeric), "hi",
                            json_finite_if(check->hi, check->numeric), "pass",
                            check->pass));
    }
    return list;
}

static json_t *test_json(const struct selftest_result *result)
{
    const struct selftest_test *test = result->test;
    const struct outcome *outcome = result->outcome;
    char expected[1024], seen[1024];

    selftest_words(outcome, false, expected, sizeof expected);
    selftest_words(outcome, true, seen, sizeof seen);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:o, s:i, s:I, s:{s:I, s:I}, "
        "s:o, s:o}",
        "name", test->name, "group", test->group, "planted", test->planted,
        "caught_by", test->caught_by, "expected", json_text(expected), "seen",
        json_text(seen), "pass", result->pass, "skipped",
        outcome->skipped[0] ? json_string(outcome->skipped) : json_null(),
        "attempts", result->attempts, "duration_ns",
        (json_int_t)result->duration_ns, "stalls", "p99_ns",
        (json_int_t)outcome->stalls_p99_ns, "max_ns",
        (json_int_t)outcome->stalls_max_ns, "checks", checks_json(outcome),
        "foreign_share",
        json_finite_if(result->foreign_share, result->foreign_share >= 0));
}

json_t *selftest_json(const struct selftest_result *results, int64_t started_at,
                      int64_t ended_at)
{
    int passed = 0, failed = 0, skipped = 0;
    bool whole = true;
    json_t *tests = json_array();

    for (int i = 0; selftest_tests()[i].name; i++) {
        if (results[i].attempts == 0) {
            whole = false;
            continue;
        }
        json_array_append_new(tests, test_json(&results[i]));
        if (results[i].outcome->skipped[0])
            skipped++;
        else if (results[i].pass)
            passed++;
        else
            failed++;
    }
    return json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:b, s:o, s:i, s:i, s:i}",
                     "schema_version", 1, "kind", "selftest", "tool_version",
                     version(), "variant", version_variant(), "started_at",
                     json_time(started_at), "ended_at", json_time(ended_at),
                     "whole", whole, "tests", tests, "passed", passed, "failed",
                     failed, "skipped", skipped);
}
