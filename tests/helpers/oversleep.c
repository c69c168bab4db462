/* SPDX-License-Identifier: MIT
 *
 * How late this machine ends a plain sleep, right now: sleeps 1 ms again and
 * again with clock_nanosleep until its input ends (60 s at most), then prints
 * {"count":n,"lateness_p50_ns":n,"lateness_p99_ns":n}. The yardstick that a
 * test of the runtime's sleeps holds them to. With the argument `process` each
 * sleep is a new process's, which a busy scheduler treats otherwise than one
 * that has slept before.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

static int64_t sleep_once(void)
{
    int64_t due_ns = now_ns() + MS;
    struct timespec due = {due_ns / 1000000000, due_ns % 1000000000};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    return now_ns() - due_ns;
}

static int64_t sleep_in_process(int64_t *shared)
{
    pid_t pid = fork();

    if (pid == 0) {
        *shared = sleep_once();
        _exit(0);
    }
    while (pid > 0 && waitpid(pid, NULL, 0) < 0)
        ;
    return pid > 0 ? *shared : 0;
}

int main(int argc, char **argv)
{
    static int64_t lateness_ns[SLEEPS_MAX];
    struct pollfd input = {.fd = 0, .events = POLLIN};
    bool fresh = argc > 1 && !strcmp(argv[1], "process");
    int64_t *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int count = 0;

    if (shared == MAP_FAILED)
        return 1;
    prctl(PR_SET_TIMERSLACK, 1UL); /* as the servers have it */
    do {
        lateness_ns[count++] = fresh ? sleep_in_process(shared) : sleep_once();
    } while (count < SLEEPS_MAX && poll(&input, 1, 0) == 0);
    qsort(lateness_ns, (size_t)count, sizeof lateness_ns[0], compare);
    printf("{\"count\":%d,\"lateness_p50_ns\":%lld,\"lateness_p99_ns\":%lld}\n",
           count, (long long)lateness_ns[count / 2],
           (long long)lateness_ns[(int64_t)count * 99 / 100]);
    return 0;
}
