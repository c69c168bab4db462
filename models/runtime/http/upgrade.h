/* SPDX-License-Identifier: MIT
 *
 * From HTTP to WebSocket (RFC 6455, section 4): checks the request, and builds
 * the answer.
 */
#pragma once

#include "http.h"

enum { UPGRADE_ACCEPT_SIZE = 28 }; /* characters of Sec-WebSocket-Accept */

/* Judges the head in [head, head + size) of a request that wants to leave HTTP.
 * HTTP_WEBSOCKET: *key points to the HTTP_KEY_SIZE characters of its key.
 * HTTP_NO_UPGRADE: the request wants another protocol, and may be answered in
 * HTTP. */
enum http_upgrade upgrade_judge(const char *head, size_t size,
                                const char **key);

/* Computes the server's answer to a key. `accept` gets a terminating null. */
void upgrade_accept(const char *key, char accept[UPGRADE_ACCEPT_SIZE + 1]);

/* Builds the whole answer to a request with HTTP_WEBSOCKET, ready to send. */
void upgrade_answer(const struct http_request *request, struct reply *reply);
