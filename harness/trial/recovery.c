/* SPDX-License-Identifier: MIT
 *
 * Probes are sent one at a time, so that they add next to nothing to the
 * server's backlog and build up none of their own. A probe that fails or times
 * out counts as a slow one.
 */
#include "recovery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/server/client.h"
#include "models/runtime/base/clock.h"

/* One quick answer by chance must not end the measurement, and one slow answer
 * by chance must not prolong it much: five in a row take a sixth of a second at
 * 10 ms each. */
enum { LEARN = 21, RECOVERY_ROW = 5 };

static const int64_t PAUSE_NS = 20000000;
static const int64_t LEARN_TIMEOUT_NS = 10000000000;
static const int64_t TIMEOUT_MIN_NS = 1000000; /* 0 would mean none */

static bool stopped(const struct recovery_probe *probe)
{
    return probe->stop && *probe->stop != 0;
}

/* Returns the answer's latency, or a negative errno. */
static int64_t ask(const struct recovery_probe *probe, int *fd, int number,
                   int64_t timeout_ns)
{
    int64_t sent_ns = clock_now_ns();
    int result = client_ask(
        probe->address, fd, &probe->requests[number % probe->request_count],
        timeout_ns > TIMEOUT_MIN_NS ? timeout_ns : TIMEOUT_MIN_NS, probe->stop);

    if (result == 0)
        return clock_now_ns() - sent_ns;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return result;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

int recovery_learn(const struct recovery_probe *probe,
                   struct recovery *recovery)
{
    int64_t took_ns[LEARN] = {0};
    int fd = -1, result = 0;

    for (int i = 0; i < LEARN && result == 0; i++) {
        took_ns[i] = ask(probe, &fd, i, LEARN_TIMEOUT_NS);
        if (took_ns[i] < 0)
            result = (int)took_ns[i];
    }
    if (fd >= 0)
        close(fd);
    qsort(took_ns, LEARN, sizeof took_ns[0], ascending);
    recovery->unloaded_ns = took_ns[LEARN / 2];
    return stopped(probe) ? -EINTR : result;
}

static void pause_until(const struct recovery_probe *probe, int64_t at_ns)
{
    struct timespec at = {.tv_sec = at_ns / 1000000000,
                          .tv_nsec = at_ns % 1000000000};

    while (!stopped(probe) &&
           clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

int recovery_await(const struct recovery_probe *probe, int64_t end_ns,
                   struct recovery *recovery)
{
    int64_t last_ns = end_ns + recovery->limit_ns, since_ns = end_ns, sent_ns;
    int fd = -1, row = 0;

    recovery->probes = 0;
    while (row < RECOVERY_ROW && !stopped(probe) &&
           (sent_ns = clock_now_ns()) < last_ns) {
        int64_t took_ns =
            ask(probe, &fd, recovery->probes++, last_ns - sent_ns);

        if (took_ns < 0 || took_ns > 2 * recovery->unloaded_ns)
            row = 0;
        else if (row++ == 0)
            since_ns = recovery->probes == 1 ? end_ns : sent_ns;
        pause_until(probe, clock_now_ns() + PAUSE_NS);
    }
    if (fd >= 0)
        close(fd);
    recovery->took_ns = row == RECOVERY_ROW ? since_ns - end_ns : -1;
    return stopped(probe) ? -EINTR : 0;
}

static void say(const struct recovery *recovery, char *text, size_t size)
{
    struct digits quick = digits_ns(2 * (double)recovery->unloaded_ns);

    if (recovery->took_ns < 0)
        snprintf(text, size, "not under %s again within %s", quick.text,
                 digits_ns((double)recovery->limit_ns).text);
    else if (recovery->took_ns == 0)
        snprintf(text, size, "under %s from the window's end on", quick.text);
    else
        snprintf(text, size, "under %s again %s after the window's end",
                 quick.text, digits_ns((double)recovery->took_ns).text);
}

json_t *recovery_json(const struct recovery *recovery)
{
    char words[128];

    if (recovery->limit_ns == 0)
        return json_null();
    say(recovery, words, sizeof words);
    return json_pack("{s:o, s:I, s:I, s:i, s:s}", "recovery_ns",
                     json_known(recovery->took_ns), "unloaded_p50_ns",
                     (json_int_t)recovery->unloaded_ns, "limit_ns",
                     (json_int_t)recovery->limit_ns, "probes", recovery->probes,
                     "words", words);
}
