/* SPDX-License-Identifier: MIT
 *
 * Searches PATH as a shell does.
 */
#include "program.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool program_find(const char *name, char *folder, size_t size)
{
    const char *at = getenv("PATH");
    char candidate[PATH_MAX];

    while (at && *at != '\0') {
        size_t length = strcspn(at, ":");

        snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, at, name);
        if (length < size && access(candidate, X_OK) == 0) {
            snprintf(folder, size, "%.*s", (int)length, at);
            return true;
        }
        at += length + (at[length] == ':');
    }
    return false;
}
