/* SPDX-License-Identifier: MIT
 *
 * A request's head by the rules of docs/contract.md (RFC 9112, sections 2 to 6,
 * read strictly): what llhttp lets pass, or lets pass in one of its versions
 * alone, and the few fields that a server must know.
 *
 * Nothing beyond the empty line is looked at: what follows may be a body or
 * another request.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a head says of the request that it begins. */
struct head {
    uint64_t length;                 /* Content-Length */
    uint8_t hosts, lengths, codings; /* how often each field is there */
    bool http_1_0;
    bool close, keep_alive, upgrade; /* words of Connection */
    bool expects_continue;
};

/* Reads from the target on to the empty line; `length` is the target's, and
 * bytes from `target` to `end` are there. Returns NULL, or a sentence on what
 * is wrong. */
const char *head_read(const char *target, size_t length, const char *end,
                      struct head *head);

/* The target of OPTIONS alone; head_read does not know the method. */
bool head_is_asterisk(const char *target, size_t length);

/* The fault in the bytes of a head that llhttp would not read, which may
 * end anywhere. Never NULL. */
const char *head_explain(const char *at, const char *end);

/* Bytes that a token, and that a field's value may have (RFC 9110, 5.5 and
 * 5.6.2). */
bool head_is_token(char c);
bool head_is_value(char c);

/* Whether a list separated by commas (RFC 9110, 5.6.1) has the word, in letters
 * of either case. */
bool head_has_word(const char *list, const char *end, const char *word);

/* Begins a method that llhttp does not know, or that this server has no use
 * for: 405 when the line is "METHOD TARGET HTTP/1.x", 400 with *wrong when it
 * is not, 0 while it may be either. */
int head_judge_line(const char *at, const char *end, const char **wrong);
