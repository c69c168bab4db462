/* SPDX-License-Identifier: MIT
 *
 * Each store is a shell script in its folder: it makes the data, fills it and
 * becomes the server (exec), so that all of this is in one tree that is
 * metered, killed and guarded like any other.
 *
 * PostgreSQL refuses to run as root, so root becomes the user postgres, or
 * nobody, with that user's group and no other. Its folder is that user's alone;
 * who would connect must know a password that was drawn for this one server. It
 * is killed, not shut down: nobody wants its data. What outlives a killed
 * PostgreSQL is its System V memory segment, whose number is in its lock file;
 * other shared memory is put into its folder (mmap).
 */
#include "store_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "guardian.h"
#include "harness/base/capture.h"
#include "harness/base/folder.h"
#include "harness/base/free_port.h"
#include "harness/base/program.h"
#include "harness/machine/placement.h"

/* To make and fill the data takes 2 s, and many times that on a busy
 * machine. */
static const int64_t READY_NS = 60000000000, VERSION_NS = 5000000000;

enum { PATH_SIZE = 512, LOCK_LINES = 8 };

/* Generic plans: the same work for the first query of a connection and for its
 * thousandth. Nobody is trusted: whoever comes from loopback must know the
 * password, of which PostgreSQL itself is given a verifier only. */
static const char postgresql_script[] =
    "set -e\n"
    "umask 077\n"
    "cd '%1$s'\n"
    "PATH='%2$s':$PATH\n"
    "initdb -D data -U postgres -A reject -N --no-instructions --locale=C"
    " -E UTF8 >log 2>&1 || { cat log >&2; exit 1; }\n"
    "echo 'host all postgres 127.0.0.1/32 scram-sha-256' >data/pg_hba.conf\n"
    "postgres --single -D data -c fsync=off postgres >>log 2>&1 <<'END'\n"
    "ALTER ROLE postgres PASSWORD '%4$s'\n"
    "CREATE TABLE troika_rows (key bigint PRIMARY KEY, value text NOT NULL)\n"
    "INSERT INTO troika_rows SELECT k, encode(sha256(k::text::bytea), 'hex')"
    " FROM generate_series(0, 9999) AS k\n"
    "VACUUM ANALYZE troika_rows\n"
    "END\n"
    "exec postgres -D data -p %3$d -c listen_addresses=127.0.0.1"
    " -c unix_socket_directories= -c max_connections=1000 -c fsync=off"
    " -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
    " -c jit=off -c dynamic_shared_memory_type=mmap\n";

static const char redis_script[] = "umask 077\n"
                                   "cd '%1$s'\n"
                                   "PATH='%2$s':$PATH\n"
                                   "cat >redis.conf <<'END'\n"
                                   "requirepass %4$s\n"
                                   "bind 127.0.0.1\n"
                                   "port %3$d\n"
                                   "dir '%1$s'\n"
                                   "save \"\"\n"
                                   "appendonly no\n"
                                   "daemonize no\n"
                                   "maxclients 20000\n"
                                   "END\n"
                                   "exec redis-server redis.conf\n";

static const struct {
    const char *program, *places, *user, *script;
} kinds[STORES] = {
    [STORE_POSTGRESQL] = {"postgres", "/usr/lib/postgresql/*/bin/postgres",
                          "postgres", postgresql_script},
    [STORE_REDIS] = {"redis-server", "", "redis", redis_script},
};

/* The folder of its program: the newest of the places where distributions put
 * it, or one of PATH. False when it is nowhere. */
static bool find_program(enum store store, char *folder, size_t size)
{
    glob_t found = {0};
    bool here = false;

    if (glob(kinds[store].places, GLOB_NOSORT, NULL, &found) == 0) {
        const char *newest = found.gl_pathv[0];

        for (size_t i = 1; i < found.gl_pathc; i++)
            if (strverscmp(found.gl_pathv[i], newest) > 0)
                newest = found.gl_pathv[i];
        snprintf(folder, size, "%.*s", (int)(strrchr(newest, '/') - newest),
                 newest);
        here = true;
    }
    globfree(&found);
    return here || program_find(kinds[store].program, folder, size);
}

bool store_server_available(enum store store, char *why, size_t why_size)
{
    char folder[PATH_SIZE];

    if (find_program(store, folder, sizeof folder))
        return true;
    snprintf(why, why_size,
             "%s is not on this machine (%s); make deps-claims, or name one "
             "that exists in the experiment: %s = HOST:PORT",
             store_title(store), kinds[store].program, store_name(store));
    return false;
}

/* The lock file of a PostgreSQL: its line `number` (from 1), or "". */
static void lock_line(const char *directory, int number, char *line, int size)
{
    char path[PATH_SIZE];
    FILE *file;

    snprintf(path, sizeof path, "%s/data/postmaster.pid", directory);
    file = fopen(path, "re");
    line[0] = '\0';
    for (int i = 0; file && i < number; i++)
        if (!fgets(line, size, file))
            line[0] = '\0';
    if (file)
        fclose(file);
}

