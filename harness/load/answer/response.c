/* SPDX-License-Identifier: MIT
 *
 * Parses answers with http_answer, or compares them with a known head.
 *
 * A head is learned only if the answer's first chunk holds it whole, since
 * nothing is buffered. The answer must have a status of 200-299, be framed by
 * Content-Length and keep the connection open; if a body is expected, its
 * length must be right. So a learned head accepts nothing that the parser would
 * refuse.
 */
#include "response.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "models/runtime/base/clock.h"

/* Whether the answer's body is kept to be checked. */
static bool keeps(const struct load_response *response)
{
    const struct load_kept *kept = response->reference->kept;
    return kept && kept->owner == response;
}

static void keep(struct load_kept *kept, const char *at, size_t size)
{
    size_t room = kept->size < CHECK_BODY_MAX ? CHECK_BODY_MAX - kept->size : 0;
    memcpy(kept->bytes + kept->size, at, size < room ? size : room);
    kept->size += size;
}

/* Decides, before its first byte, whether the answer's body is kept. */
static void decide(struct load_response *response)
{
    struct load_kept *kept = response->reference->kept;
    if (!kept || !kept->bytes || kept->owner ||
        !response->reference->request->check || clock_now_ns() < kept->next_ns)
        return;
    kept->owner = response;
    kept->size = 0;
}

enum load_answer load_response_check(struct load_response *response,
                                     bool *checked)
{
    *checked = keeps(response);
    if (!*checked)
        return ANSWER_OK;
    struct load_kept *kept = response->reference->kept;
    struct load_body body = {kept->bytes, kept->size};
    kept->bytes[kept->size < CHECK_BODY_MAX ? kept->size : CHECK_BODY_MAX] =
        '\0';
    char why[sizeof kept->why];
    int64_t start_ns = clock_now_ns();
    bool right = load_check_body(response->reference->request->check, &body,
                                 why, sizeof why);
    int64_t end_ns = clock_now_ns();
    kept->next_ns = end_ns + LOAD_CHECK_PARTS * (end_ns - start_ns);
    if (!right)
        memcpy(kept->why, why, sizeof why);
    return right ? ANSWER_OK : ANSWER_WRONG;
}

static void on_body(struct http_answer *answer, const char *at, size_t size)
{
    struct load_response *response = answer->context;
    const struct load_request *request = response->reference->request;
    if (!response->body_start)
        response->body_start = at;
    size_t seen = response->body_seen;
    response->body_seen += size;
    if (keeps(response))
        keep(response->reference->kept, at, size);
    if (request->body && !response->differs)
        response->differs = size > request->body_size - seen ||
                            memcmp(request->body + seen, at, size) != 0;
}

void load_response_begin(struct load_response *response,
                         struct load_reference *reference)
{
    response->reference = reference;
    response->parsing = false;
    response->surplus = false;
    response->matched = 0;
}

static void start_parsing(struct load_response *response)
{
    response->parsing = true;
    response->body_start = NULL;
    response->body_seen = 0;
    response->differs = false;
    response->answer.on_body = on_body;
    response->answer.context = response;
    http_answer_begin(&response->answer, response->reference->request->head);
}

static bool is_success(const struct load_response *response)
{
    return response->answer.status >= 200 && response->answer.status < 300;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Whether a field's value goes on in the next line (obs-fold). */
static bool has_odd_lines(const char *head, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++)
        if (head[i] == '\n' && (head[i + 1] == ' ' || head[i + 1] == '\t'))
            return true;
    return false;
}

/* Notes where a new head has digits that may differ in the next answer. */
static void note_digits(struct load_reference *reference)
{
    static const char length[] = "content-length";
    const char *head = reference->head;
    size_t size = reference->head_size, end;
    reference->digit_count = 0;
    if (has_odd_lines(head, size))
        return;
    for (size_t at = 0; at < size; at = end + 1) {
        const char *newline = memchr(head + at, '\n', size - at);
        end = newline ? (size_t)(newline - head) : size;
        if (at == 0 || (end - at >= sizeof length &&
                        !strncasecmp(head + at, length, sizeof length - 1)))
            continue;
        for (size_t i = at; i < end; i++)
            if (is_digit(head[i]) && reference->digit_count < LOAD_DIGITS_MAX)
                reference->digits[reference->digit_count++] = (uint16_t)i;
    }
}

/* Copies an answer's digits into the known head, so that only other differences
 * count. Returns false if the head must not change or the answer has no digit
 * at one of these places. */
static bool adopt_digits(struct load_reference *reference, const char *bytes,
                         size_t size)
{
    if (size < reference->head_size || reference->comparing > 0 ||
        reference->digit_count == 0)
        return false;
    for (int i = 0; i < reference->digit_count; i++)
        if (!is_digit(bytes[reference->digits[i]]))
            return false;
    for (int i = 0; i < reference->digit_count; i++)
        reference->head[reference->digits[i]] = bytes[reference->digits[i]];
    return true;
}

/* Called after the first chunk of an answer. */
static void learn(struct load_response *response, const char *bytes,
                  size_t size)
{
    struct load_reference *reference = response->reference;
    const struct http_answer *answer = &response->answer;
    const struct load_request *request = reference->request;
    size_t head_size =
        response->body_start ? (size_t)(response->body_start - bytes) : size;
    size_t body_size = (size_t)answer->length;
    if (!answer->headers || !answer->measured || answer->bodiless ||
        !answer->keep_alive || !is_success(response) || response->differs ||
        body_size == 0 || head_size > LOAD_HEAD_MAX || answer->interim ||
        reference->comparing > 0)
        return;
    if (request->body && request->body_size != body_size)
        return;
    memcpy(reference->head, bytes, head_size);
    reference->head_size = head_size;
    reference->body_size = body_size;
    note_digits(reference);
}

