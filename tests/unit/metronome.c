/* SPDX-License-Identifier: MIT
 *
 * The metronome on this machine: it beats on each CPU in every span asked
 * for, costs little, ends with its master; and the machine's counters and the
 * server's place are read back as they are. No speed is judged.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/machine/machine.h"
#include "harness/machine/metronome.h"
#include "harness/trial/inspection.h"

static const int64_t MS = 1000000;

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void test_beats(void **state)
{
    struct metronome_report *report = calloc(1, sizeof *report);
    struct metronome *metronome;
    int64_t start_ns, end_ns;
    cpu_set_t cpus;
    int count;

    (void)state;
    assert_non_null(report);
    assert_int_equal(0, sched_getaffinity(0, sizeof cpus, &cpus));
    count = CPU_COUNT(&cpus);
    assert_int_equal(0, metronome_start(&cpus, &metronome));
    start_ns = now_ns();
    /* Where other work delays a beat, wait for it, 10 s at most. */
    do {
        usleep(500000);
        end_ns = now_ns();
        metronome_read(metronome, start_ns, end_ns, report);
    } while (report->beats < 5 * count && end_ns < start_ns + 10000 * MS);
    assert_int_equal(count, report->cpus);
    assert_in_range(report->beats, 5 * count,
                    ((end_ns - start_ns) / (50 * MS) + 1) * count);
    assert_int_equal(report->beats, report->lateness.count);
    assert_true(report->speed_per_us > 0);
    assert_true(report->cost_ns > 0);
    /* What is to come and what is long past have no beats. */
    metronome_read(metronome, end_ns + 1000 * MS, end_ns + 2000 * MS, report);
    assert_int_equal(0, report->cpus);
    metronome_read(metronome, start_ns - 2000 * MS, start_ns - 1000 * MS,
                   report);
    assert_int_equal(0, report->beats);
    metronome_stop(metronome);
    metronome_stop(NULL);
    assert_int_equal(-1, waitpid(-1, NULL, WNOHANG));
    free(report);
}

static void burn_ms(int64_t ms)
{
    int64_t until_ns = now_ns() + ms * MS;

    while (now_ns() < until_ns)
        ;
}

static void test_machine(void **state)
{
    struct machine_sample first, last;

    (void)state;
    machine_sample(&first);
    burn_ms(200);
    machine_sample(&last);
    assert_true(last.at_ns - first.at_ns >= 200 * MS);
    assert_true(first.cpus >= 1);
    assert_true(last.own_ns > first.own_ns);
    if (first.busy_ns >= 0 && first.busy_grain_ns == 0)
        assert_true(last.busy_ns - first.busy_ns >=
                    (last.own_ns - first.own_ns) * 9 / 10 - 5 * MS);
    for (int i = 0; i < MACHINE_COUNTERS; i++) {
        assert_non_null(machine_counter_name(i));
        assert_true(machine_grown(&first, &last, i) >= -1);
    }
    assert_int_equal(0, machine_grown(&first, &first, MACHINE_OOM_KILLS) +
                            (first.counters[MACHINE_OOM_KILLS] < 0));
    first.at_ns = 0;
    assert_int_equal(-1, machine_grown(&first, &last, MACHINE_OOM_KILLS));
}

/* A child on one CPU: rightly placed there and nowhere else. */
static void test_inspection(void **state)
{
    struct inspection inspection;
    struct meter *meter;
    cpu_set_t all, one, none;
    char note[256];
    pid_t child;

    (void)state;
    assert_int_equal(0, meter_open("inspected", &meter, note, sizeof note));
    assert_int_equal(0, sched_getaffinity(0, sizeof all, &all));
    CPU_ZERO(&one);
    CPU_ZERO(&none);
    for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    child = fork();
    if (child == 0) {
        meter_enter(meter);
        pause();
    }
    assert_true(child > 0);
    sched_setaffinity(child, sizeof one, &one);
    meter_set_root(meter, child);
    for (int i = 0; meter_has_group(meter) && meter_alive(meter) == 0; i++) {
        assert_in_range(i, 0, 1000);
        usleep(5000);
    }
    /* The child enters one hierarchy after the other. */
    for (int i = 0; i < 1000; i++) {
        inspection_make(meter, child, &all, &inspection);
        if (!meter_has_group(meter) || inspection.in_group)
            break;
        usleep(5000);
    }
    assert_true(inspection.done);
    /* The thread sanitizer has a thread of its own. */
    assert_in_range(inspection.tasks, 1, 2);
    assert_int_equal(0, inspection.misplaced);
    assert_int_not_equal(meter_has_group(meter) ? 0 : 1, inspection.in_group);
    inspection_make(meter, child, &none, &inspection);
    assert_int_equal(inspection.tasks, inspection.misplaced);
    /* This very process is in no group of the meter's. */
    inspection_make(meter, getpid(), &all, &inspection);
    assert_int_not_equal(1, inspection.in_group);
    assert_true(inspection_major_faults(meter) >= -1);
    meter_close(meter);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beats),
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_inspection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
