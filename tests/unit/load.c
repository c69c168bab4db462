/* SPDX-License-Identifier: MIT
 *
 * What the load generator promises its caller beyond figures: that it runs
 * where it was told to or not at all, that its connections outlive the window,
 * and that nobody waits for it who has been told to stop. The server here is a
 * listening socket and, where one is needed, a thread that answers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/load/load.h"

static const char ask[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
static const struct load_request request = {
    .bytes = ask, .size = sizeof ask - 1, .body = "ok", .body_size = 2};
static const int64_t MS = 1000000;

static struct {
    int listen_fd, fd;
    struct sockaddr_in address;
    pthread_t thread;
} server;

static int set_up(void **state)
{
    socklen_t size = sizeof server.address;

    (void)state;
    server.fd = -1;
    server.listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    server.address = (struct sockaddr_in){.sin_family = AF_INET,
                                          .sin_addr = {htonl(INADDR_LOOPBACK)}};
    return bind(server.listen_fd, (struct sockaddr *)&server.address, size) ||
           listen(server.listen_fd, 16) ||
           getsockname(server.listen_fd, (struct sockaddr *)&server.address,
                       &size);
}

static int tear_down(void **state)
{
    (void)state;
    if (server.fd >= 0)
        close(server.fd);
    return close(server.listen_fd);
}

/* Answers on one connection until that ends. */
static void *serve(void *unused)
{
    char bytes[4096];

    server.fd = accept(server.listen_fd, NULL, NULL);
    while (recv(server.fd, bytes, sizeof bytes, 0) > 0)
        if (send(server.fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0)
            break;
    return unused;
}

static struct load_spec plan_of(enum load_mode mode)
{
    return (struct load_spec){
        .address.v4 = server.address,
        .requests = &request,
        .request_count = 1,
        .mode = mode,
        .arrivals = ARRIVALS_UNIFORM,
        .rate_per_s = 100,
        .connections = 1,
        .warmup_ns = 20 * MS,
        .window_ns = 100 * MS,
        .timeout_ns = 60000 * MS,
    };
}

static struct load *start(const struct load_spec *plan)
{
    struct load *load = NULL;
    char why[512] = "";

    if (load_start(plan, &load, why, sizeof why) < 0)
        fail_msg("%s", why);
    return load;
}

static void test_runs_on_its_cpus_or_not_at_all(void **state)
{
    struct load_spec plan = plan_of(LOAD_CLOSED);
    struct load *load;
    cpu_set_t nowhere;

    (void)state;
    CPU_ZERO(&nowhere);
    CPU_SET(CPU_SETSIZE - 1, &nowhere);
    plan.cpus = &nowhere;
    load = start(&plan);
    assert_int_equal(-EINVAL, load_begin(load));
    load_free(load);
}

/* A window's last sample of the server must see the window's connections. */
static void test_connections_stay_open_until_freed(void **state)
{
    struct load_spec plan = plan_of(LOAD_CLOSED);
    struct load_result *result = malloc(sizeof *result);
    struct load *load;

    (void)state;
    assert_int_equal(0, pthread_create(&server.thread, NULL, serve, NULL));
    load = start(&plan);
    assert_true(load_begin(load) > 0);
    assert_int_equal(0, load_wait(load, result));
    assert_true(result->completed_in_window > 0);
    usleep(100000); /* an end of the process would be seen by now */
    assert_int_equal(0, pthread_kill(server.thread, 0));
    assert_int_equal(EBUSY, pthread_tryjoin_np(server.thread, NULL));
    load_free(load);
    assert_int_equal(0, pthread_join(server.thread, NULL));
    free(result);
}

/* Two connections, one of which is never looked at. */
static void forget(enum load_mutation mutation, struct load_result *result)
{
    struct load_spec plan = plan_of(LOAD_CLOSED);
    struct load *load;

    plan.connections = 2;
    plan.warmup_ns = 500 * MS; /* both have asked before the window opens */
    plan.window_ns = 300 * MS;
    plan.mutation = mutation;
    assert_int_equal(0, pthread_create(&server.thread, NULL, serve, NULL));
    load = start(&plan);
    assert_true(load_begin(load) > 0);
    assert_int_equal(0, load_wait(load, result));
    load_free(load);
    assert_int_equal(0, pthread_join(server.thread, NULL));
}

static void test_closed_loop_counts_what_is_out(void **state)
{
    struct load_result *result = malloc(sizeof *result);

    (void)state;
    forget(MUTATION_NONE, result);
    assert_true(result->ok > 0 && result->ok == result->scheduled);
    assert_true(result->unanswered >= 1);
    assert_int_equal(result->started, result->ended_outside +
                                          result->scheduled +
                                          result->unanswered);
    assert_true(result->oldest_unanswered_ns >= 300 * MS);
    assert_true(result->overtaken * 2 >= (double)result->ok);
    free(result);
}

static void test_closed_loop_misses_what_is_lost(void **state)
{
    struct load_result *result = malloc(sizeof *result);

    (void)state;
    forget(MUTATION_DROP, result);
    assert_true(result->started >
                result->ended_outside + result->scheduled + result->unanswered);
    free(result);
}

static volatile sig_atomic_t stop;

static void on_alarm(int number)
{
    stop = number;
}

/* Nobody answers, and the drain would last for the timeout, a minute. */
static void test_stop_ends_the_wait_for_the_drain(void **state)
{
    struct load_spec plan = plan_of(LOAD_OPEN);
    struct load_result *result = malloc(sizeof *result);
    int64_t begun_ns = clock_now_ns();
    struct load *load;

    (void)state;
    stop = 0;
    plan.stop = &stop;
    signal(SIGALRM, on_alarm);
    load = start(&plan);
    assert_true(load_begin(load) > 0);
    ualarm(300000, 0); /* the window is over, and the drain has begun */
    assert_int_equal(-EINTR, load_wait(load, result));
    assert_true(clock_now_ns() - begun_ns < 20000 * MS);
    load_free(load);
    free(result);
}

static void test_stop_ends_the_wait_for_connections(void **state)
{
    struct load_spec plan = plan_of(LOAD_CLOSED);
    struct load *load;

    (void)state;
    stop = 1;
    plan.stop = &stop;
    plan.connections = 4000; /* a ramp that takes its time */
    load = start(&plan);
    assert_int_equal(-EINTR, load_begin(load));
    load_free(load);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_runs_on_its_cpus_or_not_at_all,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_connections_stay_open_until_freed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_closed_loop_counts_what_is_out,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_closed_loop_misses_what_is_lost,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stop_ends_the_wait_for_the_drain,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stop_ends_the_wait_for_connections,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
