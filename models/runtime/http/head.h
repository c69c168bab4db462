/* SPDX-License-Identifier: MIT
 *
 * A request's head by the rules of docs/contract.md (RFC 9112, sections 2 to 6,
 * read strictly): finds the errors that llhttp, or some version of it, accepts,
 * and reads the few fields that a server must know.
 *
 * Nothing after the empty line is read: these bytes may be a body or another
 * request.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The facts in a head. */
struct head {
    uint64_t length;                 /* Content-Length */
    uint8_t hosts, lengths, codings; /* how often each field is there */
    bool http_1_0;
    bool close, keep_alive, upgrade; /* words of Connection */
    bool expects_continue;
};

/* Reads a head from its target to its empty line. `length` is the target's; the
 * bytes end at `end`. Returns NULL, or a sentence that says what is wrong. */
const char *head_read(const char *target, size_t length, const char *end,
                      struct head *head);

/* Whether the target is `*`, which only OPTIONS may have. head_read does not
 * know the method, so its caller asks. */
bool head_is_asterisk(const char *target, size_t length);

/* Says what is wrong with a head that llhttp refused, and that may end
 * anywhere. Never NULL. */
const char *head_explain(const char *at, const char *end);

/* Whether a token, and whether a field's value, may have this byte (RFC 9110,
 * 5.6.2 and 5.5). */
bool head_is_token(char c);
bool head_is_value(char c);

/* Whether a comma-separated list (RFC 9110, 5.6.1) has the word, in upper or
 * lower case. */
bool head_has_word(const char *list, const char *end, const char *word);

/* Judges a first line whose method llhttp does not know or this server does not
 * serve. Returns 405 if the line is "METHOD TARGET HTTP/1.x", 400 with *wrong
 * if it is not, 0 while it may be either. */
int head_judge_line(const char *at, const char *end, const char **wrong);
