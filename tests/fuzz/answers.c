/* SPDX-License-Identifier: MIT
 *
 * Answers, as the load generator reads them (load/answer/response.h). However
 * the bytes are cut the judgement is one, with a head that was learned from an
 * earlier answer as without, and what is taken for good is an answer that
 * another reading of RFC 9112 finds whole and well framed.
 *
 * Behind the cuts the input says: a byte that asks for an expected body when it
 * is odd, two bytes for how much of the rest is the first answer, which is
 * learned from; the second is judged.
 */
#include "fuzz.h"

#include <ctype.h>
#include <strings.h>

#include "harness/load/answer/response.h"

/* What came of an answer. */
struct verdict {
    enum load_answer answer;
    bool keep_alive;
    bool ended; /* by the end of the stream */
};

static struct verdict feed(struct load_reference *reference, const char *bytes,
                           size_t size, struct fuzz_cuts cuts)
{
    struct load_response response = {0};
    struct verdict verdict = {.answer = ANSWER_MORE};
    char words[256] = "";
    size_t at = 0;

    load_response_begin(&response, reference);
    while (at < size && verdict.answer == ANSWER_MORE) {
        size_t piece = fuzz_piece(&cuts, size - at);
        char *copy = fuzz_text((const uint8_t *)bytes + at, piece);

        verdict.answer = load_response_feed(&response, copy, piece);
        at += piece;
        /* What comes behind an answer is seen at once when it comes with it;
         * of a bad one its status says more. */
        if (at < size &&
            (verdict.answer == ANSWER_OK || verdict.answer == ANSWER_WRONG))
            verdict.answer = ANSWER_MALFORMED;
        else if (verdict.answer != ANSWER_MORE)
            load_response_words(&response, verdict.answer, words, sizeof words);
        free(copy);
    }
    if (verdict.answer == ANSWER_MORE) {
        verdict.ended = true;
        verdict.answer = load_response_end(&response);
        load_response_words(&response, verdict.answer, words, sizeof words);
    }
    FUZZ_CHECK(verdict.answer == ANSWER_OK || at < size || words[0],
               "a refusal without a reason");
    verdict.keep_alive =
        verdict.answer == ANSWER_OK && !verdict.ended && response.keep_alive;
    load_response_drop(&response);
    FUZZ_CHECK(reference->comparing == 0, "%d half compared",
               reference->comparing);
    return verdict;
}

static void check_same(struct verdict one, struct verdict other,
                       const char *how)
{
    FUZZ_CHECK(one.answer == other.answer, "%s: %d, whole %d", how,
               other.answer, one.answer);
    FUZZ_CHECK(one.keep_alive == other.keep_alive, "%s: kept", how);
    FUZZ_CHECK(one.answer == ANSWER_MALFORMED || one.ended == other.ended,
               "%s: ended", how);
}

/* An answer's head, read by hand: its end, or NULL; what its lines say. */
struct head {
    int status;
    bool chunked, length_given, http_1_0;
    size_t length;
};

static bool is_token(const char *at, const char *end)
{
    for (const char *c = at; c < end; c++)
        if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c))
            return false;
    return end > at;
}

/* A line with those that continue it, which are joined by blanks (RFC 9112,
 * 5.2). */
