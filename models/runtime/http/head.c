/* SPDX-License-Identifier: MIT
 *
 * Reads line by line, each line once. llhttp has checked every byte before, so
 * a usual field costs a search for its end and a look at its first letter.
 */
#include "head.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static const char wrong_line[] =
    "the request line is not METHOD TARGET VERSION with one blank between";
static const char wrong_version[] =
    "the version is neither HTTP/1.0 nor HTTP/1.1, which this server speaks";
static const char wrong_target[] =
    "the target has a byte that no target has: a control character, a blank, "
    "#, or one beyond ASCII";
static const char wrong_form[] =
    "the target is neither a path that begins with / nor http://HOST/PATH";
static const char wrong_end[] =
    "a line of the head does not end in CRLF: a bare CR or a bare LF";
static const char wrong_fold[] =
    "a line of the head begins with a blank: folded fields are not read";
static const char wrong_name[] = "a header name is empty";
static const char wrong_name_byte[] =
    "a header line is not NAME: VALUE: no colon, or a byte before it that no "
    "name has (a blank is one)";
static const char wrong_value[] = "a header value has a control character";
static const char wrong_host[] = "the value of Host is not HOST or HOST:PORT";
static const char wrong_hosts[] = "Host is given twice";
static const char no_host[] = "Host is missing, which HTTP/1.1 demands";
static const char wrong_length[] =
    "the value of Content-Length is not one decimal number of 64 bits";
static const char wrong_lengths[] = "Content-Length is given twice";
static const char wrong_both[] =
    "Content-Length and Transfer-Encoding are both given";
static const char wrong_coding[] =
    "Transfer-Encoding is not chunked alone, once: no other coding is read";
static const char wrong_coding_1_0[] =
    "Transfer-Encoding is given, which HTTP/1.0 does not have";

enum {
    TOKEN = 1,  /* RFC 9110, 5.6.2 */
    TARGET = 2, /* printable ASCII but # */
    HOST = 4,   /* reg-name (RFC 3986, 3.2.2), less the percent sign */
    VALUE = 8,  /* RFC 9110, 5.5: HTAB, SP, VCHAR, obs-text */
    DIGIT = 16,
    HEX = 32,
};

#define LETTER (TOKEN | TARGET | HOST | VALUE)
#define REST   (TARGET | VALUE)

static const uint8_t kinds[256] = {
    ['\t'] = VALUE,
    [' '] = VALUE,
    ['0' ... '9'] = LETTER | DIGIT | HEX,
    ['A' ... 'F'] = LETTER | HEX,
    ['G' ... 'Z'] = LETTER,
    ['a' ... 'f'] = LETTER | HEX,
    ['g' ... 'z'] = LETTER,
    ['-'] = LETTER,
    ['.'] = LETTER,
    ['_'] = LETTER,
    ['~'] = LETTER,
    ['!'] = LETTER,
    ['$'] = LETTER,
    ['&'] = LETTER,
    ['\''] = LETTER,
    ['*'] = LETTER,
    ['+'] = LETTER,
    ['('] = REST | HOST,
    [')'] = REST | HOST,
    [','] = REST | HOST,
    [';'] = REST | HOST,
    ['='] = REST | HOST,
    ['#'] = TOKEN | VALUE,
    ['%'] = TOKEN | REST,
    ['^'] = TOKEN | REST,
    ['`'] = TOKEN | REST,
    ['|'] = TOKEN | REST,
    ['"'] = REST,
    ['/'] = REST,
    [':'] = REST,
    ['<'] = REST,
    ['>'] = REST,
    ['?'] = REST,
    ['@'] = REST,
    ['['] = REST,
    ['\\'] = REST,
    [']'] = REST,
    ['{'] = REST,
    ['}'] = REST,
    [0x80 ... 0xff] = VALUE,
};

static inline bool is(char c, int kind)
{
    return kinds[(unsigned char)c] & kind;
}

bool head_is_token(char c)
{
    return is(c, TOKEN);
}

bool head_is_value(char c)
{
    return is(c, VALUE);
}

