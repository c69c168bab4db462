/* SPDX-License-Identifier: MIT
 *
 * A small tree of processes in a meter's groups waits for a byte on a pipe,
 * does its work, reports that and stays. The difference between samples before
 * and after is known. The work is where simple methods fail: children touch
 * private pages and a shared segment, which RSS counts several times; and
 * children that end use CPU time, which /proc forgets.
 */
#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/base/child.h"
#include "harness/machine/meter/meter.h"
#include "models/runtime/base/clock.h"

enum { CHILDREN = 3, OWN_MIB = 24, SHARED_MIB = 32, PAGE = 4096 };
enum { OWN_MS = 150, SHORT_COUNT = 10, SHORT_MS = 15 };

static const int64_t MIB = 1 << 20, MS = 1000000;

struct tree {
    struct meter *meter;
    pid_t pid;
    int go, did;
    struct meter_sample before, after;
};

static int64_t cpu_ns(void)
{
    return clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static void burn(int ms)
{
    int64_t end_ns = cpu_ns() + ms * MS;
    volatile uint64_t turns = 0;

    while (cpu_ns() < end_ns)
        for (int i = 0; i < 2000; i++)
            turns++;
}

static void touch(int64_t mib, char *memory)
{
    for (int64_t i = 0; i < mib * MIB; i += PAGE)
        memory[i] = 1;
}

/* Maps small pages, so that exactly the touched pages are charged. */
static char *map(int64_t mib, int flags)
{
    void *memory = mmap(NULL, (size_t)(mib * MIB), PROT_READ | PROT_WRITE,
                        flags | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        _exit(2);
    madvise(memory, (size_t)(mib * MIB), MADV_NOHUGEPAGE);
    return memory;
}

static void wait_word(int fd)
{
    char byte;

    if (read(fd, &byte, 1) != 1)
        _exit(0);
}

static void say_word(int fd)
{
    if (write(fd, "x", 1) != 1)
        _exit(0);
}

/* Runs in the tree's root. The children exist before the first sample. */
static void be_memory(int go, int did)
{
    char *shared = map(SHARED_MIB, MAP_SHARED);

    for (int i = 0; i < CHILDREN; i++) {
        pid_t parent = getpid();

        if (fork() != 0)
            continue;
        child_dies_with(parent);
        wait_word(go);
        touch(OWN_MIB, map(OWN_MIB, MAP_PRIVATE));
        touch(SHARED_MIB, shared);
        say_word(did);
        for (;;)
            pause();
    }
}

static void be_cpu(int go, int did)
{
    wait_word(go);
    burn(OWN_MS);
    for (int i = 0; i < SHORT_COUNT; i++) {
        if (fork() == 0) {
            burn(SHORT_MS);
            _exit(0);
        }
        wait(NULL);
    }
    say_word(did);
}

static int start(struct tree *tree, void (*be)(int go, int did))
{
    int go[2], did[2], result;
    char note[256];
    pid_t parent = getpid();

    *tree = (struct tree){0};
    result = meter_open("selftest", &tree->meter, note, sizeof note);
    if (result < 0)
        return result;
    if (pipe2(go, O_CLOEXEC) < 0 || pipe2(did, O_CLOEXEC) < 0)
        return -errno;
    tree->go = go[1];
    tree->did = did[0];
    tree->pid = fork();
    if (tree->pid == 0) {
        child_dies_with(parent);
        if (meter_enter(tree->meter) < 0)
            _exit(1);
        close(go[1]);
        be(go[0], did[1]);
        for (;;)
            pause();
    }
    close(go[0]);
    close(did[1]);
    if (tree->pid < 0)
        return -EAGAIN;
    meter_set_root(tree->meter, tree->pid);
    return 0;
}

/* Lets the tree do its work between two snapshots; `words` processes take part.
 */
static void observe(struct tree *tree, int words)
{
    char byte;

    clock_sleep_until(clock_now_ns() + 100 * MS);
    meter_snapshot(tree->meter, &tree->before);
    for (int i = 0; i < words; i++)
        if (write(tree->go, "x", 1) != 1)
            return;
    for (int i = 0; i < words; i++)
        if (read(tree->did, &byte, 1) != 1)
            return;
    clock_sleep_until(clock_now_ns() + 50 * MS);
    meter_snapshot(tree->meter, &tree->after);
}

static void end(struct tree *tree)
{
    if (tree->meter)
        meter_close(tree->meter);
    if (tree->pid > 0)
        child_end(tree->pid);
    close(tree->go);
    close(tree->did);
}

/* Whether the tree has a group (with `memory`, one with memory accounting). If
 * not, the test is skipped. */
static bool grouped(const struct tree *tree, bool memory,
                    struct outcome *outcome)
{
    bool has = meter_has_group(tree->meter) &&
               (!memory || meter_source(tree->meter) != METER_PROC);

    if (!has)
        snprintf(outcome->skipped, sizeof outcome->skipped,
                 "no cgroup can be made here, so the figure would be an "
                 "estimate");
    return has;
}

static void near(struct outcome *outcome, const char *what, int64_t seen_bytes,
                 int64_t reference_bytes)
{
    double slack = fmax(0.02 * (double)reference_bytes, (double)MIB);

    outcome_number(outcome, what, (double)seen_bytes / (double)MIB,
                   ((double)reference_bytes - slack) / (double)MIB,
                   ((double)reference_bytes + slack) / (double)MIB);
}

static void test_meter_memory(struct outcome *outcome)
{
    struct tree tree;
    int64_t user = (CHILDREN * OWN_MIB + SHARED_MIB) * MIB;
    int64_t tables = CHILDREN * (OWN_MIB + SHARED_MIB) / 2 * PAGE;
    int result = start(&tree, be_memory);

    if (result < 0) {
        outcome_broken(outcome, "a tree to measure", result);
    } else if (grouped(&tree, true, outcome)) {
        observe(&tree, CHILDREN);
        near(outcome, "total, MiB",
             tree.after.total_bytes - tree.before.total_bytes, user + tables);
        near(outcome, "user pages, MiB",
             tree.after.user_bytes - tree.before.user_bytes, user);
        near(outcome, "PSS, MiB",
             tree.after.pss_sum_bytes - tree.before.pss_sum_bytes, user);
    }
    end(&tree);
}

static void test_meter_cpu(struct outcome *outcome)
{
    struct tree tree;
    double reference_ns = (OWN_MS + SHORT_COUNT * SHORT_MS) * 1e6;
    int result = start(&tree, be_cpu);

    if (result < 0) {
        outcome_broken(outcome, "a tree to measure", result);
    } else if (grouped(&tree, false, outcome)) {
        observe(&tree, 1);
        /* Allows 2 %, a scheduler tick, and the CPU time of the forks. */
        outcome_time(outcome, "CPU",
                     (double)(tree.after.cpu_user_ns - tree.before.cpu_user_ns +
                              tree.after.cpu_system_ns -
                              tree.before.cpu_system_ns),
                     reference_ns * 0.98, reference_ns * 1.02 + 15e6);
    }
    end(&tree);
}

static void test_meter_count(struct outcome *outcome)
{
    struct tree tree;
    int result = start(&tree, be_memory);

    if (result < 0) {
        outcome_broken(outcome, "a tree to measure", result);
    } else {
        observe(&tree, CHILDREN);
        outcome_count(outcome, "processes", (uint64_t)tree.after.processes,
                      CHILDREN + 1);
        outcome_count(outcome, "threads", (uint64_t)tree.after.threads,
                      CHILDREN + 1);
    }
    end(&tree);
}

const struct selftest_test selftest_meter_tests[] = {
    {"meter-memory", "meter",
     "24 MiB touched by each of 3 children, 32 MiB shared by all",
     "memory, within 2 % or 1 MiB", test_meter_memory, .alone = true,
     .noisy = true},
    {"meter-cpu", "meter", "300 ms of CPU, half of it in ten children that end",
     "CPU, within 2 % and a tick", test_meter_cpu, .alone = true,
     .noisy = true},
    {"meter-count", "meter", "a tree of four processes",
     "processes and threads, exactly", test_meter_count, .alone = true},
    {0},
};
