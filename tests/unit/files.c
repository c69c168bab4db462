/* SPDX-License-Identifier: MIT
 *
 * A cold read comes from the block device, whatever was read before and in what
 * portions the page cache holds it: the kernel counts what it fetched for us.
 * It need not drop what it has in hand for reasons of its own, so that a few
 * reads may be warm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "models/runtime/clients/files.h"
#include "models/runtime/model.h"

const struct model model = {.name = "test"};

enum { PIECE = 4096, TRIES = 40, WARM_MAX = 10 };

static char folder[] = "/var/tmp/troika-test-XXXXXX";

/* In blocks of 512 bytes. */
static long fetched(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_inblock;
}

/* From its start to its end, as the kernel likes it best. */
static void read_ahead(int fd)
{
    static char bytes[64 << 10];
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    for (size_t done = 0; done < FILES_BYTES; done += sizeof bytes)
        assert_int_equal(read(fd, bytes, sizeof bytes), sizeof bytes);
}

static void cold_reads(void **state)
{
    uint64_t words[PIECE / sizeof(uint64_t)];
    char path[sizeof folder + 8];
    (void)state;
    if (files_read(0, 0, (char *)words, PIECE, 1) == -ENOTSUP)
        skip();
    snprintf(path, sizeof path, "%s/00", folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    long before = fetched();
    read_ahead(fd);
    if (fetched() == before) /* a file system whose reads are not counted */
        skip();
    int warm = 0;
    for (int i = 0; i < TRIES; i++) {
        off_t offset = (off_t)(i * 7919 % (FILES_BYTES / PIECE)) * PIECE;
        read_ahead(fd);
        before = fetched();
        assert_int_equal(files_read(0, offset, (char *)words, PIECE, 1), 0);
        warm += fetched() - before < PIECE / 512;
        assert_true(le64toh(words[0]) ==
                    files_word(0, (uint64_t)offset / sizeof *words));
    }
    assert_in_range(warm, 0, WARM_MAX);
    close(fd);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) && setenv("TROIKA_FILES", folder, 1) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    char path[sizeof folder + 8];
    (void)state;
    snprintf(path, sizeof path, "%s/00", folder);
    (void)unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cold_reads)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
