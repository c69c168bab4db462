/* SPDX-License-Identifier: MIT
 *
 * Each socket is registered once, edge-triggered, for all events, so that a
 * request costs one write, one epoll_wait and one read, and no epoll_ctl.
 *
 * A pair of addresses has some 28,000 ports. For more connections to a loopback
 * address, several source addresses of 127/8 are used. The kernel picks the
 * port at connect time (IP_BIND_ADDRESS_NO_PORT), so that destinations share
 * ports.
 *
 * With churn, closing resets the connection (SO_LINGER of 0). A plain close
 * would keep the port for a minute (TIME_WAIT) and so limit churn to some 470
 * connections a second. The answer is whole by then, so nothing is lost.
 */
#include "pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORTS_PER_SOURCE = 25000 };

/* The number of the spec's connections that belong to process `process`. */
static int share(const struct load_spec *spec, int process, int processes)
{
    return (spec->connections - process + processes - 1) / processes;
}

int load_pool_sources(int connections)
{
    return (connections + PORTS_PER_SOURCE - 1) / PORTS_PER_SOURCE;
}

int load_pool_init(struct load_pool *pool, const struct load_spec *spec,
                   int process, int processes)
{
    *pool = (struct load_pool){
        .count = share(spec, process, processes),
        .address = spec->address,
        .process = process,
        .processes = processes,
        .sources = load_pool_sources(spec->connections),
        .churn = spec->churn,
        .paused_until_ns = INT64_MAX,
    };
    pool->all = calloc((size_t)pool->count, sizeof *pool->all);
    pool->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!pool->all || pool->epoll_fd < 0)
        return pool->all ? -errno : -ENOMEM;
    for (int i = 0; i < pool->count; i++) {
        struct load_connection *connection = &pool->all[i];
        struct load_list *list = &pool->lists[POOL_WANTED];
        connection->fd = -1;
        connection->previous = list->tail;
        if (list->tail)
            list->tail->next = connection;
        else
            list->head = connection;
        list->tail = connection;
        list->count++;
    }
    return 0;
}

static void list_remove(struct load_list *list,
                        struct load_connection *connection)
{
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        list->head = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    else
        list->tail = connection->previous;
    list->count--;
}

void load_pool_move(struct load_pool *pool, struct load_connection *connection,
                    enum load_state state)
{
    list_remove(&pool->lists[connection->state], connection);
    struct load_list *list = &pool->lists[state];
    struct load_connection *before = list->tail;
    /* Due times do not always grow in the order of moves: a request may have
     * taken longer to connect than others, may be sent once more, or its
     * connection may have been opened again before the load began. So these
     * lists are kept sorted. */
    bool ordered = state == POOL_BUSY || state == POOL_CONNECTING ||
                   state == POOL_STARTING;
    while (ordered && before && before->due_ns > connection->due_ns)
        before = before->previous;
    connection->state = state;
    connection->previous = before;
    connection->next = before ? before->next : list->head;
    if (connection->next)
        connection->next->previous = connection;
    else
        list->tail = connection;
    if (before)
        before->next = connection;
    else
        list->head = connection;
    list->count++;
}

int load_pool_number(const struct load_pool *pool,
                     const struct load_connection *connection)
{
    return pool->process + (int)(connection - pool->all) * pool->processes;
}

/* Source 0 is the kernel's default, so nothing is bound. */
static int bind_source(const struct load_pool *pool, int fd, int number)
{
    int source = number % pool->sources;
    if (source == 0)
        return 0;
    int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)source),
    };
    return bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno
                                                                     : 0;
}

static int open_socket(struct load_pool *pool,
                       struct load_connection *connection)
{
    int fd = socket(pool->address.any.sa_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    connection->fd = fd;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    static const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (pool->churn)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    return bind_source(pool, fd, load_pool_number(pool, connection));
}

int load_pool_connect(struct load_pool *pool,
                      struct load_connection *connection)
{
    int status = open_socket(pool, connection);
    if (status < 0)
        goto failed;
    bool at_once = connect(connection->fd, &pool->address.any,
                           load_address_size(&pool->address)) == 0;
    if (!at_once && errno != EINPROGRESS) {
        status = -errno;
        goto failed;
    }
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.u64 = (uint64_t)connection->generation << 32 |
                    (uint64_t)(connection - pool->all),
    };
    if (epoll_ctl(pool->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) == 0)
        return at_once;
    status = -errno;
failed:
    load_pool_close(connection);
    return status;
}

int load_pool_connected(const struct load_connection *connection)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        return -errno;
    return -error;
}

void load_pool_close(struct load_connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
    connection->greeted = connection->kept = false;
    connection->generation++;
}

/* A fresh socket's buffer takes the whole handshake at once, so a short write
 * is an error. */
int load_pool_greet(struct load_connection *connection,
                    const struct load_greeting *greeting, int64_t now_ns)
{
    connection->greeted = true;
    connection->socket = (struct load_socket){.push_due_ns = now_ns};
    ssize_t count =
        send(connection->fd, greeting->bytes, greeting->size, MSG_NOSIGNAL);
    if (count == (ssize_t)greeting->size)
        return 0;
    return count < 0 ? -errno : -ENOBUFS;
}

int load_pool_write(struct load_connection *connection)
{
    const struct load_request *request =
        connection->response.reference->request;
    while (connection->written < request->size) {
        ssize_t count =
            send(connection->fd, request->bytes + connection->written,
                 request->size - connection->written, MSG_NOSIGNAL);
        if (count >= 0)
            connection->written += (size_t)count;
        else if (errno == EAGAIN)
            return 0;
        else if (errno != EINTR)
            return -errno;
    }
    return 0;
}

struct load_connection *load_pool_find(struct load_pool *pool, uint64_t tag)
{
    struct load_connection *connection = &pool->all[(uint32_t)tag];
    return connection->generation == (uint32_t)(tag >> 32) ? connection : NULL;
}

void load_pool_wake(struct load_pool *pool, int64_t now_ns)
{
    if (now_ns < pool->paused_until_ns)
        return;
    pool->paused_until_ns = INT64_MAX;
    struct load_connection *next;
    for (struct load_connection *connection = pool->lists[POOL_PAUSED].head;
         connection; connection = next) {
        next = connection->next;
        if (connection->due_ns <= now_ns)
            load_pool_move(pool, connection, POOL_WANTED);
        else if (connection->due_ns < pool->paused_until_ns)
            pool->paused_until_ns = connection->due_ns;
    }
}

int load_pool_open(const struct load_pool *pool)
{
    int open = 0;
    for (int i = 0; i < pool->count; i++) {
        const struct load_connection *connection = &pool->all[i];
        open += connection->state >= POOL_FREE ||
                (connection->was_open && connection->failures == 0);
    }
    return open;
}

bool load_pool_none_left(const struct load_pool *pool)
{
    return pool->lists[POOL_PAUSED].count == pool->count;
}
