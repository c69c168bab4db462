/* SPDX-License-Identifier: MIT
 *
 * The format of an access log: nginx's log_format and Apache's LogFormat
 * strings, and the known ones by name. A format is compiled once into pieces of
 * text and fields; then it reads lines.
 *
 * Sources: nginx, ngx_http_log_module and ngx_http_upstream_module; Apache,
 * mod_log_config. nginx writes a line, and its $msec and $time_local, when a
 * request has ended; Apache's %t is when the request came.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_FORMAT_TEXT = 1024, LOG_FORMAT_PIECES = 96 };

enum log_field {
    LOG_TEXT, /* these bytes */
    LOG_SKIPPED,
    LOG_EPOCH,    /* $msec */
    LOG_LOCAL,    /* $time_local */
    LOG_BRACKETS, /* %t: $time_local in brackets */
    LOG_ISO,
    LOG_SECONDS, /* $request_time, %T */
    LOG_MILLIS,  /* %{ms}T */
    LOG_MICROS,  /* %D */
    LOG_UPSTREAM,
    LOG_BODY,  /* $body_bytes_sent, %b */
    LOG_BYTES, /* $bytes_sent, %O */
    LOG_STATUS,
};

struct log_piece {
    enum log_field field;
    int at, length; /* LOG_TEXT: where in the format's text */
};

struct log_format {
    const char *name;           /* "combined"; "given" for a string */
    char text[LOG_FORMAT_TEXT]; /* the format's string */
    struct log_piece pieces[LOG_FORMAT_PIECES];
    int count;
    bool at_start; /* its time is that of the request's arrival */
    bool points;   /* LOG_SECONDS must have a decimal point, which tells
                      $request_time from other numbers */
    bool has[LOG_STATUS + 1]; /* by field */
};

/* What one line says; unknown: -1. */
struct log_request {
    int64_t at_ns; /* since 1970 */
    int64_t duration_ns;
    int64_t upstream_ns; /* sum of its parts */
    int upstream_calls;
    int64_t bytes;
    int status;
};

/* The formats that are known by name, ended by NULL, in the order in which a
 * log of unknown format is held against them. */
extern const char *const log_format_names[];

/* Compiles one of those names, or a string with fields. Returns 0, or -EINVAL
 * with a sentence. */
int log_format_compile(const char *text, struct log_format *format, char *why,
                       size_t why_size);

/* Reads a line without its newline. Returns NULL, or what is wrong with it, as
 * the end of a sentence ("line 7 ..."). */
const char *log_format_read(const struct log_format *format, const char *line,
                            struct log_request *request);
