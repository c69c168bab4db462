/* SPDX-License-Identifier: MIT
 *
 * A chain of SHA-256: CPU work that a native library does. The first round
 * hashes the seed's decimal text, each further round the previous digest. The
 * answer has the first 8 bytes of the last digest.
 *
 * libcrypto's low-level calls are deprecated for new designs, but cost least
 * per round: for 32 bytes, a kept EVP context takes 1.5 times as long, and the
 * one-shot call five times as long. Also, EVP initialises itself in every
 * forked child, which would make process models look slower.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "models/runtime/workload.h"

enum { ROUNDS };
static const struct parameter parameters[] = {
    [ROUNDS] = {"rounds", UNIT_COUNT, "1k", 1, 100000000, 0,
                "rounds of SHA-256"},
    {.name = NULL},
};

struct chain {
    uint64_t seed;
    int64_t rounds;
};

/* Returns the first 8 bytes of the last digest, because a task's result is one
 * number. */
static int64_t run_chain(void *arg)
{
    const struct chain *chain = arg;
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char text[24];
    SHA256_CTX context;
    int length =
        snprintf(text, sizeof text, "%llu", (unsigned long long)chain->seed);
    SHA256_Init(&context);
    SHA256_Update(&context, text, (size_t)length);
    SHA256_Final(digest, &context);
    for (int64_t i = 1; i < chain->rounds; i++) {
        SHA256_Init(&context);
        SHA256_Update(&context, digest, sizeof digest);
        SHA256_Final(digest, &context);
    }
    uint64_t head = 0;
    for (int i = 0; i < 8; i++)
        head = head << 8 | digest[i];
    return (int64_t)head;
}

static struct chain chain_of(const struct arguments *arguments)
{
    return (struct chain){arguments->seed, argument(arguments, ROUNDS)};
}

static int print(const struct arguments *arguments, int64_t head,
                 struct reply *reply)
{
    return reply_printf(reply, "hash rounds=%lld seed=%llu digest=%016llx\n",
                        (long long)argument(arguments, ROUNDS),
                        (unsigned long long)arguments->seed,
                        (unsigned long long)head);
}

static int hash_handle(const struct arguments *arguments, struct reply *reply)
{
    struct chain chain = chain_of(arguments);
    int64_t head;
    int error = rt_offload(run_chain, &chain, sizeof chain, &head);
    return error < 0 ? error : print(arguments, head, reply);
}

static int hash_answer(const struct arguments *arguments, struct reply *reply)
{
    struct chain chain = chain_of(arguments);
    return print(arguments, run_chain(&chain), reply);
}

const struct workload workload_hash = {
    .summary = "a chain of SHA-256",
    .kind = WORKLOAD_CPU,
    .parameters = parameters,
    .handle = hash_handle,
    .answer = hash_answer,
    .wait_ns = workload_never_waits,
    .source = "CPU work needs processes, and async adds overhead to it (Beyond "
              "the Event Loop: Architecting High-Concurrency Python Backends; "
              "How Asyncio Works and Powers High-Performance Python "
              "Applications)",
};
