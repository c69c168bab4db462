/* SPDX-License-Identifier: MIT
 *
 * From a URL as a person types it to an address and the bytes of a request.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

struct load_target {
    char host[256]; /* as in the URL, without the port */
    int port;
    char path[4096]; /* with the query; at least "/" */
    struct sockaddr_in address;
};

/* Takes [http://]HOST[:PORT][/PATH][?QUERY][#IGNORED] apart and resolves the
 * host (IPv4). Returns 0, -EINVAL or -EHOSTUNREACH with a sentence in `why`. */
int load_target_parse(const char *url, struct load_target *target, char *why,
                      size_t why_size);

/* Whether `text` can be a header: Name: value, no control characters. */
bool load_target_header_valid(const char *text);

/* Formats GET with the given header lines (ended by NULL); Host is added
 * unless one of them is it. Returns allocated bytes and their number, or NULL
 * when out of memory. */
char *load_target_request(const struct load_target *target,
                          const char *const *headers, size_t *size);
