/* SPDX-License-Identifier: MIT
 *
 * Write a temporary file, fsync, rename, fsync the directory: after a crash of
 * the harness or the machine each file is the old or the new one. fsync comes
 * before the next trial begins, so that writing back does not disturb its
 * window.
 */
#include "results.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/hint.h"
#include "harness/base/tree.h"
#include "harness/screen/screen.h"

enum { PATH_SIZE = 1024, LINE_SIZE = 16384 };

/* The content of a file; one member is set. */
struct content {
    const json_t *json;
    const struct histogram *histogram;
    const char *text;
    FILE *source;
};

static int fail(int error, char *why, size_t why_size, const char *what,
                const char *path, const char *remedy)
{
    snprintf(why, why_size, "%s %s failed: %s; %s", what, path, strerror(error),
             remedy);
    return -error;
}

/* The remedy before a run is begun, when there is nothing to resume. */
static const char *remedy_at_start(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return "free space and begin again, or choose another place with "
               "--output";
    case EACCES:
    case EPERM:
    case EROFS:
        return "make it writable or choose another place with --output";
    default:
        return "choose another place with --output";
    }
}

bool results_gone(const struct results *results)
{
    struct stat held, named;
    return results->lock_fd >= 0 && fstat(results->lock_fd, &held) == 0 &&
           (stat(results->directory, &named) < 0 ||
            held.st_ino != named.st_ino || held.st_dev != named.st_dev);
}

/* The remedy when a file of the run cannot be written. */
static const char *remedy_of(const struct results *results, int error,
                             char *words, size_t size)
{
    if (results_gone(results))
        return "the run's folder was removed while the run went on, and what "
               "was measured went with it; begin the run again";
    if (!results->begun)
        return remedy_at_start(error);
    char command[2048];
    snprintf(words, size, "%s, then go on: %s; finished trials are kept",
             error == ENOSPC || error == EDQUOT ? "free space"
             : error == EACCES || error == EPERM || error == EROFS
                 ? "make it writable"
                 : "remove the cause",
             hint_resume(results->directory, command, sizeof command));
    return words;
}

void results_default_root(char *root, size_t size)
{
    struct stat status;
    char makefile[PATH_SIZE];
    /* An installed program has the folders of the tree beside itself, and no
     * Makefile: results are not for there. */
    bool is_tree = tree_source("Makefile", makefile, sizeof makefile) == 0 &&
                   access(makefile, F_OK) == 0;
    if (is_tree && tree_source("results", root, size) == 0 &&
        stat(root, &status) == 0 && S_ISDIR(status.st_mode))
        return;
    snprintf(root, size, "results");
}

/* mkdir -p. */
static int make_directory(const char *path)
{
    char copy[PATH_SIZE];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *slash = strchr(copy + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0777) < 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(copy, 0777) < 0 && errno != EEXIST ? -errno : 0;
}

int results_new_folder(const char *path, const char *what, char *why,
                       size_t why_size)
{
    char above[PATH_SIZE];
    char *slash;
    int result = 0;

    snprintf(above, sizeof above, "%s", path);
    while ((slash = strrchr(above, '/')) && slash[1] == '\0' && slash > above)
        *slash = '\0'; /* one at the end names the same folder */
    if (slash && slash > above) {
        *slash = '\0';
        result = make_directory(above);
    }
    if (result == 0 && mkdir(path, 0777) < 0)
        result = -errno;
    if (result == -EEXIST)
        snprintf(why, why_size,
                 "%s: %s; %s is never overwritten: name another folder", path,
                 strerror(EEXIST), what);
    else if (result < 0)
        snprintf(why, why_size, "%s: %s", path, strerror(-result));
    return result;
}

static int check_space(const char *root, long long need_bytes, char *why,
                       size_t why_size)
{
    struct statvfs space;
    if (statvfs(root, &space) < 0)
        return fail(errno, why, why_size, "looking for free space in", root,
                    "choose another place with --output");
    long long have = (long long)space.f_bavail * (long long)space.f_frsize;
    if (have >= need_bytes)
        return 0;
    snprintf(why, why_size,
             "%s has %s free, and this run may need %s; free "
             "space or choose another place with --output",
             root, digits_bytes((double)have).text,
             digits_bytes((double)need_bytes).text);
    return -ENOSPC;
}

