/* SPDX-License-Identifier: MIT
 *
 * A server whose behaviour is known exactly, as truth for tests of the load
 * generator: a thread per connection, raw sockets, one request at a time.
 *
 * GET /FAULT or /FAULT?every=N&delay=MS: every N-th request of the whole
 * server (default each) has the fault, the others get the plain answer "ok";
 * all wait MS milliseconds first. Prints {"port":N} when it listens,
 * {"asked":true} at the first request and, at SIGTERM,
 * {"requests":N,"faults":N,"connections":N}.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static atomic_long requests, faults, connections;

static const char plain[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static bool put(int fd, const char *text)
{
    size_t size = strlen(text);
    return send(fd, text, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void pause_us(long us)
{
    struct timespec time = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&time, NULL);
}

static bool single_bytes(int fd)
{
    for (const char *at = plain; *at; at++) {
        if (send(fd, at, 1, MSG_NOSIGNAL) != 1)
            return false;
        pause_us(100);
    }
    return true;
}

static bool chunked(int fd)
{
    if (!put(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no"))
        return false;
    pause_us(500);
    return put(fd, "\r\n1;x=y\r\nk\r\n0\r\nTrailer: 1\r\n\r\n");
}

/* Head in one packet, body in the next; or an interim answer first. */
static bool split(int fd)
{
    if (!put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"))
        return false;
    pause_us(500);
    return put(fd, "ok");
}

static bool reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    return false;
}

static bool hang(int fd)
{
    char byte;
    while (recv(fd, &byte, 1, 0) > 0)
        ;
    return false;
}

static bool put_and_close(int fd, const char *text)
{
    put(fd, text);
    return false;
}

/* Answers with the fault; returns whether the connection goes on. */
static bool misbehave(int fd, const char *fault)
{
    if (!strcmp(fault, "wrong"))
        return put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
    if (!strcmp(fault, "longer"))
        return put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok!");
    if (!strcmp(fault, "status"))
        return put(fd, "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nok");
    if (!strcmp(fault, "interim"))
        return put(fd, "HTTP/1.1 100 Continue\r\n\r\n") && put(fd, plain);
    if (!strcmp(fault, "bytes"))
        return single_bytes(fd);
    if (!strcmp(fault, "chunked"))
        return chunked(fd);
    if (!strcmp(fault, "split"))
        return split(fd);
    if (!strcmp(fault, "hang"))
        return hang(fd);
    if (!strcmp(fault, "reset"))
        return reset(fd);
    if (!strcmp(fault, "garbage"))
        return put_and_close(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
                                 "okHTTP/1.1 surplus");
    if (!strcmp(fault, "binary"))
        return put_and_close(fd, "\001\002\003\004");
    if (!strcmp(fault, "truncate"))
        return put_and_close(fd,
                             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
    if (!strcmp(fault, "until-close"))
        return put_and_close(fd, "HTTP/1.1 200 OK\r\n\r\nok");
    if (!strcmp(fault, "close"))
        return put_and_close(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                                 "Connection: close\r\n\r\nok");
    return put(fd, plain);
}

static long option(const char *head, const char *name, long otherwise)
{
    const char *at = strstr(head, name);
    return at ? strtol(at + strlen(name), NULL, 10) : otherwise;
}

static bool answer(int fd, const char *head)
{
    char fault[32] = "";
    sscanf(head, "GET /%31[a-z-]", fault);
    long number = atomic_fetch_add(&requests, 1) + 1;
    if (number == 1) {
        printf("{\"asked\":true}\n");
        fflush(stdout);
    }
    pause_us(1000 * option(head, "delay=", 0));
    if (number % option(head, "every=", 1) != 0)
        return put(fd, plain);
    atomic_fetch_add(&faults, 1);
    return misbehave(fd, fault);
}

static void *serve(void *arg)
{
    int fd = (int)(long)arg;
    char head[4096];
    size_t used = 0;
    ssize_t count;
    while ((count = recv(fd, head + used, sizeof head - 1 - used, 0)) > 0) {
        used += (size_t)count;
        head[used] = '\0';
        if (!strstr(head, "\r\n\r\n"))
            continue;
        used = 0;
        if (!answer(fd, head))
            break;
    }
    close(fd);
    return NULL;
}

static void *accept_all(void *arg)
{
    int listener = (int)(long)arg;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pthread_t thread;
        if (fd >= 0)
            atomic_fetch_add(&connections, 1);
        if (fd >= 0 &&
            pthread_create(&thread, &attributes, serve, (void *)(long)fd) != 0)
            close(fd);
    }
    return NULL;
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), signal_number;
    sigset_t end;
    pthread_t thread;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &end, NULL);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 ||
        listen(listener, 1024) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
        pthread_create(&thread, NULL, accept_all, (void *)(long)listener)) {
        perror("faulty: listening on a loopback port");
        return 1;
    }
    printf("{\"port\":%d}\n", ntohs(address.sin_port));
    fflush(stdout);
    sigwait(&end, &signal_number);
    printf("{\"requests\":%ld,\"faults\":%ld,\"connections\":%ld}\n",
           atomic_load(&requests), atomic_load(&faults),
           atomic_load(&connections));
    fflush(stdout);
    _exit(0);
}
