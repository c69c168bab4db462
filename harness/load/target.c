/* SPDX-License-Identifier: MIT
 *
 * Only plain HTTP is supported. Each other scheme or part of a URL is refused
 * with its own message.
 */
#include "target.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/runtime/http/head.h"

static const int64_t try_ns = 3000000000;

socklen_t load_address_size(const union load_address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->v6
                                              : sizeof address->v4;
}

bool load_address_is_loopback4(const union load_address *address)
{
    return address->any.sa_family == AF_INET &&
           ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
}

const char *load_address_text(const union load_address *address, char *text,
                              size_t size)
{
    char host[INET6_ADDRSTRLEN] = "?";
    bool six = address->any.sa_family == AF_INET6;
    inet_ntop(address->any.sa_family,
              six ? (const void *)&address->v6.sin6_addr
                  : (const void *)&address->v4.sin_addr,
              host, sizeof host);
    snprintf(text, size, six ? "[%s]:%d" : "%s:%d", host,
             ntohs(six ? address->v6.sin6_port : address->v4.sin_port));
    return text;
}

static const char *remedy(int error)
{
    switch (error) {
    case -ECONNREFUSED:
        return "; is the server running?";
    case -ETIMEDOUT:
        return "; is a firewall in between, or the server's accept queue full?";
    case -EADDRNOTAVAIL:
        return " (out of local ports: those of ended connections are kept for "
               "a minute, TIME_WAIT; wait, or use fewer connections)";
    case -EMFILE:
    case -ENFILE:
        return " (out of file descriptors; raise ulimit -n)";
    case -ENETUNREACH:
    case -EHOSTUNREACH:
        return "; this machine has no route there";
    default:
        return "";
    }
}

const char *load_address_cause(int error, char *text, size_t size)
{
    snprintf(text, size, "%s%s", strerror(-error), remedy(error));
    return text;
}

/* Opens a connection and closes it again. Returns 0 or a negative errno. */
static int try_address(const union load_address *address, int64_t timeout_ns)
{
    int fd = socket(address->any.sa_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int error = 0;
    socklen_t size = sizeof error;
    if (connect(fd, &address->any, load_address_size(address)) < 0)
        error = errno;
    if (error == EINPROGRESS) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        int count = poll(&ready, 1, (int)(timeout_ns / 1000000));
        error = count == 0 ? ETIMEDOUT : count < 0 ? errno : 0;
        if (count > 0)
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    close(fd);
    return -error;
}

static int refuse(char *why, size_t why_size, const char *url,
                  const char *reason)
{
    /* Unprintable bytes become '?'. */
    char shown[256];
    size_t length = 0;
    for (; url[length] && length < sizeof shown - 1; length++)
        shown[length] = isprint((unsigned char)url[length]) ? url[length] : '?';
    shown[length] = '\0';
    snprintf(why, why_size, "\"%s\": %s", shown, reason);
    return -EINVAL;
}

/* Names a byte that no URL may have, or returns NULL. */
static const char *odd_byte(const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == ' ' || c == '\t')
            return "a blank in a URL must be written %20";
        if (c < ' ' || c == 127)
            return "control characters in a URL must be written %XX";
        if (c > 127)
            return "letters beyond ASCII in a URL must be written %XX, byte by "
                   "byte";
    }
    return NULL;
}

/* A scheme other than http:, in words, or NULL. */
static const char *odd_scheme(const char *url)
{
    if (!strncasecmp(url, "https:", 6))
        return "TLS is not supported; give the port at which the server speaks "
               "plain http://, or end TLS in front of it and ask behind "
               "(docs/decisions/0011-no-tls.md says what that leaves out)";
    if (!strncasecmp(url, "unix:", 5) || *url == '/')
        return "Unix sockets are not supported; give the server a TCP port on "
               "127.0.0.1";
    if (!strncasecmp(url, "ws:", 3) || !strncasecmp(url, "wss:", 4))
        return "WebSockets are asked for by --check and the workload "
               "/websocket of a model";
    if (!strncasecmp(url, "http:", 5))
        return !strncasecmp(url, "http://", 7)
                   ? NULL
                   : "two slashes follow http:; write http://HOST:PORT/PATH";
    return strstr(url, "://") && strcspn(url, "/?#") > strcspn(url, ":")
               ? "only http:// is supported"
               : NULL;
}

