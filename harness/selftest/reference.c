/* SPDX-License-Identifier: MIT
 *
 * The server's socket is bound before the fork, so that requests can be sent at
 * once. Waiting requests are in a heap ordered by the time when their answer is
 * due; one timerfd is armed for its top. The due times of a queue are computed,
 * not observed: a late wake-up delays one answer and none after it.
 *
 * Exponential delays come from a counter-based generator: number n is the n-th
 * output of splitmix64 (mix.h), so numbers can be computed in
 * any order.
 */
#include "reference.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "harness/base/child.h"
#include "harness/load/answers.h"
#include "harness/load/schedule.h"
#include "models/runtime/base/mix.h"

/* In (0, 1]. */
static double unit(uint64_t seed, uint64_t number)
{
    uint64_t x = mix(seed + number * 0x9e3779b97f4a7c15u);

    return (double)((x >> 11) + 1) * 0x1p-53;
}

int64_t delays_ns(const struct delays *delays, uint64_t number)
{
    switch (delays->kind) {
    case DELAY_BIMODAL:
        return number % 10 == 9 ? delays->other_ns : delays->mean_ns;
    case DELAY_EXPONENTIAL:
        return (int64_t)(-log(unit(delays->seed, number)) *
                         (double)delays->mean_ns);
    case DELAY_FIXED:
        break;
    }
    return delays->mean_ns;
}

void delays_histogram(const struct delays *delays, uint64_t count,
                      struct histogram *histogram)
{
    histogram_reset(histogram);
    for (uint64_t i = 0; i < count; i++)
        histogram_record(histogram, delays_ns(delays, i));
}

int delays_queue(const struct delays *delays, const struct load_spec *spec,
                 struct histogram *histogram)
{
    struct load_schedule schedule;
    int result = load_schedule_make(spec, 0, 1, &schedule);
    int64_t free_ns = 0;

    histogram_reset(histogram);
    if (result < 0)
        return result;
    for (size_t i = 0; i < schedule.count; i++) {
        int64_t due_ns = schedule.due_ns[i];

        free_ns = (due_ns > free_ns ? due_ns : free_ns) + delays_ns(delays, i);
        histogram_record(histogram, free_ns - due_ns);
    }
    load_schedule_free(&schedule);
    return 0;
}

enum { CLIENTS_MAX = 16384, HEAD_MAX = 256, EVENTS_MAX = 64 };

struct client {
    unsigned generation; /* of the descriptor's use */
    size_t used;
    char head[HEAD_MAX];
    long seed;
    uint64_t number;
    int64_t arrived_ns;
};

struct waiting {
    int64_t due_ns;
    int fd;
    unsigned generation;
};

struct server {
    const struct reference_script *script;
    struct reference_account *account;
    int epoll_fd, timer_fd, listener;
    struct client *clients; /* by descriptor */
    struct waiting *heap;
    int heap_count;
    int64_t free_ns, armed_ns;
    long first_seed, last_seed;
};

static void heap_push(struct server *server, struct waiting item)
{
    struct waiting *heap = server->heap;
    int at = server->heap_count++;

    for (; at > 0 && heap[(at - 1) / 2].due_ns > item.due_ns; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = item;
}

static struct waiting heap_pop(struct server *server)
{
    struct waiting *heap = server->heap, top = heap[0];
    struct waiting item = heap[--server->heap_count];
    int at = 0, child;

    while ((child = 2 * at + 1) < server->heap_count) {
        if (child + 1 < server->heap_count &&
            heap[child + 1].due_ns < heap[child].due_ns)
            child++;
        if (heap[child].due_ns >= item.due_ns)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = item;
    return top;
}

static void drop(struct server *server, int fd, bool reset)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    if (reset)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
    server->clients[fd].generation++;
}

/* The fault of request `number`, counted from 0, or REFERENCE_FAULTS. */
static enum reference_fault fault_of(const struct server *server,
                                     const struct client *client)
{
    const int *every = server->script->every;

    for (int i = 0; i < REFERENCE_FAULTS; i++) {
        if (every[i] == 0 || (client->number + 1) % (uint64_t)every[i] != 0)
            continue;
        if (server->script->once && client->number >= (uint64_t)every[i])
            continue;
        if (i == REFERENCE_CACHED && client->seed == server->first_seed)
            continue; /* the cached answer is right */
        return (enum reference_fault)i;
    }
    return REFERENCE_FAULTS;
}

static void put(int fd, const char *status, const char *body, size_t size)
{
    char text[256];
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%.*s",
                          status, strlen(body), (int)size, body);

    if (send(fd, text, (size_t)length, MSG_NOSIGNAL) != length)
        return; /* the client has closed and counts that itself */
}

