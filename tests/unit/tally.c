/* SPDX-License-Identifier: MIT
 *
 * The kernel's counters against a child that does a known number of each: what
 * it starts has ended by the time it is counted.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/machine/meter/tally.h"

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

enum { CALLS = 2000, THREADS = 7, PROCESSES = 3 };

/* The thread sanitizer starts one of its own in each process. */
#ifdef __SANITIZE_THREAD__
enum { OWN_THREADS = PROCESSES + 1, OWN_CALLS = 100000 };
#else
enum { OWN_THREADS = 0, OWN_CALLS = 1000 };
#endif

static void *end_at_once(void *arg)
{
    return arg;
}

/* Enters the tree, says so, waits for the word, does its work, says so, and
 * waits for the end. */
static void child(const struct meter *meter, int in, int out)
{
    char byte = 0;

    if (meter_enter(meter) < 0 || write(out, &byte, 1) != 1 ||
        read(in, &byte, 1) != 1)
        _exit(1);
    for (int i = 0; i < CALLS; i++)
        syscall(SYS_getppid);
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, end_at_once, NULL) != 0)
            _exit(1);
        pthread_join(thread, NULL);
    }
    for (int i = 0; i < PROCESSES; i++) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        if (pid < 0 || waitpid(pid, NULL, 0) != pid)
            _exit(1);
    }
    _exit(write(out, &byte, 1) == 1 && read(in, &byte, 1) >= 0 ? 0 : 1);
}

static void test_known_counts(void **state)
{
    int64_t counts[TALLY_KINDS];
    struct meter *meter;
    struct tally *tally;
    char why[160] = "", byte = 0;
    int to[2], from[2], status, result;

    (void)state;
    assert_int_equal(meter_open("tally", &meter, why, sizeof why), 0);
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child(meter, to[0], from[1]);
    assert_int_equal(read(from[0], &byte, 1), 1);
    result = tally_open(meter, &tally, why, sizeof why);
    assert_int_equal(write(to[1], &byte, 1), 1);
    assert_int_equal(read(from[0], &byte, 1), 1);
    if (result == 0)
        tally_read(tally, counts);
    tally_close(tally);
    assert_int_equal(write(to[1], &byte, 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    meter_close(meter);
    for (int i = 0; i < 2; i++) {
        close(to[i]);
        close(from[i]);
    }
    if (result < 0) {
        assert_true(why[0] != '\0');
        print_message("not permitted here: %s\n", why);
        skip();
    }
    /* Its own waits, at least; other work may take the CPU at any time. */
    assert_true(counts[TALLY_SWITCHES] >= 1);
    if (counts[TALLY_THREADS] >= 0)
        assert_in_range(counts[TALLY_THREADS], THREADS, THREADS + OWN_THREADS);
    if (counts[TALLY_PROCESSES] >= 0)
        assert_int_equal(counts[TALLY_PROCESSES], PROCESSES);
    if (counts[TALLY_SYSTEM_CALLS] >= 0)
        assert_in_range(counts[TALLY_SYSTEM_CALLS], CALLS, CALLS + OWN_CALLS);
}

static void test_no_group(void **state)
{
    struct meter *meter;
    struct tally *tally;
    char why[160] = "";

    (void)state;
    setenv("TROIKA_METER", "proc", 1);
    assert_int_equal(meter_open("tally", &meter, why, sizeof why), 0);
    why[0] = '\0';
    if (*meter_group_v2(meter) == '\0') {
        assert_int_equal(tally_open(meter, &tally, why, sizeof why), -ENOENT);
        assert_true(!tally && why[0] != '\0');
    }
    tally_close(NULL);
    meter_close(meter);
    unsetenv("TROIKA_METER");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_counts),
        cmocka_unit_test(test_no_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
