/* SPDX-License-Identifier: MIT
 *
 * Not through llhttp, which the models read requests with: in its strict mode
 * it refuses extensions of chunks that are legal and passes lines that are
 * not, and it waits for the body of a 304 that has none.
 */
#include "http_answer.h"

enum state {
    HEAD,
    BODY, /* of `left` bytes */
    BODY_TO_END /* of the stream */,
    SIZE,       /* of a chunk (section 7.1) */
    SIZE_BLANK, /* behind it: an extension follows */
    EXTENSION,
    SIZE_CR, /* a newline follows */
    CHUNK,
    CHUNK_END, /* a carriage return and a newline follow */
    CHUNK_CR,
    TRAILER,
    WHOLE,
};

static void begin_message(struct http_answer *answer)
{
    answer->headers = answer->bodiless = answer->keep_alive = false;
    answer->state = HEAD;
    http_lines_begin(&answer->lines);
}

void http_answer_begin(struct http_answer *answer, bool head)
{
    answer->status = 0;
    answer->head = head;
    answer->fault = NULL;
    answer->interim = 0;
    begin_message(answer);
}

static bool refuse(struct http_answer *answer, const char *fault)
{
    answer->fault = fault;
    return false;
}

static void begin_size(struct http_answer *answer)
{
    answer->state = SIZE;
    answer->digits = false;
    answer->left = 0;
    answer->size_line = 0;
}

/* The head is whole: what follows (section 6.3). */
static bool end_head(struct http_answer *answer)
{
    const struct http_lines *lines = &answer->lines;
    int status = answer->status = lines->status;
    if (status / 100 == 1 && status != 101) {
        if (++answer->interim > HTTP_INTERIM_MAX)
            return refuse(answer, "over 64 answers before the answer");
        begin_message(answer);
        return true;
    }
    answer->headers = true;
    answer->measured = lines->measured;
    answer->length = lines->length;
    answer->bodiless =
        answer->head || status == 101 || status == 204 || status == 304;
    answer->keep_alive = !lines->close && status != 101 &&
                         (lines->minor == 1 || lines->keep_alive);
    answer->left = lines->length;
    if (answer->bodiless || (lines->measured && lines->length == 0)) {
        answer->state = WHOLE;
    } else if (lines->encoded) {
        begin_size(answer);
    } else if (lines->measured) {
        answer->state = BODY;
    } else {
        answer->state = BODY_TO_END;
        answer->keep_alive = false;
    }
    return true;
}

static bool take_lines(struct http_answer *answer, const char *bytes,
                       size_t size, size_t *used)
{
    bool whole;
    *used = http_lines_feed(&answer->lines, bytes, size, &whole);
    if (answer->lines.fault)
        return refuse(answer, answer->lines.fault);
    if (!whole)
        return true;
    if (answer->state == HEAD)
        return end_head(answer);
    answer->state = WHOLE;
    return true;
}

/* A part of the body or of a chunk. */
static size_t take_body(struct http_answer *answer, const char *bytes,
                        size_t size)
{
    if (answer->state != BODY_TO_END && (int64_t)size > answer->left)
        size = (size_t)answer->left;
    if (answer->on_body)
        answer->on_body(answer, bytes, size);
    if (answer->state == BODY_TO_END)
        return size;
    answer->left -= (int64_t)size;
    if (answer->left == 0)
        answer->state = answer->state == BODY ? WHOLE : CHUNK_END;
    return size;
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool take_size(struct http_answer *answer, char c)
{
    int value = digit(c);
    if (value < 0 && !answer->digits)
        return refuse(answer, "a chunk's size is no hexadecimal number");
    if (value >= 0) {
        if (answer->left > (INT64_MAX - 15) / 16)
            return refuse(answer, "a chunk's size is too long a number");
        answer->left = 16 * answer->left + value;
        answer->digits = true;
    } else if (c == '\r') {
        answer->state = SIZE_CR;
    } else if (c == ';') {
        answer->state = EXTENSION;
    } else if (c == ' ' || c == '\t') {
        answer->state = SIZE_BLANK;
    } else {
        return refuse(answer, "a chunk's size is no hexadecimal number");
    }
    return true;
}

static bool take_extension(struct http_answer *answer, char c)
{
    if (c == '\r')
        answer->state = SIZE_CR;
    else if ((unsigned char)c < ' ' && c != '\t')
        return refuse(answer, "a control character behind a chunk's size");
    return true;
}

/* A chunk's line is whole. */
static void end_size(struct http_answer *answer)
{
    answer->state = answer->left > 0 ? CHUNK : TRAILER;
    if (answer->left == 0)
        http_lines_begin_trailer(&answer->lines);
}

/* One byte of what surrounds a chunk. */
static bool take_around(struct http_answer *answer, char c)
{
    if (++answer->size_line > HTTP_SIZE_LINE_MAX)
        return refuse(answer, "the line of a chunk's size is over 4 KiB");
    switch ((enum state)answer->state) {
    case SIZE:
        return take_size(answer, c);
    case SIZE_BLANK:
        if (c == ';')
            answer->state = EXTENSION;
        return c == ';' || c == ' ' || c == '\t'
                   ? true
                   : refuse(answer, "a blank behind a chunk's size");
    case EXTENSION:
        return take_extension(answer, c);
    case SIZE_CR:
        end_size(answer);
        return c == '\n' ? true
                         : refuse(answer, "a carriage return that no newline "
                                          "follows behind a chunk's size");
    case CHUNK_END:
        answer->state = CHUNK_CR;
        return c == '\r' ? true
                         : refuse(answer, "a chunk is longer than its size");
    default:
        begin_size(answer);
        return c == '\n' ? true
                         : refuse(answer, "a chunk is longer than its size");
    }
}

enum http_event http_answer_feed(struct http_answer *answer, const char *bytes,
                                 size_t size, size_t *used)
{
    *used = 0;
    while (*used < size && answer->state != WHOLE) {
        size_t part = 1;
        bool right = true;
        if (answer->state == HEAD || answer->state == TRAILER)
            right = take_lines(answer, bytes + *used, size - *used, &part);
        else if (answer->state == BODY || answer->state == BODY_TO_END ||
                 answer->state == CHUNK)
            part = take_body(answer, bytes + *used, size - *used);
        else
            right = take_around(answer, bytes[*used]);
        if (!right)
            return HTTP_MALFORMED;
        *used += part;
    }
    return answer->state == WHOLE ? HTTP_WHOLE : HTTP_MORE;
}

enum http_event http_answer_end(struct http_answer *answer)
{
    return answer->state == BODY_TO_END || answer->state == WHOLE ? HTTP_WHOLE
                                                                  : HTTP_MORE;
}
