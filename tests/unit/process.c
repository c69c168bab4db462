/* SPDX-License-Identifier: MIT
 *
 * Starting and stopping servers, and that nothing is left behind, whatever
 * the server or the harness does. Runs with every kind of group that there
 * is here, and with none.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/machine/meter/proc.h"
#include "harness/server/process.h"

static const char *const sources[] = {"", "v1", "v2", "proc"};

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

/* Starts the burner with up to three words; `timeout_ms` of getting ready. */
static int start(struct process *process, int timeout_ms, char *why,
                 const char *const words[3])
{
    static char path[512];
    const char *build = getenv("TROIKA_BUILD");
    const char *argv[] = {path,     "--port", "0", words[0],
                          words[1], words[2], NULL};
    struct process_options options = {.argv = argv,
                                      .meter_name = "test",
                                      .ready_timeout_ns =
                                          timeout_ms * 1000000LL};

    snprintf(path, sizeof path, "%s/tests/helpers/burner",
             build ? build : "build/release");
    return process_start(&options, process, why, 1024);
}

#define WORDS(...) ((const char *const[3]){__VA_ARGS__})

static void starts_and_stops(void **state)
{
    struct process process = {0};
    char why[1024], text[256];
    bool clean = false;

    (void)state;
    assert_int_equal(start(&process, 10000, why, WORDS("children=2")), 0);
    assert_int_equal(process.port, 12345);
    assert_true(process_alive(&process, text, sizeof text));
    assert_string_equal(text, "running");
    process_stop(&process, &clean, why, sizeof why);
    assert_string_equal(why, "");
    assert_true(clean);
    process_stop(&process, &clean, why, sizeof why);
    assert_true(clean);
    process_kill(&process);
}

/* How often `text` is a whole variable of the process's environment. */
static int count_variable(pid_t pid, const char *text)
{
    char path[64], *variable = NULL;
    size_t size = 0;
    int count = 0;

    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (getdelim(&variable, &size, 0, file) > 0)
        count += strcmp(variable, text) == 0;
    fclose(file);
    free(variable);
    return count;
}

static void names_itself_to_the_server(void **state)
{
    struct process process = {0};
    char why[1024], mine[64];

    (void)state;
    snprintf(mine, sizeof mine, "TROIKA_DIE_WITH_PARENT=%d", (int)getpid());
    setenv("TROIKA_DIE_WITH_PARENT", "2", 1); /* a stranger's */
    assert_int_equal(start(&process, 10000, why, WORDS(NULL)), 0);
    assert_int_equal(count_variable(process.pid, mine), 1);
    assert_int_equal(count_variable(process.pid, "TROIKA_DIE_WITH_PARENT=2"),
                     0);
    process_kill(&process);
    unsetenv("TROIKA_DIE_WITH_PARENT");
}

static void never_ready(void **state)
{
    struct process process;
    char why[1024];

    (void)state;
    int result = start(&process, 200, why, WORDS("silent", "linger"));
    assert_int_equal(result, -ETIMEDOUT);
    assert_non_null(strstr(why, "no ready line within 200 ms"));
    assert_non_null(strstr(why, "burner --port 0 silent"));
}

static void ends_early(void **state)
{
    struct process process;
    char why[1024];

    (void)state;
    assert_int_equal(start(&process, 10000, why, WORDS("exit=7")), -ECHILD);
    assert_non_null(strstr(why, "exited with code 7 before it was ready"));
    assert_non_null(strstr(why, "cannot listen on 127.0.0.1:1: taken"));
    assert_int_equal(start(&process, 10000, why, WORDS("abort")), -ECHILD);
    assert_non_null(strstr(why, "killed by signal 6"));
}

static void is_not_there(void **state)
{
    const char *argv[] = {"no/such/server", NULL};
    struct process_options options = {.argv = argv,
                                      .ready_timeout_ns = 1000000};
    struct process process;
    char why[1024];

    (void)state;
    int result = process_start(&options, &process, why, sizeof why);
    assert_int_equal(result, -ENOENT);
    assert_non_null(strstr(why, "cannot start no/such/server"));
    assert_non_null(strstr(why, "build it first"));
}

/* 2 MiB before and after ready, far more than a pipe holds. */
static void floods(void **state)
{
    struct process process;
    char why[1024], text[2048];
    bool clean;

    (void)state;
    assert_int_equal(start(&process, 20000, why, WORDS("flood=2048")), 0);
    kill(process.pid, SIGUSR1);
    for (int i = 0; i < 2000; i++) {
        process_tail(&process, text, sizeof text);
        if (strlen(text) >= 4 && !strcmp(text + strlen(text) - 4, "done"))
            break;
        pause_ms(5);
    }
    assert_string_equal(text + strlen(text) - 4, "done");
    process_stop(&process, &clean, why, sizeof why);
    assert_true(clean);
}

