/* SPDX-License-Identifier: MIT
 *
 * A new connection has its first bytes acknowledged at once, so the first turn
 * shows nothing and is left out. TCP_QUICKACK is not lasting: the kernel takes
 * it back as soon as a request is answered, so it is set after each request,
 * and once more when the head is there, which sends what is owed.
 */
#include "held.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/load/answer/http_answer.h"
#include "harness/server/client.h"
#include "models/runtime/base/clock.h"

/* A busy machine holds up an answer, too, but not all of a few in a row. */
enum { TURNS = 4, TRIES = 3 };

static const int64_t TIMEOUT_NS = INT64_C(2000000000);

/* Linux delays an acknowledgement by 40 ms or more. */
static const int64_t DELAYED_NS = 35000000, AT_ONCE_NS = 10000000;

static void acknowledge(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
}

/* Sends a request and reads its answer. Returns the time from the answer's
 * first byte to its last, or -1: there is no whole answer, or no second one
 * will come. */
static int64_t ask(int fd, const struct load_request *request, bool at_once)
{
    struct http_answer read = {0};
    enum http_event event = HTTP_MORE;
    int64_t first_ns = 0;
    char part[16384];
    size_t used;

    http_answer_begin(&read, request->head);
    if (send(fd, request->bytes, request->size, MSG_NOSIGNAL) !=
        (ssize_t)request->size)
        return -1;
    while (event == HTTP_MORE) {
        if (at_once)
            acknowledge(fd);
        ssize_t n = recv(fd, part, sizeof part, 0);
        if (n <= 0)
            return -1;
        if (first_ns == 0)
            first_ns = clock_now_ns();
        event = http_answer_feed(&read, part, (size_t)n, &used);
    }
    return event == HTTP_WHOLE && read.keep_alive ? clock_now_ns() - first_ns
                                                  : -1;
}

/* The least time of a few turns if all of them are of one kind, else 0: held
 * up, or, with the acknowledgement at once, not. */
static double turns_ns(int fd, const struct load_request *request, bool at_once)
{
    int64_t least_ns = INT64_MAX;

    for (int turn = 0; turn < TURNS; turn++) {
        int64_t ns = ask(fd, request, at_once);
        bool first = turn == 0 && !at_once;

        if (ns < 0 ||
            (!first && (at_once ? ns >= AT_ONCE_NS : ns < DELAYED_NS)))
            return 0;
        if (!first && ns < least_ns)
            least_ns = ns;
    }
    return (double)(least_ns > 0 ? least_ns : 1);
}

double held_ns(const struct sockaddr_in *address,
               const struct load_request *request,
               const volatile sig_atomic_t *stop)
{
    int fd = client_connect(address, TIMEOUT_NS);
    double least_ns = fd >= 0 ? turns_ns(fd, request, false) : 0;
    bool held = false;

    for (int try = 0; try < TRIES && least_ns > 0 && !held && *stop == 0; try++)
        held = turns_ns(fd, request, true) > 0;
    if (fd >= 0)
        close(fd);
    return held && *stop == 0 ? least_ns : 0;
}
