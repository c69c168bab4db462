/* SPDX-License-Identifier: MIT
 *
 * Why not llhttp, with which the models parse requests: in its strict mode it
 * refuses legal chunk extensions, accepts illegal lines, and waits for the body
 * of a 304, which has none.
 *
 * A field's value that goes on in the next line (obs-fold) is legal in an
 * answer; a client treats the line break as blanks (RFC 9112, section 5.2). It
 * is refused in a field that frames the body, since parsers disagree about it
 * there. The only transfer coding accepted is `chunked`, since requests ask for
 * no other (section 6.1).
 */
#include "http_answer.h"

#include <string.h>
#include <strings.h>

enum line_state {
    VERSION, /* "HTTP/1.x " of the status line */
    STATUS,  /* its three digits */
    REASON_BLANK,
    REASON,
    LINE_CR, /* the line's newline follows */
    LINE,    /* a line's first byte */
    NAME,
    VALUE,
    END_CR, /* the empty line's newline follows */
};

static const char version[] = "HTTP/1.";
enum { VERSION_BYTES = sizeof version - 1 + 2, STATUS_BYTES = 3 };

/* Prepares for a head, which begins with a status line. */
static void begin_lines(struct http_lines *lines)
{
    *lines = (struct http_lines){.state = VERSION};
}

/* Prepares for a trailer, whose fields are ignored. */
static void begin_trailer(struct http_lines *lines)
{
    *lines = (struct http_lines){.state = LINE};
}

static bool refuse_line(struct http_lines *lines, const char *fault)
{
    lines->fault = fault;
    return false;
}

