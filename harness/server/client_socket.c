/* SPDX-License-Identifier: MIT
 *
 * The check of a fresh server whose workload is a WebSocket: the handshake and
 * a few echoes, one after another.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "harness/load/load.h"

/* Bytes that have come and were not looked at. */
struct stream {
    int fd;
    char bytes[LOAD_SOCKET_HEAD_MAX];
    size_t used;
};

static int read_more(struct stream *stream)
{
    ssize_t count;
    do
        count = recv(stream->fd, stream->bytes + stream->used,
                     sizeof stream->bytes - stream->used, 0);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    stream->used += (size_t)count;
    return count == 0 ? -ECONNRESET : 0;
}

static void take(struct stream *stream, size_t count)
{
    memmove(stream->bytes, stream->bytes + count, stream->used - count);
    stream->used -= count;
}

static int greet(struct stream *stream, const struct load_greeting *greeting,
                 char *why, size_t why_size)
{
    int result = client_send(stream->fd, greeting->bytes, greeting->size);
    int length = 0;
    while (result == 0 && length == 0) {
        result = read_more(stream);
        if (result == 0)
            length = load_socket_judge(greeting, stream->bytes, stream->used,
                                       why, why_size);
        if (length < 0)
            return length;
    }
    if (result < 0) {
        snprintf(why, why_size, "the handshake failed: %s", strerror(-result));
        return result;
    }
    take(stream, (size_t)length);
    return 0;
}

static int echo(struct stream *stream, struct load_socket *socket,
                const struct load_greeting *greeting,
                const struct load_request *request, char *why, size_t why_size)
{
    enum load_socket_event event = LOAD_SOCKET_MORE;
    int result = client_send(stream->fd, request->bytes, request->size);
    while (result == 0 &&
           (event == LOAD_SOCKET_MORE || event == LOAD_SOCKET_PUSHED)) {
        size_t used;
        event = load_socket_feed(socket, greeting, request->body,
                                 request->body_size, stream->bytes,
                                 stream->used, &used);
        take(stream, used);
        if (event == LOAD_SOCKET_MORE)
            result = read_more(stream);
    }
    if (result < 0)
        snprintf(why, why_size, "the checked message was not echoed: %s",
                 strerror(-result));
    else if (event != LOAD_SOCKET_ECHO)
        snprintf(why, why_size,
                 event == LOAD_SOCKET_OTHER
                     ? "the checked message came back as another"
                     : "the answer to the checked message is against RFC 6455");
    return result < 0 ? result : event == LOAD_SOCKET_ECHO ? 0 : -EPROTO;
}

int client_check_socket(const struct sockaddr_in *address,
                        const struct load_greeting *greeting,
                        const struct load_request *requests, int count,
                        int64_t budget_ns, int64_t timeout_ns, char *why,
                        size_t why_size)
{
    struct load_socket socket = {.push_due_ns = load_now()};
    struct stream stream = {.fd = client_open(address, timeout_ns)};
    int64_t end_ns = load_now() + budget_ns;
    int done = 0, result = stream.fd;
    if (result < 0) {
        snprintf(why, why_size, "the check cannot connect: %s",
                 strerror(-result));
        return result;
    }
    result = greet(&stream, greeting, why, why_size);
    while (result == 0 && done < count && (done == 0 || load_now() < end_ns)) {
        result =
            echo(&stream, &socket, greeting, &requests[done], why, why_size);
        done += result == 0;
    }
    close(stream.fd);
    return result < 0 ? result : done;
}
