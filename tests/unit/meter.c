/* SPDX-License-Identifier: MIT
 *
 * The meter against known truth: a burner that touches, starts and burns what
 * it is told to. All checks are of differences between two samples, before
 * and after, so that what the burner itself weighs does not matter. With
 * every source that is had here; without a group the bounds are wider and the
 * source must call itself an estimate.
 */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/machine/meter/cgroup.h"
#include "harness/machine/meter/proc.h"
#include "harness/server/process.h"

static const int64_t mib = 1 << 20;

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

/* CPU time in ns that a burner says was charged: to the daemon, to the rest. */
struct burnt {
    long long own_ns, daemon_ns;
};

/* Lets a burner do its work; samples before and after. */
static struct burnt observe(const char *source, const char *const words[3],
                            struct meter_sample samples[2])
{
    char path[512], why[1024] = "", text[2048];
    const char *build = getenv("TROIKA_BUILD");
    const char *argv[] = {path, words[0], words[1], words[2], NULL};
    struct process_options options = {
        .argv = argv, .meter_name = "truth", .ready_timeout_ns = 60000000000};
    struct process process;
    struct burnt burnt;

    snprintf(path, sizeof path, "%s/tests/helpers/burner",
             build ? build : "build/release");
    setenv("TROIKA_METER", source, 1);
    if (process_start(&options, &process, why, sizeof why))
        fail_msg("%s", why);
    pause_ms(50);
    meter_snapshot(process.meter, &samples[0]);
    kill(process.pid, SIGUSR1);
    for (int i = 0; i < 12000; i++) { /* a minute, on a busy machine */
        process_tail(&process, text, sizeof text);
        if (strstr(text, "done"))
            break;
        pause_ms(5);
    }
    assert_non_null(strstr(text, "done"));
    assert_non_null(strstr(text, "burnt "));
    assert_int_equal(sscanf(strstr(text, "burnt "), "burnt %lld %lld",
                            &burnt.own_ns, &burnt.daemon_ns),
                     2);
    pause_ms(50);
    meter_snapshot(process.meter, &samples[1]);
    process_kill(&process);
    unsetenv("TROIKA_METER");
    return burnt;
}

#define WORDS(...)           ((const char *const[3]){__VA_ARGS__})
#define GREW(samples, field) ((samples)[1].field - (samples)[0].field)

/* What a source has: memory charged to a group, CPU of ended daemons. */
static bool source_has(const char *source, bool *cpu)
{
    struct meter *meter;
    char note[512];

    setenv("TROIKA_METER", source, 1);
    assert_int_equal(meter_open("probe", &meter, note, sizeof note), 0);
    bool memory = meter_source(meter) != METER_PROC;
    *cpu = meter_has_group(meter);
    if (!memory && *source)
        print_message("source %s: %s\n", source, note);
    assert_true(memory || *note);
    meter_close(meter);
    unsetenv("TROIKA_METER");
    return memory;
}

static void assert_near(const char *what, int64_t value, int64_t truth,
                        double share, int64_t slack)
{
    double bound = fmax((double)truth * share, (double)slack);

    print_message("%-14s %12lld of %12lld\n", what, (long long)value,
                  (long long)truth);
    assert_true(fabs((double)(value - truth)) <= bound);
}

/* 3 children x 24 MiB of their own and 32 MiB shared by all four. */
static void check_memory(const char *source)
{
    struct meter_sample samples[2];
    bool cpu, charged = source_has(source, &cpu);
    int64_t user = 3 * 24 * mib + 32 * mib;
    /* A page table page for each 2 MiB that a process touched. */
    int64_t tables = (3 * (24 + 32) + 32) / 2 * 4096;

    observe(source, WORDS("children=3", "touch=24", "shared=32"), samples);
    print_message("memory, source '%s'\n", source);
    assert_near("total", GREW(samples, total_bytes), user + tables, 0.02, mib);
    assert_near("user", GREW(samples, user_bytes), user, 0.02, mib);
    assert_near("pss", GREW(samples, pss_sum_bytes), user, 0.01, mib);
    assert_near("rss", GREW(samples, rss_sum_bytes), user + 3 * 32 * mib, 0.01,
                mib);
    /* Huge pages need no tables, so this is no lower bound. */
    assert_true(GREW(samples, page_table_bytes) <= tables * 2);
    assert_int_equal(samples[1].processes, 4);
    if (!charged) {
        assert_true(samples[1].socket_bytes >= 0);
        /* What is not a share of this machine's kernel is not known. */
        assert_true(samples[1].slab_bytes > 0 ||
                    sysconf(_SC_PAGESIZE) != 4096 || sizeof(void *) != 8);
    }
}

