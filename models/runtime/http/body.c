/* SPDX-License-Identifier: MIT
 *
 * A state machine with one state for each place in the grammar of RFC 9112,
 * 7.1.
 */
#include "body.h"

#include "head.h"
#include "http.h"

enum {
    /* A chunk of one byte is six bytes long; more overhead is abuse. */
    RAW_BODY_MAX = 8 * HTTP_BODY_MAX,
    CHUNK_LINE_MAX = 16384, /* size and extensions */
};

enum state {
    ENDED,
    COUNTED,
    SIZE,
    NAME,     /* of an extension */
    VALUE,    /* of an extension, or its opening quote */
    TOKEN,    /* the rest of a value without quotes */
    QUOTED,   /* within quotes */
    ESCAPED,  /* behind a backslash within quotes */
    UNQUOTED, /* behind the closing quote */
    LINE_LF,  /* of the chunk's line */
    DATA,
    DATA_CR, /* behind the data */
    DATA_LF,
    FIELD, /* a line of the trailer begins, or the last one */
    FIELD_NAME,
    FIELD_VALUE,
    FIELD_LF,
    LAST_LF,
};

static const char wrong_size[] =
    "a chunk's size is not a hexadecimal number of 64 bits";
static const char wrong_extension[] =
    "a chunk's size is followed by something else than CRLF or ;NAME=VALUE";
static const char wrong_line[] = "a chunk's line does not end in CRLF";
static const char wrong_data[] = "the chunk's data does not end in CRLF";
static const char wrong_name[] =
    "a line of the trailer is not NAME: VALUE (no name, no colon, or a byte "
    "that no name has)";
static const char wrong_value[] =
    "a value in the trailer has a control character";
static const char wrong_end[] = "a line of the trailer does not end in CRLF";
static const char long_line[] =
    "a chunk's extensions are over 16 KiB; send shorter ones";
static const char long_trailer[] =
    "the request's trailer is over 8 KiB; send a shorter one";

void body_begin(struct body *body, uint64_t length)
{
    *body = (struct body){.left = length,
                          .data_left = HTTP_BODY_MAX,
                          .raw_left = RAW_BODY_MAX,
                          .state = length ? COUNTED : ENDED};
}

void body_begin_chunks(struct body *body)
{
    body_begin(body, 0);
    body->state = SIZE;
}

bool body_ended(const struct body *body)
{
    return body->state == ENDED;
}

static const char *to(struct body *body, enum state state)
{
    body->state = (uint8_t)state;
    body->some = false;
    return NULL;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes the byte behind a complete size or extension. */
static const char *after_part(struct body *body, char c, const char *wrong)
{
    if (c == '\r')
        return to(body, LINE_LF);
    if (c == ';')
        return to(body, NAME);
    return c == '\n' ? wrong_line : wrong;
}

static const char *take_size(struct body *body, char c)
{
    int digit = digit_of(c);

    if (digit < 0)
        return body->some ? after_part(body, c, wrong_extension) : wrong_size;
    if (body->left >> 60)
        return wrong_size;
    body->left = body->left << 4 | (uint64_t)digit;
    body->some = true;
    return NULL;
}

static const char *take_extension(struct body *body, char c)
{
    switch ((enum state)body->state) {
    case NAME:
        if (head_is_token(c)) {
            body->some = true;
            return NULL;
        }
        if (!body->some)
            return wrong_extension;
        return c == '=' ? to(body, VALUE)
                        : after_part(body, c, wrong_extension);
    case VALUE:
        if (c == '"')
            return to(body, QUOTED);
        return head_is_token(c) ? to(body, TOKEN) : wrong_extension;
    case TOKEN:
        return head_is_token(c) ? NULL : after_part(body, c, wrong_extension);
    case QUOTED:
        if (c == '"')
            return to(body, UNQUOTED);
        if (c == '\\')
            return to(body, ESCAPED);
        return head_is_value(c) ? NULL : wrong_extension;
    case ESCAPED:
        return head_is_value(c) ? to(body, QUOTED) : wrong_extension;
    default:
        return after_part(body, c, wrong_extension);
    }
}

static const char *take_trailer(struct body *body, char c)
{
    switch ((enum state)body->state) {
    case FIELD:
        if (c == '\r')
            return to(body, LAST_LF);
        if (c == '\n')
            return wrong_end;
        return head_is_token(c) ? to(body, FIELD_NAME) : wrong_name;
    case FIELD_NAME:
        if (c == ':')
            return to(body, FIELD_VALUE);
        return head_is_token(c) ? NULL : wrong_name;
    case FIELD_VALUE:
        if (c == '\r')
            return to(body, FIELD_LF);
        if (c == '\n')
            return wrong_end;
        return head_is_value(c) ? NULL : wrong_value;
    case FIELD_LF:
        return c == '\n' ? to(body, FIELD) : wrong_end;
    default:
        return c == '\n' ? to(body, ENDED) : wrong_end;
    }
}

/* Takes a byte that is not data. Returns what is wrong with it, or NULL. */
static const char *take_byte(struct body *body, char c)
{
    switch ((enum state)body->state) {
    case SIZE:
        return take_size(body, c);
    case LINE_LF:
        if (c != '\n')
            return wrong_line;
        body->line_bytes = 0;
        return to(body, body->left ? DATA : FIELD);
    case DATA_CR:
        return c == '\r' ? to(body, DATA_LF) : wrong_data;
    case DATA_LF:
        return c == '\n' ? to(body, SIZE) : wrong_data;
    default:
        return body->state < LINE_LF ? take_extension(body, c)
                                     : take_trailer(body, c);
    }
}

/* Takes data in one go. Returns false if the body is too large. */
static bool take_data(struct body *body, size_t *size)
{
    bool counted = body->state == COUNTED;

    if (*size > body->left)
        *size = (size_t)body->left;
    if (body->left > body->data_left)
        return false;
    body->left -= *size;
    body->data_left -= (uint32_t)*size;
    if (body->left == 0)
        (void)to(body, counted ? ENDED : DATA_CR);
    return true;
}

/* Whether a byte that came in state `in` makes a chunk's line, or the trailer,
 * too long. */
static bool is_long(struct body *body, uint8_t in, const char **wrong,
                    int *status)
{
    bool trailer = in >= FIELD;

    if (!trailer && in >= LINE_LF)
        return false;
    if (++body->line_bytes <= (trailer ? HTTP_HEAD_MAX : CHUNK_LINE_MAX))
        return false;
    *wrong = trailer ? long_trailer : long_line;
    *status = trailer ? 431 : 413;
    return true;
}

int body_take(struct body *body, const char *bytes, size_t *size,
              const char **wrong)
{
    size_t done = 0;
    int status = 400;

    *wrong = NULL;
    while (done < *size && body->state != ENDED) {
        size_t n = *size - done;
        uint8_t in = body->state;
        if (in == COUNTED || in == DATA) {
            if (!take_data(body, &n))
                return 413;
            done += n;
            continue;
        }
        *wrong = take_byte(body, bytes[done]);
        if (*wrong || is_long(body, in, wrong, &status))
            return status;
        done++;
    }
    *size = done;
    if (done > body->raw_left)
        return 413;
    body->raw_left -= (uint32_t)done;
    return 0;
}
