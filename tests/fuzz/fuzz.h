/* SPDX-License-Identifier: MIT
 *
 * What the fuzz targets share (docs/fuzzing.md). A target is a file of this
 * folder with LLVMFuzzerTestOneInput; its invariants are FUZZ_CHECKs, which
 * end the program, so that libFuzzer keeps the input.
 *
 * Where bytes come in pieces, the input says how: its first byte's low four
 * bits say how many of the next bytes are lengths of pieces, taken in turn,
 * and the rest is what comes. A length is its byte less '0', so that a seed
 * can be typed: "11GET / ..." comes byte by byte.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition, ...)                                             \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: not kept: %s: ", __FILE__, __LINE__,       \
                    #condition);                                               \
            fprintf(stderr, __VA_ARGS__);                                      \
            fputc('\n', stderr);                                               \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* Lengths of pieces, taken in turn. */
struct fuzz_cuts {
    const uint8_t *lengths;
    size_t count; /* 0: all at once */
    size_t next;
};

/* Every byte by itself. */
static const uint8_t fuzz_one = '1';
#define FUZZ_BY_BYTE ((struct fuzz_cuts){.lengths = &fuzz_one, .count = 1})
#define FUZZ_WHOLE   ((struct fuzz_cuts){0})

/* Takes the cuts off the front of the input. */
static inline struct fuzz_cuts fuzz_take_cuts(const uint8_t **data,
                                              size_t *size)
{
    struct fuzz_cuts cuts = {0};

    if (*size == 0)
        return cuts;
    cuts.count = **data & 15;
    if (cuts.count > *size - 1)
        cuts.count = *size - 1;
    cuts.lengths = *data + 1;
    *data += 1 + cuts.count;
    *size -= 1 + cuts.count;
    return cuts;
}

/* How many of the `left` bytes come next; at least one of some. */
static inline size_t fuzz_piece(struct fuzz_cuts *cuts, size_t left)
{
    size_t length;

    if (cuts->count == 0)
        return left;
    length = (uint8_t)(cuts->lengths[cuts->next++ % cuts->count] - '0');
    if (length == 0)
        length = 256;
    return length < left ? length : left;
}

/* The input as a string on the heap, exactly as large, so that one byte too
 * many is seen. The caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (!text)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}
