/* SPDX-License-Identifier: MIT
 *
 * A field ends where the text after it begins; in quotes, a quote after a
 * backslash is part of the field. nginx's $upstream_response_time has blanks
 * and commas of its own and is read by its own grammar.
 */
#include "log_format.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/names.h"
#include "log_time.h"

enum { VALUE_BYTES = 64 };

#define COMBINED                                                               \
    "$remote_addr - $remote_user [$time_local] \"$request\" $status "          \
    "$body_bytes_sent \"$http_referer\" \"$http_user_agent\""

static const struct {
    const char *name, *text;
} known[] = {
    {"nginx", "$msec $request_time $upstream_response_time $body_bytes_sent"},
    {"combined-upstream", COMBINED " $request_time $upstream_response_time"},
    {"combined-time", COMBINED " $request_time"},
    {"combined", COMBINED},
    {"common", "$remote_addr - $remote_user [$time_local] \"$request\" "
               "$status $body_bytes_sent"},
};

enum { KNOWN = sizeof known / sizeof known[0] };

const char *const log_format_names[] = {
    "nginx", "combined-upstream", "combined-time", "combined", "common", NULL};

static const struct {
    const char *name;
    enum log_field field;
} variables[] = {
    {"msec", LOG_EPOCH},
    {"time_local", LOG_LOCAL},
    {"time_iso8601", LOG_ISO},
    {"request_time", LOG_SECONDS},
    {"upstream_response_time", LOG_UPSTREAM},
    {"body_bytes_sent", LOG_BODY},
    {"bytes_sent", LOG_BYTES},
    {"status", LOG_STATUS},
};

static enum log_field variable(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (strlen(variables[i].name) == length &&
            !strncmp(variables[i].name, name, length))
            return variables[i].field;
    return LOG_SKIPPED;
}

/* The field of Apache's %{argument}LETTER. */
static enum log_field directive(char letter, const char *argument,
                                size_t length)
{
    switch (letter) {
    case 't':
        return length == 0 ? LOG_BRACKETS : LOG_SKIPPED;
    case 'D':
        return LOG_MICROS;
    case 'T':
        return length == 2 && !strncmp(argument, "us", 2)   ? LOG_MICROS
               : length == 2 && !strncmp(argument, "ms", 2) ? LOG_MILLIS
                                                            : LOG_SECONDS;
    case 'b':
    case 'B':
        return LOG_BODY;
    case 'O':
        return LOG_BYTES;
    case 's':
        return LOG_STATUS;
    default:
        return LOG_SKIPPED;
    }
}

/* Reads the field at `at`, a $name or a %directive. Returns where it ends, or
 * `at` if none is there. */
static const char *field_at(const char *at, bool apache, enum log_field *field)
{
    const char *name = at + 1, *end;

    if (*at != (apache ? '%' : '$'))
        return at;
    if (!apache) {
        bool braces = *name == '{';
        name += braces;
        end = name;
        while (isalnum((unsigned char)*end) || *end == '_')
            end++;
        if (end == name || (braces && *end != '}'))
            return at;
        *field = variable(name, (size_t)(end - name));
        return end + braces;
    }
    name += strspn(name, "!<>,0123456789");
    const char *argument = name;
    size_t length = 0;
    if (*name == '{') {
        end = strchr(name, '}');
        if (!end)
            return at;
        argument = name + 1;
        length = (size_t)(end - argument);
        name = end + 1;
    }
    name += *name == '^'; /* %^FB, %{name}^ti */
    if (!isalpha((unsigned char)*name))
        return at;
    *field = directive(*name, argument, length);
    return name + 1 + (name[-1] == '^' && isalpha((unsigned char)name[1]));
}

static bool add(struct log_format *format, enum log_field field, int at,
                int length)
{
    if (format->count == LOG_FORMAT_PIECES)
        return false;
    format->has[field] = true;
    format->pieces[format->count++] = (struct log_piece){field, at, length};
    return true;
}

