/* SPDX-License-Identifier: MIT
 *
 * Reads one answer, byte by byte if need be, and judges it.
 *
 * Most answers to one request consist of the same bytes. Once a good answer
 * with a Content-Length has been parsed (http_answer.h), its head is kept in a
 * struct load_reference, one per request. Later answers are only compared with
 * that head and the expected body. At the first difference, the bytes compared
 * so far (which are known, since they were equal) are parsed as HTTP after all.
 * So the comparison saves time and never changes the judgement. Nothing is
 * buffered.
 *
 * A head that differs only in digits (a date, a counter) still counts as known,
 * unless the digits are in the status line or in Content-Length: only these
 * decide how an answer is framed and judged.
 *
 * A request with a check (check.h) keeps the bodies of some of its answers, one
 * at a time. Checking costs time that the generator needs, so it happens after
 * the answer's time was taken, and takes at most one part in LOAD_CHECK_PARTS
 * of the time: after a check that took t, no body is kept for so many t.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "http_answer.h"

/* Checks take at most one part in so many of a process's time. */
enum { LOAD_CHECK_PARTS = 100 };

enum { LOAD_HEAD_MAX = 512, LOAD_DIGITS_MAX = 64 };

/* Classes of requests, for which latency is kept apart if the load asks for it.
 */
enum load_class {
    CLASS_LIGHT,
    CLASS_HEAVY,
    CLASS_COUNT,
};

/* One request as bytes, and the answer it must get. */
struct load_request {
    const char *bytes; /* whole HTTP request, head and empty line */
    size_t size;
    const char *body; /* expected body; NULL: not compared */
    size_t body_size;
    struct load_check *check; /* of the body, or NULL; then `body` is NULL */
    enum load_class class;
    bool head;   /* a HEAD request: its answer has no body */
    bool unsafe; /* not idempotent (RFC 9110, section 9.2.2): never sent
                    twice */
};

/* The judgement on the bytes received so far. */
enum load_answer {
    ANSWER_MORE,      /* not yet whole */
    ANSWER_OK,        /* 2xx and, where one is expected, the right body */
    ANSWER_WRONG,     /* 2xx with another body than expected */
    ANSWER_STATUS,    /* not 2xx */
    ANSWER_MALFORMED, /* not HTTP, or bytes after the answer's end */
};

/* A process's body that is kept to be checked. Zero-initialise. */
struct load_kept {
    const struct load_response *owner; /* NULL: no answer keeps its body */
    char *bytes;                       /* CHECK_BODY_MAX + 1 of them, or NULL */
    size_t size; /* of the body, of which no more are kept than there is room */
    int64_t next_ns; /* no answer's body is kept before */
    char why[128];   /* what was wrong with the last wrong body */
};

/* One request, and the head of its answers once it is known. */
struct load_reference {
    const struct load_request *request;
    struct load_kept *kept; /* with a check; NULL: no body is checked */
    size_t head_size;       /* 0: not known yet */
    size_t body_size;
    int comparing; /* answers that are being compared: the head must not change
                    */
    int digit_count;
    uint16_t digits[LOAD_DIGITS_MAX]; /* offsets in `head` where any digit is
                                         accepted */
    char head[LOAD_HEAD_MAX];
};

/* One answer being read. */
struct load_response {
    struct load_reference *reference;
    bool parsing;   /* as HTTP; false: comparing */
    size_t matched; /* bytes equal to the reference so far */
    /* Where the body starts in the current chunk, or NULL. */
    const char *body_start;
    size_t body_seen;
    bool differs, keep_alive;
    bool surplus; /* bytes came after the answer's end */
    struct http_answer answer;
};

/* Prepares for the answer to the reference's request. */
void load_response_begin(struct load_response *response,
                         struct load_reference *reference);

/* Checks the body of an answer that was ANSWER_OK, if it was kept. Returns
 * ANSWER_OK or ANSWER_WRONG; sets *checked to whether it was checked. Call it
 * before load_response_drop. */
enum load_answer load_response_check(struct load_response *response,
                                     bool *checked);

/* Takes more bytes (at least one). */
enum load_answer load_response_feed(struct load_response *response,
                                    const char *bytes, size_t size);

/* The server has ended its stream. ANSWER_MORE: the answer was cut off. */
enum load_answer load_response_end(struct load_response *response);

/* Abandons the answer, or cleans up after a whole one. */
void load_response_drop(struct load_response *response);

/* Whether any byte of the answer has come. */
bool load_response_started(const struct load_response *response);

/* "HTTP status 503", "the body differs from the expected one", ... */
void load_response_words(const struct load_response *response,
                         enum load_answer answer, char *text, size_t size);
