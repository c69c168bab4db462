/* SPDX-License-Identifier: MIT
 *
 * SCRAM's key derivation with one iteration, which is one HMAC.
 */
#include "store_secret.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { RANDOM_BYTES = 16, DIGEST = 32, BASE64 = 4 * ((DIGEST + 2) / 3) + 1 };

int store_secret_draw(char secret[STORE_SECRET_SIZE])
{
    unsigned char bytes[RANDOM_BYTES];

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return -EIO;
    for (int i = 0; i < RANDOM_BYTES; i++)
        snprintf(secret + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

static bool keyed(const void *key, size_t key_size, const void *data,
                  size_t size, unsigned char digest[DIGEST])
{
    return HMAC(EVP_sha256(), key, (int)key_size, data, size, digest, NULL) !=
           NULL;
}

int store_secret_scram(const char *secret, char verifier[STORE_VERIFIER_SIZE])
{
    unsigned char salted[RANDOM_BYTES + 4], key[DIGEST], client[DIGEST],
        stored[DIGEST], server[DIGEST];
    unsigned char text[3][BASE64];

    if (getrandom(salted, RANDOM_BYTES, 0) != RANDOM_BYTES)
        return -EIO;
    memcpy(salted + RANDOM_BYTES, "\0\0\0\1", 4);
    if (!keyed(secret, strlen(secret), salted, sizeof(salted), key) ||
        !keyed(key, DIGEST, "Client Key", 10, client) ||
        !keyed(key, DIGEST, "Server Key", 10, server) ||
        !EVP_Digest(client, DIGEST, stored, NULL, EVP_sha256(), NULL))
        return -EIO;
    EVP_EncodeBlock(text[0], salted, RANDOM_BYTES);
    EVP_EncodeBlock(text[1], stored, DIGEST);
    EVP_EncodeBlock(text[2], server, DIGEST);
    snprintf(verifier, STORE_VERIFIER_SIZE, "SCRAM-SHA-256$1:%s$%s:%s",
             (char *)text[0], (char *)text[1], (char *)text[2]);
    return 0;
}
