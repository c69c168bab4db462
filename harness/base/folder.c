/* SPDX-License-Identifier: MIT
 *
 * Removes a folder with nftw, from the leaves up.
 */
#include "folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { DESCRIPTORS = 16 };

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    remove(path);
    return 0;
}

void folder_remove(const char *path)
{
    if (path[0] != '\0')
        nftw(path, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

int folder_make(const char *kind, bool open, char *path, size_t size)
{
    snprintf(path, size, "/tmp/troika-%s-XXXXXX", kind);
    if (!mkdtemp(path)) {
        path[0] = '\0';
        return -errno;
    }
    if (open && chmod(path, 0755) < 0) {
        int error = errno;

        folder_remove(path);
        path[0] = '\0';
        return -error;
    }
    return 0;
}
