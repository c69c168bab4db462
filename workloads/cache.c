/* SPDX-License-Identifier: MIT
 *
 * Redis as a cache in front of something expensive: values are read, and a
 * missing value is computed and stored. The share `writes` of the calls stores
 * a value without reading it. A value follows from its key and its size, so the
 * answer does not depend on the cache's content. The answer has a hash of the
 * bytes that Redis sent or, for writes, received.
 *
 * requires: hiredis
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/runtime/base/mix.h"
#include "models/runtime/clients/redis.h"
#include "models/runtime/workload.h"

enum { KEYS = 1000, KEY_SIZE = 48 };

enum { SIZE, CALLS, WRITES };
static const struct parameter parameters[] = {
    [SIZE] = {"size", UNIT_BYTES, "100B", 1, 1 << 20, 0, "of a value"},
    [CALLS] = {"calls", UNIT_COUNT, "1", 1, 64, 0,
               "calls of Redis, one after another"},
    [WRITES] = {"writes", UNIT_COUNT, "0", 0, 100, 0,
                "of 100 calls, how many store a value and do not read it"},
    {.name = NULL},
};

/* One call of a request. */
struct access {
    bool write;
    bool found;
    int key;
    size_t size;
    uint64_t check; /* of the value */
};

/* Call i, chosen by the seed. */
static struct access access_at(const struct arguments *arguments, int i)
{
    uint64_t chance = mix(arguments->seed + (uint64_t)i);
    return (struct access){
        .write = (int64_t)(mix(chance) % 100) < argument(arguments, WRITES),
        .key = (int)(chance % KEYS),
        .size = (size_t)argument(arguments, SIZE),
    };
}

static char *value_of(const struct access *access)
{
    char *value = malloc(access->size);
    for (size_t i = 0; value && i < access->size; i++)
        value[i] = (char)('a' + ((size_t)access->key + i) % 26);
    return value;
}

static void take_value(void *context, const char *text, size_t size)
{
    struct access *access = context;
    access->found = text;
    if (text)
        access->check = mix_bytes(0, text, size);
}

static void take_status(void *context, const char *text, size_t size)
{
    struct access *access = context;
    access->found = text && size == 2 && memcmp(text, "OK", 2) == 0;
}

static int set(struct access *access, const char *key, struct reply *reply)
{
    char *value = value_of(access);
    struct redis_command command = {
        .words = {"SET", key, value},
        .sizes = {3, strlen(key), access->size},
        .count = 3,
    };
    int error =
        value ? redis_call(&command, take_status, access, reply) : -ENOMEM;
    if (error == 0 && !access->found)
        error = -EPROTO;
    else if (error == 0)
        access->check = mix_bytes(0, value, access->size);
    free(value);
    return error;
}

static int get_or_set(struct access *access, struct reply *reply)
{
    char key[KEY_SIZE];
    struct redis_command command = {.words = {"GET", key}, .count = 2};
    snprintf(key, sizeof key, "troika:%zu:%d", access->size, access->key);
    command.sizes[0] = 3;
    command.sizes[1] = strlen(key);
    if (!access->write) {
        int error = redis_call(&command, take_value, access, reply);
        if (error < 0 || access->found)
            return error;
    }
    return set(access, key, reply);
}

static int print(const struct arguments *arguments, uint64_t combined,
                 struct reply *reply)
{
    return reply_printf(
        reply,
        "cache size=%lld calls=%lld writes=%lld seed=%llu check=%016llx\n",
        (long long)argument(arguments, SIZE),
        (long long)argument(arguments, CALLS),
        (long long)argument(arguments, WRITES),
        (unsigned long long)arguments->seed, (unsigned long long)combined);
}

static int cache_handle(const struct arguments *arguments, struct reply *reply)
{
    uint64_t combined = 0;
    for (int i = 0; i < argument(arguments, CALLS); i++) {
        struct access access = access_at(arguments, i);
        int error = get_or_set(&access, reply);
        if (error < 0)
            return error;
        combined = mix(combined ^ access.check);
    }
    return print(arguments, combined, reply);
}

static int cache_answer(const struct arguments *arguments, struct reply *reply)
{
    uint64_t combined = 0;
    for (int i = 0; i < argument(arguments, CALLS); i++) {
        struct access access = access_at(arguments, i);
        char *value = value_of(&access);
        if (!value)
            return -ENOMEM;
        combined = mix(combined ^ mix_bytes(0, value, access.size));
        free(value);
    }
    return print(arguments, combined, reply);
}

const struct workload workload_cache = {
    .summary = "reads and writes of Redis",
    .kind = WORKLOAD_IO,
    .parameters = parameters,
    .store = STORE_REDIS,
    .handle = cache_handle,
    .answer = cache_answer,
    .wait_ns = workload_never_waits,
    .source = "quick I/O leaves little waiting to overlap: the model's own "
              "cost decides (readers)",
};
