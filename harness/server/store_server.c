/* SPDX-License-Identifier: MIT
 *
 * Each store is a target (target.h) whose configuration is a shell script: the
 * script makes the data and becomes the server (exec), so that one tree of
 * processes holds all of it, which is metered, killed and guarded like any
 * other.
 *
 * PostgreSQL refuses to run as root, so a harness run by root starts each store
 * as the store's own account, or as nobody. Only that account can read the
 * folder, and a client needs a password that is made for this one server.
 * Stores are killed, not shut down: nobody needs their data. A killed
 * PostgreSQL leaves a System V memory segment behind, whose number is in its
 * lock file; all its other shared memory is in the folder (mmap).
 */
#include "store_server.h"

#include <errno.h>
#include <glob.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness/base/folder.h"
#include "harness/base/program.h"
#include "harness/machine/placement.h"

enum { LOCK_LINES = 8 };

/* Line `number` (from 1) of PostgreSQL's lock file, or "". */
static void lock_line(const char *directory, int number, char *line, int size)
{
    char path[256];

    snprintf(path, sizeof path, "%s/data/postmaster.pid", directory);
    FILE *file = fopen(path, "re");
    line[0] = '\0';
    for (int i = 0; file && i < number; i++)
        if (!fgets(line, size, file))
            line[0] = '\0';
    if (file)
        fclose(file);
}

static void clear_postgresql(const char *directory)
{
    char line[128];
    int segment;

    lock_line(directory, 7, line, sizeof line);
    if (sscanf(line, "%*u %d", &segment) == 1)
        shmctl(segment, IPC_RMID, NULL);
    folder_remove(directory);
}

/* A client on loopback needs the password, of which PostgreSQL itself gets only
 * a verifier; no other client is let in. */
static const char postgresql_script[] =
    "set -e\n"
    "umask 077\n"
    "cd '{dir}'\n"
    "PATH='{here}':$PATH\n"
    "initdb -D data -U postgres -A reject -N --no-instructions --locale=C"
    " -E UTF8 >log 2>&1 || { cat log >&2; exit 1; }\n"
    "echo 'host all postgres 127.0.0.1/32 scram-sha-256' >data/pg_hba.conf\n"
    "postgres --single -D data -c fsync=off postgres >>log 2>&1 <<'END'\n"
    "ALTER ROLE postgres PASSWORD '{secret}'\n"
    "CREATE TABLE troika_rows (key bigint PRIMARY KEY, value text NOT NULL)\n"
    "INSERT INTO troika_rows SELECT k, encode(sha256(k::text::bytea), 'hex')"
    " FROM generate_series(0, 9999) AS k\n"
    "VACUUM ANALYZE troika_rows\n"
    "END\n"
    "exec postgres -D data -p {port} -c listen_addresses=127.0.0.1"
    " -c unix_socket_directories= -c max_connections=1000 -c fsync=off"
    " -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
    " -c jit=off -c dynamic_shared_memory_type=mmap\n";

static const char redis_script[] = "umask 077\n"
                                   "cd '{dir}'\n"
                                   "PATH='{here}':$PATH\n"
                                   "cat >redis.conf <<'END'\n"
                                   "requirepass {secret}\n"
                                   "bind 127.0.0.1\n"
                                   "port {port}\n"
                                   "dir '{dir}'\n"
                                   "save \"\"\n"
                                   "appendonly no\n"
                                   "daemonize no\n"
                                   "maxclients 20000\n"
                                   "END\n"
                                   "exec redis-server redis.conf\n";

/* Making and filling the data takes 2 s, and many times that on a busy
 * machine. */
#define READY_NS INT64_C(60000000000)

static const struct target targets[STORES] = {
    [STORE_POSTGRESQL] = {.name = "postgresql",
                          .program = "postgres",
                          .version = "'{here}/postgres' --version",
                          .template = postgresql_script,
                          .user = "postgres",
                          .clear = clear_postgresql,
                          .command = "/bin/sh {config}",
                          .ready_limit_ns = READY_NS},
    [STORE_REDIS] = {.name = "redis",
                     .program = "redis-server",
                     .version = "'{here}/redis-server' --version",
                     .template = redis_script,
                     .user = "redis",
                     .command = "/bin/sh {config}",
                     .ready_limit_ns = READY_NS},
};

/* Where distributions put the program, outside of PATH. */
static const char *const places[STORES] = {
    [STORE_POSTGRESQL] = "/usr/lib/postgresql/*/bin/postgres",
    [STORE_REDIS] = "",
};

/* The folder of the store's program: the newest of `places`, or one of PATH.
 * False if there is none. */
