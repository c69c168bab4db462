/* SPDX-License-Identifier: MIT
 *
 * Facts are found by name, also inside "libraries"; one that a run does not
 * record counts as such, so that an older run is told apart and not waved
 * through.
 */
#include "fingerprint.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const facts[] = {
    "kernel",
    "architecture",
    "cpu_model",
    "cpus",
    "cpus_usable",
    "placement_split",
    "hypervisor",
    "governor",
    "no_turbo",
    "boost",
    "smt",
    "mitigation_spectre_v2",
    "mitigation_meltdown",
    "cgroup_cpu_max",
    "cgroup_cpu_quota_us",
    "numa_nodes",
    "thp",
    "clocksource",
    "page_size_bytes",
    "variant",
    "compiler",
    "cflags",
    "libc",
    "libuv",
    "llhttp",
    "libcrypto",
};

/* The caller frees the text; NULL when out of memory. */
static char *fact_text(const json_t *environment, const char *name)
{
    const json_t *value = json_object_get(environment, name);

    if (value == NULL)
        value =
            json_object_get(json_object_get(environment, "libraries"), name);
    if (value == NULL)
        return strdup("not recorded");
    if (json_is_string(value))
        return strdup(json_string_value(value));
    return json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT);
}

void fingerprint_of(const json_t *environment, char hex[FINGERPRINT_SIZE])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int good = hash != NULL && EVP_DigestInit_ex(hash, EVP_sha256(), NULL);

    hex[0] = '\0';
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]) && good; i++) {
        char *text = fact_text(environment, facts[i]);

        good = text != NULL &&
               EVP_DigestUpdate(hash, facts[i], strlen(facts[i]) + 1) &&
               EVP_DigestUpdate(hash, text, strlen(text) + 1);
        free(text);
    }
    good = good && EVP_DigestFinal_ex(hash, digest, &size);
    for (unsigned i = 0; good && i < size && i < FINGERPRINT_SIZE / 2; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(hash);
}

int fingerprint_compare(const json_t *a, const json_t *b,
                        void (*differs)(const char *fact, const char *a,
                                        const char *b, void *context),
                        void *context)
{
    int count = 0;

    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        char *left = fact_text(a, facts[i]), *right = fact_text(b, facts[i]);

        if (left == NULL || right == NULL || strcmp(left, right) != 0) {
            differs(facts[i], left ? left : "?", right ? right : "?", context);
            count++;
        }
        free(left);
        free(right);
    }
    return count;
}
