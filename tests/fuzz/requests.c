/* SPDX-License-Identifier: MIT
 *
 * Requests, as a server reads them (models/runtime/http/http.h). However the
 * bytes are cut, the same requests come out; and each of them is what it would
 * be if its bytes were all that there is, so that no field is read from a
 * neighbour.
 */
#include "fuzz.h"

#include "models/runtime/http/http.h"
#include "models/runtime/model.h"

const struct model model = {.name = "fuzz", .summary = "no server"};

enum { REQUESTS_MAX = 64, TARGET_SHOWN = 64 };

/* What is known of one request. The target of a wrong one is whatever was read
 * of it. */
struct outcome {
    int error;
    bool head, keep_alive, http_1_0;
    uint8_t upgrade;
    size_t target_length;
    char target[TARGET_SHOWN]; /* its begin */
    char key[HTTP_KEY_SIZE];
    size_t end; /* bytes read when it was whole */
};

struct outcomes {
    struct outcome all[REQUESTS_MAX];
    int count;
    bool ended; /* nothing may follow the last one */
    bool idle;
};

static void note(const struct http_connection *http, size_t done, bool more,
                 struct outcomes *to)
{
    const struct http_request *request = &http->request;
    struct outcome *one = &to->all[to->count++];
    size_t shown = request->target_length;

    FUZZ_CHECK(request->target >= http->buffer &&
                   request->target + http_target_bytes(request) <=
                       http->buffer + http->capacity,
               "the target lies outside of the buffer");
    FUZZ_CHECK(!request->error ||
                   (request->error >= 400 && request->error < 600),
               "status %d", request->error);
    one->error = request->error;
    one->head = request->head;
    one->keep_alive = request->keep_alive;
    one->http_1_0 = request->http_1_0;
    one->end = done - (http->used - http->parsed);
    to->ended = !request->keep_alive;
    if (request->error)
        return;
    /* Who speaks before the upgrade was granted is refused if that was seen in
     * time: the one thing that a cut may change. */
    one->upgrade = more && request->upgrade == HTTP_WEBSOCKET
                       ? HTTP_BAD_UPGRADE
                       : request->upgrade;
    one->target_length = request->target_length;
    shown = shown < TARGET_SHOWN ? shown : TARGET_SHOWN;
    memcpy(one->target, request->target, shown);
    if (one->upgrade == HTTP_WEBSOCKET)
        memcpy(one->key, request->target + request->target_length,
               HTTP_KEY_SIZE);
    if (request->upgrade)
        to->ended = true;
}

/* Gives the bytes to a connection whose first buffer is small, when asked. */
static void feed(const uint8_t *bytes, size_t size, struct fuzz_cuts cuts,
                 size_t small_size, struct outcomes *out)
{
    char *large = malloc(HTTP_HEAD_MAX);
    char *small = malloc(small_size ? small_size : 1);
    struct http_connection http;

    memset(out, 0, sizeof *out);
    http_init(&http, small_size ? small : large,
              small_size ? small_size : HTTP_HEAD_MAX);
    for (size_t done = 0; done < size && !out->ended;) {
        size_t space, n = fuzz_piece(&cuts, size - done);
        char *at = http_space(&http, &space);

        if (space == 0) {
            FUZZ_CHECK(http.buffer == small, "no space in the large buffer");
            http_move(&http, large, HTTP_HEAD_MAX);
            at = http_space(&http, &space);
        }
        FUZZ_CHECK(space > 0, "no space");
        n = n < space ? n : space;
        memcpy(at, bytes + done, n);
        http.used += n;
        done += n;
        while (!out->ended && out->count < REQUESTS_MAX && http_next(&http))
            note(&http, done, size > done - (http.used - http.parsed), out);
        if (out->count == REQUESTS_MAX)
            break;
        if (!out->ended && small_size && http_idle(&http))
            http_move(&http, small, small_size);
    }
    out->idle = http_idle(&http);
    free(large);
    free(small);
}

static void check_same(const struct outcome *one, const struct outcome *other,
                       const char *how)
{
    FUZZ_CHECK(one->error == other->error, "%s: status %d, whole %d", how,
               other->error, one->error);
    FUZZ_CHECK(one->error || one->head == other->head, "%s", how);
    FUZZ_CHECK(one->keep_alive == other->keep_alive, "%s", how);
    FUZZ_CHECK(one->error || one->http_1_0 == other->http_1_0, "%s", how);
    FUZZ_CHECK(one->upgrade == other->upgrade, "%s: upgrade %d, whole %d", how,
               other->upgrade, one->upgrade);
    FUZZ_CHECK(one->target_length == other->target_length, "%s", how);
    FUZZ_CHECK(!memcmp(one->target, other->target, TARGET_SHOWN), "%s", how);
    FUZZ_CHECK(!memcmp(one->key, other->key, HTTP_KEY_SIZE), "%s", how);
}

static void check_cut(const struct outcomes *whole, const uint8_t *bytes,
                      size_t size, struct fuzz_cuts cuts, size_t small,
                      const char *how)
{
    static struct outcomes cut;

    feed(bytes, size, cuts, small, &cut);
    FUZZ_CHECK(cut.count == whole->count, "%s: %d requests, whole %d", how,
               cut.count, whole->count);
    FUZZ_CHECK(cut.ended == whole->ended, "%s", how);
    for (int i = 0; i < whole->count; i++) {
        check_same(&whole->all[i], &cut.all[i], how);
        FUZZ_CHECK(whole->all[i].error || whole->all[i].end == cut.all[i].end,
                   "%s: ends after %zu bytes, whole %zu", how, cut.all[i].end,
                   whole->all[i].end);
    }
    if (whole->count < REQUESTS_MAX && !whole->ended)
        FUZZ_CHECK(cut.idle == whole->idle, "%s", how);
}

/* A request by its bytes alone, without what came before and after. */
static void check_alone(const struct outcomes *whole, const uint8_t *bytes)
{
    static struct outcomes alone;

    for (int i = 0; i < whole->count && !whole->all[i].error; i++) {
        size_t begin = i > 0 ? whole->all[i - 1].end : 0;

        if (whole->all[i].upgrade == HTTP_BAD_UPGRADE)
            continue;
        feed(bytes + begin, whole->all[i].end - begin, FUZZ_WHOLE, 0, &alone);
        FUZZ_CHECK(alone.count == 1, "alone, request %d is %d requests", i,
                   alone.count);
        check_same(&whole->all[i], &alone.all[0], "alone");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcomes whole;
    struct fuzz_cuts cuts = fuzz_take_cuts(&data, &size);
    size_t small = cuts.count > 0 ? 1 + cuts.lengths[0] % 200u : 0;

    feed(data, size, FUZZ_WHOLE, 0, &whole);
    check_cut(&whole, data, size, cuts, 0, "cut");
    check_cut(&whole, data, size, cuts, small, "cut, small buffer");
    check_cut(&whole, data, size, FUZZ_BY_BYTE, 0, "byte by byte");
    check_alone(&whole, data);
    return 0;
}
