/* SPDX-License-Identifier: MIT
 *
 * A model whose sockets are the fuzz input: rt_read takes its bytes in pieces
 * as the cuts say and then the end, rt_write keeps what is written. For targets
 * whose code calls rt_*.
 */
#pragma once

#include "fuzz.h"

#include "models/runtime/model.h"

static struct {
    const uint8_t *bytes;
    size_t size, at;
    struct fuzz_cuts cuts;
    uint8_t *written;
    size_t written_size;
    int opened, closed;
} wire;

static void wire_start(const uint8_t *bytes, size_t size, struct fuzz_cuts cuts)
{
    free(wire.written);
    memset(&wire, 0, sizeof wire);
    wire.bytes = bytes;
    wire.size = size;
    wire.cuts = cuts;
}

static int wire_connect(const struct sockaddr_in *address, int64_t deadline_ns)
{
    (void)address, (void)deadline_ns;
    wire.opened++;
    return 1000000; /* no descriptor of ours */
}

static ssize_t wire_read(int fd, void *buffer, size_t size, int64_t deadline_ns)
{
    size_t count = wire.size - wire.at;

    (void)fd, (void)deadline_ns;
    if (count == 0)
        return 0;
    count = fuzz_piece(&wire.cuts, count);
    count = count < size ? count : size;
    memcpy(buffer, wire.bytes + wire.at, count);
    wire.at += count;
    return (ssize_t)count;
}

static ssize_t wire_write(int fd, const void *buffer, size_t size,
                          int64_t deadline_ns)
{
    (void)fd, (void)deadline_ns;
    wire.written = realloc(wire.written, wire.written_size + size);
    memcpy(wire.written + wire.written_size, buffer, size);
    wire.written_size += size;
    return (ssize_t)size;
}

static int wire_close(int fd)
{
    (void)fd;
    wire.closed++;
    return 0;
}

static const struct rt_operations wire_operations = {
    .connect = wire_connect,
    .read = wire_read,
    .write = wire_write,
    .close = wire_close,
};

const struct model model = {
    .name = "fuzz",
    .task_kind = TASK_THREAD,
    .operations = &wire_operations,
};