/* Makes the directory of the run. Its name, the second and four random
 * hexadecimal digits, is one that no run had before. */
static int make_run(struct results *results)
{
    char path[PATH_SIZE], stamp[32];
    for (int attempt = 0; attempt < 100; attempt++) {
        time_t now = time(NULL);
        unsigned short digits;
        struct tm utc;

        gmtime_r(&now, &utc);
        strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
        if (getrandom(&digits, sizeof digits, 0) != sizeof digits)
            return -errno;
        snprintf(results->run_id, sizeof results->run_id, "%s-%04x", stamp,
                 digits);
        snprintf(results->directory, sizeof results->directory, "%.500s/%s",
                 results->root, results->run_id);
        if (mkdir(results->directory, 0777) == 0) {
            snprintf(path, sizeof path, "%s/trials", results->directory);
            return mkdir(path, 0777) < 0 ? -errno : 0;
        }
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

/* Sets root/latest -> RUN by a rename, so that it always points somewhere. The
 * link is first made in the folder of the run: if the program is killed in
 * between, the next one that opens the run removes it. */
static int point_latest(const struct results *results)
{
    char temporary[PATH_SIZE];
    snprintf(temporary, sizeof temporary, "%s/latest.new", results->directory);
    char latest[PATH_SIZE];
    snprintf(latest, sizeof latest, "%s/latest", results->root);
    if (symlink(results->run_id, temporary) < 0)
        return -errno;
    if (rename(temporary, latest) == 0)
        return 0;
    int error = errno;
    unlink(temporary);
    return -error;
}

/* Removes half a line at the end of a file that only grows, as a killed program
 * or a full disk may leave it. */
static void drop_half_line(const char *path)
{
    FILE *file = fopen(path, "r+e");
    long whole = 0, at = 0;

    if (!file)
        return;
    for (int c; (c = fgetc(file)) != EOF;)
        if (at++, c == '\n')
            whole = at;
    if (whole < at && ftruncate(fileno(file), whole) < 0) {
        /* The half line stays, which is only untidy. */
    }
    fclose(file);
}

/* Opens a file that only grows. */
static FILE *open_to_append(const struct results *results, const char *name,
                            char *why, size_t why_size)
{
    FILE *file;
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", results->directory, name);
    drop_half_line(path);
    file = fopen(path, "ae");
    if (!file)
        fail(errno, why, why_size, "writing", path, remedy_at_start(errno));
    return file;
}

/* Removes files that a killed program was still writing. */
static void drop_half_files(const struct results *results)
{
    static const char *const patterns[] = {"*.new", "trials/*.new",
                                           "experiments/*.new"};
    char pattern[PATH_SIZE];
    glob_t found;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        snprintf(pattern, sizeof pattern, "%s/%s", results->directory,
                 patterns[i]);
        if (glob(pattern, 0, NULL, &found) != 0)
            continue;
        for (size_t j = 0; j < found.gl_pathc; j++)
            unlink(found.gl_pathv[j]);
        globfree(&found);
    }
}

/* Locks the folder without changing anything in it. */
static int lock(struct results *results, char *why, size_t why_size)
{
    results->lock_fd =
        open(results->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (results->lock_fd < 0)
        return fail(errno, why, why_size, "opening", results->directory,
                    "name a run's directory");
    if (flock(results->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        snprintf(why, why_size,
                 "%s is being written by another troika; wait "
                 "for its end",
                 results->directory);
        close(results->lock_fd);
        results->lock_fd = -1;
        return -EBUSY;
    }
    return 0;
}

int results_go_on(struct results *results, char *why, size_t why_size)
{
    char trials[PATH_SIZE];
    snprintf(trials, sizeof trials, "%s/trials", results->directory);
    mkdir(trials, 0777); /* in case somebody removed it */
    drop_half_files(results);
    results->log = open_to_append(results, "log.txt", why, why_size);
    results->predictions =
        results->log
            ? open_to_append(results, "predictions.jsonl", why, why_size)
            : NULL;
    if (results->predictions)
        return 0;
    int error = errno;
    results_close(results);
    return -error;
}

int results_create(const char *root, long long need_bytes,
                   struct results *results, char *why, size_t why_size)
{
    *results = (struct results){.lock_fd = -1};
    snprintf(results->root, sizeof results->root, "%s", root);
    int result = make_directory(root);
    if (result == 0)
        result = check_space(root, need_bytes, why, why_size);
    else
        return fail(-result, why, why_size, "making the directory", root,
                    remedy_at_start(-result));
    if (result < 0)
        return result;
    result = make_run(results);
    if (result < 0)
        return fail(-result, why, why_size, "making a run's directory in", root,
                    remedy_at_start(-result));
    result = lock(results, why, why_size);
    return result < 0 ? result : results_go_on(results, why, why_size);
}

int results_begin(struct results *results, const json_t *run, char *why,
                  size_t why_size)
{
    int result = results_write_json(results, "run.json", run, why, why_size);

    if (result < 0)
        return result;
    results->begun = true;
    result = point_latest(results);
    return result == 0
               ? 0
               : fail(-result, why, why_size, "making the link latest in",
                      results->root, remedy_at_start(-result));
}

/* Refuses a run that does not exist, or "latest" before there is any run. */
static int refuse_missing(const char *directory, char *why, size_t why_size)
{
    const char *slash = strrchr(directory, '/');
    bool newest = !strcmp(slash ? slash + 1 : directory, "latest");

    snprintf(why, why_size,
             "opening the run %.512s failed: %s; %s bench quick begins one",
             directory,
             newest ? "there is no run yet to go on from"
                    : "there is no such run (the runs are the directories "
                      "below results/)",
             hint_program());
    return -ENOENT;
}

int results_open(const char *directory, struct results *results, char *why,
                 size_t why_size)
{
    *results = (struct results){.lock_fd = -1};
    char path[PATH_SIZE];
    if (!realpath(directory, path) && errno == ENOENT)
        return refuse_missing(directory, why, why_size);
    if (!realpath(directory, path))
        return fail(errno, why, why_size, "opening the run", directory,
                    "name a directory below results/");
    if (strlen(path) >= sizeof results->root)
        return fail(ENAMETOOLONG, why, why_size, "opening the run", directory,
                    "move it to a shorter path");
    snprintf(results->directory, sizeof results->directory, "%.511s", path);
    char *slash = strrchr(path, '/');
    snprintf(results->run_id, sizeof results->run_id, "%.63s", slash + 1);
    *slash = '\0';
    snprintf(results->root, sizeof results->root, "%.511s",
             path[0] ? path : "/");
    results->begun = true;
    return lock(results, why, why_size);
}

void results_close(struct results *results)
{
    if (results->log)
        fclose(results->log);
    if (results->predictions)
        fclose(results->predictions);
    if (results->lock_fd >= 0)
        close(results->lock_fd);
    results->log = results->predictions = NULL;
    results->lock_fd = -1;
}

static int write_content(FILE *file, const struct content *content)
{
    if (content->json &&
        json_dumpf(content->json, file, RESULTS_JSON_FLAGS) < 0)
        return -(errno ? errno : EIO);
    size_t n;
    if (content->json)
        fputc('\n', file);
    if (content->histogram) {
        int result = histogram_write_hgrm(content->histogram, file);
        if (result < 0)
            return result;
    }
    if (content->text)
        fputs(content->text, file);
    char buffer[4096];
    while (content->source &&
           (n = fread(buffer, 1, sizeof buffer, content->source)) > 0)
        fwrite(buffer, 1, n, file);
    if (fflush(file) != 0 || ferror(file))
        return -(errno ? errno : EIO);
    return fsync(fileno(file)) < 0 ? -errno : 0;
}

/* Flushes the directory of this file; before that, a crash of the machine can
 * undo the rename. */
static void sync_directory(const char *file)
{
    char directory[PATH_SIZE];
    snprintf(directory, sizeof directory, "%s", file);
    *strrchr(directory, '/') = '\0';
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

static int write_file(const struct results *results, const char *name,
                      const struct content *content, char *why, size_t why_size)
{
    FILE *file;
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", results->directory, name);
    char temporary[PATH_SIZE + 8];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    errno = 0;
    file = fopen(temporary, "we");
    char remedy[4096];
    if (!file)
        return fail(errno, why, why_size, "writing", temporary,
                    remedy_of(results, errno, remedy, sizeof remedy));
    int result = write_content(file, content);
    if (fclose(file) != 0 && result == 0)
        result = -errno;
    if (result == 0 && rename(temporary, path) < 0)
        result = -errno;
    if (result < 0) {
        unlink(temporary);
        return fail(-result, why, why_size, "writing", path,
                    remedy_of(results, -result, remedy, sizeof remedy));
    }
    sync_directory(path);
    return 0;
}

int results_write_json(const struct results *results, const char *name,
                       const json_t *value, char *why, size_t why_size)
{
    struct content content = {.json = value};

    return write_file(results, name, &content, why, why_size);
}

int results_write_hgrm(const struct results *results, const char *name,
                       const struct histogram *histogram, char *why,
                       size_t why_size)
{
    struct content content = {.histogram = histogram};

    return write_file(results, name, &content, why, why_size);
}

int results_write_text(const struct results *results, const char *name,
                       const char *text, char *why, size_t why_size)
{
    struct content content = {.text = text};

    return write_file(results, name, &content, why, why_size);
}

int results_copy(const struct results *results, const char *name,
                 const char *from, char *why, size_t why_size)
{
    struct content content = {.source = fopen(from, "re")};

    if (!content.source)
        return fail(errno, why, why_size, "reading", from, "make it readable");
    int result = write_file(results, name, &content, why, why_size);
    fclose(content.source);
    return result;
}

static void print(const struct results *results, FILE *file, const char *format,
                  va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    if (results->log) {
        vfprintf(results->log, format, again);
        fputc('\n', results->log);
        fflush(results->log);
    }
    va_end(again);
    if (file) {
        char line[LINE_SIZE];
        vsnprintf(line, sizeof line, format, arguments);
        screen_print(file, line);
        fflush(file);
    }
}

void results_say(const struct results *results, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(results, results->quiet ? NULL : stderr, format, arguments);
    va_end(arguments);
}

void results_complain(const struct results *results, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(results, stderr, format, arguments);
    va_end(arguments);
}

void results_note(const struct results *results, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(results, NULL, format, arguments);
    va_end(arguments);
}

void results_tell(const struct results *results, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(results, results->mute ? NULL : stdout, format, arguments);
    va_end(arguments);
}

int results_store_at(const char *path, const json_t *value, char *why,
                     size_t why_size)
{
    struct results place = {.lock_fd = -1, .directory = "."};
    const char *slash = strrchr(path, '/');
    char root[sizeof place.directory];

    if (slash)
        snprintf(place.directory, sizeof place.directory, "%.*s",
                 slash > path ? (int)(slash - path) : 1, path);
    results_default_root(root, sizeof root);
    if (!strcmp(place.directory, root) && mkdir(root, 0777) < 0 &&
        errno != EEXIST) {
        snprintf(why, why_size, "%s: %s", root, strerror(errno));
        return -errno;
    }
    return results_write_json(&place, slash ? slash + 1 : path, value, why,
                              why_size);
}

int results_store_apart(const char *root, const char *what, const json_t *value,
                        time_t at)
{
    struct results place = {.lock_fd = -1};
    char standard[sizeof place.directory];
    if (!root) {
        results_default_root(standard, sizeof standard);
        root = standard;
    }
    if (mkdir(root, 0777) < 0 && errno != EEXIST) {
        fprintf(stderr, "troika %s: %s: %s\n", what, root, strerror(errno));
        return -errno;
    }
    snprintf(place.directory, sizeof place.directory, "%s", root);
    struct tm parts;
    gmtime_r(&at, &parts);
    char stamp[32];
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &parts);
    char name[64];
    snprintf(name, sizeof name, "%s-%s.json", what, stamp);
    char why[512];
    if (results_write_json(&place, name, value, why, sizeof why) < 0) {
        fprintf(stderr, "troika %s: %s\n", what, why);
        return -EIO;
    }
    fprintf(stderr, "stored: %s/%s\n", root, name);
    return 0;
}