static void check_threads(const char *source)
{
    struct meter_sample samples[2];

    observe(source, WORDS("threads=200"), samples);
    assert_int_equal(GREW(samples, threads), 200);
    assert_int_equal(samples[1].processes, 1);
    assert_near("kernel stacks", GREW(samples, kernel_stack_bytes),
                200 * meter_proc_stack_bytes(), 0.1, 0);
    /* Some may not have gone to sleep yet, where both CPUs are busy. */
    assert_true(samples[1].switches_voluntary >= 100);
    assert_true(GREW(samples, total_bytes) >=
                GREW(samples, kernel_stack_bytes));
}

/* What a dozen forks may cost beyond the burning. */
static const int64_t fork_slack_ns = 12000000;

/* 150 ms of its own, 10 x 15 ms in children that come and go, 150 ms in a
 * daemon; a stall of the machine inside a burn adds to them. */
static void check_cpu(const char *source)
{
    struct meter_sample samples[2];
    bool group;

    source_has(source, &group);
    struct burnt burnt =
        observe(source, WORDS("cpu=150", "short=10,15", "daemon=150"), samples);
    assert_true(burnt.own_ns >= 300000000 && burnt.daemon_ns >= 150000000);
    int64_t user = GREW(samples, cpu_user_ns);
    int64_t all = user + GREW(samples, cpu_system_ns);
    /* Without a group a daemon that has ended is not seen any more, and four
     * counters are rounded down to 10 ms each. */
    if (group)
        assert_near("cpu", all, burnt.own_ns + burnt.daemon_ns, 0.02,
                    fork_slack_ns);
    else
        assert_near("cpu, estimate", all, burnt.own_ns, 0.02, 45000000);
    assert_true(samples[0].cpu_user_ns >= 0 && user <= all);
    /* Two thirds were burnt by what has ended, so switches are unknown. */
    if (group)
        assert_int_equal(samples[1].switches_voluntary, -1);
}

/* 16 MiB on their way: the kernel charges what holds them, which is more. */
static void check_sockets(const char *source)
{
    struct meter_sample samples[2];

    observe(source, WORDS("sockets=16"), samples);
    assert_true(GREW(samples, socket_bytes) >= 16 * mib);
    assert_true(GREW(samples, socket_bytes) <= 64 * mib);
    /* Less what the kernel had taken ahead and has given back since. */
    assert_true(GREW(samples, total_bytes) + mib >=
                GREW(samples, socket_bytes));
}

static void sockets_are_counted(void **state)
{
    bool cpu;

    (void)state;
    check_sockets("proc");
    if (!source_has("", &cpu)) {
        print_message("no memory group here\n");
        skip();
    }
    check_sockets("");
}

static void memory_is_right(void **state)
{
    (void)state;
    check_memory("");
    check_memory("v1");
    check_memory("v2");
    check_memory("proc");
}

static void threads_are_right(void **state)
{
    (void)state;
    check_threads("");
    check_threads("v1");
    check_threads("v2");
    check_threads("proc");
}