/* Splits format->text into pieces. Returns NULL, or what is wrong. */
static const char *split(struct log_format *format, bool apache)
{
    const char *text = format->text, *literal = text;
    bool fits = true, after_field = false;

    for (const char *at = text; *at != '\0' && fits;) {
        enum log_field field = LOG_SKIPPED;
        const char *end = field_at(at, apache, &field);

        if (apache && at[0] == '%' && at[1] == '%') { /* one per cent sign */
            fits = add(format, LOG_TEXT, (int)(literal - text),
                       (int)(at + 1 - literal));
            at = literal = at + 2;
            after_field = false;
            continue;
        }
        if (end == at) {
            at++;
            continue;
        }
        if (at > literal)
            fits = add(format, LOG_TEXT, (int)(literal - text),
                       (int)(at - literal));
        else if (after_field)
            return "has two fields without a character between them";
        fits = fits && add(format, field, 0, 0);
        after_field = true;
        at = literal = end;
    }
    if (*literal != '\0')
        fits = fits && add(format, LOG_TEXT, (int)(literal - text),
                           (int)strlen(literal));
    return fits ? NULL : "has more than 96 parts";
}

/* Copies a string; \" becomes ", as the servers' configurations have it. */
static bool copy(struct log_format *format, const char *text)
{
    size_t length = 0;

    for (; *text != '\0' && length < sizeof format->text - 1; text++) {
        if (text[0] == '\\' && (text[1] == '"' || text[1] == '\''))
            text++;
        format->text[length++] = *text;
    }
    format->text[length] = '\0';
    return *text == '\0';
}

static const char *compile(const char *text, struct log_format *format)
{
    bool apache = !strchr(text, '$') && strchr(text, '%');

    if (!copy(format, text))
        return "is longer than 1023 bytes";
    format->at_start = apache;
    const char *wrong = split(format, apache);
    if (wrong)
        return wrong;
    if (!format->has[LOG_EPOCH] && !format->has[LOG_LOCAL] &&
        !format->has[LOG_ISO] && !format->has[LOG_BRACKETS])
        return "has no time: it needs $msec, $time_local, $time_iso8601 or %t";
    return NULL;
}

int log_format_compile(const char *text, struct log_format *format, char *why,
                       size_t why_size)
{
    const char *wrong = NULL;

    memset(format, 0, sizeof *format);
    format->name = "given";
    for (int i = 0; i < KNOWN; i++) {
        if (strcmp(text, known[i].name) != 0)
            continue;
        format->name = known[i].name;
        format->points = true;
        text = known[i].text;
    }
    if (format->points || strpbrk(text, "$%"))
        wrong = compile(text, format);
    if (!format->points && !strpbrk(text, "$%")) {
        char hint[256];
        snprintf(why, why_size,
                 "the log's format is \"%s\", which is neither a string with "
                 "fields ('$msec $request_time', '%%t %%D') nor a known one%s",
                 text,
                 names_suggest(text, log_format_names, hint, sizeof hint));
        return -EINVAL;
    }
    if (!wrong)
        return 0;
    snprintf(why, why_size, "the log's format \"%s\" %s", text, wrong);
    return -EINVAL;
}

/* Where the text of a piece begins in the line, or NULL. */
static const char *find(const struct log_format *format,
                        const struct log_piece *piece, const char *line)
{
    const char *text = format->text + piece->at;
    size_t length = (size_t)piece->length;

    for (const char *at = line; *at != '\0'; at++) {
        if (text[0] == '"' && *at == '\\' && at[1] != '\0')
            at++;
        else if (!strncmp(at, text, length))
            return at;
    }
    return NULL;
}

/* "0.012, 0.034 : 0.005", "-": the times of several servers, and of internal
 * redirects. Returns where they end, or NULL. */
static const char *take_upstream(const char *at, struct log_request *request)
{
    char value[VALUE_BYTES];
    int64_t ns;

    request->upstream_ns = 0;
    request->upstream_calls = 0;
    for (;;) {
        size_t length = strspn(at, "0123456789.-");
        if (length == 0 || length >= sizeof value)
            return NULL;
        memcpy(value, at, length);
        value[length] = '\0';
        if (strcmp(value, "-") != 0) {
            if (!log_time_decimal(value, INT64_C(1000000000), &ns) ||
                request->upstream_ns > INT64_MAX - ns)
                return NULL;
            request->upstream_ns += ns;
            request->upstream_calls++;
        }
        at += length;
        if (!strncmp(at, ", ", 2))
            at += 2;
        else if (!strncmp(at, " : ", 3))
            at += 3;
        else
            return at;
    }
}

