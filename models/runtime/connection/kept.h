/* SPDX-License-Identifier: MIT
 *
 * Bytes put aside for a connection between two looks at it: half a request, or
 * pipelined ones that wait for their turn. For models that read into a buffer
 * shared by all connections, so that an idle one owns none.
 */
#pragma once

#include "models/runtime/http/http.h"

struct kept;

/* Copies the unfinished request, or (unparsed) what follows the complete one.
 * NULL: no memory. */
struct kept *kept_new(const struct http_connection *http, bool unparsed);

/* Makes `http` with the buffer (of HTTP_HEAD_MAX) go on where it was kept, and
 * frees `kept`; NULL: begins anew. Returns whether to look at the bytes before
 * reading more. */
bool kept_load(struct kept *kept, struct http_connection *http, char *buffer);

void kept_free(struct kept *kept);
