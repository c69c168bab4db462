/* SPDX-License-Identifier: MIT
 *
 * Sending a request and its connection's descriptor to another process, through
 * a local socket that keeps messages whole (SOCK_SEQPACKET). The descriptor is
 * passed by SCM_RIGHTS (unix(7)): the receiver gets a copy, and closes it after
 * the answer.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "dispatch.h"
#include "server.h"

/* Room for one descriptor beside a message, aligned for its header. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int dispatch_send(int to, int client, const struct http_request *request)
{
    struct dispatch_order order = {*request, server_stopping()};
    struct iovec parts[] = {
        {&order, sizeof order},
        {(char *)request->target, http_target_bytes(request)},
    };
    union control control = {.bytes = {0}};
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof client);
    memcpy(CMSG_DATA(header), &client, sizeof client);
    ssize_t sent;
    do
        sent = sendmsg(to, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int dispatch_receive(int from, struct dispatch_order *order, char *target)
{
    struct iovec parts[] = {{order, sizeof *order}, {target, HTTP_HEAD_MAX}};
    union control control;
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t size;
    int client;
    do
        size = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return -errno;
    if (size < (ssize_t)sizeof *order)
        return -EPIPE;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS)
        return -EMFILE;
    memcpy(&client, CMSG_DATA(header), sizeof client);
    order->request.target = target;
    return client;
}
