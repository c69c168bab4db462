/* SPDX-License-Identifier: MIT
 *
 * A backend's answers as models/runtime/clients/backend.c reads them: however
 * they are cut, the call ends in the same way, a good one only by the one right
 * body behind a head that says its length, and each connection is kept or
 * closed once.
 */
#include "wire.h"

#include <errno.h>

#include "models/runtime/clients/backend.h"
#include "models/runtime/clients/pool.h"

enum { DELAY_NS = 5000, SEED = 7 };

/* Whether a call on those bytes is good; *kept: the connection stays open. */
static int call(const uint8_t *bytes, size_t size, struct fuzz_cuts cuts,
                bool *kept)
{
    uint64_t check = 0;
    int error, count = 0;

    wire_start(bytes, size, cuts);
    error = backend_call(DELAY_NS, SEED, &check);
    while (pool_take(POOL_BACKEND) != POOL_EMPTY)
        count++;
    FUZZ_CHECK(wire.opened == 1, "%d connections", wire.opened);
    FUZZ_CHECK(count + wire.closed == 1, "%d kept, %d closed", count,
               wire.closed);
    FUZZ_CHECK(error <= 0, "%d", error);
    FUZZ_CHECK(error < 0 || check == backend_check(DELAY_NS, SEED), "check");
    FUZZ_CHECK(error == 0 || count == 0, "kept after an error");
    *kept = count > 0;
    return error;
}

/* The body ends what was read, and the head names its length. */
static void check_good(void)
{
    char body[BACKEND_BODY_MAX], length[48];
    size_t size = backend_body(DELAY_NS, SEED, body);
    const uint8_t *end = memmem(wire.bytes, wire.at, "\r\n\r\n", 4);

    FUZZ_CHECK(wire.at > size && end != NULL, "%zu bytes read", wire.at);
    FUZZ_CHECK(!memcmp(wire.bytes + wire.at - size, body, size), "the body");
    FUZZ_CHECK(end + 4 == wire.bytes + wire.at - size, "where it begins");
    FUZZ_CHECK(!memcmp(wire.bytes, "HTTP/1.1 200", 12), "the status");
    snprintf(length, sizeof length, "%zu", size);
    FUZZ_CHECK(
        memmem(wire.bytes, (size_t)(end - wire.bytes), length, strlen(length)),
        "no length");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_cuts cuts = fuzz_take_cuts(&data, &size);
    struct sockaddr_in address = {.sin_family = AF_INET};
    bool kept, kept_whole;
    int whole, cut;

    backend_use(&address);
    whole = call(data, size, FUZZ_WHOLE, &kept_whole);
    if (whole == 0)
        check_good();
    /* Bytes behind the answer are seen at once only when they come with it. */
    if (whole == -EPROTO && size > 0) {
        cut = call(data, size, FUZZ_BY_BYTE, &kept);
        if (cut == 0)
            check_good();
        return 0;
    }
    cut = call(data, size, cuts, &kept);
    FUZZ_CHECK(cut == whole && kept == kept_whole, "cut %d, whole %d", cut,
               whole);
    cut = call(data, size, FUZZ_BY_BYTE, &kept);
    FUZZ_CHECK(cut == whole && kept == kept_whole, "by byte %d, whole %d", cut,
               whole);
    return 0;
}
