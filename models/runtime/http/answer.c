/* SPDX-License-Identifier: MIT
 *
 * The answer half of http.h: from a parsed request to the bytes to send. The
 * routes are the generated table of workloads, without those that the model
 * does not have. `/` lists the routes; `/stats` has the server's own
 * statistics.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http.h"
#include "models/runtime/base/refused.h"
#include "models/runtime/base/stats.h"
#include "models/runtime/model.h"
#include "upgrade.h"

/* An answer without its body. */
struct outcome {
    int status;
    const char *type;
};

static const char text_plain[] = "text/plain";
static const char application_json[] = "application/json";

static struct outcome ok(const char *type)
{
    return (struct outcome){200, type};
}

/* Replaces the body by one sentence. */
static struct outcome wrong(struct reply *reply, int status, const char *reason)
{
    size_t length = strcspn(reason, "\r\n");

    reply->body_size = 0;
    /* If out of memory, the body stays empty, and the status must do. */
    (void)reply_append(reply, reason, length);
    (void)reply_append(reply, "\n", 1);
    return (struct outcome){status, text_plain};
}

static const char *error_reason(int status)
{
    switch (status) {
    case 405:
        return "only GET and HEAD are allowed";
    case 413:
        return "the request's body is over 64 KiB; send a smaller one";
    case 431:
        return "the request's head is over 8 KiB; send a shorter one";
    default:
        return "the request is malformed";
    }
}

static bool model_has(const struct workload *workload)
{
    return !model.has || model.has(workload);
}

static int list_one(struct reply *reply, const struct workload_entry *entry)
{
    const struct workload *workload = entry->workload;
    int rc =
        reply_printf(reply, "{\"route\":\"/%s\",\"summary\":", entry->name);

    rc = rc ? rc : reply_json_string(reply, workload->summary);
    rc = rc ? rc
            : reply_printf(reply, ",\"kind\":\"%s\",\"needs_backend\":%s,",
                           workload_kind_name(workload->kind),
                           workload->needs_backend ? "true" : "false");
    rc = rc ? rc : reply_printf(reply, "\"source\":");
    rc =
        rc ? rc
           : reply_json_string(reply, workload->source ? workload->source : "");
    rc = rc ? rc : reply_printf(reply, ",\"parameters\":");
    rc = rc ? rc : reply_json_parameters(reply, workload->parameters);
    return rc ? rc : reply_append(reply, "}", 1);
}

static __attribute__((noinline)) struct outcome list(struct reply *reply)
{
    const char *separator = "";
    int rc = reply_printf(reply, "{\"model\":\"%s\",\"routes\":[", model.name);

    for (const struct workload_entry *entry = workloads; entry->name; entry++) {
        if (!model_has(entry->workload))
            continue;
        rc = rc ? rc : reply_append(reply, separator, strlen(separator));
        rc = rc ? rc : list_one(reply, entry);
        separator = ",";
    }
    rc = rc ? rc : reply_printf(reply, "]}\n");
    return rc ? wrong(reply, 503, "out of memory") : ok(application_json);
}

/* Parses once more, to say what is wrong. Not inlined, as others in this file:
 * a page of stack once touched stays with its connection, and the usual request
 * needs no room for a sentence. */
static __attribute__((noinline)) void
explain_query(const struct parameter *table, const char *query, size_t length,
              struct arguments *arguments, struct reply *reply)
{
    char why[320];

    parameters_parse_query(table, query, length, arguments, why, sizeof why);
    wrong(reply, 400, why);
}

static bool parse_query(const struct parameter *table, const char *query,
                        size_t length, struct arguments *arguments,
                        struct reply *reply)
{
    if (parameters_parse_query(table, query, length, arguments, NULL, 0) == 0)
        return true;
    explain_query(table, query, length, arguments, reply);
    return false;
}

