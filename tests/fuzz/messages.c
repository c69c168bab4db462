/* SPDX-License-Identifier: MIT
 *
 * WebSocket frames: a head that is read is written back to the same bytes, and
 * a conversation, with a server's session (messages.h) as with the load
 * generator (load/answer/socket.h), is the same however its bytes are cut and
 * stays within its limits.
 */
#include "wire.h"

#include "harness/load/answer/socket.h"
#include "models/runtime/connection/messages.h"

enum { LIMIT = 2000, EVENTS_MAX = 64 };

/* What a session did. */
struct session {
    int count;
    struct {
        uint8_t opcode;
        size_t size;
        uint32_t sum;
    } all[EVENTS_MAX];
    uint8_t *said; /* what the server wrote */
    size_t said_size;
};

static uint32_t sum_of(const uint8_t *bytes, size_t size)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + bytes[i];
    return sum;
}

static bool is_utf8(const uint8_t *bytes, size_t size)
{
    struct frames_utf8 state = {0};

    return frames_utf8(&state, bytes, size) && state.need == 0;
}

/* The server answers every message with itself. */
static void converse(const uint8_t *bytes, size_t size, struct fuzz_cuts cuts,
                     struct session *session)
{
    struct messages messages;
    struct message message;

    memset(session, 0, sizeof *session);
    wire_start(bytes, size, cuts);
    messages_open(&messages, -1, LIMIT);
    while (session->count < EVENTS_MAX &&
           messages_receive(&messages, &message, 0) == 1) {
        int i = session->count++;

        FUZZ_CHECK(message.size <= LIMIT, "a message of %zu", message.size);
        FUZZ_CHECK(message.opcode == FRAMES_TEXT ||
                       message.opcode == FRAMES_BINARY,
                   "opcode %d", message.opcode);
        FUZZ_CHECK(message.opcode == FRAMES_BINARY ||
                       is_utf8(message.bytes, message.size),
                   "text that is not UTF-8");
        FUZZ_CHECK(messages.capacity <= 4 * LIMIT, "%zu bytes are held",
                   messages.capacity);
        session->all[i].opcode = message.opcode;
        session->all[i].size = message.size;
        session->all[i].sum = sum_of(message.bytes, message.size);
        (void)messages_send(&messages, &message);
    }
    messages_close(&messages);
    session->said = wire.written;
    session->said_size = wire.written_size;
    wire.written = NULL;
}

static void check_session(const uint8_t *bytes, size_t size,
                          struct fuzz_cuts cuts, const struct session *whole)
{
    static struct session cut;

    converse(bytes, size, cuts, &cut);
    FUZZ_CHECK(cut.count == whole->count, "%d messages, whole %d", cut.count,
               whole->count);
    FUZZ_CHECK(!memcmp(cut.all, whole->all, sizeof cut.all),
               "other messages than whole");
    FUZZ_CHECK(cut.said_size == whole->said_size &&
                   (cut.said_size == 0 ||
                    !memcmp(cut.said, whole->said, cut.said_size)),
               "other answers than whole");
    free(cut.said);
}

/* What the server said, read as its client does: whole frames, unmasked. */
static void check_said(const struct session *session)
{
    size_t at = 0;

    while (at < session->said_size) {
        struct frames_head head;
        int length =
            frames_read(session->said + at, session->said_size - at, &head);

        FUZZ_CHECK(length > 0 && !head.masked, "the server's own frame");
        FUZZ_CHECK(head.size <= session->said_size - at - (size_t)length,
                   "half a frame was sent");
        at += (size_t)length + (size_t)head.size;
    }
}

static void check_head(const uint8_t *bytes, size_t size)
{
    uint8_t again[FRAMES_HEAD_MAX];
    struct frames_head head;
    int length = frames_read(bytes, size, &head), written;

    FUZZ_CHECK(length <= FRAMES_HEAD_MAX && length <= (int)size, "%d", length);
    for (size_t part = 0; part < size && part < FRAMES_HEAD_MAX; part++) {
        struct frames_head less;
        int got = frames_read(bytes, part, &less);
        FUZZ_CHECK(got == 0 || (got < 0 && length < 0) || got == length,
                   "%zu bytes: %d, whole %d", part, got, length);
    }
    if (length <= 0)
        return;
    written = frames_write(&head, again);
    FUZZ_CHECK(written == length && !memcmp(again, bytes, (size_t)length),
               "written back it differs");
}

/* The client's reading of a server's bytes; the events' sum. */
static uint32_t listen_to(const uint8_t *bytes, size_t size,
                          struct fuzz_cuts cuts)
{
    static const char expected[] = "echo";
    struct load_greeting greeting = {.push_ns = 1000};
    struct load_socket socket = {0};
    uint32_t sum = 1;
    size_t at = 0;

    while (at < size) {
        size_t piece = fuzz_piece(&cuts, size - at), used;
        char *copy = fuzz_text(bytes + at, piece);
        char *from = copy;
        at += piece;
        while (piece > 0) {
            enum load_socket_event event =
                load_socket_feed(&socket, &greeting, expected,
                                 sizeof expected - 1, from, piece, &used);
            FUZZ_CHECK(used <= piece, "%zu of %zu", used, piece);
            from += used;
            piece -= used;
            if (event == LOAD_SOCKET_MORE) {
                FUZZ_CHECK(piece == 0, "bytes left behind");
                continue;
            }
            sum = sum * 31 + event;
            if (event == LOAD_SOCKET_CLOSED || event == LOAD_SOCKET_WRONG) {
                free(copy);
                return sum * 31 + socket.close_code;
            }
        }
        free(copy);
    }
    return sum * 31 + (uint32_t)socket.pushes;
}

static void check_handshake(const uint8_t *data, size_t size)
{
    struct load_greeting greeting = {.accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="};
    char why[256] = "";
    char *text = fuzz_text(data, size);
    int length = load_socket_judge(&greeting, text, size, why, sizeof why);

    FUZZ_CHECK(length <= (int)size, "%d", length);
    FUZZ_CHECK(length >= 0 || why[0], "refused without a reason");
    FUZZ_CHECK(length <= 0 || !memcmp(text + length - 4, "\r\n\r\n", 4),
               "ends elsewhere");
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct session whole;
    struct fuzz_cuts cuts = fuzz_take_cuts(&data, &size);

    check_head(data, size);
    converse(data, size, FUZZ_WHOLE, &whole);
    check_session(data, size, cuts, &whole);
    check_session(data, size, FUZZ_BY_BYTE, &whole);
    check_said(&whole);
    free(whole.said);
    uint32_t sum = listen_to(data, size, FUZZ_WHOLE);
    FUZZ_CHECK(sum == listen_to(data, size, cuts), "client, cut");
    FUZZ_CHECK(sum == listen_to(data, size, FUZZ_BY_BYTE), "client, by byte");
    check_handshake(data, size);
    return 0;
}
