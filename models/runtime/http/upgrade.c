/* SPDX-License-Identifier: MIT
 *
 * Searches the headers again, only in requests that ask for an upgrade, so that
 * others pay nothing. Uses the low-level SHA-1 of libcrypto, for the reasons
 * given in workloads/hash.c.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "upgrade.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>
#include <strings.h>

#include "head.h"

/* A header's value, without blanks around it. */
struct value {
    const char *at;
    size_t size;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct value trimmed(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    while (end > at && (is_blank(end[-1]) || end[-1] == '\r'))
        end--;
    return (struct value){at, (size_t)(end - at)};
}

/* Finds a header; `name` includes the colon. Returns how often it occurs, and
 * the last value. */
static int find(const char *head, size_t size, const char *name,
                struct value *value)
{
    const char *end = head + size;
    size_t length = strlen(name);
    int count = 0;
    const char *line = memchr(head, '\n', size);
    while (line && ++line < end) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        if (next && (size_t)(next - line) >= length &&
            strncasecmp(line, name, length) == 0) {
            *value = trimmed(line + length, next);
            count++;
        }
        line = next;
    }
    return count;
}

/* Whether the value is 16 bytes in base64. */
static bool is_key(struct value value)
{
    if (value.size != HTTP_KEY_SIZE ||
        memcmp(value.at + HTTP_KEY_SIZE - 2, "==", 2) != 0)
        return false;
    for (size_t i = 0; i < HTTP_KEY_SIZE - 2; i++)
        if (!isalnum((unsigned char)value.at[i]) && value.at[i] != '+' &&
            value.at[i] != '/')
            return false;
    return true;
}

enum http_upgrade upgrade_judge(const char *head, size_t size, const char **key)
{
    struct value value;
    if (find(head, size, "upgrade:", &value) != 1 ||
        !head_has_word(value.at, value.at + value.size, "websocket"))
        return HTTP_NO_UPGRADE;
    if (find(head, size, "sec-websocket-version:", &value) != 1 ||
        value.size != 2 || memcmp(value.at, "13", 2) != 0)
        return HTTP_OTHER_VERSION;
    if (find(head, size, "sec-websocket-key:", &value) != 1 || !is_key(value))
        return HTTP_BAD_UPGRADE;
    *key = value.at;
    return HTTP_WEBSOCKET;
}

void upgrade_accept(const char *key, char accept[UPGRADE_ACCEPT_SIZE + 1])
{
    static const char rfc6455[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA_CTX context;
    SHA1_Init(&context);
    SHA1_Update(&context, key, HTTP_KEY_SIZE);
    SHA1_Update(&context, rfc6455, sizeof rfc6455 - 1);
    SHA1_Final(digest, &context);
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
}

void upgrade_answer(const struct http_request *request, struct reply *reply)
{
    static const char head[] = "HTTP/1.1 101 Switching Protocols\r\n"
                               "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: ";
    char accept[UPGRADE_ACCEPT_SIZE + 1];
    upgrade_accept(request->target + request->target_length, accept);
    reply->body_size = 0;
    /* The answer fits into a fresh reply, so nothing is allocated. No printf:
     * its frames would touch another page of every open session's stack. */
    (void)reply_append(reply, head, sizeof head - 1);
    (void)reply_append(reply, accept, UPGRADE_ACCEPT_SIZE);
    (void)reply_append(reply, "\r\n\r\n", 4);
    reply->start = (char *)reply_body(reply, &reply->size);
}
