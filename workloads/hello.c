/* SPDX-License-Identifier: MIT
 *
 * No work at all, to measure the cost of a request itself under a model. Byte i
 * of the body is 'a' + (seed + i) % 26, which any language can repeat.
 */
#include <errno.h>

#include "letters.h"
#include "models/runtime/workload.h"

enum { SIZE };
static const struct parameter parameters[] = {
    [SIZE] = {"size", UNIT_BYTES, "13B", 1, 1 << 20, 0, "bytes in the answer"},
    {.name = NULL},
};

static int hello_answer(const struct arguments *arguments, struct reply *reply)
{
    size_t size = (size_t)argument(arguments, SIZE);
    char *body = reply_extend(reply, size);
    if (!body)
        return -ENOMEM;
    letters_fill(body, size, arguments->seed);
    return 0;
}

const struct workload workload_hello = {
    .summary = "nothing: what a request itself costs under a model",
    .kind = WORKLOAD_IO,
    .parameters = parameters,
    .handle = hello_answer,
    .answer = hello_answer,
    .wait_ns = workload_never_waits,
    .source = "switching threads costs, the loop avoids it (Python "
              "Performance: Why I/O-Bound Tasks Demand asyncio; How Asyncio "
              "Works and Powers High-Performance Python Applications)",
};