static const char *parse_port(const char *text, size_t length,
                              struct load_target *target)
{
    target->port = length ? 0 : 80; /* an empty port is the default one */
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i]))
            return "the port is no whole number; it must be 1 to 65535";
        target->port = target->port * 10 + (text[i] - '0');
        if (target->port > 65535)
            return "the port must be 1 to 65535";
    }
    return target->port ? NULL
                        : "port 0 cannot be connected to; the port must "
                          "be 1 to 65535";
}

/* Parses [ADDRESS] and what follows it. */
static const char *parse_bracketed(const char *text, size_t length,
                                   struct load_target *target)
{
    struct in6_addr address;
    const char *end = memchr(text, ']', length);
    if (!end)
        return "the bracket of an IPv6 address is not closed: "
               "http://[::1]:PORT/";
    size_t host = (size_t)(end - text) - 1;
    if (memchr(text, '%', length))
        return "an IPv6 address with a zone (%) is not used here; give one "
               "without";
    if (host >= sizeof target->host)
        return "that is no IPv6 address";
    memcpy(target->host, text + 1, host);
    target->host[host] = '\0';
    target->literal6 = true;
    if (inet_pton(AF_INET6, target->host, &address) != 1)
        return "what stands in brackets is no IPv6 address";
    size_t left = length - host - 2;
    if (left && end[1] != ':')
        return "after an IPv6 address's bracket only :PORT may follow";
    return parse_port(left ? end + 2 : end, left ? left - 1 : 0, target);
}

/* Parses HOST[:PORT] of `length` bytes. Returns NULL, or what is wrong. */
static const char *parse_host(const char *text, size_t length,
                              struct load_target *target)
{
    if (memchr(text, '@', length))
        return "user names and passwords are not taken from a URL; give -H "
               "'Authorization: ...'";
    if (length && *text == '[')
        return parse_bracketed(text, length, target);
    const char *colon = memchr(text, ':', length);
    size_t host = colon ? (size_t)(colon - text) : length;
    if (colon && memchr(colon + 1, ':', length - host - 1))
        return "an IPv6 address stands in brackets: http://[::1]:PORT/";
    if (host == 0)
        return "a host name is missing; write http://HOST:PORT/PATH";
    if (host >= sizeof target->host)
        return "a host name has at most 255 letters";
    for (size_t i = 0; i < host; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("-._", text[i]))
            return "the host has a character that no name has";
    memcpy(target->host, text, host);
    target->host[host] = '\0';
    return parse_port(colon ? colon + 1 : text, colon ? length - host - 1 : 0,
                      target);
}

static void add(struct load_target *target, const void *address, size_t size)
{
    if (target->address_count < LOAD_ADDRESSES_MAX &&
        size <= sizeof target->address)
        memcpy(&target->addresses[target->address_count++], address, size);
}

/* "localhost" means both loopback addresses, whatever /etc/hosts says (RFC
 * 6761, section 6.3). */
static void add_loopback(struct load_target *target)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)target->port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons((uint16_t)target->port),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    add(target, &v4, sizeof v4);
    add(target, &v6, sizeof v6);
}

