/* SPDX-License-Identifier: MIT
 *
 * Reading one answer, byte by byte if need be, and judging it.
 *
 * Most answers to one request are the same bytes. Once one good answer was
 * read (http_answer.h) whose length is in its head, that head is kept (a struct
 * load_reference, one per request), and the next answers are merely compared
 * with head and expected body. At the first difference the bytes so far,
 * which are known because they were equal, are read as HTTP after all; so
 * the fast path can only be fast, never wrong. Nothing is buffered.
 *
 * A head that differs in digits alone (a date, a counter) is taken for known
 * too, except in the status line and in Content-Length: no other digits have
 * a say in how an answer is framed or judged.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http_answer.h"

enum { LOAD_HEAD_MAX = 512, LOAD_DIGITS_MAX = 64 };

/* Latency is kept apart for these, where the spec says so. */
enum load_class {
    CLASS_LIGHT,
    CLASS_HEAVY,
    CLASS_COUNT,
};

/* One request as bytes, and the answer it must get. */
struct load_request {
    const char *bytes; /* whole HTTP request, head and empty line */
    size_t size;
    const char *body; /* expected body, or NULL: compared with nothing */
    size_t body_size;
    enum load_class class;
    bool head;   /* it is HEAD: its answer has no body */
    bool unsafe; /* not idempotent (RFC 9110, section 9.2.2): never sent
                    twice */
};

/* The judgement on the bytes so far. */
enum load_answer {
    ANSWER_MORE,      /* not yet whole */
    ANSWER_OK,        /* 2xx and, where one is expected, the right body */
    ANSWER_WRONG,     /* 2xx with another body than expected */
    ANSWER_STATUS,    /* not 2xx */
    ANSWER_MALFORMED, /* not HTTP, or bytes after the answer's end */
};

/* One request, and the head of its answers once it is known. */
struct load_reference {
    const struct load_request *request;
    size_t head_size; /* 0: not known yet */
    size_t body_size;
    int comparing; /* answers half compared: the head must stay */
    int digit_count;
    uint16_t digits[LOAD_DIGITS_MAX]; /* where other digits may stand */
    char head[LOAD_HEAD_MAX];
};

/* One answer being read. */
struct load_response {
    struct load_reference *reference;
    bool parsing;           /* as HTTP; else comparing */
    size_t matched;         /* bytes equal to the reference so far */
    const char *body_start; /* of this chunk, or NULL */
    size_t body_seen;
    bool differs, keep_alive;
    bool surplus; /* bytes came behind its end */
    struct http_answer answer;
};

/* Prepares for the answer to the reference's request. */
void load_response_begin(struct load_response *response,
                         struct load_reference *reference);

/* Takes more bytes (at least one). */
enum load_answer load_response_feed(struct load_response *response,
                                    const char *bytes, size_t size);

/* The peer has ended its stream: ANSWER_MORE means the answer was cut off. */
enum load_answer load_response_end(struct load_response *response);

/* Gives the answer up, or clears up after a whole one. */
void load_response_drop(struct load_response *response);

/* Whether any byte of the answer has come. */
bool load_response_started(const struct load_response *response);

/* "HTTP status 503", "the body differs from the expected one", ... */
void load_response_words(const struct load_response *response,
                         enum load_answer answer, char *text, size_t size);
