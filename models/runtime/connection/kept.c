/* SPDX-License-Identifier: MIT
 *
 * A parser's state and its bytes in one allocation of the right size.
 */
#include "kept.h"

#include <stdlib.h>
#include <string.h>

struct kept {
    struct http_connection http;
    bool unparsed;
    char bytes[];
};

struct kept *kept_new(const struct http_connection *http, bool unparsed)
{
    size_t from = unparsed ? http->parsed : http->taken;
    size_t size = http->used - from;
    struct kept *kept = malloc(sizeof *kept + size);

    if (!kept)
        return NULL;
    kept->unparsed = unparsed;
    if (unparsed) {
        http_init(&kept->http, kept->bytes, size);
        memcpy(kept->bytes, http->buffer + from, size);
        kept->http.used = size;
    } else {
        kept->http = *http;
        http_move(&kept->http, kept->bytes, size);
    }
    return kept;
}

bool kept_load(struct kept *kept, struct http_connection *http, char *buffer)
{
    bool unparsed = false;

    if (!kept) {
        http_init(http, buffer, HTTP_HEAD_MAX);
        return false;
    }
    unparsed = kept->unparsed;
    *http = kept->http;
    http_move(http, buffer, HTTP_HEAD_MAX);
    free(kept);
    return unparsed;
}

void kept_free(struct kept *kept)
{
    free(kept);
}
