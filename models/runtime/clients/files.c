/* SPDX-License-Identifier: MIT
 *
 * The folder's descriptor is kept for the life of the process; forked children
 * inherit it. A file gets its name when it is complete and on the disk. So
 * nobody reads half a file, and its pages can be dropped from the cache.
 */
#include "files.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "models/runtime/workload.h"

enum { PATH_SIZE = 4096, NAME_SIZE = 32, WRITE_BYTES = 4096 };

static void folder_path(char path[PATH_SIZE])
{
    const char *given = getenv("TROIKA_FILES");
    if (given && given[0])
        snprintf(path, PATH_SIZE, "%s", given);
    else
        snprintf(path, PATH_SIZE, "/var/tmp/troika-%u", geteuid());
}

/* Opens the folder, which must be a real one, belong to this user, and be
 * writable for nobody else. */
static int open_folder(void)
{
    char path[PATH_SIZE];
    struct stat about;
    folder_path(path);
    if (mkdir(path, 0700) && errno != EEXIST)
        return -errno;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &about) || about.st_uid != geteuid() ||
        (about.st_mode & 022)) {
        close(fd);
        return -EPERM;
    }
    return fd;
}

static int folder(void)
{
    static _Atomic int kept = -1;
    int fd = atomic_load(&kept), none = -1;
    if (fd >= 0)
        return fd;
    fd = open_folder();
    if (fd < 0 || atomic_compare_exchange_strong(&kept, &none, fd))
        return fd;
    close(fd); /* another thread was first */
    return none;
}

static int write_words(int fd, int file)
{
    uint64_t words[WRITE_BYTES / sizeof(uint64_t)];
    enum { WORDS = sizeof words / sizeof *words };
    for (uint64_t done = 0; done < FILES_BYTES / sizeof *words; done += WORDS) {
        for (uint64_t i = 0; i < WORDS; i++)
            words[i] = htole64(files_word(file, done + i));
        ssize_t written = write(fd, words, sizeof words);
        if (written != sizeof words)
            return written < 0 ? -errno : -ENOSPC;
    }
    return fdatasync(fd) ? -errno : 0;
}

/* Several tasks may call this function at once: each writes a file of its own
 * and then renames it, so the last one stays. */
static int make_file(int directory, int file, const char *name)
{
    char own[] = "new-XXXXXX", path[PATH_SIZE + 16];
    snprintf(path, sizeof path, "/proc/self/fd/%d/%s", directory, own);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int status = write_words(fd, file);
    if (status == 0 && renameat(AT_FDCWD, path, directory, name))
        status = -errno;
    if (status < 0)
        unlink(path);
    close(fd);
    return status;
}

static int open_file(int file)
{
    char name[NAME_SIZE];
    int directory = folder();
    if (directory < 0)
        return directory;
    for (int attempt = 0;; attempt++) {
        snprintf(name, sizeof name, "%02d", file);
        int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
        if (errno != ENOENT || attempt > 0)
            return -errno;
        int status = make_file(directory, file, name);
        if (status < 0)
            return status;
    }
}

/* POSIX_FADV_DONTNEED drops only clean pages that nobody else maps, and only
 * whole folios, which may have many pages. So drop the whole file, whichever
 * part is read next. */
static int drop(int fd)
{
    struct statfs system;
    if (fstatfs(fd, &system))
        return -errno;
    if (system.f_type == TMPFS_MAGIC)
        return -ENOTSUP;
    int error = posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
    if (error == 0)
        error = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    return -error;
}

int files_read(int file, off_t offset, char *bytes, size_t size, int cold)
{
    int fd = open_file(file), status = fd < 0 ? fd : 0;
    if (fd < 0)
        return status;
    if (cold)
        status = drop(fd);
    while (status == 0 && size > 0) {
        ssize_t count = pread(fd, bytes, size, offset);
        if (count <= 0) {
            status = count < 0 ? -errno : -EIO;
            break;
        }
        bytes += count;
        size -= (size_t)count;
        offset += count;
    }
    close(fd);
    return status;
}

int files_explain(int error, struct reply *reply)
{
    char path[PATH_SIZE];
    folder_path(path);
    (void)reply_printf(
        reply, "cannot read files in %s: %s", path,
        error == -ENOTSUP
            ? "the folder is in memory, where no read is cold; set "
              "TROIKA_FILES to a folder on a disk"
        : error == -EPERM
            ? "others may write to it; set TROIKA_FILES to a folder of "
              "your own"
            : strerror(-error));
    return error;
}