/* Finds the first byte that is not of the kind, or end. */
static inline const char *skip(const char *at, const char *end, int kind)
{
    while (at < end && is(*at, kind))
        at++;
    return at;
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

static const char *cut_blanks(const char *at, const char *end)
{
    while (end > at && is_blank(end[-1]))
        end--;
    return end;
}

static bool equals(const char *at, const char *end, const char *word)
{
    size_t length = strlen(word);

    return (size_t)(end - at) == length && strncasecmp(at, word, length) == 0;
}

bool head_has_word(const char *list, const char *end, const char *word)
{
    for (const char *at = list; at <= end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        const char *begin = skip_blanks(at, stop);

        if (equals(begin, cut_blanks(begin, stop), word))
            return true;
        at = stop + 1;
    }
    return false;
}

/* IPvFuture of RFC 3986, 3.2.2: "v" HEX "." and an address of that version. */
static bool is_future(const char *at, const char *end)
{
    const char *digits = at + 1, *dot = skip(digits, end, HEX);

    if ((*at | 0x20) != 'v' || dot == digits || dot == end || *dot != '.' ||
        dot + 1 == end)
        return false;
    for (at = dot + 1; at < end; at++)
        if (!is(*at, HOST) && *at != ':')
            return false;
    return true;
}

static bool is_ipv6(const char *at, const char *end)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    size_t length = (size_t)(end - at);

    if (length >= sizeof text || memchr(at, '\0', length))
        return false;
    memcpy(text, at, length);
    text[length] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

/* Skips an address in brackets (RFC 3986, 3.2.2). Returns its end, or NULL. */
static const char *skip_literal(const char *at, const char *end)
{
    const char *close = memchr(at, ']', (size_t)(end - at));

    at++;
    if (!close || close == at || (!is_ipv6(at, close) && !is_future(at, close)))
        return NULL;
    return close + 1;
}

/* uri-host [":" port], without blanks around it; both may be empty. */
static inline bool is_host(const char *at, const char *end)
{
    if (at < end && *at == '[') {
        at = skip_literal(at, end);
        if (!at)
            return false;
    } else {
        while ((at = skip(at, end, HOST)) < end && *at == '%') {
            if (end - at < 3 || !is(at[1], HEX) || !is(at[2], HEX))
                return false;
            at += 3;
        }
    }
    return at == end || (*at == ':' && skip(at + 1, end, DIGIT) == end);
}

static const char *read_length(const char *at, const char *end,
                               struct head *head)
{
    uint64_t value = 0;

    if (head->lengths++)
        return wrong_lengths;
    if (at == end)
        return wrong_length;
    for (; at < end; at++)
        if (!is(*at, DIGIT) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *at - '0', &value))
            return wrong_length;
    head->length = value;
    return NULL;
}

/* llhttp accepts no tab after a coding, and before 9.4 none around a length. */
static bool has_tab(const char *at, const char *end)
{
    return memchr(at, '\t', (size_t)(end - at));
}

/* Reads a field that may matter. */
static __attribute__((noinline)) const char *
read_field(const char *line, const char *line_end, struct head *head)
{
    const char *colon = memchr(line, ':', (size_t)(line_end - line));

    if (!colon) /* llhttp would have refused it */
        return wrong_name_byte;
    const char *at = skip_blanks(colon + 1, line_end);
    const char *end = cut_blanks(at, line_end);
    if (equals(line, colon, "connection")) {
        head->close |= head_has_word(at, end, "close");
        head->keep_alive |= head_has_word(at, end, "keep-alive");
        head->upgrade |= head_has_word(at, end, "upgrade");
    } else if (equals(line, colon, "content-length")) {
        if (head->codings)
            return wrong_both;
        return has_tab(colon, line_end) ? wrong_length
                                        : read_length(at, end, head);
    } else if (equals(line, colon, "transfer-encoding")) {
        if (head->lengths)
            return wrong_both;
        if (head->codings++ || !equals(at, end, "chunked") ||
            has_tab(end, line_end))
            return wrong_coding;
    } else if (equals(line, colon, "expect")) {
        head->expects_continue |= head_has_word(at, end, "100-continue");
    }
    return NULL;
}

static inline const char *read_host(const char *at, const char *end,
                                    struct head *head)
{
    at = skip_blanks(at, end);
    if (!is_host(at, cut_blanks(at, end)))
        return wrong_host;
    return head->hosts++ ? wrong_hosts : NULL;
}

/* Reads one line, without its line end. */
static inline const char *read_line(const char *line, const char *end,
                                    struct head *head)
{
    switch (*line) {
    case 'H':
    case 'h':
        if (end - line >= 5 && strncasecmp(line, "host:", 5) == 0)
            return read_host(line + 5, end, head);
        return NULL;
    case 'C':
    case 'c':
    case 'T':
    case 't':
    case 'E':
    case 'e':
        return read_field(line, end, head);
    case ' ':
    case '\t':
        return wrong_fold;
    case ':':
        return wrong_name;
    default:
        return NULL;
    }
}

static const char *judge(const struct head *head)
{
    if (head->hosts == 0 && !head->http_1_0)
        return no_host;
    return head->codings && head->http_1_0 ? wrong_coding_1_0 : NULL;
}

bool head_is_asterisk(const char *target, size_t length)
{
    return length == 1 && *target == '*';
}

/* Checks a target in absolute form, "http://HOST...". */
static __attribute__((noinline)) const char *read_absolute(const char *target,
                                                           const char *end)
{
    static const char scheme[] = "http://";
    size_t length = sizeof scheme - 1;
    const char *at = target + length, *host_end = at;

    if ((size_t)(end - target) < length ||
        strncasecmp(target, scheme, length) != 0)
        return wrong_form;
    while (host_end < end && *host_end != '/' && *host_end != '?')
        host_end++;
    return host_end == at || *at == ':' || !is_host(at, host_end) ? wrong_form
                                                                  : NULL;
}

