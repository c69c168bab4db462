/* SPDX-License-Identifier: MIT */
#include "digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>

static bool add_bytes(FILE *file, EVP_MD_CTX *hash)
{
    unsigned char bytes[4096];
    size_t got;

    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
        if (!EVP_DigestUpdate(hash, bytes, got))
            return false;
    return !ferror(file);
}

int digest_file(const char *path, char hex[DIGEST_HEX_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    FILE *file = fopen(path, "re");

    hex[0] = '\0';
    if (!file)
        return -errno;
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool good = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) &&
                add_bytes(file, hash) &&
                EVP_DigestFinal_ex(hash, digest, &size);
    for (unsigned i = 0; good && i < size; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(hash);
    fclose(file);
    return good ? 0 : -EIO;
}
