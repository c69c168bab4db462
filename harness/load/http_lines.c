/* SPDX-License-Identifier: MIT
 *
 * A field that goes on in the next line (obs-fold) is legal in an answer, and
 * a client reads it as blanks (RFC 9112, section 5.2); one that frames the
 * body is refused so, since readers differ about it. The only transfer coding
 * taken is `chunked`, since no other was asked for (section 6.1).
 */
#include "http_lines.h"

#include <string.h>
#include <strings.h>

enum state {
    VERSION, /* "HTTP/1.x " of the status line */
    STATUS,  /* its three digits */
    REASON_BLANK,
    REASON,
    LINE_CR, /* a line's newline follows */
    LINE,    /* a line's first byte */
    NAME,
    VALUE,
    END_CR, /* the empty line's newline follows */
};

static const char version[] = "HTTP/1.";
enum { VERSION_BYTES = sizeof version - 1 + 2, STATUS_BYTES = 3 };

void http_lines_begin(struct http_lines *lines)
{
    *lines = (struct http_lines){.state = VERSION};
}

void http_lines_begin_trailer(struct http_lines *lines)
{
    *lines = (struct http_lines){.state = LINE};
}

static bool refuse(struct http_lines *lines, const char *fault)
{
    lines->fault = fault;
    return false;
}

/* A byte of a name (RFC 9110, section 5.6.2). */
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
           strncasecmp(lines->name, name, lines->name_size) == 0;
}

/* Whether the field says how long the body is. */
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
        return refuse(lines, at >= 5 ? "the version is not HTTP/1.0 or HTTP/1.1"
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
        return refuse(lines, "the status is not three digits");
    lines->status = 10 * lines->status + (c - '0');
    if (lines->size == VERSION_BYTES + STATUS_BYTES - 1)
        lines->state = REASON_BLANK;
    return true;
}

/* A text's next byte, or its line's end. */
static bool take_text(struct http_lines *lines, char c)
{
    if (c == '\r') {
        lines->state = LINE_CR;
        return true;
    }
    if (c == '\n')
        return refuse(lines, "a line ends without a carriage return");
    return is_text((unsigned char)c)
               ? true
               : refuse(lines, "a control character in a line");
}

/* The reason may be missing, and so may, by custom, the blank before it. */
static bool take_reason(struct http_lines *lines, char c)
{
    if (lines->state == REASON_BLANK && c != ' ' && c != '\r' && c != '\n')
        return refuse(lines, "the status is not three digits");
    lines->state = REASON;
    return take_text(lines, c);
}

static bool take_length(struct http_lines *lines, size_t size)
{
    if (lines->measured)
        return refuse(lines, "Content-Length comes twice");
    if (size == 0)
        return refuse(lines, "Content-Length is no number");
    lines->measured = true;
    for (size_t i = 0; i < size; i++) {
        if (lines->value[i] < '0' || lines->value[i] > '9')
            return refuse(lines, "Content-Length is no number");
        int digit = lines->value[i] - '0';
        if (lines->length > (INT64_MAX - digit) / 10)
            return refuse(lines, "Content-Length is too long a number");
        lines->length = 10 * lines->length + digit;
    }
    return true;
}

static bool take_encoding(struct http_lines *lines, size_t size)
{
    if (lines->encoded)
        return refuse(lines, "Transfer-Encoding comes twice");
    lines->encoded = true;
    return size == 7 && strncasecmp(lines->value, "chunked", 7) == 0
               ? true
               : refuse(lines, "Transfer-Encoding is not \"chunked\"");
}

/* The value without the blanks behind it. */
static size_t value_size(const struct http_lines *lines)
{
    size_t size = lines->value_size;
    while (size > 0 && is_blank(lines->value[size - 1]))
        size--;
    return size;
}

/* One of the options that Connection lists. */
static void take_option(struct http_lines *lines)
{
    size_t size = value_size(lines);
    lines->close |= size == 5 && strncasecmp(lines->value, "close", 5) == 0;
    lines->keep_alive |=
        size == 10 && strncasecmp(lines->value, "keep-alive", 10) == 0;
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
               ? refuse(lines, "both Content-Length and Transfer-Encoding")
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
            return refuse(lines, "a blank before the first field");
        if (frames(lines))
            return refuse(lines, "a length that goes on in the next line");
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
        return refuse(lines, "a field without a name");
    if (c == '\n')
        return refuse(lines, "a line ends without a carriage return");
    lines->fields = true;
    if (!is_token((unsigned char)c))
        return refuse(lines, "a field's name is no token");
    lines->name[lines->name_size++] = c;
    return true;
}

/* What follows a name. */
static bool take_name(struct http_lines *lines, char c)
{
    if (c != ':')
        return refuse(lines, c == '\r' || c == '\n'
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
            return refuse(lines, is_named(lines, "content-length")
                                     ? "Content-Length is too long a number"
                                     : "Transfer-Encoding is not \"chunked\"");
        keep(lines, c);
    }
    return take_text(lines, c);
}

static bool take(struct http_lines *lines, char c)
{
    switch ((enum state)lines->state) {
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
    return c == '\n'
               ? true
               : refuse(lines, "a carriage return that no newline follows");
}

/* Takes the rest of a name. Returns its size. */
static size_t run_of_name(struct http_lines *lines, const char *bytes,
                          size_t size)
{
    size_t count = 0;
    while (count < size && is_token((unsigned char)bytes[count]))
        count++;
    /* What is longer is none of the names that matter. */
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

/* Takes bytes among which nothing is looked for. Returns how many. */
static size_t run(struct http_lines *lines, const char *bytes, size_t size)
{
    if (lines->state == NAME)
        return run_of_name(lines, bytes, size);
    if (lines->state == REASON || (lines->state == VALUE && !lines->matters))
        return run_of_text(bytes, size);
    return 0;
}

size_t http_lines_feed(struct http_lines *lines, const char *bytes, size_t size,
                       bool *whole)
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
            refuse(lines, "the head is over 256 KiB");
            return at;
        }
        if (end) {
            *whole = true;
            return at + 1;
        }
    }
    return size;
}