/* Looks up all addresses of the host's name. */
static int look_up(struct load_target *target, char *why, size_t why_size)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char port[16];
    snprintf(port, sizeof port, "%d", target->port);
    int status = getaddrinfo(target->host, port, &hints, &found);
    if (status != 0) {
        snprintf(why, why_size, "host \"%s\" has no address: %s", target->host,
                 gai_strerror(status));
        return -EHOSTUNREACH;
    }
    for (const struct addrinfo *each = found; each; each = each->ai_next)
        add(target, each->ai_addr, each->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

static int resolve(struct load_target *target, char *why, size_t why_size)
{
    int status = 0;
    if (!strcasecmp(target->host, "localhost"))
        add_loopback(target);
    else
        status = look_up(target, why, why_size);
    target->address = target->addresses[0];
    return status;
}

int load_target_parse(const char *url, struct load_target *target, char *why,
                      size_t why_size)
{
    *target = (struct load_target){.port = 80};
    const char *fault = odd_scheme(url);
    if (!fault)
        fault = odd_byte(url);
    if (fault)
        return refuse(why, why_size, url, fault);
    const char *rest = !strncasecmp(url, "http://", 7) ? url + 7 : url;
    size_t host = strcspn(rest, "/?#");
    fault = parse_host(rest, host, target);
    if (fault)
        return refuse(why, why_size, url, fault);
    rest += host;
    int length =
        snprintf(target->path, sizeof target->path, "%s%.*s",
                 *rest == '/' ? "" : "/", (int)strcspn(rest, "#"), rest);
    if (length >= (int)sizeof target->path)
        return refuse(why, why_size, "URL", "the path is over 4,095 bytes");
    return resolve(target, why, why_size);
}

int load_target_choose(struct load_target *target, char *why, size_t why_size)
{
    char address[LOAD_ADDRESS_TEXT], cause[256];
    size_t used = 0;
    int status = 0;
    if (target->address_count < 2)
        return 0;
    for (int i = 0; i < target->address_count; i++) {
        target->address = target->addresses[i];
        status = try_address(&target->address, try_ns);
        if (status == 0)
            return 0;
        if (used < why_size)
            used += (size_t)snprintf(
                why + used, why_size - used, "%s%s: %s", i > 0 ? "; " : "",
                load_address_text(&target->address, address, sizeof address),
                i + 1 < target->address_count
                    ? strerror(-status)
                    : load_address_cause(status, cause, sizeof cause));
    }
    return status;
}

const char *load_target_header_fault(const char *text)
{
    size_t name = strcspn(text, ":");
    if (text[name] != ':' || name == 0)
        return "is not a header; write 'Name: value'";
    for (size_t i = 0; i < name; i++)
        if (!head_is_token(text[i]))
            return "has a name with a character that no header's has; write "
                   "'Name: value'";
    for (const char *at = text + name + 1; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if ((c < ' ' && c != '\t') || c == 127)
            return "has a control character; write 'Name: value'";
    }
    if (load_target_header_is(text, "Content-Length"))
        return "belongs to a body, which --body TEXT or --body-file FILE "
               "gives; its length is then sent by itself";
    if (load_target_header_is(text, "Transfer-Encoding"))
        return "is not sent: a body (--body, --body-file) goes out with "
               "Content-Length";
    return NULL;
}

bool load_target_header_is(const char *text, const char *name)
{
    size_t length = strlen(name);
    return !strncasecmp(text, name, length) && text[length] == ':';
}

static bool expects_body(const char *method)
{
    return !strcmp(method, "POST") || !strcmp(method, "PUT") ||
           !strcmp(method, "PATCH");
}

bool load_target_idempotent(const char *method)
{
    static const char *const idempotent[] = {
        "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", NULL};
    for (int i = 0; idempotent[i]; i++)
        if (!strcmp(method, idempotent[i]))
            return true;
    return false;
}

char *load_target_request(const struct load_target *target,
                          const struct load_asked *asked, size_t *size)
{
    char *bytes = NULL;
    bool host = false;
    const char *method = asked->method ? asked->method : "GET";
    const char *open = target->literal6 ? "[" : "";
    const char *shut = target->literal6 ? "]" : "";
    FILE *stream = open_memstream(&bytes, size);
    if (!stream)
        return NULL;
    fprintf(stream, "%s %s HTTP/1.1\r\n", method, target->path);
    for (const char *const *line = asked->headers; line && *line; line++) {
        fprintf(stream, "%s\r\n", *line);
        host |= load_target_header_is(*line, "Host");
    }
    if (!host && target->port == 80)
        fprintf(stream, "Host: %s%s%s\r\n", open, target->host, shut);
    else if (!host)
        fprintf(stream, "Host: %s%s%s:%d\r\n", open, target->host, shut,
                target->port);
    if (asked->body || expects_body(method))
        fprintf(stream, "Content-Length: %zu\r\n", asked->body_size);
    fprintf(stream, "\r\n");
    if (asked->body)
        fwrite(asked->body, 1, asked->body_size, stream);
    if (fclose(stream) == 0)
        return bytes;
    free(bytes);
    return NULL;
}
