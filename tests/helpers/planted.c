/* SPDX-License-Identifier: MIT
 *
 * A service of known wait, CPU time and places, for tests of troika probe:
 *
 *   planted PORT pool|loop|lock [workers=N] [wait=US] [cpu=US] [log=FILE]
 *           [requests=N]
 *
 *   pool  N threads; each request sleeps and computes in one of them
 *   loop  one thread; requests sleep side by side, and compute in turn
 *   lock  a thread for each connection; one lock is held while a request sleeps
 *         and computes
 *
 * CPU time is burnt by the thread's own clock, so that a busy machine burns no
 * more and no less. The log has the form "nginx" of troika probe, its times
 * those in the worker, with more digits than nginx has. After `requests` the
 * program ends, as one that crashes would.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 4096, STACK_BYTES = 128 << 10 };

static struct {
    int workers, wait_us, cpu_us, requests;
    FILE *log;
} config = {.workers = 5};

struct connection {
    int fd, timer; /* timer: of a loop; -1: none */
    int64_t began_ns;
};

static int door, events;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t books = PTHREAD_MUTEX_INITIALIZER;

static int64_t read_ns(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void burn(void)
{
    int64_t end_ns =
        read_ns(CLOCK_THREAD_CPUTIME_ID) + config.cpu_us * INT64_C(1000);
    volatile uint64_t x = 1;

    while (config.cpu_us > 0 && read_ns(CLOCK_THREAD_CPUTIME_ID) < end_ns)
        for (int i = 0; i < 500; i++)
            x = x * 6364136223846793005U + 1;
}

static void doze(void)
{
    int64_t at_ns = read_ns(CLOCK_MONOTONIC) + config.wait_us * INT64_C(1000);
    struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};

    if (config.wait_us > 0)
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* Answers, and writes a line of the log. */
static void answer(int fd, int64_t began_ns, int64_t waited_ns)
{
    static const char bytes[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";
    static int answered;
    int64_t took_ns = read_ns(CLOCK_MONOTONIC) - began_ns;
    int64_t now_ns = read_ns(CLOCK_REALTIME);

    if (send(fd, bytes, sizeof bytes - 1, MSG_NOSIGNAL) < 0)
        return;
    pthread_mutex_lock(&books);
    if (config.log)
        fprintf(config.log, "%lld.%06lld %.6f %.6f 6\n",
                (long long)(now_ns / 1000000000),
                (long long)(now_ns / 1000 % 1000000), (double)took_ns / 1e9,
                (double)waited_ns / 1e9);
    if (config.log)
        fflush(config.log);
    if (config.requests > 0 && ++answered >= config.requests)
        _exit(3);
    pthread_mutex_unlock(&books);
}

/* Takes a request off the socket. Returns whether there is one; a request of
 * this load is never cut in two. */
static int take(int fd)
{
    char bytes[4096];

    return recv(fd, bytes, sizeof bytes, 0) > 0;
}

static void serve(int fd)
{
    int64_t began_ns = read_ns(CLOCK_MONOTONIC);

    doze();
    int64_t waited_ns = read_ns(CLOCK_MONOTONIC) - began_ns;
    burn();
    answer(fd, began_ns, waited_ns);
}

static int accept_one(void)
{
    int fd = accept(door, NULL, NULL);

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

static void watch(int fd, struct connection *connection, int how)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT,
                                .data.ptr = connection};

    epoll_ctl(events, how, fd, &event);
}

static void *pool_worker(void *unused)
{
    struct epoll_event event;

    (void)unused;
    for (;;) {
        if (epoll_wait(events, &event, 1, -1) != 1)
            continue;
        struct connection *connection = event.data.ptr;
        if (take(connection->fd)) {
            serve(connection->fd);
            watch(connection->fd, connection, EPOLL_CTL_MOD);
        } else {
            close(connection->fd);
            free(connection);
        }
    }
    return NULL;
}

static void *lock_worker(void *argument)
{
    int fd = *(int *)argument;

    free(argument);
    while (take(fd)) {
        pthread_mutex_lock(&lock);
        serve(fd);
        pthread_mutex_unlock(&lock);
    }
    close(fd);
    return NULL;
}

static void start(void *(*run)(void *), void *argument)
{
    pthread_attr_t small;
    pthread_t thread;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK_BYTES);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &small, run, argument))
        _exit(2);
}

static void run_pool(void)
{
    for (int i = 0; i < config.workers; i++)
        start(pool_worker, NULL);
    for (;;) {
        struct connection *connection = calloc(1, sizeof *connection);
        connection->fd = accept_one();
        watch(connection->fd, connection, EPOLL_CTL_ADD);
    }
}

static void run_lock(void)
{
    for (;;) {
        int *fd = malloc(sizeof *fd);
        *fd = accept_one();
        start(lock_worker, fd);
    }
}

/* A connection is readable, or the wait of its request is over. */
static void loop_step(struct connection *connection)
{
    struct itimerspec wait = {.it_value = {config.wait_us / 1000000,
                                           config.wait_us % 1000000 * 1000L}};
    uint64_t times;

    if (read(connection->timer, &times, sizeof times) == sizeof times) {
        int64_t waited_ns = read_ns(CLOCK_MONOTONIC) - connection->began_ns;
        burn();
        answer(connection->fd, connection->began_ns, waited_ns);
        watch(connection->fd, connection, EPOLL_CTL_MOD);
        return;
    }
    if (!take(connection->fd)) {
        close(connection->fd);
        close(connection->timer);
        free(connection);
        return;
    }
    connection->began_ns = read_ns(CLOCK_MONOTONIC);
    if (config.wait_us == 0) {
        burn();
        answer(connection->fd, connection->began_ns, 0);
        watch(connection->fd, connection, EPOLL_CTL_MOD);
        return;
    }
    timerfd_settime(connection->timer, 0, &wait, NULL);
    watch(connection->timer, connection, EPOLL_CTL_MOD);
}

static void run_loop(void)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    epoll_ctl(events, EPOLL_CTL_ADD, door, &event);
    for (;;) {
        if (epoll_wait(events, &event, 1, -1) != 1)
            continue;
        if (event.data.ptr) {
            loop_step(event.data.ptr);
            continue;
        }
        struct connection *connection = calloc(1, sizeof *connection);
        connection->fd = accept_one();
        connection->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
        watch(connection->fd, connection, EPOLL_CTL_ADD);
        /* Armed anew with each request. */
        watch(connection->timer, connection, EPOLL_CTL_ADD);
    }
}

static void parse(const char *word)
{
    sscanf(word, "workers=%d", &config.workers);
    sscanf(word, "wait=%d", &config.wait_us);
    sscanf(word, "cpu=%d", &config.cpu_us);
    sscanf(word, "requests=%d", &config.requests);
    if (!strncmp(word, "log=", 4))
        config.log = fopen(word + 4, "w");
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;

    if (argc < 3)
        return 2;
    for (int i = 3; i < argc; i++)
        parse(argv[i]);
    /* Sleeps end when they should, and not up to 50 us later. */
    prctl(PR_SET_TIMERSLACK, 1);
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    door = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(door, (struct sockaddr *)&address, size) ||
        listen(door, CONNECTIONS_MAX) ||
        getsockname(door, (struct sockaddr *)&address, &size))
        return 1;
    events = epoll_create1(0);
    printf("%d\n", ntohs(address.sin_port)); /* of port 0: the kernel's */
    fflush(stdout);
    if (!strcmp(argv[2], "pool"))
        run_pool();
    if (!strcmp(argv[2], "loop"))
        run_loop();
    if (!strcmp(argv[2], "lock"))
        run_lock();
    return 2;
}
