/* SPDX-License-Identifier: MIT
 *
 * hiredis can be used without blocking in two ways. Its asynchronous context
 * has callbacks, which do not suit direct style. A context made by
 * redisConnectNonBlock never waits: it formats commands into a buffer, writes
 * as much as the socket takes, reads what is there, and parses answers; the
 * owner waits in between. (On such a context redisCommand and redisGetReply
 * neither send nor receive, but return at once without an answer.
 * redisBufferRead reserves 16 KiB of stack for a moment, and touches only as
 * much as was read.)
 *
 * The password is in REDISCLI_AUTH, as for redis-cli; without that variable,
 * none is sent.
 */
#include "redis.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/runtime/runtime.h"
#include "pool.h"
#include "store.h"

#if defined(TROIKA_WITHOUT_CLIENT) || !__has_include(<hiredis/hiredis.h>)

int redis_load(char *why, size_t why_size)
{
    snprintf(why, why_size,
             "built without hiredis; make deps-claims, then make again");
    return -ENOSYS;
}

int redis_call(const struct redis_command *command, redis_answer *answer,
               void *context, struct reply *reply)
{
    (void)command, (void)answer, (void)context;
    return store_explain(STORE_REDIS, -ENOSYS, "", reply);
}

#else

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <sys/socket.h>

#define TEXT(x)     #x
#define EXPANDED(x) TEXT(x)
/* The header has the layout of the context, so no other version will do. */
#define LIBRARY     "libhiredis.so." EXPANDED(HIREDIS_SONAME)
#define FUNCTIONS(X)                                                           \
    X(freeReplyObject)                                                         \
    X(redisAppendCommandArgv)                                                  \
    X(redisBufferRead)                                                         \
    X(redisBufferWrite)                                                        \
    X(redisConnectNonBlock)                                                    \
    X(redisFree)                                                               \
    X(redisGetReplyFromReader)

/* The library's functions by their own names. */
static struct {
#define X(name) __typeof__(name) *(name);
    FUNCTIONS(X)
#undef X
} hi;

enum { WORDS_MAX = 160 };

/* One call: its command, its deadline, and why it failed. */
struct call {
    const struct redis_command *command;
    int64_t deadline_ns;
    char words[WORDS_MAX];
};

int redis_load(char *why, size_t why_size)
{
    static const char *const names[] = {
#define X(name) #name,
        FUNCTIONS(X)
#undef X
    };
    return store_library(STORE_REDIS, LIBRARY, names,
                         sizeof names / sizeof *names, (void **)&hi, why,
                         why_size);
}

static int fail(struct call *call, int error, const char *words)
{
    snprintf(call->words, sizeof call->words, "%s", words);
    return error;
}

/* Called in a forked child: closes the descriptor, and sends nothing to
 * Redis. */
static void drop_inherited(intptr_t connection)
{
    hi.redisFree((redisContext *)connection);
}

/* Opens a connection. Returns 0 and sets *context, or a negative errno. */
static int open_context(struct call *call, redisContext **context)
{
    const struct sockaddr_in *address = store_address(STORE_REDIS);
    char host[INET_ADDRSTRLEN];
    int error = 0;
    socklen_t size = sizeof error;
    inet_ntop(AF_INET, &address->sin_addr, host, sizeof host);
    redisContext *c = hi.redisConnectNonBlock(host, ntohs(address->sin_port));
    if (!c)
        return -ENOMEM;
    int ready = c->err ? fail(call, -ECONNREFUSED, c->errstr)
                       : rt_wait_fd(c->fd, RT_WRITABLE, call->deadline_ns);
    if (ready >= 0 && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size))
        error = errno;
    error = ready < 0 ? ready : -error;
    if (error < 0)
        hi.redisFree(c);
    else
        *context = c;
    return error;
}

/* Takes the next complete answer; *answer is NULL if there is none. The answer
 * to a password is checked and dropped. Returns 0 or a negative errno. */
