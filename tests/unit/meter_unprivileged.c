/* SPDX-License-Identifier: MIT
 *
 * Memory without privileges: each model's tree is measured by its groups and,
 * in the same moments, as somebody measures it who can have none. Both must
 * agree to within METER_ESTIMATE_ERROR, and what a group is charged ahead of
 * use (up to 256 KiB for each CPU), with 1,000 idle connections and with 100
 * requests in flight. And where an ordinary user has been given a group, it is
 * used.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/machine/meter/cgroup.h"
#include "harness/machine/meter/kernel.h"
#include "harness/machine/meter/meter.h"
#include "harness/server/process.h"

enum { IDLE = 1000, AT_WORK = 100, STEP_MS = 20, STEPS = 250, LOOKS = 10 };

static const int64_t batch_bytes = 256 << 10;
static int compared, sockets[IDLE];

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static void open_all(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};

    for (int i = 0; i < IDLE; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(sockets[i] >= 0);
        assert_int_equal(
            connect(sockets[i], (struct sockaddr *)&address, sizeof address),
            0);
    }
}

static void close_all(void)
{
    for (int i = 0; i < IDLE; i++)
        close(sockets[i]);
}

static void ask(void)
{
    static const char request[] =
        "GET /wait?delay=1m HTTP/1.1\r\nHost: x\r\n\r\n";

    for (int i = 0; i < AT_WORK; i++)
        assert_int_equal(
            send(sockets[i], request, sizeof request - 1, MSG_NOSIGNAL),
            sizeof request - 1);
}

/* Until the tree neither grows nor shrinks nor works. */
static void settle(struct meter *meter)
{
    struct meter_sample before, after;

    meter_sample(meter, &before);
    for (int i = 0, quiet = 0; i < STEPS && quiet < 5; i++) {
        pause_ms(STEP_MS);
        meter_sample(meter, &after);
        quiet = after.threads == before.threads &&
                        after.processes == before.processes &&
                        after.cpu_user_ns + after.cpu_system_ns -
                                before.cpu_user_ns - before.cpu_system_ns <
                            1000000
                    ? quiet + 1
                    : 0;
        before = after;
    }
}

/* The group's figure beside the estimate's. */
static void compare(const char *model, const char *when,
                    const struct meter_sample *group,
                    const struct meter_sample *own)
{
    double ratio = (double)own->total_bytes / (double)group->total_bytes;
    double bound =
        METER_ESTIMATE_ERROR * (double)group->total_bytes + (double)batch_bytes;

    printf("%-28s %-16s %8.0f KiB, estimate %8.0f KiB: %.2f\n", model, when,
           (double)group->total_bytes / 1024, (double)own->total_bytes / 1024,
           ratio);
    if (fabs((double)own->total_bytes - (double)group->total_bytes) > bound)
        fail_msg("%s, %s: %.2f of the group's figure", model, when, ratio);
    compared++;
}

/* Both ways, of a tree whose group is the same before and after: one that got
 * no CPU for a while only seems to have settled. Returns whether it was. */
static bool look(struct process *process, struct meter *own,
                 struct meter_sample *group, struct meter_sample *snapshot,
                 struct meter_sample *sample)
{
    struct meter_sample before;

    settle(process->meter);
    meter_sample(process->meter, &before);
    meter_snapshot(own, snapshot);
    meter_sample(own, sample);
    meter_sample(process->meter, group);
    return fabs((double)group->total_bytes - (double)before.total_bytes) <=
           (double)batch_bytes;
}

static void compare_all(const char *model, const char *when,
                        struct process *process, struct meter *own)
{
    struct meter_sample group, snapshot, sample;

    for (int i = 0; i < LOOKS; i++)
        if (look(process, own, &group, &snapshot, &sample))
            break;
    compare(model, when, &group, &snapshot);
    compare(model, when, &group, &sample);
    assert_true(sample.slab_bytes >= 0 && sample.socket_bytes >= 0);
}

/* Processes that no snapshot saw share what nobody knows: what is told then is
 * the least, and says so. */
static void expect_least(const char *model, struct process *process,
                         struct meter *own)
{
    struct meter_sample group, estimate;

    settle(process->meter);
    meter_sample(own, &estimate);
    meter_sample(process->meter, &group);
    if (!strcmp(model, "process-per-request"))
        assert_int_equal(estimate.user_is_least, 1);
    if (estimate.user_is_least == 1)
        assert_true((double)estimate.total_bytes <=
                    (1 + METER_ESTIMATE_ERROR) * (double)group.total_bytes +
                        (double)batch_bytes);
}