static inline const char *read_target(const char *at, const char *end)
{
    if (at[-2] == ' ' || at[-1] != ' ')
        return wrong_line;
    if (skip(at, end, TARGET) != end)
        return wrong_target;
    return *at == '/' || head_is_asterisk(at, (size_t)(end - at))
               ? NULL
               : read_absolute(at, end);
}

static inline bool is_version(const char *at)
{
    return memcmp(at, " HTTP/1.", 8) == 0 && (at[8] == '1' || at[8] == '0');
}

const char *head_read(const char *target, size_t length, const char *end,
                      struct head *head)
{
    const char *line = target + length, *wrong = read_target(target, line);
    const char *next;

    *head = (struct head){0};
    if (wrong)
        return wrong;
    if (end - line < 11 || !is_version(line))
        return wrong_version;
    if (line[9] != '\r' || line[10] != '\n')
        return line[9] == '\n' ? wrong_end : wrong_version;
    head->http_1_0 = line[8] == '0';
    for (line += 11; (next = memchr(line, '\n', (size_t)(end - line)));
         line = next + 1) {
        if (next == line || next[-1] != '\r')
            return wrong_end;
        if (next == line + 1)
            return judge(head);
        wrong = read_line(line, next - 1, head);
        if (wrong)
            return wrong;
    }
    return wrong_end; /* llhttp accepted a line end that this server does not */
}

/* Checks the part of the first line that is there. Returns NULL while nothing
 * is wrong, and sets `done` to the line's end if that is there. */
static const char *explain_line(const char *at, const char *end,
                                const char **done)
{
    static const char versions[] = " HTTP/1.";
    const char *c = skip(at, end, TOKEN);

    *done = NULL;
    if (c == end)
        return NULL;
    if (c == at || *c != ' ')
        return wrong_line;
    at = c + 1;
    c = skip(at, end, TARGET);
    if (c == end)
        return NULL;
    if (*c == '\r' || *c == '\n')
        return wrong_version;
    if (*c != ' ')
        return wrong_target;
    if (c == at)
        return wrong_line;
    for (int i = 0; versions[i]; i++, c++)
        if (c == end)
            return NULL;
        else if (*c != versions[i])
            return wrong_version;
    if (c < end && *c != '0' && *c != '1')
        return wrong_version;
    for (int i = 1; i < 3; i++)
        if (end - c > i && c[i] != "0\r\n"[i])
            return c[i] == '\n' || i == 2 ? wrong_end : wrong_version;
    *done = end - c >= 3 ? c + 3 : NULL;
    return NULL;
}

int head_judge_line(const char *at, const char *end, const char **wrong)
{
    const char *done;

    *wrong = explain_line(at, end, &done);
    if (*wrong)
        return 400;
    return done ? 405 : 0;
}

/* Checks the part of a field that is there. */
static const char *explain_field(const char *line, const char *end,
                                 struct head *head)
{
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    const char *at = skip(line, stop ? stop : end, TOKEN);

    if (is_blank(*line))
        return wrong_fold;
    if (at < end && *at != ':')
        return *at == '\n' || (*at == '\r' && at == line) ? wrong_end
                                                          : wrong_name_byte;
    if (at == line)
        return wrong_name;
    at = at < end ? skip(at + 1, end, VALUE) : end;
    if (at == end) /* llhttp stops in the middle of a bad length or coding */
        return memchr(line, ':', (size_t)(end - line)) && (*line | 0x20) != 'h'
                   ? read_line(line, end, head)
                   : NULL;
    if (*at == '\n' || (*at == '\r' && at + 1 < end && at[1] != '\n'))
        return wrong_end;
    return *at == '\r' ? read_line(line, at, head) : wrong_value;
}

/* Checks the form of the first line's target, as far as that is there. */
static const char *explain_target(const char *at, const char *end)
{
    at = skip(at, end, TOKEN);
    at += at < end;
    const char *stop = skip(at, end, TARGET);
    bool may_be_absolute = at < stop && (*at | 0x20) == 'h';

    if (at == stop || *at == '/' || head_is_asterisk(at, (size_t)(stop - at)) ||
        (may_be_absolute && stop == end))
        return NULL;
    return read_absolute(at, stop);
}

const char *head_explain(const char *at, const char *end)
{
    struct head head = {0};
    const char *done, *wrong = explain_line(at, end, &done);

    if (!wrong)
        wrong = explain_target(at, end);
    while (!wrong && done && done < end && *done != '\r') {
        wrong = explain_field(done, end, &head);
        done = memchr(done, '\n', (size_t)(end - done));
        if (done)
            done++;
    }
    if (!wrong && done && end - done >= 2 && done[1] != '\n')
        wrong = wrong_end;
    if (!wrong)
        wrong = judge(&head);
    return wrong && wrong != no_host ? wrong
                                     : "the request's head is malformed";
}