static const char *take_duration(const struct log_format *format,
                                 const char *value, int64_t unit_ns,
                                 struct log_request *request)
{
    if (value[0] == '-')
        return "has a negative time";
    if (format->points && !strchr(value, '.'))
        return "has a time without a decimal point";
    return log_time_decimal(value, unit_ns, &request->duration_ns)
               ? NULL
               : "has a time that is no number";
}

static const char *take_bytes(const char *value, struct log_request *request)
{
    request->bytes = 0;
    return !strcmp(value, "-") || log_time_decimal(value, 1, &request->bytes)
               ? NULL
               : "has a size that is no number";
}

static const char *take_status(const char *value, struct log_request *request)
{
    int64_t status;

    if (!log_time_decimal(value, 1, &status) || status > 999)
        return strcmp(value, "-") != 0 ? "has a status that is no number"
                                       : NULL;
    request->status = (int)status;
    return NULL;
}

/* Returns NULL, or what is wrong. */
static const char *take(const struct log_format *format, enum log_field field,
                        const char *value, struct log_request *request)
{
    bool ok = true;

    switch (field) {
    case LOG_EPOCH:
        ok = log_time_decimal(value, INT64_C(1000000000), &request->at_ns);
        break;
    case LOG_LOCAL:
        ok = log_time_local(value, &request->at_ns);
        break;
    case LOG_ISO:
        ok = log_time_iso(value, &request->at_ns);
        break;
    case LOG_SECONDS:
        return take_duration(format, value, INT64_C(1000000000), request);
    case LOG_MILLIS:
        return take_duration(format, value, 1000000, request);
    case LOG_MICROS:
        return take_duration(format, value, 1000, request);
    case LOG_BODY:
    case LOG_BYTES:
        return take_bytes(value, request);
    case LOG_STATUS:
        return take_status(value, request);
    default:
        break;
    }
    return ok ? NULL : "has a date that cannot be read";
}

/* Reads a field up to `end`. Returns NULL, or what is wrong. */
static const char *take_field(const struct log_format *format,
                              enum log_field field, const char *at,
                              const char *end, struct log_request *request)
{
    char value[VALUE_BYTES];
    size_t length = (size_t)(end - at);

    if (field == LOG_SKIPPED)
        return NULL;
    if (length == 0 || length >= sizeof value)
        return "has a field that is empty or too long";
    memcpy(value, at, length);
    value[length] = '\0';
    return take(format, field, value, request);
}

static const char *line_end(const char *line)
{
    size_t length = strlen(line);

    return line + length - (length > 0 && line[length - 1] == '\r');
}

const char *log_format_read(const struct log_format *format, const char *line,
                            struct log_request *request)
{
    static const char other[] = "does not have the log's form";
    const char *at = line, *whole = line_end(line), *wrong = NULL;

    *request = (struct log_request){-1, -1, -1, 0, -1, -1};
    for (int i = 0; i < format->count && !wrong; i++) {
        const struct log_piece *piece = &format->pieces[i];
        const struct log_piece *next = piece + 1;
        const char *end = whole;

        if (piece->field == LOG_TEXT) {
            if (strncmp(at, format->text + piece->at, (size_t)piece->length))
                return other;
            at += piece->length;
            continue;
        }
        if (piece->field == LOG_UPSTREAM) {
            at = take_upstream(at, request);
            if (!at)
                return "has upstream times that cannot be read";
            continue;
        }
        if (piece->field == LOG_BRACKETS) {
            end = strchr(at, ']');
            if (*at != '[' || !end)
                return other;
            wrong = take_field(format, LOG_LOCAL, at + 1, end, request);
            at = end + 1;
            continue;
        }
        if (i + 1 < format->count)
            end = find(format, next, at);
        if (!end)
            return other;
        wrong = take_field(format, piece->field, at, end, request);
        at = end;
    }
    if (!wrong && at != whole)
        return other;
    return wrong;
}
