/* SPDX-License-Identifier: MIT
 *
 * One sleeper on each side wakes every 4 ms: often enough to see stalls that
 * hit one request in a hundred, rarely enough to cost nothing. A late wake-up
 * hides others that were due meanwhile. Those are recorded too, so that a stall
 * counts by its length and not just once.
 */
#include "stalls.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "harness/base/child.h"
#include "models/runtime/base/clock.h"

static const int64_t STEP_NS = 4000000;

/* A wake-up later than this percentile counts as a stall. */
static const double TAIL = 90;
/* An answer needs four wake-ups: to send the request, to read it, to end its
 * delay, and to read the answer. */
enum { WAKE_UPS = 4 };

static _Noreturn void sleeper(const cpu_set_t *cpus, struct histogram *late,
                              pid_t parent)
{
    int64_t at_ns = clock_now_ns();

    child_dies_with(parent);
    prctl(PR_SET_TIMERSLACK, 1UL);
    sched_setaffinity(0, sizeof *cpus, cpus);
    for (;;) {
        at_ns += STEP_NS;
        clock_sleep_until(at_ns);
        int64_t now_ns = clock_now_ns();
        histogram_record(late, now_ns - at_ns);
        for (; now_ns - at_ns > STEP_NS; at_ns += STEP_NS)
            histogram_record(late, now_ns - at_ns - STEP_NS);
    }
}

int stalls_start(const struct cpu_split *cpus, struct stalls *stalls)
{
    pid_t parent = getpid();

    *stalls = (struct stalls){
        .late = child_share(STALLS_SIDES * sizeof *stalls->late)};
    if (!stalls->late)
        return -ENOMEM;
    for (int i = 0; i < STALLS_SIDES; i++)
        histogram_reset(&stalls->late[i]);
    for (int i = 0; i < STALLS_SIDES; i++) {
        pid_t pid = fork();

        if (pid == 0)
            sleeper(i == 0 ? &cpus->server : &cpus->clients, &stalls->late[i],
                    parent);
        if (pid < 0) {
            stalls_free(stalls);
            return -EAGAIN;
        }
        stalls->pids[i] = pid;
    }
    return 0;
}

void stalls_stop(struct stalls *stalls)
{
    for (int i = 0; i < STALLS_SIDES; i++) {
        if (stalls->pids[i] > 0)
            child_end(stalls->pids[i]);
        stalls->pids[i] = 0;
    }
}

void stalls_free(struct stalls *stalls)
{
    stalls_stop(stalls);
    if (stalls->late)
        munmap(stalls->late, STALLS_SIDES * sizeof *stalls->late);
    stalls->late = NULL;
}

void stalls_note(const struct stalls *stalls, struct outcome *outcome)
{
    for (int i = 0; i < STALLS_SIDES; i++) {
        const struct histogram *late = &stalls->late[i];
        int64_t p99_ns = histogram_percentile_ns(late, 99);

        if (outcome->stalls_p99_ns < p99_ns)
            outcome->stalls_p99_ns = p99_ns;
        if (outcome->stalls_max_ns < late->max_ns)
            outcome->stalls_max_ns = late->max_ns;
    }
}

/* Returns the percentile of single wake-ups that decides a percentile of
 * answers. */
static double of_wake_up(double percentile, uint64_t count)
{
    double over = (100 - percentile) / 100;
    double chance = 3.1 * sqrt(over * (1 - over) / (double)(count ? count : 1));

    if (percentile < TAIL)
        return percentile;
    return 100 - 100 * fmax(over - chance, 0) / WAKE_UPS;
}

double stalls_allow_ns(const struct stalls *stalls, double percentile,
                       uint64_t count)
{
    double sum_ns = 0;

    for (int i = 0; i < STALLS_SIDES; i++) {
        const struct histogram *late = &stalls->late[i];
        double mean_ns = histogram_mean_ns(late), at_ns = mean_ns;

        /* Rare long stalls shift a median by about their mean. */
        if (percentile >= 0)
            at_ns = (double)histogram_percentile_ns(
                late, of_wake_up(percentile, count));
        sum_ns += at_ns > mean_ns ? at_ns : mean_ns;
    }
    return sum_ns;
}