static void measure(const char *folder, const char *model)
{
    char path[768], why[1024] = "", note[512];
    const char *argv[] = {path, "--port", "0", NULL};
    struct process process;
    struct meter *own;
    cpu_set_t cpus;

    /* As in a run on a small machine: the batches of one CPU. */
    CPU_ZERO(&cpus);
    CPU_SET(sched_getcpu(), &cpus);
    struct process_options options = {.argv = argv,
                                      .cpus = &cpus,
                                      .meter_name = "both",
                                      .ready_timeout_ns = 30000000000};
    snprintf(path, sizeof path, "%s/%s", folder, model);
    if (process_start(&options, &process, why, sizeof why))
        fail_msg("%s", why);
    if (meter_source(process.meter) == METER_PROC) {
        process_kill(&process);
        print_message("no group can be made: run as root\n");
        skip();
    }
    setenv("TROIKA_METER", "proc", 1);
    assert_int_equal(meter_open("own", &own, note, sizeof note), 0);
    unsetenv("TROIKA_METER");
    assert_int_equal(meter_source(own), METER_PROC);
    meter_set_root(own, process.pid);
    open_all(process.port);
    compare_all(model, "1,000 idle", &process, own);
    ask();
    expect_least(model, &process, own);
    compare_all(model, "100 at work", &process, own);
    close_all();
    process_kill(&process);
    meter_set_root(own, 0);
    meter_close(own);
}

static void every_model(void **state)
{
    const char *build = getenv("TROIKA_BUILD");
    char folder[512], path[768 + 256];
    struct dirent *entry;
    (void)state;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* shadow memory is nobody's truth */
#endif
    snprintf(folder, sizeof folder, "%s/models",
             build ? build : "build/release");
    DIR *models = opendir(folder);
    assert_non_null(models);
    while ((entry = readdir(models))) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (!strchr(entry->d_name, '.') && entry->d_type == DT_REG &&
            access(path, X_OK) == 0 && strcmp(entry->d_name, "null") != 0)
            measure(folder, entry->d_name);
    }
    closedir(models);
    assert_true(compared > 0);
}

/* A group of that hierarchy ("": v2), given to nobody; its path into `dir`.
 * A process goes into `dir`/leaf, as systemd has it. */
static bool delegate(const char *controller, char dir[900])
{
    char own[768], path[1024];
    size_t top;
    static const char *const files[] = {"", "/cgroup.procs",
                                        "/cgroup.subtree_control", "/leaf",
                                        "/leaf/cgroup.procs"};

    if (!meter_cgroup_own(controller, own, &top))
        return false;
    if (!*controller) {
        snprintf(path, sizeof path, "%s/cgroup.subtree_control", own);
        FILE *control = fopen(path, "we");
        if (!control)
            return false;
        fputs("+memory", control);
        if (fclose(control)) /* no memory controller, or not at the root */
            return false;
    }
    snprintf(dir, 900, "%s/delegated-%d", own, getpid());
    snprintf(path, sizeof path, "%s/leaf", dir);
    if (mkdir(dir, 0755) || mkdir(path, 0755))
        return false;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s%s", dir, files[i]);
        if (chown(path, 65534, 65534) && errno != ENOENT)
            return false;
    }
    return true;
}

/* What an ordinary user's meter has for a source in that group. */
static int source_in(const char *dir)
{
    char path[1024], note[512];
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct meter *meter;
        snprintf(path, sizeof path, "%s/leaf/cgroup.procs", dir);
        FILE *procs = fopen(path, "we");
        if (!procs || fputs("0", procs) < 0 || fclose(procs) ||
            setgroups(0, NULL) || setgid(65534) || setuid(65534) ||
            meter_open("delegated", &meter, note, sizeof note))
            _exit(99);
        int source = (int)meter_source(meter);
        if (source == METER_PROC)
            fprintf(stderr, "%s\n", note);
        meter_close(meter);
        _exit(source);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    snprintf(path, sizeof path, "%s/leaf", dir);
    for (int i = 0; i < 100 && rmdir(path); i++)
        pause_ms(5);
    rmdir(dir);
    return WEXITSTATUS(status);
}

static void a_delegated_group_is_used(void **state)
{
    char dir[900];
    (void)state;

    if (geteuid() != 0)
        skip();
    if (delegate("", dir))
        assert_int_equal(source_in(dir), METER_CGROUP_V2);
    else if (delegate("memory", dir))
        assert_int_equal(source_in(dir), METER_CGROUP_V1);
    else
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model),
        cmocka_unit_test(a_delegated_group_is_used)};
    struct rlimit files;

    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