static void answer(struct server *server, int fd)
{
    struct client *client = &server->clients[fd];
    enum reference_fault fault = fault_of(server, client);
    long seed = client->seed;
    char body[64];

    if (fault < REFERENCE_FAULTS)
        atomic_fetch_add(&server->account->faults[fault], 1);
    else
        histogram_record(&server->account->delay,
                         clock_now_ns() - client->arrived_ns);
    if (fault == REFERENCE_OTHER)
        seed = server->last_seed == seed ? seed + 1 : server->last_seed;
    if (fault == REFERENCE_CACHED)
        seed = server->first_seed;
    server->last_seed = client->seed;
    snprintf(body, sizeof body, "see%c %ld",
             fault == REFERENCE_WRONG ? 'n' : 'd', seed);
    if (fault == REFERENCE_HANG)
        return;
    if (fault == REFERENCE_RESET) {
        /* Resets in the middle of the answer. A reset of a kept connection
         * before any byte of the answer is no failure: the generator sends the
         * request once more. */
        put(fd, "200 OK", body, 3);
        drop(server, fd, true);
        return;
    }
    put(fd, fault == REFERENCE_STATUS ? "500 No" : "200 OK", body,
        fault == REFERENCE_TRUNCATE ? 3 : strlen(body));
    if (fault == REFERENCE_TRUNCATE)
        drop(server, fd, false);
}

static void asked(struct server *server, int fd)
{
    struct client *client = &server->clients[fd];
    const char *seed = strstr(client->head, "seed=");
    int64_t delay_ns, due_ns;

    client->used = 0;
    client->arrived_ns = clock_now_ns();
    client->seed = seed ? strtol(seed + 5, NULL, 10) : 0;
    client->number = atomic_fetch_add(&server->account->requests, 1);
    if (client->number == 0)
        server->first_seed = client->seed;
    delay_ns = delays_ns(&server->script->delay, client->number);
    if (delay_ns <= 0 || server->heap_count == CLIENTS_MAX) {
        answer(server, fd);
        return;
    }
    due_ns = client->arrived_ns - server->script->bucket_ns;
    if (server->script->queue && server->free_ns > due_ns)
        due_ns = server->free_ns;
    server->free_ns = due_ns += delay_ns;
    if (due_ns <= client->arrived_ns) { /* the bucket had a token */
        answer(server, fd);
        return;
    }
    heap_push(server, (struct waiting){due_ns, fd, client->generation});
}

static void take(struct server *server, int fd)
{
    struct client *client = &server->clients[fd];
    ssize_t count =
        recv(fd, client->head + client->used, HEAD_MAX - 1 - client->used, 0);

    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) {
        drop(server, fd, false);
        return;
    }
    client->used += (size_t)count;
    client->head[client->used] = '\0';
    if (strstr(client->head, "\r\n\r\n"))
        asked(server, fd);
}

