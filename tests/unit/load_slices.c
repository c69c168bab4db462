/* SPDX-License-Identifier: MIT
 *
 * A load that comes and goes: it asks in its slices alone, on connections that
 * stay, each slice begins with a request of its own whatever came before, and
 * what is answered in a slice's counted part is counted there. The server is a
 * thread that notes when each request came and which it was.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/load/load.h"

enum { NOTES_MAX = 1000000, REQUESTS = 3 };

static const int64_t MS = 1000000;
static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
static const char *const asks[REQUESTS] = {
    "GET /0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
};

/* Two slices of 200 ms, the first 50 ms not counted, with 1.6 s between:
 * a busy machine holds its server up for long. */
static const struct load_slice slices[] = {
    {0, 50000000, 200000000},
    {1800000000, 1850000000, 2000000000},
};

struct note {
    int64_t at_ns;
    char which;
};

static struct {
    int listen_fd, accepted;
    struct sockaddr_in address;
    struct note *notes;
    int count;
} server;

static void *serve(void *unused)
{
    int fd = accept(server.listen_fd, NULL, NULL);
    char bytes[4096];
    ssize_t size;

    server.accepted++;
    while ((size = recv(fd, bytes, sizeof bytes, 0)) > 5) {
        if (server.count < NOTES_MAX)
            server.notes[server.count++] =
                (struct note){clock_now_ns(), bytes[5]};
        if (send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0)
            break;
    }
    close(fd);
    return unused;
}

static int set_up(void **state)
{
    socklen_t size = sizeof server.address;

    (void)state;
    server.notes = calloc(NOTES_MAX, sizeof *server.notes);
    server.listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    server.address = (struct sockaddr_in){.sin_family = AF_INET,
                                          .sin_addr = {htonl(INADDR_LOOPBACK)}};
    return !server.notes ||
           bind(server.listen_fd, (struct sockaddr *)&server.address, size) ||
           listen(server.listen_fd, 16) ||
           getsockname(server.listen_fd, (struct sockaddr *)&server.address,
                       &size);
}

static int tear_down(void **state)
{
    (void)state;
    free(server.notes);
    return close(server.listen_fd);
}

/* Runs the load from `begin_ns`, with all that the server noted. */
static void drive(struct load_result *result, int64_t *begin_ns)
{
    struct load_request requests[REQUESTS];
    struct load_spec plan = {
        .address.v4 = server.address,
        .requests = requests,
        .request_count = REQUESTS,
        .mode = LOAD_CLOSED,
        .connections = 1,
        .window_ns = 2300 * MS,
        .timeout_ns = 60000 * MS,
        .slices = slices,
        .slice_count = 2,
    };
    struct load *load;
    pthread_t thread;
    char why[512] = "";

    for (int i = 0; i < REQUESTS; i++)
        requests[i] = (struct load_request){.bytes = asks[i],
                                            .size = strlen(asks[i]),
                                            .body = "ok",
                                            .body_size = 2};
    assert_int_equal(0, pthread_create(&thread, NULL, serve, NULL));
    assert_int_equal(0, load_start(&plan, &load, why, sizeof why));
    assert_int_equal(0, load_opened(load));
    *begin_ns = clock_now_ns() + 5 * MS;
    assert_true(load_begin_at(load, *begin_ns) == *begin_ns);
    assert_int_equal(0, load_wait(load, result));
    load_free(load);
    pthread_join(thread, NULL);
}

static void test_asks_in_its_slices_alone(void **state)
{
    struct load_result *result = malloc(sizeof *result);
    int64_t begin_ns;
    int later = -1;

    (void)state;
    drive(result, &begin_ns);
    assert_true(server.count > 0 && server.count < NOTES_MAX);
    for (int i = 0; i < server.count; i++) {
        int64_t at_ns = server.notes[i].at_ns - begin_ns;
        bool pause = at_ns > 1000 * MS && at_ns < 1800 * MS;

        /* 800 ms to get a request that was sent in time. */
        assert_false(at_ns < 0 || pause || at_ns > 2800 * MS);
        if (later < 0 && at_ns >= 1800 * MS)
            later = i;
    }
    assert_true(later > 0);
    assert_int_equal('0', server.notes[0].which);
    assert_int_equal('0' + (INT64_C(1) << 32) % REQUESTS,
                     server.notes[later].which);
    assert_int_equal(1, server.accepted);
    assert_int_equal(0, result->wrong + result->io_error + result->timeout);
    assert_true(result->slices[0] > 0 && result->slices[1] > 0);
    assert_true(result->slices[0] + result->slices[1] <=
                result->completed_in_window);
    assert_int_equal(0, result->slices[2]);
    assert_int_equal(result->ok, server.count);
    free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_asks_in_its_slices_alone, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
