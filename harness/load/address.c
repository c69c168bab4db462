/* SPDX-License-Identifier: MIT
 *
 * The two families differ in where the port stands; all else is the kernel's.
 */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

socklen_t load_address_size(const union load_address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->v6
                                              : sizeof address->v4;
}

bool load_address_is_loopback4(const union load_address *address)
{
    return address->any.sa_family == AF_INET &&
           ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
}

const char *load_address_text(const union load_address *address, char *text,
                              size_t size)
{
    char host[INET6_ADDRSTRLEN] = "?";
    bool six = address->any.sa_family == AF_INET6;
    inet_ntop(address->any.sa_family,
              six ? (const void *)&address->v6.sin6_addr
                  : (const void *)&address->v4.sin_addr,
              host, sizeof host);
    snprintf(text, size, six ? "[%s]:%d" : "%s:%d", host,
             ntohs(six ? address->v6.sin6_port : address->v4.sin_port));
    return text;
}

static const char *remedy(int error)
{
    switch (error) {
    case -ECONNREFUSED:
        return "; is the server running?";
    case -ETIMEDOUT:
        return "; is a firewall in between, or the server's accept queue full?";
    case -EADDRNOTAVAIL:
        return " (out of local ports: those of ended connections are kept for "
               "a minute, TIME_WAIT; wait, or use fewer connections)";
    case -EMFILE:
    case -ENFILE:
        return " (out of file descriptors; raise ulimit -n)";
    case -ENETUNREACH:
    case -EHOSTUNREACH:
        return "; this machine has no route there";
    default:
        return "";
    }
}

const char *load_address_cause(int error, char *text, size_t size)
{
    snprintf(text, size, "%s%s", strerror(-error), remedy(error));
    return text;
}

int load_address_try(const union load_address *address, int64_t timeout_ns)
{
    int fd = socket(address->any.sa_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int error = 0;
    socklen_t size = sizeof error;
    if (connect(fd, &address->any, load_address_size(address)) < 0)
        error = errno;
    if (error == EINPROGRESS) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        int count = poll(&ready, 1, (int)(timeout_ns / 1000000));
        error = count == 0 ? ETIMEDOUT : count < 0 ? errno : 0;
        if (count > 0)
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    close(fd);
    return -error;
}
