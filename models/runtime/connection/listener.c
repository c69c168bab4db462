/* SPDX-License-Identifier: MIT
 *
 * The first socket is bound without SO_REUSEPORT, so that a port in use is
 * detected; sharing is allowed only afterwards. A later server that binds the
 * port in this way is refused as well.
 */
#include "listener.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_another(const struct server_config *config)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) ||
        getsockname(config->listen_fd, (struct sockaddr *)&address, &length) ||
        bind(fd, (struct sockaddr *)&address, length) ||
        listen(fd, config->backlog)) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

int listener_spread(const struct server_config *config, bool own, int *fds,
                    int count)
{
    int one = 1;

    for (int i = 0; i < count; i++)
        fds[i] = config->listen_fd;
    if (!own || count < 2)
        return 0;
    if (setsockopt(config->listen_fd, SOL_SOCKET, SO_REUSEPORT, &one,
                   sizeof one))
        return -errno;
    for (int i = 1; i < count; i++) {
        int fd = open_another(config);
        if (fd < 0) {
            listener_close(config, fds, i);
            return fd;
        }
        fds[i] = fd;
    }
    return 0;
}

void listener_close(const struct server_config *config, const int *fds,
                    int count)
{
    for (int i = 0; i < count; i++)
        if (fds[i] != config->listen_fd)
            close(fds[i]);
}
