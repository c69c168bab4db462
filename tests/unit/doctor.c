/* SPDX-License-Identifier: MIT
 *
 * The doctor before machines made for it: a good one, and one that is spoilt
 * in one way at a time. Also that the environment of the machine at hand is
 * captured whole, and that the noise measured there is possible.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/machine/process_times.h"
#include "harness/run/environment.h"
#include "harness/verbs/doctor.h"

static const char good_machine[] =
    "{\"variant\": \"release\", \"tool_version\": \"v0\", \"cpus\": 4,"
    "\"cpus_usable\": 4, \"governor\": \"performance\", \"no_turbo\": 1,"
    "\"boost\": null, \"clocksource\": \"tsc\","
    "\"memory_available_bytes\": 8589934592, \"swap_total_bytes\": 0,"
    "\"swap_free_bytes\": 0, \"load_average\": [0.1, 0.1, 0.1],"
    "\"hypervisor\": \"none\","
    "\"rlimits\": {\"nofile\": {\"soft\": 1024, \"hard\": 20000}},"
    "\"port_range\": \"32768 60999\", \"tcp_tw_reuse\": 2, \"somaxconn\": 4096,"
    "\"threads_max\": 100000, \"pid_max\": 32768, \"max_map_count\": 65530,"
    "\"thp\": \"madvise\", \"cgroup\": [{\"version\": 2, \"mount\": \"/x\","
    "\"options\": \"rw\", \"writable\": true}],"
    "\"tools\": {\"gnuplot\": \"5.4\", \"python\": \"3.11\"}}";

static const struct noise quiet = {.foreign_share = 0.01,
                                   .steal_share = 0,
                                   .lateness_p50_ns = 14000,
                                   .lateness_p99_ns = 70000,
                                   .lateness_max_ns = 90000};

/* The finding of that name about the good machine with `change` (a JSON
 * object) laid over it, and that noise. */
static struct finding judge(const char *name, const char *change,
                            struct noise noise)
{
    struct finding findings[FINDINGS_MAX];
    json_t *machine = json_loads(good_machine, 0, NULL);
    json_t *over = json_loads(change, 0, NULL);
    struct machine_facts facts = {machine, noise};
    int count;

    assert_non_null(machine);
    assert_non_null(over);
    json_object_update(machine, over);
    count = doctor_judge(&facts, findings, FINDINGS_MAX);
    json_decref(machine);
    json_decref(over);
    for (int i = 0; i < count; i++)
        if (!strcmp(findings[i].name, name))
            return findings[i];
    fail_msg("there is no finding named %s", name);
    return findings[0];
}

static void a_good_machine_is_healthy(void **state)
{
    struct finding findings[FINDINGS_MAX];
    struct machine_facts facts = {json_loads(good_machine, 0, NULL), quiet};
    int count = doctor_judge(&facts, findings, FINDINGS_MAX);

    (void)state;
    assert_true(count > 15);
    for (int i = 0; i < count; i++) {
        if (!strcmp(findings[i].name, "models"))
            continue; /* beside a test there are none */
        if (findings[i].health != HEALTH_OK)
            fail_msg("%s: %s", findings[i].name, findings[i].fact);
        assert_string_equal(findings[i].remedy, "");
    }
    json_decref((json_t *)facts.environment);
}