static void accept_all(struct server *server)
{
    struct epoll_event event = {.events = EPOLLIN};
    int fd;

    while ((fd = accept4(server->listener, NULL, NULL,
                         SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        event.data.fd = fd;
        if (fd >= CLIENTS_MAX) {
            close(fd);
            continue;
        }
        server->clients[fd].used = 0;
        epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

/* Sends the answers that are due and arms the timer for the next. */
static void advance(struct server *server)
{
    int64_t next_ns;

    while (server->heap_count > 0 && server->heap[0].due_ns <= clock_now_ns()) {
        struct waiting item = heap_pop(server);

        if (server->clients[item.fd].generation == item.generation)
            answer(server, item.fd);
    }
    if (server->heap_count == 0)
        return;
    next_ns = server->heap[0].due_ns;
    if (next_ns == server->armed_ns)
        return;
    server->armed_ns = next_ns;
    timerfd_settime(server->timer_fd, TFD_TIMER_ABSTIME,
                    &(struct itimerspec){.it_value = {next_ns / 1000000000,
                                                      next_ns % 1000000000}},
                    NULL);
}

static int prepare(struct server *server)
{
    struct epoll_event event = {.events = EPOLLIN};

    server->clients = calloc(CLIENTS_MAX, sizeof *server->clients);
    server->heap = calloc(CLIENTS_MAX, sizeof *server->heap);
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (!server->clients || !server->heap)
        return -ENOMEM;
    if (server->epoll_fd < 0 || server->timer_fd < 0)
        return -errno;
    event.data.fd = server->listener;
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->listener, &event))
        return -errno;
    event.events = EPOLLIN | EPOLLET;
    event.data.fd = server->timer_fd;
    return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->timer_fd, &event)
               ? -errno
               : 0;
}

/* Serves until it is killed. Returns a negative errno when it cannot. */
static int serve(const struct reference_script *script, int listener,
                 struct reference_account *account)
{
    struct server server = {
        .script = script, .account = account, .listener = listener};
    struct epoll_event events[EVENTS_MAX];
    int result = prepare(&server);

    while (result >= 0) {
        int count = epoll_wait(server.epoll_fd, events, EVENTS_MAX, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                accept_all(&server);
            else if (events[i].data.fd != server.timer_fd)
                take(&server, events[i].data.fd);
        }
        advance(&server);
        result = count < 0 && errno != EINTR ? -errno : 0;
    }
    free(server.clients);
    free(server.heap);
    return result;
}

static int listen_on(struct sockaddr_in *address, int backlog)
{
    socklen_t size = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    *address = (struct sockaddr_in){.sin_family = AF_INET,
                                    .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)address, size) == 0 &&
        listen(fd, backlog) == 0 &&
        getsockname(fd, (struct sockaddr *)address, &size) == 0)
        return fd;
    size = (socklen_t)errno;
    close(fd);
    return -(int)size;
}

static _Noreturn void child(const struct reference_script *script,
                            const cpu_set_t *cpus, int listener,
                            struct reference_account *account, pid_t parent)
{
    struct rlimit files;

    child_dies_with(parent);
    prctl(PR_SET_TIMERSLACK, 1UL);
    if (cpus)
        sched_setaffinity(0, sizeof *cpus, cpus);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (script->deaf)
        for (;;)
            pause();
    _exit(serve(script, listener, account) < 0);
}

int reference_start(const struct reference_script *script,
                    const cpu_set_t *cpus, struct reference *reference)
{
    int listener = listen_on(&reference->address, script->deaf ? 1 : 4096);
    pid_t parent = getpid();

    reference->pid = 0;
    reference->account = NULL;
    if (listener < 0)
        return listener;
    reference->account = child_share(sizeof *reference->account);
    if (!reference->account) {
        close(listener);
        return -ENOMEM;
    }
    histogram_reset(&reference->account->delay);
    reference->pid = fork();
    if (reference->pid == 0)
        child(script, cpus, listener, reference->account, parent);
    close(listener);
    if (reference->pid > 0)
        return 0;
    reference->pid = 0;
    reference_free(reference);
    return -EAGAIN;
}

void reference_stop(struct reference *reference)
{
    if (reference->pid > 0)
        child_end(reference->pid);
    reference->pid = 0;
}

void reference_free(struct reference *reference)
{
    reference_stop(reference);
    if (reference->account)
        munmap(reference->account, sizeof *reference->account);
    reference->account = NULL;
}

struct load_request *reference_requests(int count)
{
    struct load_request *requests = calloc((size_t)count, sizeof *requests);

    for (int i = 0; requests && i < count; i++) {
        char *bytes = NULL, *body = NULL;
        int seed = 100000 + i;
        int size = asprintf(&bytes,
                            "GET /reference?seed=%d HTTP/1.1\r\n"
                            "Host: 127.0.0.1\r\n\r\n",
                            seed);
        int body_size = asprintf(&body, "seed %d", seed);

        if (size < 0 || body_size < 0) {
            answers_free(requests, count);
            return NULL;
        }
        requests[i] = (struct load_request){.bytes = bytes,
                                            .size = (size_t)size,
                                            .body = body,
                                            .body_size = (size_t)body_size};
    }
    return requests;
}
