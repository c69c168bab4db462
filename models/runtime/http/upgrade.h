/* SPDX-License-Identifier: MIT
 *
 * From HTTP to WebSocket (RFC 6455, section 4): what a request must say, and
 * the answer to it.
 */
#pragma once

#include "http.h"

enum { UPGRADE_ACCEPT_SIZE = 28 }; /* characters of Sec-WebSocket-Accept */

/* Judges the head in [head, head + size) of a request that wants to leave
 * HTTP. HTTP_WEBSOCKET: *key points to the HTTP_KEY_SIZE characters of its key;
 * HTTP_NO_UPGRADE: it wants something else, which may be declined silently. */
enum http_upgrade upgrade_judge(const char *head, size_t size,
                                const char **key);

/* What the server's answer must say to a key. `accept` gets a terminating
 * null. */
void upgrade_accept(const char *key, char accept[UPGRADE_ACCEPT_SIZE + 1]);

/* The whole answer to a request with HTTP_WEBSOCKET, ready to send. */
void upgrade_answer(const struct http_request *request, struct reply *reply);