static void dies_on_its_own(void **state)
{
    struct process process;
    char why[1024], text[1024];
    bool clean = true;

    (void)state;
    assert_int_equal(start(&process, 10000, why, WORDS("children=1")), 0);
    kill(process.pid, SIGSEGV);
    for (int i = 0; i < 2000 && process_alive(&process, text, sizeof text); i++)
        pause_ms(5);
    assert_false(process_alive(&process, text, sizeof text));
    process_stop(&process, &clean, why, sizeof why);
    assert_false(clean);
    assert_non_null(strstr(why, "before it was told to"));
}

static void ignores_sigterm(void **state)
{
    struct process process;
    char why[1024];
    bool clean = true;

    (void)state;
    assert_int_equal(start(&process, 10000, why, WORDS("stubborn")), 0);
    process_stop(&process, &clean, why, sizeof why);
    assert_false(clean);
    assert_non_null(strstr(why, "within 5.00 s of SIGTERM"));
}

static int living(pid_t root, const char *tag)
{
    struct meter_pids pids = {0};

    meter_proc_tree(root, 0, tag, &pids);
    int count = pids.count;
    meter_proc_free(&pids);
    return count;
}

static void daemons_are_killed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct process process;
        char why[1024], tag[256];
        bool clean = true;
        setenv("TROIKA_METER", sources[i], 1);
        assert_int_equal(start(&process, 10000, why, WORDS("linger")), 0);
        pid_t pid = process.pid;
        snprintf(tag, sizeof tag, "%s", meter_tag(process.meter));
        assert_int_equal(meter_alive(process.meter), 2);
        assert_int_equal(living(pid, tag), 2);
        process_stop(&process, &clean, why, sizeof why);
        assert_false(clean);
        assert_non_null(strstr(why, "left 1 processes behind"));
        assert_int_equal(living(pid, tag), 0);
    }
    unsetenv("TROIKA_METER");
}

/* What a killed harness leaves is told to the test through a pipe. */
struct traces {
    pid_t pid;
    char tag[256], paths[2400];
};

static void be_a_harness(int fd)
{
    struct process process;
    struct traces traces = {0};
    char why[1024];

    if (guardian_start() ||
        start(&process, 10000, why, WORDS("linger", "children=2")))
        _exit(1);
    traces.pid = process.pid;
    snprintf(traces.tag, sizeof traces.tag, "%s", meter_tag(process.meter));
    meter_paths(process.meter, traces.paths, sizeof traces.paths);
    /* A load generator would hold the harness's descriptors open. */
    if (fork() == 0) {
        pause_ms(900);
        _exit(0);
    }
    if (write(fd, &traces, sizeof traces) != (ssize_t)sizeof traces)
        _exit(1);
    for (;;)
        pause();
}

static bool groups_gone(const char *paths)
{
    char text[2400];
    bool gone = true;

    snprintf(text, sizeof text, "%s", paths);
    for (char *save, *path = strtok_r(text, "\n", &save); path;
         path = strtok_r(NULL, "\n", &save))
        gone = gone && access(path, F_OK);
    return gone;
}

static void killed_harness_leaves_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct traces traces;
        int ends[2];
        setenv("TROIKA_METER", sources[i], 1);
        assert_int_equal(pipe(ends), 0);
        pid_t harness = fork();
        if (harness == 0)
            be_a_harness(ends[1]);
        close(ends[1]);
        assert_int_equal(read(ends[0], &traces, sizeof traces), sizeof traces);
        close(ends[0]);
        assert_int_equal(living(traces.pid, traces.tag), 4);
        kill(harness, SIGKILL);
        waitpid(harness, NULL, 0);
        bool gone = false;
        for (int j = 0; j < 1000 && !gone; j++) {
            gone = living(traces.pid, traces.tag) == 0 &&
                   groups_gone(traces.paths);
            pause_ms(10);
        }
        assert_true(gone);
    }
    unsetenv("TROIKA_METER");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_and_stops),
        cmocka_unit_test(names_itself_to_the_server),
        cmocka_unit_test(never_ready),
        cmocka_unit_test(ends_early),
        cmocka_unit_test(is_not_there),
        cmocka_unit_test(floods),
        cmocka_unit_test(dies_on_its_own),
        cmocka_unit_test(ignores_sigterm),
        cmocka_unit_test(daemons_are_killed),
        cmocka_unit_test(killed_harness_leaves_nothing),
    };

    alarm(120);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