/* Whether the byte may be in a field's name (RFC 9110, section 5.6.2). */
static bool is_token(unsigned char c)
{
    static const bool token[256] = {
        ['0' ... '9'] = true, ['A' ... 'Z'] = true,  ['a' ... 'z'] = true,
        ['!'] = true,         ['#' ... '\''] = true, ['*'] = true,
        ['+'] = true,         ['-'] = true,          ['.'] = true,
        ['^' ... '`'] = true, ['|'] = true,          ['~'] = true,
    };
    return token[c];
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_text(unsigned char c)
{
    return (c >= ' ' && c != 127) || c == '\t';
}

static bool is_named(const struct http_lines *lines, const char *name)
{
    return lines->name_size == strlen(name) &&
           !strncasecmp(lines->name, name, lines->name_size);
}

/* Whether the field decides where the body ends. */
static bool frames(const struct http_lines *lines)
{
    return is_named(lines, "content-length") ||
           is_named(lines, "transfer-encoding");
}

static bool take_version(struct http_lines *lines, char c)
{
    size_t at = lines->size;
    bool right = at < sizeof version - 1    ? c == version[at]
                 : at == sizeof version - 1 ? c == '0' || c == '1'
                                            : c == ' ';
    if (!right)
        return refuse_line(lines,
                           at >= 5 ? "the version is not HTTP/1.0 or HTTP/1.1"
                                   : "it does not begin with HTTP/");
    if (at == sizeof version - 1)
        lines->minor = c - '0';
    if (at == VERSION_BYTES - 1)
        lines->state = STATUS;
    return true;
}

static bool take_status(struct http_lines *lines, char c)
{
    if (c < '0' || c > '9')
        return refuse_line(lines, "the status is not three digits");
    lines->status = 10 * lines->status + (c - '0');
    if (lines->size == VERSION_BYTES + STATUS_BYTES - 1)
        lines->state = REASON_BLANK;
    return true;
}

/* Takes the next byte of a text, or the end of its line. */
static bool take_text(struct http_lines *lines, char c)
{
    if (c == '\r') {
        lines->state = LINE_CR;
        return true;
    }
    if (c == '\n')
        return refuse_line(lines, "a line ends without a carriage return");
    return is_text((unsigned char)c)
               ? true
               : refuse_line(lines, "a control character in a line");
}

/* The reason phrase may be missing. In practice, so may the blank before it. */
static bool take_reason(struct http_lines *lines, char c)
{
    if (lines->state == REASON_BLANK && c != ' ' && c != '\r' && c != '\n')
        return refuse_line(lines, "the status is not three digits");
    lines->state = REASON;
    return take_text(lines, c);
}

static bool take_length(struct http_lines *lines, size_t size)
{
    if (lines->measured)
        return refuse_line(lines, "Content-Length comes twice");
    if (size == 0)
        return refuse_line(lines, "Content-Length is no number");
    lines->measured = true;
    for (size_t i = 0; i < size; i++) {
        if (lines->value[i] < '0' || lines->value[i] > '9')
            return refuse_line(lines, "Content-Length is no number");
        int digit = lines->value[i] - '0';
        if (lines->length > (INT64_MAX - digit) / 10)
            return refuse_line(lines, "Content-Length is too long a number");
        lines->length = 10 * lines->length + digit;
    }
    return true;
}

static bool take_encoding(struct http_lines *lines, size_t size)
{
    if (lines->encoded)
        return refuse_line(lines, "Transfer-Encoding comes twice");
    lines->encoded = true;
    return size == 7 && !strncasecmp(lines->value, "chunked", 7)
               ? true
               : refuse_line(lines, "Transfer-Encoding is not \"chunked\"");
}

/* The value's size without trailing blanks. */
static size_t value_size(const struct http_lines *lines)
{
    size_t size = lines->value_size;
    while (size > 0 && is_blank(lines->value[size - 1]))
        size--;
    return size;
}

/* Takes one of the options that Connection lists. */
static void take_option(struct http_lines *lines)
{
    size_t size = value_size(lines);
    lines->close |= size == 5 && !strncasecmp(lines->value, "close", 5);
    lines->keep_alive |=
        size == 10 && !strncasecmp(lines->value, "keep-alive", 10);
    lines->value_size = 0;
}

static bool end_field(struct http_lines *lines)
{
    if (!lines->matters)
        return true;
    if (is_named(lines, "connection"))
        take_option(lines);
    else if (is_named(lines, "content-length") &&
             !take_length(lines, value_size(lines)))
        return false;
    else if (is_named(lines, "transfer-encoding") &&
             !take_encoding(lines, value_size(lines)))
        return false;
    return lines->encoded && lines->measured
               ? refuse_line(lines, "both Content-Length and Transfer-Encoding")
               : true;
}

static void keep(struct http_lines *lines, char c)
{
    if (lines->value_size < sizeof lines->value)
        lines->value[lines->value_size++] = c;
}

static bool take_line(struct http_lines *lines, char c)
{
    if (is_blank(c)) {
        if (!lines->fields)
            return refuse_line(lines, "a blank before the first field");
        if (frames(lines))
            return refuse_line(lines, "a length that goes on in the next line");
        lines->state = VALUE;
        keep(lines, ' ');
        return true;
    }
    if (lines->fields && !end_field(lines))
        return false;
    lines->name_size = lines->value_size = 0;
    lines->state = c == '\r' ? END_CR : NAME;
    if (c == '\r')
        return true;
    if (c == ':')
        return refuse_line(lines, "a field without a name");
    if (c == '\n')
        return refuse_line(lines, "a line ends without a carriage return");
    lines->fields = true;
    if (!is_token((unsigned char)c))
        return refuse_line(lines, "a field's name is no token");
    lines->name[lines->name_size++] = c;
    return true;
}

/* Takes the byte after a name. */
static bool take_name(struct http_lines *lines, char c)
{
    if (c != ':')
        return refuse_line(lines, c == '\r' || c == '\n'
                                      ? "a line without a colon"
                                      : "a field's name is no token");
    lines->state = VALUE;
    lines->matters = frames(lines) || is_named(lines, "connection");
    return true;
}

static bool take_value(struct http_lines *lines, char c)
{
    if (c == ',' && lines->matters && is_named(lines, "connection")) {
        take_option(lines);
        return true;
    }
    if (lines->matters && c != '\r' &&
        (lines->value_size > 0 || !is_blank(c))) {
        if (lines->value_size == sizeof lines->value && frames(lines) &&
            !is_blank(c))
            return refuse_line(lines,
                               is_named(lines, "content-length")
                                   ? "Content-Length is too long a number"
                                   : "Transfer-Encoding is not \"chunked\"");
        keep(lines, c);
    }
    return take_text(lines, c);
}

static bool take(struct http_lines *lines, char c)
{
    switch ((enum line_state)lines->state) {
    case VERSION:
        return take_version(lines, c);
    case STATUS:
        return take_status(lines, c);
    case REASON_BLANK:
    case REASON:
        return take_reason(lines, c);
    case LINE:
        return take_line(lines, c);
    case NAME:
        return take_name(lines, c);
    case VALUE:
        return take_value(lines, c);
    case LINE_CR:
    case END_CR:
        break;
    }
    return c == '\n' ? true
                     : refuse_line(lines,
                                   "a carriage return that no newline follows");
}

/* Takes the following bytes of a name. Returns how many. */
static size_t run_of_name(struct http_lines *lines, const char *bytes,
                          size_t size)
{
    size_t count = 0;
    while (count < size && is_token((unsigned char)bytes[count]))
        count++;
    /* Longer names are none that matter, so they are cut. */
    size_t room = sizeof lines->name - lines->name_size;
    size_t kept = count < room ? count : room;
    memcpy(lines->name + lines->name_size, bytes, kept);
    lines->name_size += (uint8_t)kept;
    return count;
}

static size_t run_of_text(const char *bytes, size_t size)
{
    size_t count = 0;
    while (count < size && is_text((unsigned char)bytes[count]))
        count++;
    return count;
}

/* Takes bytes that need no look of their own. Returns how many. */
static size_t run(struct http_lines *lines, const char *bytes, size_t size)
{
    if (lines->state == NAME)
        return run_of_name(lines, bytes, size);
    if (lines->state == REASON || (lines->state == VALUE && !lines->matters))
        return run_of_text(bytes, size);
    return 0;
}

/* Takes bytes up to the empty line; sets *whole once that has been read.
 * Returns how many. `fault` is set if the lines are invalid. */
static size_t feed_lines(struct http_lines *lines, const char *bytes,
                         size_t size, bool *whole)
{
    *whole = false;
    for (size_t at = 0; at < size; at++) {
        size_t skipped = run(lines, bytes + at, size - at);
        lines->size += skipped;
        at += skipped;
        if (at == size)
            break;
        bool end = lines->state == END_CR;
        if (!take(lines, bytes[at]))
            return at;
        if (lines->state == LINE_CR && bytes[at] == '\n')
            lines->state = LINE;
        if (++lines->size > HTTP_HEAD_BYTES_MAX) {
            refuse_line(lines, "the head is over 256 KiB");
            return at;
        }
        if (end) {
            *whole = true;
            return at + 1;
        }
    }
    return size;
}

enum state {
    HEAD,
    BODY,        /* of `left` bytes */
    BODY_TO_END, /* the stream's end ends the body */
    SIZE,        /* of a chunk (section 7.1) */
    SIZE_BLANK,  /* after the size: an extension follows */
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
    begin_lines(&answer->lines);
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

/* Called when the head is whole: decides what follows (section 6.3). */
static bool end_head(struct http_answer *answer)
{
    const struct http_lines *lines = &answer->lines;
    int status = answer->status = lines->status;
    if (status / 100 == 1 && status != 101) {
        if (++answer->interim > HTTP_INTERIM_MAX)
            return refuse(answer, "over 64 interim answers (1xx)");
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
    *used = feed_lines(&answer->lines, bytes, size, &whole);
    if (answer->lines.fault)
        return refuse(answer, answer->lines.fault);
    if (!whole)
        return true;
    if (answer->state == HEAD)
        return end_head(answer);
    answer->state = WHOLE;
    return true;
}

/* Takes a part of the body or of a chunk. */
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

/* Called when the line with a chunk's size is whole. */
static void end_size(struct http_answer *answer)
{
    answer->state = answer->left > 0 ? CHUNK : TRAILER;
    if (answer->left == 0)
        begin_trailer(&answer->lines);
}

/* Takes one byte of what surrounds a chunk's data. */
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
