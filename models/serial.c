/* SPDX-License-Identifier: MIT
 *
 * One request at a time, in a single thread: the simplest model. Any number of
 * connections may be open meanwhile. A request's life:
 *
 *   accept -> idle in the thread's epoll set
 *          -> readable: the thread parses a whole request
 *          -> the handler runs in the thread
 *          -> where the handler waits, everybody waits
 *          -> the answer is written
 *          -> idle again; the next connection's turn
 */
#include "models/runtime/connection/dispatch.h"
#include "models/runtime/connection/server.h"
#include "models/runtime/tasks/blocking.h"

static int serve_request(struct dispatch_connection *connection,
                         const struct http_request *request)
{
    bool keep =
        dispatch_answer(dispatch_fd(connection), request, server_stopping());
    return keep ? DISPATCH_KEEP : DISPATCH_CLOSE;
}

static int serve(const struct server_config *config)
{
    int error = dispatch_open(config, serve_request, false);
    if (error == 0)
        error = dispatch_run();
    dispatch_close();
    return error;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "one request at a time, blocking",
    .task_kind = TASK_NONE,
    .discipline = DISCIPLINE_ALONE,
    .operations = &blocking_inline,
    .serve = serve,
};
