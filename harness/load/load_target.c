/* SPDX-License-Identifier: MIT
 *
 * URLs and requests of `troika load`. Plain HTTP over IPv4 is all there is;
 * what else a URL may ask for is refused in words.
 */
#include "load_target.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static int refuse(char *why, size_t why_size, const char *url,
                  const char *reason)
{
    snprintf(why, why_size, "\"%s\": %s", url, reason);
    return -EINVAL;
}

static bool printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 127)
            return false;
    return true;
}

/* HOST[:PORT] of `length` bytes. */
static int parse_host(const char *text, size_t length,
                      struct load_target *target)
{
    const char *colon = memchr(text, ':', length);
    size_t host = colon ? (size_t)(colon - text) : length;
    if (host == 0 || host >= sizeof target->host)
        return -EINVAL;
    memcpy(target->host, text, host);
    target->host[host] = '\0';
    target->port = 80;
    if (!colon)
        return 0;
    target->port = 0;
    for (const char *at = colon + 1; at < text + length; at++) {
        if (!isdigit((unsigned char)*at) || target->port > 65535)
            return -ERANGE;
        target->port = target->port * 10 + (*at - '0');
    }
    return target->port >= 1 && target->port <= 65535 ? 0 : -ERANGE;
}

static int resolve(struct load_target *target, char *why, size_t why_size)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int status = getaddrinfo(target->host, NULL, &hints, &found);
    if (status != 0) {
        snprintf(why, why_size, "host \"%s\" has no IPv4 address: %s",
                 target->host, gai_strerror(status));
        return -EHOSTUNREACH;
    }
    memcpy(&target->address, found->ai_addr, sizeof target->address);
    target->address.sin_port = htons((uint16_t)target->port);
    freeaddrinfo(found);
    return 0;
}

int load_target_parse(const char *url, struct load_target *target, char *why,
                      size_t why_size)
{
    const char *rest = url;
    if (strncasecmp(url, "https://", 8) == 0)
        return refuse(why, why_size, url,
                      "TLS is not spoken here; use http:// (a terminating "
                      "proxy would be measured too)");
    if (strncasecmp(url, "http://", 7) == 0)
        rest += 7;
    else if (strstr(url, "://"))
        return refuse(why, why_size, url, "only http:// is spoken here");
    if (!printable(rest))
        return refuse(why, why_size, url,
                      "spaces, control and non-ASCII characters must be "
                      "written %XX");
    if (*rest == '[')
        return refuse(why, why_size, url, "only IPv4 addresses are used");
    size_t host = strcspn(rest, "/?#");
    int status = parse_host(rest, host, target);
    if (status == -ERANGE)
        return refuse(why, why_size, url, "the port must be 1 to 65535");
    if (status < 0)
        return refuse(why, why_size, url,
                      "a host name is missing; write http://HOST:PORT/PATH");
    rest += host;
    int length =
        snprintf(target->path, sizeof target->path, "%s%.*s",
                 *rest == '/' ? "" : "/", (int)strcspn(rest, "#"), rest);
    if (length >= (int)sizeof target->path)
        return refuse(why, why_size, "URL", "the path is over 4,095 bytes");
    return resolve(target, why, why_size);
}

bool load_target_header_valid(const char *text)
{
    size_t name = strcspn(text, ":");
    if (name == 0 || text[name] != ':')
        return false;
    for (size_t i = 0; text[i]; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c == 127 || (i < name && c == ' '))
            return false;
    }
    return true;
}

char *load_target_request(const struct load_target *target,
                          const char *const *headers, size_t *size)
{
    char *bytes = NULL;
    bool host = false;
    FILE *stream = open_memstream(&bytes, size);
    if (!stream)
        return NULL;
    fprintf(stream, "GET %s HTTP/1.1\r\n", target->path);
    for (; *headers; headers++) {
        fprintf(stream, "%s\r\n", *headers);
        host |= strncasecmp(*headers, "Host:", 5) == 0;
    }
    if (!host && target->port == 80)
        fprintf(stream, "Host: %s\r\n", target->host);
    else if (!host)
        fprintf(stream, "Host: %s:%d\r\n", target->host, target->port);
    fprintf(stream, "\r\n");
    if (fclose(stream) == 0)
        return bytes;
    free(bytes);
    return NULL;
}
