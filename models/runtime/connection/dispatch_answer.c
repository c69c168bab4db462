/* SPDX-License-Identifier: MIT
 *
 * The part of dispatch.h that needs no dispatcher: answering a request,
 * wherever its task runs; refusing a request; copying a request.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "dispatch.h"
#include "models/runtime/base/refused.h"
#include "server.h"

/* Not inlined, so that ordinary answers need no stack for `arguments`. */
static __attribute__((noinline)) void
converse(int fd, const struct http_request *request)
{
    struct arguments arguments;
    http_session(request, &arguments)->session(fd, &arguments);
}

bool dispatch_answer(int fd, const struct http_request *request, bool close)
{
    struct reply reply;
    reply_init(&reply);
    bool keep = http_answer(request, close, &reply);
    ssize_t written =
        rt_write(fd, reply.start, reply.size, rt_now() + SERVER_REQUEST_NS);
    bool session = reply.session && written >= 0;
    reply_free(&reply);
    if (session)
        converse(fd, request);
    return keep && written >= 0;
}

bool dispatch_refuse(int fd, const struct http_request *request, int error)
{
    struct reply reply;
    bool keep = request->keep_alive && !server_stopping();
    reply_init(&reply);
    if (error == 0) {
        keep = http_answer(request, server_stopping(), &reply);
    } else {
        const char *connection = !keep               ? "close"
                                 : request->http_1_0 ? "keep-alive"
                                                     : NULL;
        refused_say("a request's task", -error);
        (void)reply_printf(&reply,
                           "the server cannot start a task for this request: "
                           "%s; send fewer at once or raise the limit\n",
                           strerror(-error));
        reply_finish(&reply, 503, "text/plain", connection, request->head);
    }
    ssize_t sent =
        send(fd, reply.start, reply.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    keep = keep && sent == (ssize_t)reply.size;
    reply_free(&reply);
    return keep;
}

struct dispatch_job *dispatch_job_new(struct dispatch_connection *connection,
                                      const struct http_request *request)
{
    struct dispatch_job *job = malloc(sizeof *job + http_target_bytes(request));
    if (!job)
        return NULL;
    job->connection = connection;
    job->next = NULL;
    job->request = *request;
    job->request.target = job->target;
    memcpy(job->target, request->target, http_target_bytes(request));
    return job;
}

void dispatch_line_push(struct dispatch_line *line, struct dispatch_job *job)
{
    *(line->first ? &line->last->next : &line->first) = job;
    line->last = job;
}

void dispatch_line_pop(struct dispatch_line *line)
{
    line->first = line->first->next;
}