/* Also called in the guardian. */
static void clear(const char *directory)
{
    char line[128];
    int segment;

    lock_line(directory, 7, line, sizeof line);
    if (sscanf(line, "%*u %d", &segment) == 1)
        shmctl(segment, IPC_RMID, NULL);
    folder_remove(directory);
}

/* The store takes the password and answers. */
static bool redis_answers(const struct store_server *server)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(strchr(server->address, ':') + 1)),
        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval limit = {.tv_sec = 1};
    char words[64], answer[] = "+OK\r\n+PONG";
    char got[sizeof answer - 1];
    int length =
        snprintf(words, sizeof words, "AUTH %s\r\nPING\r\n", server->password);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers =
        fd >= 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        send(fd, words, (size_t)length, MSG_NOSIGNAL) == length &&
        recv(fd, got, sizeof got, MSG_WAITALL) == sizeof got &&
        memcmp(got, answer, sizeof got) == 0;

    if (fd >= 0)
        close(fd);
    return answers;
}

static bool is_ready(void *context)
{
    const struct store_server *server = context;
    char line[128];

    if (server->store == STORE_REDIS)
        return redis_answers(server);
    lock_line(server->directory, LOCK_LINES, line, sizeof line);
    return strncmp(line, "ready", 5) == 0;
}

enum {
    VERIFIER_SIZE = 192,
    RANDOM_BYTES = 16,
    DIGEST = 32,
    BASE64 = 4 * ((DIGEST + 2) / 3) + 1
};

/* Draws a password of letters and digits, 128 random bits. Returns 0 or a
 * negative errno. */