static int take_answer(struct call *call, redisContext *c, bool *asked,
                       void **answer)
{
    do {
        *answer = NULL;
        if (hi.redisGetReplyFromReader(c, answer) != REDIS_OK)
            return fail(call, -EPROTO, c->errstr);
        const redisReply *got = *answer;
        if (!got || !*asked)
            return 0;
        *asked = false;
        int error =
            got->type == REDIS_REPLY_ERROR ? fail(call, -EACCES, got->str) : 0;
        hi.freeReplyObject(*answer);
        if (error < 0)
            return error;
    } while (true);
}

/* Appends the command to the connection's output; before the first command also
 * the password, if there is one, so that both are sent together. */
static int append(struct call *call, redisContext *c, bool is_new, bool *asked)
{
    struct redis_command command = *call->command;
    const char *words[] = {"AUTH", getenv("REDISCLI_AUTH")};
    *asked = is_new && words[1] && *words[1];
    if (*asked && hi.redisAppendCommandArgv(c, 2, words, NULL) != REDIS_OK)
        return fail(call, -ENOMEM, c->errstr);
    return hi.redisAppendCommandArgv(c, command.count, command.words,
                                     command.sizes) != REDIS_OK
               ? fail(call, -ENOMEM, c->errstr)
               : 0;
}

/* Sends the command and waits until its answer is complete. */
static int exchange(struct call *call, redisContext *c, bool is_new,
                    void **answer)
{
    bool asked;
    int sent = 0, error = append(call, c, is_new, &asked);
    *answer = NULL;
    while (error == 0 && !*answer) {
        if (!sent && hi.redisBufferWrite(c, &sent) != REDIS_OK)
            return fail(call, -ECONNRESET, c->errstr);
        int events = rt_wait_fd(c->fd, RT_READABLE | (sent ? 0 : RT_WRITABLE),
                                call->deadline_ns);
        if (events < 0)
            return events;
        if (!(events & RT_READABLE))
            continue;
        if (hi.redisBufferRead(c) != REDIS_OK)
            return fail(call, -ECONNRESET, c->errstr);
        error = take_answer(call, c, &asked, answer);
    }
    return error;
}

/* Makes one attempt on a connection, and then keeps or closes it. */
static int run(struct call *call, redisContext *c, bool is_new, void **answer)
{
    int error = exchange(call, c, is_new, answer);
    if (error < 0 || !pool_give(POOL_REDIS, (intptr_t)c, drop_inherited))
        hi.redisFree(c);
    return error;
}

int redis_call(const struct redis_command *command, redis_answer *answer,
               void *context, struct reply *reply)
{
    struct call call = {.command = command,
                        .deadline_ns = rt_now() + STORE_GRACE_NS};
    redisContext *c = NULL;
    void *object = NULL;
    int error = -ECONNRESET;
    if (!store_address(STORE_REDIS))
        return store_explain(STORE_REDIS, -EDESTADDRREQ, "", reply);
    intptr_t kept = pool_take(POOL_REDIS);
    if (kept != POOL_EMPTY)
        error = run(&call, (redisContext *)kept, false, &object);
    /* A kept connection may have been closed before it was used. A new
     * connection shows whether anything is really wrong. */
    if (error == -ECONNRESET) {
        call.words[0] = '\0';
        error = open_context(&call, &c);
        if (error == 0)
            error = run(&call, c, true, &object);
    }
    const redisReply *got = object;
    if (error == 0 && got->type != REDIS_REPLY_STRING &&
        got->type != REDIS_REPLY_STATUS && got->type != REDIS_REPLY_NIL)
        error =
            fail(&call, -EPROTO,
                 got->type == REDIS_REPLY_ERROR ? got->str : "not a string");
    if (error == 0 && got->type == REDIS_REPLY_NIL)
        answer(context, NULL, 0);
    else if (error == 0)
        answer(context, got->str, (size_t)got->len);
    if (object)
        hi.freeReplyObject(object);
    return error < 0 ? store_explain(STORE_REDIS, error, call.words, reply) : 0;
}

#endif
