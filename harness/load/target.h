/* SPDX-License-Identifier: MIT
 *
 * Turns a URL, as a person types it, into addresses and the bytes of a request.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

union load_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

enum { LOAD_ADDRESS_TEXT = 64, LOAD_ADDRESSES_MAX = 8 };

struct load_target {
    char host[256]; /* as in the URL, without port and brackets */
    bool literal6;  /* the host is an IPv6 address */
    int port;
    char path[4096]; /* with the query; at least "/" */
    /* Of the host, in the order in which to try them. */
    union load_address addresses[LOAD_ADDRESSES_MAX];
    int address_count;
    union load_address address; /* the one to use: the first, until
                                   load_target_choose chooses */
};

/* The request to send to a target. */
struct load_asked {
    const char *method;         /* NULL: GET */
    const char *const *headers; /* lines, ended by NULL */
    const char *body;           /* NULL: none */
    size_t body_size;
};

/* For connect and bind. */
socklen_t load_address_size(const union load_address *address);

bool load_address_is_loopback4(const union load_address *address);

/* "127.0.0.1:80", "[::1]:80". Returns text. */
const char *load_address_text(const union load_address *address, char *text,
                              size_t size);

/* Says why connecting failed (`error`: a negative errno) and what helps.
 * Returns text. */
const char *load_address_cause(int error, char *text, size_t size);

/* Takes [http://]HOST[:PORT][/PATH][?QUERY][#IGNORED] apart and resolves the
 * host. Returns 0, -EINVAL or -EHOSTUNREACH with a sentence in `why`. */
int load_target_parse(const char *url, struct load_target *target, char *why,
                      size_t why_size);

/* Tries the addresses of a host with several; the first that accepts a
 * connection becomes `address`. Returns 0, or a negative errno with each one's
 * error in `why`. */
int load_target_choose(struct load_target *target, char *why, size_t why_size);

/* Why `text` cannot be a header line of a request (RFC 9110, section 5), or
 * NULL. */
const char *load_target_header_fault(const char *text);

/* Whether the header line is of the field `name`. */
bool load_target_header_is(const char *text, const char *name);

/* Whether a request of this method may be sent twice (RFC 9110, section
 * 9.2.2). */
bool load_target_idempotent(const char *method);

/* Formats the request. Adds Host unless a header line has it, and
 * Content-Length if there is a body or the method expects one. Returns
 * allocated bytes and their number, or NULL when out of memory. */
char *load_target_request(const struct load_target *target,
                          const struct load_asked *asked, size_t *size);
