/* SPDX-License-Identifier: MIT
 *
 * Runs answer() in this process to make the expected answers.
 *
 * The workloads are linked as a whole, together with the runtime's thin
 * wrappers, which call the operations of the linked model. The harness is no
 * model, but answer() never waits, so a model without operations is enough.
 */
#include "answers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/runtime/base/mix.h"
#include "models/runtime/http/http.h"
#include "models/runtime/http/upgrade.h"
#include "models/runtime/model.h"

const struct model model = {.name = "troika"};

enum {
    SEED_FIRST = 100000000, /* nine digits: one length for every request */
    SEED_COUNT = 900000000,
    REQUEST_MAX = 4096,
    SOME_MIN = 4,
};

/* How many answers may be made in how much CPU time, and in how much memory.
 * Wall time would make the number depend on what else the machine does. If
 * requests are of two kinds, a thousand seeds have exactly their share of heavy
 * ones. If they vary, only many seeds have the mean and the tail that were
 * asked for. */
struct budget {
    int count;
    int64_t cost_ns;
    size_t bytes;
};
static const struct budget one_kind = {64, 50000000, SIZE_MAX};
static const struct budget two_kinds = {1000, 500000000, SIZE_MAX};
static const struct budget varied = {4096, 500000000, 64 << 20};

static const struct budget *budget_of(const struct workload *workload)
{
    if (workload->wait_cv || workload->work_factor)
        return &varied;
    return workload->heavy ? &two_kinds : &one_kind;
}

int answers_varied(size_t body_bytes)
{
    size_t most =
        (varied.bytes + body_bytes - 1) / (body_bytes > 0 ? body_bytes : 1);
    return most < (size_t)varied.count ? (int)most : varied.count;
}

uint64_t answers_seed(uint64_t first_seed, int i)
{
    return SEED_FIRST + (first_seed % SEED_COUNT + (uint64_t)i) % SEED_COUNT;
}

/* Formats a GET with further header lines. Returns the length or a negative
 * errno. */
static int format_head(const struct workload_entry *entry,
                       const struct arguments *arguments, const char *lines,
                       char **bytes)
{
    char query[REQUEST_MAX];
    int length = parameters_format_query(entry->workload->parameters, arguments,
                                         query, sizeof query);
    if (length < 0)
        return length;
    length = asprintf(bytes, "GET /%s?%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n",
                      entry->name, query, lines);
    return length < 0 ? -ENOMEM : length;
}

static int format_request(const struct workload_entry *entry,
                          const struct arguments *arguments,
                          struct load_request *request)
{
    char *bytes;
    int length = format_head(entry, arguments, "", &bytes);
    if (length < 0)
        return length;
    request->bytes = bytes;
    request->size = (size_t)length;
    return 0;
}

/* Formats a session's request: a masked message with request->body as its
 * payload. */
static int frame_request(uint64_t seed, struct load_request *request)
{
    struct frames_head head = {.fin = true,
                               .masked = true,
                               .opcode = FRAMES_BINARY,
                               .size = request->body_size};
    uint8_t *bytes = malloc(FRAMES_HEAD_MAX + request->body_size);
    uint32_t mask = (uint32_t)mix(seed);
    if (!bytes)
        return -ENOMEM;
    memcpy(head.mask, &mask, sizeof head.mask);
    int length = frames_write(&head, bytes);
    memcpy(bytes + length, request->body, request->body_size);
    frames_mask(bytes + length, request->body_size, head.mask, 0);
    request->bytes = (char *)bytes;
    request->size = (size_t)length + request->body_size;
    return 0;
}

static int compute_body(const struct workload_entry *entry,
                        const struct arguments *arguments,
                        struct load_request *request)
{
    struct reply reply;
    reply_init(&reply);
    const struct workload *workload = entry->workload;
    int status = workload->expect ? workload->expect(arguments, &reply)
                                  : workload->answer(arguments, &reply);
    if (status >= 0) {
        size_t size;
        const char *body = reply_body(&reply, &size);
        char *copy = malloc(size + 1);
        if (copy) {
            memcpy(copy, body, size);
            request->body = copy;
            request->body_size = size;
            status = 0;
        } else {
            status = -ENOMEM;
        }
    }
    reply_free(&reply);
    return status;
}

static int make_one(const struct workload_entry *entry,
                    const struct arguments *arguments,
                    struct load_request *request)
{
    const struct workload *workload = entry->workload;
    int status = compute_body(entry, arguments, request);
    if (status < 0)
        return status;
    if (workload->heavy && workload->heavy(arguments))
        request->class = CLASS_HEAVY;
    return workload->session ? frame_request(arguments->seed, request)
                             : format_request(entry, arguments, request);
}

/* Makes as many as the budget allows, but at least SOME_MIN. */
static int make(const struct workload_entry *entry,
                const struct arguments *arguments, uint64_t first_seed,
                struct budget budget, struct load_request **requests)
{
    int64_t start_ns = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    struct arguments each = *arguments;
    struct load_request *made = calloc((size_t)budget.count, sizeof *made);
    size_t bytes = 0;
    int count = 0;

    *requests = NULL;
    if (!made)
        return -ENOMEM;
    while (count < budget.count &&
           (count < SOME_MIN ||
            (bytes < budget.bytes &&
             clock_read_ns(CLOCK_PROCESS_CPUTIME_ID) - start_ns <
                 budget.cost_ns))) {
        each.seed = answers_seed(first_seed, count);
        int status = make_one(entry, &each, &made[count++]);
        if (status < 0) {
            answers_free(made, count);
            return status;
        }
        bytes += made[count - 1].body_size;
    }
    *requests = made;
    return count;
}

int answers_make(const struct workload_entry *entry,
                 const struct arguments *arguments, uint64_t first_seed,
                 int count, struct load_request **requests)
{
    struct budget all = {count, INT64_MAX, SIZE_MAX};
    *requests = NULL;
    if (count < 1)
        return -EINVAL;
    int made = make(entry, arguments, first_seed, all, requests);
    return made < 0 ? made : 0;
}

int answers_make_some(const struct workload_entry *entry,
                      const struct arguments *arguments, uint64_t first_seed,
                      struct load_request **requests, int *count)
{
    int made = make(entry, arguments, first_seed, *budget_of(entry->workload),
                    requests);
    *count = made < 0 ? 0 : made;
    return made < 0 ? made : 0;
}

int answers_greeting(const struct workload_entry *entry,
                     const struct arguments *arguments,
                     struct load_greeting **greeting)
{
    static const char key[] =
        "dHJvaWthIGdlbmVyYXRvcg=="; /* Base64 of any 16 bytes */
    char lines[256];
    *greeting = NULL;
    if (!entry->workload->session)
        return 0;
    struct load_greeting *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    snprintf(lines, sizeof lines,
             "Upgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n",
             key);
    int length = format_head(entry, arguments, lines, &made->bytes);
    if (length < 0) {
        free(made);
        return length;
    }
    made->size = (size_t)length;
    upgrade_accept(key, made->accept);
    made->push_ns = entry->workload->push_ns(arguments);
    *greeting = made;
    return 0;
}

void answers_free_greeting(struct load_greeting *greeting)
{
    if (greeting)
        free(greeting->bytes);
    free(greeting);
}

void answers_free(struct load_request *requests, int count)
{
    for (int i = 0; requests && i < count; i++) {
        free((char *)requests[i].bytes);
        free((char *)requests[i].body);
        load_check_free(requests[i].check);
    }
    free(requests);
}