static __attribute__((noinline)) struct outcome
show_stats(const char *query, size_t length, struct reply *reply)
{
    static const struct parameter parameters[] = {
        {"reset", UNIT_COUNT, "0", 0, 1, 0, "start anew after this answer"},
        {0},
    };
    struct arguments arguments;
    char text[STATS_TEXT_BYTES];

    if (!parse_query(parameters, query, length, &arguments, reply))
        return (struct outcome){400, text_plain};
    if (reply_append(reply, text, stats_print(text)))
        return wrong(reply, 503, "out of memory");
    if (argument(&arguments, 0))
        stats_reset();
    return ok(application_json);
}

/* Answers for a handler that failed, with the handler's reason if it left
 * one. */
static __attribute__((noinline)) struct outcome failed(struct reply *reply,
                                                       int error)
{
    char reason[256];
    size_t size;
    const char *body = reply_body(reply, &size);

    if (size > 0)
        snprintf(reason, sizeof reason, "%.*s", (int)(size < 255 ? size : 255),
                 body);
    else if (error == -EDESTADDRREQ)
        snprintf(reason, sizeof reason,
                 "this workload calls a backend; start the server with "
                 "--backend HOST:PORT");
    else
        snprintf(reason, sizeof reason, "the workload failed: %s",
                 strerrordesc_np(-error) ? strerrordesc_np(-error)
                                         : "unknown error");
    refused_say("a request's work", -error);
    return wrong(reply, 503, reason);
}

static __attribute__((noinline)) struct outcome
run(const struct workload *workload, const char *query, size_t length,
    struct reply *reply)
{
    struct arguments arguments;

    stats_count_request();
    if (!parse_query(workload->parameters, query, length, &arguments, reply))
        return (struct outcome){400, text_plain};
    int rc = workload->handle(&arguments, reply);
    return rc < 0 ? failed(reply, rc) : ok(text_plain);
}

/* Answers for a route that is a conversation: with the handshake, if the
 * request asks for one. Other routes ignore the wish to upgrade, and answer in
 * HTTP. */
static __attribute__((noinline)) struct outcome
begin_session(const struct workload *workload,
              const struct http_request *request, const char *query,
              size_t length, struct reply *reply)
{
    struct arguments arguments;

    stats_count_request();
    if (!parse_query(workload->parameters, query, length, &arguments, reply))
        return (struct outcome){400, text_plain};
    switch (request->upgrade) {
    case HTTP_WEBSOCKET:
        upgrade_answer(request, reply);
        reply->session = true;
        return (struct outcome){101, NULL};
    case HTTP_BAD_UPGRADE:
        return wrong(reply, 400,
                     "a WebSocket handshake has one Sec-WebSocket-Key of 16 "
                     "bytes in base64, and waits for its answer");
    default:
        return wrong(reply, 426,
                     "this route speaks WebSocket (RFC 6455): ask with GET, "
                     "Upgrade: websocket and Sec-WebSocket-Version: 13");
    }
}

/* Copies the path in printable characters, cut to fit into a sentence. */
static void print_path(char *text, size_t size, const char *path, size_t length)
{
    size_t n = length < size - 1 ? length : size - 1;

    for (size_t i = 0; i < n; i++)
        text[i] = path[i] > ' ' && path[i] < 127 ? path[i] : '?';
    text[n] = 0;
}

static __attribute__((noinline)) struct outcome
wrong_path(const char *path, bool workload_exists, struct reply *reply)
{
    char reason[160];

    if (workload_exists)
        snprintf(reason, sizeof reason, "the model %s does not have %s",
                 model.name, path);
    else if (strcmp(path, "/stats") == 0)
        snprintf(reason, sizeof reason,
                 "no statistics are kept; start the server with --stats");
    else
        snprintf(reason, sizeof reason,
                 "there is no route %s; GET / lists the routes", path);
    return wrong(reply, 404, reason);
}

/* A request's target in its two parts. */
struct target {
    const char *path, *query;
    size_t path_length, query_length;
};

/* Skips "http://HOST" in a target in absolute form. */
static const char *skip_authority(const char *target, const char *end)
{
    if (target == end || *target == '/')
        return target;
    for (target += strlen("http://"); target < end; target++)
        if (*target == '/' || *target == '?')
            break;
    return target;
}

