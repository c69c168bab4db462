/* SPDX-License-Identifier: MIT
 *
 * Requests and expected answers, made by running answer() in this process.
 *
 * The workloads are linked in whole, and with them the runtime's thin
 * wrappers, which go through the linked model's table. The harness is no
 * model: answer() never waits, so an empty table is enough.
 */
#include "answers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load_engine.h"
#include "models/runtime/http.h"
#include "models/runtime/model.h"

const struct model model = {.name = "troika"};

enum {
    SEED_FIRST = 100000000, /* nine digits: one length for every request */
    SEED_COUNT = 900000000,
    REQUEST_MAX = 4096,
    SOME_MIN = 4,
    SOME_MAX = 64,
    SOME_BUDGET_NS = 50000000, /* CPU spent on answers */
};

static uint64_t seed_of(uint64_t first_seed, int i)
{
    return SEED_FIRST + (first_seed % SEED_COUNT + (uint64_t)i) % SEED_COUNT;
}

static int format_request(const struct workload_entry *entry,
                          const struct arguments *arguments,
                          struct load_request *request)
{
    char query[REQUEST_MAX];
    int length = parameters_format_query(entry->workload->parameters, arguments,
                                         query, sizeof query);
    if (length < 0)
        return length;
    char *bytes = NULL;
    length = asprintf(&bytes, "GET /%s?%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                      entry->name, query);
    if (length < 0)
        return -ENOMEM;
    request->bytes = bytes;
    request->size = (size_t)length;
    return 0;
}

static int compute_body(const struct workload_entry *entry,
                        const struct arguments *arguments,
                        struct load_request *request)
{
    struct reply reply;
    reply_init(&reply);
    int status = entry->workload->answer(arguments, &reply);
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

int answers_make(const struct workload_entry *entry,
                 const struct arguments *arguments, uint64_t first_seed,
                 int count, struct load_request **requests)
{
    *requests = NULL;
    if (count < 1)
        return -EINVAL;
    struct load_request *made = calloc((size_t)count, sizeof *made);
    if (!made)
        return -ENOMEM;
    struct arguments each = *arguments;
    for (int i = 0; i < count; i++) {
        each.seed = seed_of(first_seed, i);
        int status = format_request(entry, &each, &made[i]);
        if (status == 0)
            status = compute_body(entry, &each, &made[i]);
        if (status < 0) {
            answers_free(made, count);
            return status;
        }
    }
    *requests = made;
    return 0;
}

int answers_make_some(const struct workload_entry *entry,
                      const struct arguments *arguments, uint64_t first_seed,
                      struct load_request **requests, int *count)
{
    int64_t start_ns = load_now(), cost_ns;
    int result = answers_make(entry, arguments, first_seed, 1, requests);

    if (result < 0)
        return result;
    cost_ns = load_now() - start_ns + 1;
    answers_free(*requests, 1);
    *requests = NULL;
    *count = cost_ns * SOME_MAX <= SOME_BUDGET_NS
                 ? SOME_MAX
                 : (int)(SOME_BUDGET_NS / cost_ns);
    *count = *count < SOME_MIN ? SOME_MIN : *count;
    return answers_make(entry, arguments, first_seed, *count, requests);
}

void answers_free(struct load_request *requests, int count)
{
    for (int i = 0; requests && i < count; i++) {
        free((char *)requests[i].bytes);
        free((char *)requests[i].body);
    }
    free(requests);
}