static bool take_field(char *line, char *end, struct head *head)
{
    char *colon = memchr(line, ':', (size_t)(end - line));
    char value[64] = "";

    for (char *c = line; c + 2 < end; c++)
        if (c[0] == '\r' && c[1] == '\n')
            c[0] = c[1] = ' ';
    if (!colon || !is_token(line, colon))
        return false;
    for (char *c = colon + 1; c < end; c++)
        if ((unsigned char)*c < ' ' && *c != '\t')
            return false;
    for (colon++; colon < end && (*colon == ' ' || *colon == '\t'); colon++)
        ;
    while (end > colon && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if ((size_t)(end - colon) < sizeof value)
        memcpy(value, colon, (size_t)(end - colon));
    if (!strncasecmp(line, "transfer-encoding:", 18)) {
        if (head->chunked || strcasecmp(value, "chunked") != 0)
            return false;
        head->chunked = true;
    }
    if (!strncasecmp(line, "content-length:", 15)) {
        if (!*value || value[strspn(value, "0123456789")])
            return false;
        size_t length = strtoull(value, NULL, 10);
        if (head->length_given && head->length != length)
            return false;
        head->length_given = true;
        head->length = length;
    }
    return true;
}

/* The end of a field with its continuations, or NULL. */
static const char *field_end(const char *line, const char *end)
{
    const char *stop = line;

    do
        stop = memmem(stop, (size_t)(end - stop), "\r\n", 2);
    while (stop && stop > line && end - stop > 2 &&
           (stop[2] == ' ' || stop[2] == '\t') && (stop += 2));
    return stop;
}

static const char *read_head(const char *at, const char *end, struct head *head)
{
    const char *line = memmem(at, (size_t)(end - at), "\r\n", 2);

    *head = (struct head){0};
    if (!line || line - at < 12 || memcmp(at, "HTTP/1.", 7) != 0 ||
        (at[7] != '0' && at[7] != '1') || at[8] != ' ')
        return NULL;
    head->http_1_0 = at[7] == '0';
    for (int i = 9; i < 12; i++) {
        if (!isdigit((unsigned char)at[i]))
            return NULL;
        head->status = head->status * 10 + (at[i] - '0');
    }
    for (line += 2;;) {
        const char *stop = field_end(line, end);
        if (!stop || stop == line)
            return stop ? stop + 2 : NULL;
        size_t size = (size_t)(stop - line);
        char *copy = fuzz_text((const uint8_t *)line, size);
        bool good = take_field(copy, copy + size, head);
        free(copy);
        if (!good)
            return NULL;
        line = stop + 2;
    }
}

/* The end of a chunked body, or NULL. */
static const char *skip_chunks(const char *at, const char *end)
{
    for (;;) {
        const char *line = memmem(at, (size_t)(end - at), "\r\n", 2);
        size_t size = 0;
        int digits = 0;

        if (!line)
            return NULL;
        for (; at < line && isxdigit((unsigned char)*at); at++, digits++)
            size = size * 16 + (size_t)(isdigit((unsigned char)*at)
                                            ? *at - '0'
                                            : (*at | 32) - 'a' + 10);
        if (!digits || digits > 15)
            return NULL;
        at = line + 2;
        if (size == 0)
            break;
        if ((size_t)(end - at) < size + 2 || memcmp(at + size, "\r\n", 2) != 0)
            return NULL;
        at += size + 2;
    }
    for (;;) { /* trailers */
        const char *line = memmem(at, (size_t)(end - at), "\r\n", 2);
        if (!line)
            return NULL;
        if (line == at)
            return line + 2;
        at = line + 2;
    }
}

/* Whether the bytes are one whole good answer and nothing else. */
static bool well_framed(const char *bytes, size_t size, bool ended)
{
    const char *end = bytes + size, *at = bytes;
    struct head head;

    do {
        at = read_head(at, end, &head);
        if (!at)
            return false;
    } while (head.status / 100 == 1);
    if (head.status / 100 != 2)
        return false;
    if (head.chunked)
        return !head.length_given && skip_chunks(at, end) == end;
    if (head.status == 204)
        return at == end;
    if (head.length_given)
        return (size_t)(end - at) == head.length;
    return ended;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_cuts cuts = fuzz_take_cuts(&data, &size);
    static char get[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    static char body[] = "hello, world!";
    struct load_request request = {.bytes = get, .size = sizeof get - 1};

    if (size < 3)
        return 0;
    if (data[0] & 1) {
        request.body = body;
        request.body_size = sizeof body - 1;
    }
    size_t first = ((size_t)data[1] << 8 | data[2]) % (size - 2);
    const char *learned = (const char *)data + 3, *bytes = learned + first;
    struct load_reference fresh = {.request = &request};
    struct load_reference known = {.request = &request};
    size -= 3 + first;

    struct verdict whole = feed(&fresh, bytes, size, FUZZ_WHOLE);
    FUZZ_CHECK(whole.answer != ANSWER_OK ||
                   well_framed(bytes, size, whole.ended),
               "it is no well-framed answer");
    fresh = (struct load_reference){.request = &request};
    check_same(whole, feed(&fresh, bytes, size, cuts), "cut");
    fresh = (struct load_reference){.request = &request};
    check_same(whole, feed(&fresh, bytes, size, FUZZ_BY_BYTE), "by byte");
    (void)feed(&known, learned, first, FUZZ_WHOLE);
    check_same(whole, feed(&known, bytes, size, FUZZ_WHOLE), "known head");
    check_same(whole, feed(&known, bytes, size, cuts), "known head, cut");
    check_same(whole, feed(&known, bytes, size, FUZZ_BY_BYTE),
               "known head, by byte");
    return 0;
}