static struct target target_of(const struct http_request *request)
{
    const char *end = request->target + request->target_length;
    const char *path = skip_authority(request->target, end);
    const char *mark = memchr(path, '?', (size_t)(end - path));
    const char *path_end = mark ? mark : end;
    const char *query = mark ? mark + 1 : end;

    if (path == path_end) /* an empty path means "/" (RFC 9110, 4.2.3) */
        return (struct target){"/", query, 1, (size_t)(end - query)};
    return (struct target){path, query, (size_t)(path_end - path),
                           (size_t)(end - query)};
}

/* The workload that the path names, or NULL. */
static const struct workload_entry *entry_of(const struct target *target)
{
    char name[48];

    print_path(name, sizeof name, target->path, target->path_length);
    return name[0] == '/' ? workload_find(name + 1) : NULL;
}

static struct outcome route(const struct http_request *request,
                            struct reply *reply)
{
    struct target target = target_of(request);
    char name[48];

    print_path(name, sizeof name, target.path, target.path_length);
    if (strcmp(name, "/") == 0)
        return list(reply);
    if (strcmp(name, "/stats") == 0 && stats_enabled())
        return show_stats(target.query, target.query_length, reply);
    const struct workload_entry *entry =
        name[0] == '/' ? workload_find(name + 1) : NULL;
    if (entry && model_has(entry->workload))
        return entry->workload->session
                   ? begin_session(entry->workload, request, target.query,
                                   target.query_length, reply)
                   : run(entry->workload, target.query, target.query_length,
                         reply);
    return wrong_path(name, entry, reply);
}

/* Adds the head, which comes last. Returns whether the connection goes on. */
static bool finish(const struct http_request *request, struct outcome outcome,
                   bool close, struct reply *reply)
{
    bool keep = request->keep_alive && !close;
    const char *connection = keep ? NULL : "close";

    if (keep && request->http_1_0)
        connection = "keep-alive";
    reply_finish(reply, outcome.status, outcome.type, connection,
                 request->head);
    return keep;
}

bool http_answer(const struct http_request *request, bool close,
                 struct reply *reply)
{
    struct outcome outcome;

    if (request->error)
        outcome = wrong(reply, request->error,
                        request->reason ? request->reason
                                        : error_reason(request->error));
    else
        outcome = route(request, reply);
    if (reply->session)
        return false; /* the connection is HTTP no longer */
    return finish(request, outcome, close, reply);
}

/* The model's workload that the path names, or NULL. */
static const struct workload *workload_of(const struct target *target)
{
    const struct workload_entry *entry = entry_of(target);

    return entry && model_has(entry->workload) ? entry->workload : NULL;
}

const struct workload *http_workload(const struct http_request *request)
{
    if (request->error)
        return NULL;
    struct target target = target_of(request);
    return workload_of(&target);
}

/* Parses the request's text once more, so that struct reply need not hold
 * arguments that few answers need. */
const struct workload *http_session(const struct http_request *request,
                                    struct arguments *arguments)
{
    struct target target = target_of(request);
    const struct workload *workload = entry_of(&target)->workload;

    (void)parameters_parse_query(workload->parameters, target.query,
                                 target.query_length, arguments, NULL, 0);
    return workload;
}

const struct workload *http_find(const struct http_request *request,
                                 struct arguments *arguments)
{
    if (request->error)
        return NULL;
    struct target target = target_of(request);
    const struct workload *workload = workload_of(&target);
    if (!workload ||
        parameters_parse_query(workload->parameters, target.query,
                               target.query_length, arguments, NULL, 0))
        return NULL;
    stats_count_request();
    return workload;
}

bool http_finish(const struct http_request *request, int error, bool close,
                 struct reply *reply)
{
    return finish(request, error < 0 ? failed(reply, error) : ok(text_plain),
                  close, reply);
}

void http_refuse(struct reply *reply, int status, const char *reason)
{
    struct outcome outcome = wrong(reply, status, reason);

    reply_finish(reply, outcome.status, outcome.type, "close", false);
}