static void cpu_is_right(void **state)
{
    (void)state;
    check_cpu("");
    check_cpu("v1");
    check_cpu("v2");
    check_cpu("proc");
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* A machine has memory in v1 or in v2, so each is also read from files as the
 * kernel writes them. */
static void reads_v2_files(void **state)
{
    struct meter_cgroup groups = {.v2_memory = true, .enter_fd = {-1, -1, -1}};
    char *dir = groups.path[METER_GROUP_V2], command[900];
    struct meter_sample sample;
    int64_t kernel;

    (void)state;
    strcpy(dir, "/tmp/troika-meter-XXXXXX");
    assert_non_null(mkdtemp(dir));
    write_file(dir, "memory.current", "10000000\n");
    write_file(dir, "memory.stat",
               "anon 4000000\nfile 3000000\nkernel 2000000\n"
               "kernel_stack 160000\npagetables 40000\nsock 700000\n"
               "shmem 1000000\nfile_mapped 5\nslab_reclaimable 6\n"
               "slab 900000\nanon_thp 7\n");
    write_file(dir, "cpu.stat",
               "usage_usec 30\nuser_usec 20\nsystem_usec 10\n");
    write_file(dir, "cgroup.procs", "7\n0\n9\n");
    write_file(dir, "cgroup.threads", "7\n8\n9\n");
    memset(&sample, 0xff, sizeof sample);
    meter_cgroup_memory(&groups, &sample, &kernel);
    assert_true(meter_cgroup_cpu(&groups, &sample));
    meter_cgroup_count(&groups, &sample.processes, &sample.threads);
    assert_int_equal(sample.total_bytes, 8000000);
    assert_int_equal(sample.user_bytes, 5000000);
    assert_int_equal(sample.kernel_stack_bytes, 160000);
    assert_int_equal(sample.page_table_bytes, 40000);
    assert_int_equal(sample.slab_bytes, 900000);
    assert_int_equal(sample.socket_bytes, 700000);
    assert_int_equal(sample.cpu_user_ns, 20000);
    assert_int_equal(sample.cpu_system_ns, 10000);
    assert_int_equal(sample.threads, 3);
    struct meter_pids pids = {0};
    meter_cgroup_pids(&groups, &pids);
    assert_int_equal(pids.count, 2);
    meter_proc_free(&pids);
    /* A controller that has gone leaves unknowns, not zeroes. */
    write_file(dir, "memory.stat", "anon 4000000\n");
    memset(&sample, 0xff, sizeof sample);
    meter_cgroup_memory(&groups, &sample, &kernel);
    assert_int_equal(sample.total_bytes, -1);
    assert_int_equal(sample.user_bytes, -1);
    assert_int_equal(sample.socket_bytes, -1);
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    assert_int_equal(system(command), 0);
}

/* A group named after a process that is no more goes when the next opens; one
 * of a live process stays. */
static void dead_groups_are_removed(void **state)
{
    struct meter *meter;
    char note[512], paths[4096], dead[1024], live[1024];

    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    assert_int_equal(meter_open("first", &meter, note, sizeof note), 0);
    meter_paths(meter, paths, sizeof paths);
    if (!*paths) {
        meter_close(meter);
        skip();
    }
    *strrchr(strtok(paths, "\n"), '/') = '\0';
    snprintf(dead, sizeof dead, "%.900s/troika-%d-0-dead", paths, pid);
    snprintf(live, sizeof live, "%.900s/troika-%d-99-live", paths, getpid());
    assert_int_equal(mkdir(dead, 0755), 0);
    assert_int_equal(mkdir(live, 0755), 0);
    meter_close(meter);
    assert_int_equal(meter_open("second", &meter, note, sizeof note), 0);
    meter_close(meter);
    assert_int_not_equal(access(dead, F_OK), 0);
    assert_int_equal(rmdir(live), 0);
}

static void unknown_is_minus_one(void **state)
{
    struct meter *meter;
    struct meter_sample sample;
    char note[512], paths[4096];

    (void)state;
    assert_int_equal(meter_open("../odd name/", &meter, note, sizeof note), 0);
    meter_paths(meter, paths, sizeof paths);
    assert_null(strstr(paths, "/.."));
    meter_sample(meter, &sample);
    assert_int_equal(sample.pss_sum_bytes, -1);
    assert_int_equal(sample.rss_sum_bytes, -1);
    assert_int_equal(sample.switches_voluntary, -1);
    assert_int_equal(sample.processes, 0);
    assert_true(sample.at_ns > 0);
    assert_int_equal(meter_kill(meter), 0);
    meter_close(meter);
    meter_close(NULL);
    for (char *save, *path = strtok_r(paths, "\n", &save); path;
         path = strtok_r(NULL, "\n", &save))
        assert_int_not_equal(access(path, F_OK), 0);
}

/* A root that has been waited for leaves its number to anybody: who did not
 * start when it did is not of the tree, and is not killed with it. */
static void a_number_that_is_anothers(void **state)
{
    const char *tag = "TROIKA_TREE=nobody's";
    struct meter_pids pids = {0};
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    while (pid == 0)
        pause();
    uint64_t started = meter_proc_started(pid);
    assert_true(started > 0);
    assert_int_equal(meter_proc_tree(pid, started, tag, &pids), 0);
    assert_int_equal(pids.count, 1);
    assert_int_equal(meter_proc_tree(pid, started - 1, tag, &pids), 0);
    assert_int_equal(pids.count, 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    meter_proc_free(&pids);
}

static int ready_threads(pid_t pid)
{
    struct meter_pids pids = {0};
    struct meter_sums sums;

    assert_int_equal(meter_proc_add(&pids, pid), 0);
    meter_proc_sum(&pids, METER_PROC_THREADS, &sums);
    meter_proc_free(&pids);
    return sums.threads_ready;
}

/* Who looks is running; who was stopped wants no CPU. */
static void who_wants_a_cpu(void **state)
{
    int status;

    (void)state;
    assert_int_equal(ready_threads(getpid()), 1);
    pid_t child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_int_equal(ready_threads(child), 0);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_right),
        cmocka_unit_test(threads_are_right),
        cmocka_unit_test(who_wants_a_cpu),
        cmocka_unit_test(cpu_is_right),
        cmocka_unit_test(sockets_are_counted),
        cmocka_unit_test(reads_v2_files),
        cmocka_unit_test(dead_groups_are_removed),
        cmocka_unit_test(unknown_is_minus_one),
        cmocka_unit_test(a_number_that_is_anothers),
    };

    alarm(180);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
