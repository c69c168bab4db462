/* SPDX-License-Identifier: MIT
 *
 * An array of its own around words that live elsewhere.
 */
#include "process_environment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char **process_environment(const char *tag, const char *die)
{
    size_t count = 0, kept = 0;

    while (environ[count])
        count++;
    char **made = calloc(count + 3, sizeof *made);
    if (!made)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "TROIKA_TREE=", 12) != 0 &&
            strncmp(environ[i], "TROIKA_DIE_WITH_PARENT=", 23) != 0)
            made[kept++] = environ[i];
    made[kept++] = (char *)die;
    made[kept] = (char *)tag;
    return made;
}
