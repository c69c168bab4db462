/* SPDX-License-Identifier: MIT
 *
 * Sends without waiting; a full socket is no error here.
 */
#include "unsent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Returns how much the socket took, or a negative errno. */
static ssize_t send_some(int fd, const char *bytes, size_t size)
{
    size_t sent = 0;

    while (sent < size) {
        ssize_t count =
            send(fd, bytes + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0)
            sent += (size_t)count;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            return -errno;
    }
    return (ssize_t)sent;
}

int unsent_begin(struct unsent *unsent, int fd, const char *bytes, size_t size)
{
    ssize_t sent = send_some(fd, bytes, size);

    if (sent < 0)
        return (int)sent;
    if ((size_t)sent == size)
        return 1;
    unsent->size = size - (size_t)sent;
    unsent->sent = 0;
    unsent->bytes = malloc(unsent->size);
    if (!unsent->bytes)
        return -ENOMEM;
    memcpy(unsent->bytes, bytes + sent, unsent->size);
    return 0;
}

int unsent_go_on(struct unsent *unsent, int fd)
{
    ssize_t sent = send_some(fd, unsent->bytes + unsent->sent,
                             unsent->size - unsent->sent);

    if (sent < 0)
        return (int)sent;
    unsent->sent += (size_t)sent;
    if (unsent->sent < unsent->size)
        return 0;
    unsent_free(unsent);
    return 1;
}

void unsent_free(struct unsent *unsent)
{
    free(unsent->bytes);
    unsent->bytes = NULL;
}
