/* SPDX-License-Identifier: MIT
 *
 * Addresses of servers, IPv4 and IPv6.
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

enum { LOAD_ADDRESS_TEXT = 64 };

/* For connect and bind. */
socklen_t load_address_size(const union load_address *address);

bool load_address_is_loopback4(const union load_address *address);

/* "127.0.0.1:80", "[::1]:80". Returns text. */
const char *load_address_text(const union load_address *address, char *text,
                              size_t size);

/* Why connecting failed (negative errno), with what helps. Returns text. */
const char *load_address_cause(int error, char *text, size_t size);

/* Opens a connection and closes it again. Returns 0 or a negative errno. */
int load_address_try(const union load_address *address, int64_t timeout_ns);
