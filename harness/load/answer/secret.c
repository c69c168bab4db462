/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include <string.h>

enum { SECRETS_MAX = 64, LETTERS_LEAST = 4 };

static char *secrets[SECRETS_MAX];
static int count;

void secret_note(const char *value)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(secrets[i], value))
            return;
    if (strlen(value) < LETTERS_LEAST || count == SECRETS_MAX)
        return;
    secrets[count] = strdup(value);
    count += secrets[count] != NULL;
}

char *secret_hide(char *text)
{
    for (int i = 0; i < count; i++) {
        size_t size = strlen(secrets[i]);

        for (char *at = text; (at = strstr(at, secrets[i])); at += size)
            memset(at, '*', size);
    }
    return text;
}