static enum load_answer judge(const struct load_response *response)
{
    const struct load_request *request = response->reference->request;
    if (!is_success(response))
        return ANSWER_STATUS;
    if (response->differs ||
        (request->body && response->body_seen != request->body_size))
        return ANSWER_WRONG;
    return ANSWER_OK;
}

/* Bytes after a good answer's end make it malformed. An answer with an error
 * status keeps that as its judgement. In both cases the connection is not used
 * again. */
static enum load_answer parse(struct load_response *response, const char *bytes,
                              size_t size)
{
    size_t used;
    switch (http_answer_feed(&response->answer, bytes, size, &used)) {
    case HTTP_MORE:
        return ANSWER_MORE;
    case HTTP_MALFORMED:
        return ANSWER_MALFORMED;
    case HTTP_WHOLE:
        break;
    }
    response->keep_alive = response->answer.keep_alive;
    response->surplus = used < size;
    if (!response->surplus)
        return judge(response);
    response->keep_alive = false;
    return is_success(response) ? ANSWER_MALFORMED : ANSWER_STATUS;
}

/* Whether the bytes equal the reference from offset `matched` on. A body that
 * is not compared equals anything. */
static bool equals(const struct load_reference *reference, size_t matched,
                   const char *bytes, size_t size)
{
    size_t in_head = 0;
    if (matched < reference->head_size) {
        in_head = reference->head_size - matched;
        if (in_head > size)
            in_head = size;
        if (memcmp(reference->head + matched, bytes, in_head) != 0)
            return false;
    }
    if (size == in_head || !reference->request->body)
        return true;
    size_t offset = matched + in_head - reference->head_size;
    return !memcmp(reference->request->body + offset, bytes + in_head,
                   size - in_head);
}

static enum load_answer compare(struct load_response *response,
                                const char *bytes, size_t size)
{
    struct load_reference *reference = response->reference;
    size_t total = reference->head_size + reference->body_size;
    if (size > total - response->matched)
        return ANSWER_MALFORMED; /* not decided here: the answer is parsed */
    if (!equals(reference, response->matched, bytes, size) &&
        (response->matched > 0 || !adopt_digits(reference, bytes, size) ||
         !equals(reference, 0, bytes, size)))
        return ANSWER_MALFORMED;
    if (response->matched == 0)
        reference->comparing++;
    response->matched += size;
    response->keep_alive = true;
    return response->matched == total ? ANSWER_OK : ANSWER_MORE;
}

/* Gives the parser the bytes that were equal so far. They end inside the
 * answer, so the parser always asks for more. The bytes of a body that is not
 * compared were not kept: filler of equal size stands in for them. */
static void replay(struct load_response *response)
{
    const struct load_reference *reference = response->reference;
    size_t head = response->matched < reference->head_size
                      ? response->matched
                      : reference->head_size;
    size_t body = response->matched - head;
    static const char filler[4096];
    if (head)
        parse(response, reference->head, head);
    const char *bytes = reference->request->body;
    while (body) {
        size_t part = bytes || body < sizeof filler ? body : sizeof filler;
        parse(response, bytes ? bytes : filler, part);
        body -= part;
    }
    response->body_start = NULL;
}

enum load_answer load_response_feed(struct load_response *response,
                                    const char *bytes, size_t size)
{
    if (!load_response_started(response))
        decide(response);
    if (response->parsing) {
        response->body_start = NULL;
        return parse(response, bytes, size);
    }
    if (response->reference->head_size && !keeps(response)) {
        enum load_answer answer = compare(response, bytes, size);
        if (answer != ANSWER_MALFORMED)
            return answer;
    }
    bool first = response->matched == 0;
    start_parsing(response);
    if (!first) {
        response->reference->comparing--;
        replay(response);
        response->matched = 0;
    }
    enum load_answer answer = parse(response, bytes, size);
    if (first && (answer == ANSWER_OK || answer == ANSWER_MORE))
        learn(response, bytes, size);
    return answer;
}

enum load_answer load_response_end(struct load_response *response)
{
    if (!response->parsing || http_answer_end(&response->answer) != HTTP_WHOLE)
        return ANSWER_MORE;
    response->keep_alive = false;
    return judge(response);
}

void load_response_drop(struct load_response *response)
{
    if (!response->parsing && response->matched)
        response->reference->comparing--;
    if (keeps(response))
        response->reference->kept->owner = NULL;
    response->parsing = false;
    response->matched = 0;
}

void load_response_words(const struct load_response *response,
                         enum load_answer answer, char *text, size_t size)
{
    const struct http_answer *read = &response->answer;
    switch (answer) {
    case ANSWER_STATUS:
        snprintf(text, size, "HTTP status %03d%s", read->status,
                 response->surplus ? ", and bytes after the answer's end" : "");
        break;
    case ANSWER_WRONG:
        snprintf(text, size, "%s",
                 response->reference->request->check
                     ? response->reference->kept->why
                     : "the body differs from the expected one");
        break;
    case ANSWER_MALFORMED:
        if (response->surplus)
            snprintf(text, size, "bytes after the answer's end");
        else
            snprintf(text, size, "the answer is not HTTP: %s", read->fault);
        break;
    default:
        snprintf(text, size, "%s",
                 load_response_started(response)
                     ? "the answer was cut off"
                     : "the connection was closed without an answer");
    }
}

bool load_response_started(const struct load_response *response)
{
    return response->parsing || response->matched > 0;
}
