/* SPDX-License-Identifier: MIT
 *
 * How late this machine ends a plain sleep, right now: sleeps 1 ms again and
 * again with clock_nanosleep until its input ends (60 s at most), then prints
 * {"count":n,"lateness_p50_ns":n,"lateness_p99_ns":n}. The yardstick that a
 * test of the runtime's sleeps holds them to.
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

enum { SLEEPS_MAX = 60000, MS = 1000000 };

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    static int64_t lateness_ns[SLEEPS_MAX];
    struct pollfd input = {.fd = 0, .events = POLLIN};
    int count = 0;
    prctl(PR_SET_TIMERSLACK, 1UL); /* as the servers have it */
    do {
        int64_t due_ns = now_ns() + MS;
        struct timespec due = {due_ns / 1000000000, due_ns % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        lateness_ns[count++] = now_ns() - due_ns;
    } while (count < SLEEPS_MAX && poll(&input, 1, 0) == 0);
    qsort(lateness_ns, (size_t)count, sizeof lateness_ns[0], compare);
    printf("{\"count\":%d,\"lateness_p50_ns\":%lld,\"lateness_p99_ns\":%lld}\n",
           count, (long long)lateness_ns[count / 2],
           (long long)lateness_ns[(int64_t)count * 99 / 100]);
    return 0;
}