static bool find_program(enum store store, char *folder, size_t size)
{
    glob_t found = {0};
    bool here = false;

    if (glob(places[store], GLOB_NOSORT, NULL, &found) == 0) {
        const char *newest = found.gl_pathv[0];

        for (size_t i = 1; i < found.gl_pathc; i++)
            if (strverscmp(found.gl_pathv[i], newest) > 0)
                newest = found.gl_pathv[i];
        snprintf(folder, size, "%.*s", (int)(strrchr(newest, '/') - newest),
                 newest);
        here = true;
    }
    globfree(&found);
    return here || program_find(targets[store].program, folder, size);
}

bool store_server_available(enum store store, char *why, size_t why_size)
{
    char folder[sizeof targets->home];

    if (find_program(store, folder, sizeof folder))
        return true;
    snprintf(why, why_size,
             "%s is not on this machine (%s); make deps-claims, or name one "
             "that exists in the experiment: %s = HOST:PORT",
             store_title(store), targets[store].program, store_name(store));
    return false;
}

/* Whether the store takes the password and answers. */
static bool redis_answers(const struct store_server *server)
{
    struct sockaddr_in address = client_loopback(server->start.port);
    char words[64], answer[] = "+OK\r\n+PONG";
    char got[sizeof answer - 1];
    int length =
        snprintf(words, sizeof words, "AUTH %s\r\nPING\r\n", server->password);
    int fd = client_connect(&address, 1000000000);
    bool answers = fd >= 0 &&
                   send(fd, words, (size_t)length, MSG_NOSIGNAL) == length &&
                   recv(fd, got, sizeof got, MSG_WAITALL) == sizeof got &&
                   !memcmp(got, answer, sizeof got);

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
    lock_line(server->start.directory, LOCK_LINES, line, sizeof line);
    return !strncmp(line, "ready", 5);
}

enum { RANDOM_BYTES = 16, DIGEST = 32, BASE64 = 4 * ((DIGEST + 2) / 3) + 1 };

/* Makes a password of letters and digits from 128 random bits. Returns 0 or a
 * negative errno. */
static int make_password(char secret[STORE_SECRET_SIZE])
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

/* Makes the verifier that PostgreSQL stores for scram-sha-256 (RFC 5802,
 * section 3, and RFC 7677), in the form that ALTER ROLE takes. One iteration
 * suffices: more iterations make weak passwords expensive to guess, but also
 * each new connection of a server under test, and nobody guesses 128 bits. With
 * one iteration SCRAM's key derivation is one HMAC. Returns 0 or a negative
 * errno. */
static int scram_verifier(const char *secret,
                          char verifier[STORE_VERIFIER_SIZE])
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
    snprintf(verifier, STORE_VERIFIER_SIZE, "SCRAM-SHA-256$1:%s$%s:%s",
             (char *)text[0], (char *)text[1], (char *)text[2]);
    return 0;
}

static void stop_one(struct store_server *server)
{
    process_kill(&server->process);
    target_clear(&server->start);
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

/* Starts the target with a fresh password. */
static int start(struct store_server *server, const cpu_set_t *cpus,
                 const volatile sig_atomic_t *stop, char *why, size_t why_size)
{
    char reason[768] = "";
    struct process_options options = {
        .cpus = cpus, .meter_name = store_name(server->store), .stop = stop};
    int result = make_password(server->password);

    server->target.secret = server->password;
    if (result == 0 && server->store == STORE_POSTGRESQL) {
        result = scram_verifier(server->password, server->verifier);
        server->target.secret = server->verifier;
    }
    if (result < 0) {
        snprintf(why, why_size, "no password could be made for %s: %s",
                 store_title(server->store), strerror(-result));
        return result;
    }
    result = target_prepare(&server->target, 0, 0, &server->start, &options,
                            why, why_size);
    if (result < 0)
        return result;
    snprintf(server->address, sizeof server->address, "127.0.0.1:%d",
             server->start.port);
    options.ready = is_ready;
    options.ready_context = server;
    result = process_start(&options, &server->process, reason, sizeof reason);
    if (result < 0)
        snprintf(why, why_size, "%s did not start: %s",
                 store_title(server->store), reason);
    return result;
}

int store_server_ensure(enum store store, struct store_server *server,
                        const cpu_set_t *cpus,
                        const volatile sig_atomic_t *stop, char *why,
                        size_t why_size)
{
    char text[256];

    if (process_alive(&server->process, text, sizeof text))
        return cpus ? placement_move(server->process.pid, cpus) : 0;
    stop_one(server);
    server->store = store;
    server->target = targets[store];
    if (!store_server_available(store, why, why_size))
        return -ENOENT;
    find_program(store, server->target.home, sizeof server->target.home);
    target_version(&server->target, server->version, sizeof server->version);
    int result = start(server, cpus, stop, why, why_size);
    if (result == 0) {
        server->starts++;
        return 0;
    }
    stop_one(server);
    /* -ENOENT would say that the store is not installed, and it is. */
    return result == -ENOENT ? -EIO : result;
}

void store_server_stop_all(struct store_server *servers)
{
    for (int store = 0; store < STORES; store++)
        stop_one(&servers[store]);
}