static void each_fault_is_found(void **state)
{
    static const struct {
        const char *name, *change;
        enum health health;
    } faults[] = {
        {"build", "{\"variant\": \"asan\"}", HEALTH_WARNING},
        {"CPUs", "{\"cpus_usable\": 1}", HEALTH_WARNING},
        {"CPU quota", "{\"cgroup_cpu_max\": \"50000 100000\"}", HEALTH_WARNING},
        {"CPU quota", "{\"cgroup_cpu_max\": \"max 100000\"}", HEALTH_OK},
        {"CPU quota", "{\"cgroup_cpu_quota_us\": 150000}", HEALTH_WARNING},
        {"CPU quota", "{\"cgroup_cpu_quota_us\": -1}", HEALTH_OK},
        {"governor", "{\"governor\": \"powersave\"}", HEALTH_WARNING},
        {"governor", "{\"governor\": \"not exposed\"}", HEALTH_OK},
        {"turbo", "{\"no_turbo\": 0}", HEALTH_WARNING},
        {"turbo", "{\"no_turbo\": null, \"boost\": 1}", HEALTH_WARNING},
        {"turbo", "{\"no_turbo\": null}", HEALTH_OK},
        {"SMT", "{\"smt\": \"on\"}", HEALTH_WARNING},
        {"SMT", "{\"smt\": \"off\"}", HEALTH_OK},
        {"clocksource", "{\"clocksource\": \"hpet\"}", HEALTH_WARNING},
        {"memory", "{\"memory_available_bytes\": 536870912}", HEALTH_WARNING},
        {"memory", "{\"memory_available_bytes\": 1048576}", HEALTH_BAD},
        {"swap",
         "{\"swap_total_bytes\": 8589934592, \"swap_free_bytes\": 1048576}",
         HEALTH_WARNING},
        {"swap",
         "{\"swap_total_bytes\": 8589934592, \"swap_free_bytes\": 8589934592}",
         HEALTH_OK},
        {"load average", "{\"load_average\": [3.0, 1, 1]}", HEALTH_WARNING},
        {"descriptors", "{\"rlimits\": {\"nofile\": {\"hard\": 1024}}}",
         HEALTH_WARNING},
        {"descriptors", "{\"rlimits\": {\"nofile\": {\"hard\": 20}}}",
         HEALTH_BAD},
        {"descriptors",
         "{\"rlimits\": {\"nofile\": {\"hard\": \"unlimited\"}}}", HEALTH_OK},
        {"local ports", "{\"port_range\": \"50000 51000\"}", HEALTH_WARNING},
        {"tcp_tw_reuse", "{\"tcp_tw_reuse\": 0}", HEALTH_WARNING},
        {"somaxconn", "{\"somaxconn\": 128}", HEALTH_WARNING},
        {"somaxconn", "{\"somaxconn\": null}", HEALTH_OK},
        {"threads-max", "{\"threads_max\": 1000}", HEALTH_WARNING},
        {"max_map_count", "{\"max_map_count\": 1000}", HEALTH_WARNING},
        {"huge pages", "{\"thp\": \"always\"}", HEALTH_WARNING},
        {"control groups", "{\"cgroup\": []}", HEALTH_WARNING},
        {"report tools", "{\"tools\": {\"gnuplot\": \"not found\"}}",
         HEALTH_WARNING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct finding finding = judge(faults[i].name, faults[i].change, quiet);
        if (finding.health != faults[i].health)
            fail_msg("%s is %s", faults[i].change, health_name(finding.health));
        assert_int_equal(finding.health != HEALTH_OK, finding.remedy[0] != 0);
    }
}

/* A tool that is there and cannot be started is not missing. */
static void a_tool_that_cannot_be_asked_is_not_missing(void **state)
{
    struct finding finding =
        judge("report tools",
              "{\"tools\": {\"gnuplot\": \"cannot be asked: Resource "
              "temporarily unavailable\", \"python\": \"3.11\"}}",
              quiet);

    (void)state;
    assert_int_equal(finding.health, HEALTH_WARNING);
    assert_null(strstr(finding.fact, "missing"));
    assert_non_null(strstr(finding.fact, "gnuplot cannot be asked: Resource"));
    assert_non_null(strstr(finding.remedy, "ulimit -u"));
    finding = judge("report tools", "{\"tools\": {\"gnuplot\": \"not found\"}}",
                    quiet);
    assert_string_equal(finding.fact, "missing: gnuplot python");
}

static void variables_are_found(void **state)
{
    struct finding finding =
        judge("environment",
              "{\"variables\": {\"TROIKA_DISABLE_GATE\": \"steal\"}}", quiet);

    (void)state;
    assert_int_equal(finding.health, HEALTH_WARNING);
    assert_non_null(strstr(finding.remedy, "TROIKA_DISABLE_GATE=steal"));
    finding = judge("environment",
                    "{\"variables\": {\"MALLOC_ARENA_MAX\": \"1\"}}", quiet);
    assert_int_equal(finding.health, HEALTH_WARNING);
    assert_string_equal(finding.fact, "MALLOC_ARENA_MAX set");
}

/* Those that use a CPU are named, with what they are; what this process has
 * started is not. */
static void whoever_is_busy_is_named(void **state)
{
    struct process_times times;
    struct process_time most[3];
    int count;

    (void)state;
    process_times_read(&times);
    assert_true(times.count > 0);
    for (clock_t end = clock() + CLOCKS_PER_SEC / 10; clock() < end;)
        ;
    count = process_times_most(&times, most, 3);
    assert_true(count <= 3);
    for (int i = 0; i < count; i++) {
        assert_int_not_equal(most[i].pid, getpid());
        assert_true(most[i].ticks > 0 && most[i].name[0] != '\0');
        if (i > 0)
            assert_true(most[i].ticks <= most[i - 1].ticks);
    }
    process_times_free(&times);
}

static void noise_is_found(void **state)
{
    struct noise noise = quiet;
    struct finding finding;

    (void)state;
    noise.foreign_share = 0.2;
    noise.process_count = 2;
    noise.processes[0] = (struct noise_process){41, 0.17, "clang"};
    noise.processes[1] = (struct noise_process){7, 0.03, "tar"};
    finding = judge("foreign CPU use", "{}", noise);
    assert_int_equal(finding.health, HEALTH_BAD);
    assert_non_null(strstr(finding.remedy, "clang (pid 41, 17 %), tar (pid 7"));
    noise.steal_share = 0.04;
    assert_int_equal(judge("steal", "{}", noise).health, HEALTH_BAD);
    noise.lateness_p99_ns = 3000000;
    assert_int_equal(judge("timers", "{}", noise).health, HEALTH_WARNING);
}

static void this_machine_is_captured(void **state)
{
    static const char *const numbers[] = {"cpus",
                                          "cpus_usable",
                                          "pid_max",
                                          "memory_total_bytes",
                                          "memory_available_bytes",
                                          NULL};
    json_t *environment = environment_capture();
    const char *key;
    json_t *value;

    (void)state;
    assert_non_null(environment);
    json_object_foreach (environment, key, value)
        if (json_is_string(value) && strcmp(key, "cflags") != 0 &&
            strcmp(key, "cmdline") != 0)
            assert_true(json_string_length(value) > 0);
    for (int i = 0; numbers[i]; i++)
        assert_true(
            json_integer_value(json_object_get(environment, numbers[i])) > 0);
    assert_true(json_array_size(json_object_get(environment, "load_average")) ==
                3);
    json_decref(environment);
}

static void measured_noise_is_possible(void **state)
{
    struct noise noise;

    (void)state;
    assert_int_equal(noise_measure(&noise), 0);
    assert_true(noise.foreign_share >= 0 && noise.foreign_share <= 1.05);
    assert_true(noise.steal_share >= 0 && noise.steal_share <= 1);
    assert_true(noise.lateness_p50_ns >= 0);
    assert_true(noise.lateness_p99_ns >= noise.lateness_p50_ns);
    assert_true(noise.lateness_max_ns >= noise.lateness_p99_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_machine_is_healthy),
        cmocka_unit_test(each_fault_is_found),
        cmocka_unit_test(noise_is_found),
        cmocka_unit_test(a_tool_that_cannot_be_asked_is_not_missing),
        cmocka_unit_test(variables_are_found),
        cmocka_unit_test(whoever_is_busy_is_named),
        cmocka_unit_test(this_machine_is_captured),
        cmocka_unit_test(measured_noise_is_possible),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
