/* SPDX-License-Identifier: MIT
 *
 * One request at a time, blocking. The thinnest model there is.
 */
#include <errno.h>
#include <poll.h>

#include "models/runtime/blocking.h"
#include "models/runtime/server.h"

static int serve(const struct server_config *config)
{
    struct pollfd waits[] = {{.fd = config->listen_fd, .events = POLLIN},
                             {.fd = config->stop_fd, .events = POLLIN}};

    while (!waits[1].revents) {
        int fd = server_accept(config->listen_fd, 0);
        if (fd >= 0)
            server_connection(fd);
        else
            poll(waits, 2, -1);
    }
    return 0;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "one request at a time, blocking",
    .task_kind = TASK_NONE,
    .operations =
        {
            .sleep = blocking_sleep,
            .connect = blocking_connect,
            .read = blocking_read,
            .write = blocking_write,
            .wait_fd = blocking_wait_fd,
            .close = blocking_close,
            .spawn = inline_spawn,
            .join = inline_join,
            .offload = blocking_offload,
            .yield = blocking_yield,
        },
    .serve = serve,
};
