/* SPDX-License-Identifier: MIT
 *
 * Reads a piece of a file, as most file servers do: open, read, close. On Linux
 * a loop cannot wait for a disk beside its other work, because files are always
 * "ready". So the read blocks where it is called: in the handler, or where
 * rt_offload runs it. The seed chooses the file and the offset.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "models/runtime/clients/files.h"
#include "models/runtime/workload.h"

enum { SIZE, COLD, OFFLOAD };
static const struct parameter parameters[] = {
    [SIZE] = {"size", UNIT_BYTES, "4KiB", 1, FILES_BYTES, 0, "bytes to read"},
    [COLD] = {"cold", UNIT_COUNT, "0", 0, 1, 0,
              "1: what the page cache has of the file is dropped before"},
    [OFFLOAD] = {"offload", UNIT_COUNT, "0", 0, 1, 0,
                 "0 reads where the handler runs, 1 through rt_offload"},
    {.name = NULL},
};

enum { WORD = sizeof(uint64_t) };

/* One read. A piece begins at a multiple of the word size. */
struct piece {
    int file;
    int cold;
    uint64_t word; /* the first */
    size_t size;
};

static struct piece piece_of(const struct arguments *arguments)
{
    uint64_t drawn = mix(arguments->seed);
    size_t size = (size_t)argument(arguments, SIZE);
    uint64_t places = (FILES_BYTES - (size + WORD - 1) / WORD * WORD) / WORD;
    return (struct piece){
        .file = (int)(drawn % FILES_COUNT),
        .cold = (int)argument(arguments, COLD),
        .word = (drawn >> 32) % (places + 1),
        .size = size,
    };
}

/* The proof of a read, from the sum of words times their positions. Its top bit
 * is 0, because a negative result means an error. */
static int64_t proof(uint64_t sum)
{
    return (int64_t)(sum >> 1);
}

static int64_t run_read(void *arg)
{
    const struct piece *piece = arg;
    size_t words = (piece->size + WORD - 1) / WORD;
    uint64_t *bytes = calloc(words, WORD), sum = 0;
    if (!bytes)
        return -ENOMEM;
    int status = files_read(piece->file, (off_t)(piece->word * WORD),
                            (char *)bytes, piece->size, piece->cold);
    for (size_t i = 0; i < words; i++)
        sum += le64toh(bytes[i]) * (i + 1);
    free(bytes);
    return status < 0 ? status : proof(sum);
}

static int print(const struct arguments *arguments, const struct piece *piece,
                 int64_t sum, struct reply *reply)
{
    return reply_printf(
        reply,
        "file size=%zu file=%d offset=%llu seed=%llu "
        "sum=%016llx\n",
        piece->size, piece->file, (unsigned long long)piece->word * WORD,
        (unsigned long long)arguments->seed, (unsigned long long)sum);
}

static int file_handle(const struct arguments *arguments, struct reply *reply)
{
    struct piece piece = piece_of(arguments);
    int64_t sum = 0;
    int error = 0;
    if (argument(arguments, OFFLOAD))
        error = rt_offload(run_read, &piece, sizeof piece, &sum);
    else
        sum = run_read(&piece);
    if (error == 0 && sum < 0)
        error = files_explain((int)sum, reply);
    return error < 0 ? error : print(arguments, &piece, sum, reply);
}

static int file_answer(const struct arguments *arguments, struct reply *reply)
{
    struct piece piece = piece_of(arguments);
    uint64_t sum = 0, whole = piece.size / WORD, rest = piece.size % WORD;
    for (uint64_t i = 0; i < whole; i++)
        sum += files_word(piece.file, piece.word + i) * (i + 1);
    if (rest > 0)
        sum += (files_word(piece.file, piece.word + whole) &
                ((UINT64_C(1) << 8 * rest) - 1)) *
               (whole + 1);
    return print(arguments, &piece, proof(sum), reply);
}

const struct workload workload_file = {
    .summary = "reads a piece of a file",
    .kind = WORKLOAD_IO,
    .parameters = parameters,
    .handle = file_handle,
    .answer = file_answer,
    .wait_ns = workload_never_waits,
    .blocks = true,
    .source = "reading files is I/O-bound, async's own ground (Python "
              "Performance: Why I/O-Bound Tasks Demand asyncio); synchronous "
              "calls in async code undo the gain (Beyond the Event Loop: "
              "Architecting High-Concurrency Python Backends)",
};
