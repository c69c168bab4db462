/* SPDX-License-Identifier: MIT
 *
 * A box blur over an image of n x n grey pixels: work that moves memory more
 * than it computes. The image's bytes are the consecutive states of spin.h from
 * the first step on, least significant byte first. Each pass replaces a pixel
 * by the sum of the 3 x 3 pixels around it, divided by 9 and rounded down;
 * pixels beyond the edge repeat the edge. The answer has the sum of each pixel
 * times its position (counted from 1).
 *
 * Each request allocates its two buffers: a coroutine's stack has no room for
 * them, and their cost under a model is part of the measurement.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "models/runtime/workload.h"
#include "spin.h"

enum { SIZE, PASSES };
static const struct parameter parameters[] = {
    [SIZE] = {"size", UNIT_COUNT, "512", 1, 8192, 0, "pixels on each side"},
    [PASSES] = {"passes", UNIT_COUNT, "1", 1, 1000, 0,
                "how often it is blurred"},
    {.name = NULL},
};

struct image {
    uint64_t seed;
    int64_t size, passes;
};

static void fill(uint8_t *pixels, size_t count, uint64_t seed)
{
    uint64_t x = spin_start(seed), bytes;
    for (size_t i = 0; i < count; i += sizeof bytes) {
        size_t left = count - i;
        x = spin_step(x);
        bytes = htole64(x);
        memcpy(pixels + i, &bytes, left < sizeof bytes ? left : sizeof bytes);
    }
}

/* Computes one blurred row from three rows. Column sums come first, so that the
 * compiler can vectorise. */
static void blur_row(const uint8_t *above, const uint8_t *here,
                     const uint8_t *below, size_t size, uint16_t *sums,
                     uint8_t *blurred)
{
    for (size_t x = 0; x < size; x++)
        sums[x + 1] = (uint16_t)(above[x] + here[x] + below[x]);
    sums[0] = sums[1];
    sums[size + 1] = sums[size];
    for (size_t x = 0; x < size; x++)
        blurred[x] = (uint8_t)((sums[x] + sums[x + 1] + sums[x + 2]) / 9);
}

static void blur(const uint8_t *from, uint8_t *to, size_t size, uint16_t *sums)
{
    for (size_t y = 0; y < size; y++) {
        const uint8_t *here = from + y * size;
        blur_row(y > 0 ? here - size : here, here,
                 y + 1 < size ? here + size : here, size, sums, to + y * size);
    }
}

static uint64_t checksum(const uint8_t *pixels, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += pixels[i] * (uint64_t)(i + 1);
    return sum;
}

/* An rt_fn. Returns the checksum, which is far below 2^63, or -ENOMEM. */
static int64_t run_image(void *arg)
{
    const struct image *image = arg;
    size_t size = (size_t)image->size, count = size * size;
    uint8_t *from = malloc(count), *to = malloc(count);
    uint16_t *sums = malloc((size + 2) * sizeof *sums);
    int64_t result = -ENOMEM;
    if (from && to && sums) {
        fill(from, count, image->seed);
        for (int64_t pass = 0; pass < image->passes; pass++) {
            uint8_t *blurred = to;
            blur(from, to, size, sums);
            to = from;
            from = blurred;
        }
        result = (int64_t)checksum(from, count);
    }
    free(sums);
    free(to);
    free(from);
    return result;
}

static struct image image_of(const struct arguments *arguments)
{
    return (struct image){arguments->seed, argument(arguments, SIZE),
                          argument(arguments, PASSES)};
}

static int print(const struct arguments *arguments, int64_t sum,
                 struct reply *reply)
{
    if (sum < 0)
        return (int)sum;
    return reply_printf(
        reply, "image size=%lld passes=%lld seed=%llu sum=%016llx\n",
        (long long)argument(arguments, SIZE),
        (long long)argument(arguments, PASSES),
        (unsigned long long)arguments->seed, (unsigned long long)sum);
}

static int image_handle(const struct arguments *arguments, struct reply *reply)
{
    struct image image = image_of(arguments);
    int64_t sum;
    int error = rt_offload(run_image, &image, sizeof image, &sum);
    return error < 0 ? error : print(arguments, sum, reply);
}

static int image_answer(const struct arguments *arguments, struct reply *reply)
{
    struct image image = image_of(arguments);
    return print(arguments, run_image(&image), reply);
}

const struct workload workload_image = {
    .summary = "a box blur over a picture: CPU work that moves memory",
    .kind = WORKLOAD_CPU,
    .parameters = parameters,
    .handle = image_handle,
    .answer = image_answer,
    .wait_ns = workload_never_waits,
    .source = "image processing belongs in processes (Async I/O; How Asyncio "
              "Works and Powers High-Performance Python Applications)",
};