static int draw_password(char secret[STORE_SECRET_SIZE])
{
    unsigned char bytes[RANDOM_BYTES];

    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
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

/* What PostgreSQL keeps of a password for scram-sha-256 (RFC 5802, section 3,
 * and RFC 7677), in the form that CREATE ROLE takes. One iteration: many make
 * the guessing of weak passwords expensive, and each new connection of a
 * server under test with it; nobody guesses 128 bits. SCRAM's key derivation
 * with one iteration is one HMAC. Returns 0 or a negative errno. */
static int scram_verifier(const char *secret, char verifier[VERIFIER_SIZE])
{
    unsigned char salted[RANDOM_BYTES + 4], key[DIGEST], client[DIGEST],
        stored[DIGEST], server[DIGEST];
    unsigned char text[3][BASE64];

    if (getrandom(salted, RANDOM_BYTES, 0) != RANDOM_BYTES)
        return -EIO;
    memcpy(salted + RANDOM_BYTES, "\0\0\0\1", 4);
    if (!keyed(secret, strlen(secret), salted, sizeof salted, key) ||
        !keyed(key, DIGEST, "Client Key", 10, client) ||
        !keyed(key, DIGEST, "Server Key", 10, server) ||
        !EVP_Digest(client, DIGEST, stored, NULL, EVP_sha256(), NULL))
        return -EIO;
    EVP_EncodeBlock(text[0], salted, RANDOM_BYTES);
    EVP_EncodeBlock(text[1], stored, DIGEST);
    EVP_EncodeBlock(text[2], server, DIGEST);
    snprintf(verifier, VERIFIER_SIZE, "SCRAM-SHA-256$1:%s$%s:%s",
             (char *)text[0], (char *)text[1], (char *)text[2]);
    return 0;
}

/* Writes DIRECTORY/start for `user` (NULL: whoever we are) alone, since the
 * secret is in it; its path into `path`. */
static int write_script(const struct store_server *server, const char *folder,
                        const struct passwd *user, int port, char *path,
                        size_t size)
{
    char verifier[VERIFIER_SIZE];
    bool hashed = server->store == STORE_POSTGRESQL;
    int result = hashed ? scram_verifier(server->password, verifier) : 0;
    int fd;

    snprintf(path, size, "%s/start", server->directory);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (result < 0 || fd < 0) {
        result = result < 0 ? result : -errno;
        if (fd >= 0)
            close(fd);
        return result;
    }
    if (user && fchown(fd, user->pw_uid, user->pw_gid) < 0)
        result = -errno;
    if (dprintf(fd, kinds[server->store].script, server->directory, folder,
                port, hashed ? verifier : server->password) < 0 &&
        result == 0)
        result = -EIO;
    if (close(fd) < 0 && result == 0)
        result = -errno;
    return result;
}

/* Root becomes another, who gets the folder: *user. NULL: whoever we are.
 * Returns 0 or a negative errno: root itself runs no store. */
static int choose_user(const struct store_server *server,
                       const struct passwd **user)
{
    *user = NULL;
    if (geteuid() != 0)
        return 0;
    *user = getpwnam(kinds[server->store].user);
    if (!*user)
        *user = getpwnam("nobody");
    if (!*user)
        return -EPERM;
    return chown(server->directory, (*user)->pw_uid, (*user)->pw_gid) < 0
               ? -errno
               : 0;
}

static void learn_version(struct store_server *server, const char *folder)
{
    char path[PATH_SIZE];
    const char *argv[] = {path, "--version", NULL};

    snprintf(path, sizeof path, "%.400s/%s", folder,
             kinds[server->store].program);
    if (capture(argv, VERSION_NS, server->version, sizeof server->version) < 0)
        server->version[0] = '\0';
    server->version[strcspn(server->version, "\r\n")] = '\0';
}

static int start(struct store_server *server, const cpu_set_t *cpus,
                 const volatile sig_atomic_t *stop, const char *folder,
                 char *why, size_t why_size)
{
    char script[PATH_SIZE] = "", uid[32], gid[32];
    const char *argv[] = {"setpriv",        uid,       gid,    "--clear-groups",
                          "--no-new-privs", "/bin/sh", script, NULL};
    struct process_options options = {.argv = argv,
                                      .cpus = cpus,
                                      .meter_name = store_name(server->store),
                                      .ready_timeout_ns = READY_NS,
                                      .ready = is_ready,
                                      .ready_context = server,
                                      .port = free_port(),
                                      .stop = stop};
    const struct passwd *user;
    int result = choose_user(server, &user);

    if (result == 0)
        result = draw_password(server->password);
    if (result == 0)
        result = write_script(server, folder, user, options.port, script,
                              sizeof script);
    if (result < 0) {
        snprintf(why, why_size, "its folder %s: %s", server->directory,
                 strerror(-result));
        return result;
    }
    if (!user) {
        options.argv = argv + 5;
    } else {
        snprintf(uid, sizeof uid, "--reuid=%u", user->pw_uid);
        snprintf(gid, sizeof gid, "--regid=%u", user->pw_gid);
    }
    snprintf(server->address, sizeof server->address, "127.0.0.1:%d",
             options.port);
    return process_start(&options, &server->process, why, why_size);
}

static void stop_one(struct store_server *server)
{
    if (server->process.pid > 0)
        process_kill(&server->process);
    memset(&server->process, 0, sizeof server->process);
    if (server->directory[0] == '\0')
        return;
    clear(server->directory);
    guardian_forget(server->keeper);
    server->directory[0] = '\0';
    explicit_bzero(server->password, sizeof server->password);
}

int store_server_environment(const struct store_server *server,
                             char (*words)[STORE_WORD_SIZE])
{
    static const char *const postgresql[] = {
        "PGUSER=postgres", "PGDATABASE=postgres", "PGSSLMODE=disable"};
    int n = 0;

    if (server->store == STORE_REDIS) {
        snprintf(words[0], STORE_WORD_SIZE, "REDISCLI_AUTH=%s",
                 server->password);
        return 1;
    }
    for (; n < (int)(sizeof postgresql / sizeof *postgresql); n++)
        snprintf(words[n], STORE_WORD_SIZE, "%s", postgresql[n]);
    snprintf(words[n], STORE_WORD_SIZE, "PGPASSWORD=%s", server->password);
    return n + 1;
}

int store_server_ensure(enum store store, struct store_server *server,
                        const cpu_set_t *cpus,
                        const volatile sig_atomic_t *stop, char *why,
                        size_t why_size)
{
    char text[256], folder[PATH_SIZE], reason[768] = "";
    int result;

    if (store_server_alive(server, text, sizeof text))
        return cpus ? placement_move(server->process.pid, cpus) : 0;
    stop_one(server);
    server->store = store;
    if (!store_server_available(store, why, why_size))
        return -ENOENT;
    find_program(store, folder, sizeof folder);
    learn_version(server, folder);
    result = folder_make(store_name(store), false, server->directory,
                         sizeof server->directory);
    if (result < 0) {
        snprintf(why, why_size, "no folder in /tmp for %s: %s",
                 store_title(store), strerror(-result));
        return result;
    }
    server->keeper = guardian_keep(server->directory, clear);
    result = start(server, cpus, stop, folder, reason, sizeof reason);
    if (result == 0) {
        server->starts++;
        return 0;
    }
    memset(&server->process, 0, sizeof server->process);
    stop_one(server);
    snprintf(why, why_size, "%s did not start: %s", store_title(store), reason);
    /* Nothing is missing but what the words are about. */
    return result == -ENOENT ? -EIO : result;
}

bool store_server_alive(struct store_server *server, char *text, size_t size)
{
    return process_alive(&server->process, text, size);
}

void store_server_stop_all(struct store_server *servers)
{
    for (int store = 0; store < STORES; store++)
        stop_one(&servers[store]);
}
