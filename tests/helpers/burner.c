/* SPDX-License-Identifier: MIT
 *
 * A server that serves nothing but uses memory, threads and CPU of known
 * size, so that the meter can be held against the truth. It keeps the process
 * contract: ready line, SIGTERM. Words on the command line say what it does:
 *
 *   children=K       forked before it is ready; they wait, then touch
 *   touch=MIB        private memory touched by each child at SIGUSR1
 *   shared=MIB       one shared segment touched by all at SIGUSR1
 *   threads=N        threads made at SIGUSR1
 *   sockets=MIB      sent over TCP to itself at SIGUSR1 and left unread
 *   cpu=MS           burnt by itself at SIGUSR1
 *   short=N,MS       burnt by N children one after another, each waited for
 *   daemon=MS        burnt by a daemon (double fork, session of its own)
 *   linger           a daemon stays on from the start
 *   silent           no ready line        exit=CODE      instead of getting
 * ready stubborn         ignores SIGTERM      flood=KIB      printed to stderr
 * and abort            dies of SIGABRT                     stdout, before and
 * after
 *
 * After SIGUSR1 it prints "done" on stdout and stderr when all that has been
 * done, and before that, on stderr, "burnt OWN DAEMON": the CPU time in ns that
 * the kernel charged to the burner with its children, and to the daemon. A
 * stalled machine charges more than was asked for; this is the truth.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct {
    int children, touch, shared, threads, cpu, short_count, short_ms, daemon;
    int exit_code, flood, sockets;
    bool linger, silent, stubborn, abort;
} config = {.exit_code = -1};

static void parse(const char *word)
{
    sscanf(word, "children=%d", &config.children);
    sscanf(word, "touch=%d", &config.touch);
    sscanf(word, "shared=%d", &config.shared);
    sscanf(word, "threads=%d", &config.threads);
    sscanf(word, "cpu=%d", &config.cpu);
    sscanf(word, "short=%d,%d", &config.short_count, &config.short_ms);
    sscanf(word, "daemon=%d", &config.daemon);
    sscanf(word, "exit=%d", &config.exit_code);
    sscanf(word, "flood=%d", &config.flood);
    sscanf(word, "sockets=%d", &config.sockets);
    config.linger |= !strcmp(word, "linger");
    config.silent |= !strcmp(word, "silent");
    config.stubborn |= !strcmp(word, "stubborn");
    config.abort |= !strcmp(word, "abort");
}

static int64_t process_cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int64_t children_cpu_ns(void)
{
    struct rusage used;

    getrusage(RUSAGE_CHILDREN, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000000) +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * INT64_C(1000);
}

/* Burns until this process has used `ms` more. */
static void burn(int ms)
{
    int64_t end_ns = process_cpu_ns() + ms * INT64_C(1000000);
    volatile uint64_t x = 1;

    do {
        for (int i = 0; i < 2000; i++)
            x = x * 6364136223846793005U + 1;
    } while (process_cpu_ns() < end_ns);
}

static char *map(int mib, int flags)
{
    if (mib == 0)
        return NULL;
    char *memory = mmap(NULL, (size_t)mib << 20, PROT_READ | PROT_WRITE,
                        flags | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void touch(char *memory, int mib)
{
    for (size_t i = 0; memory && i < (size_t)mib << 20; i += 4096)
        memory[i] = 1;
}

static void *sleep_on(void *unused)
{
    for (;;)
        pause();
    return unused;
}

/* A child: waits for a byte, touches, answers with a byte, stays. */
static void child(pid_t parent, int go, int did, char *shared)
{
    char byte;

    /* Its first turn on the CPU may come after the parent's end. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    char *memory = map(config.touch, MAP_PRIVATE);
    if (read(go, &byte, 1) != 1)
        _exit(1);
    touch(memory, config.touch);
    touch(shared, config.shared);
    if (write(did, &byte, 1) != 1)
        _exit(1);
    sleep_on(NULL);
}

/* A daemon, which burns and goes, or stays when `ms` is 0. Stores its CPU time
 * in `burnt_ns` and tells its end through the pipe. */
static void daemonise(int ms, int did, int64_t *burnt_ns)
{
    if (fork() != 0) {
        wait(NULL);
        return;
    }
    setsid();
    if (fork() != 0)
        _exit(0);
    if (ms == 0)
        sleep_on(NULL);
    burn(ms);
    *burnt_ns = process_cpu_ns();
    if (write(did, "", 1) != 1)
        _exit(1);
    _exit(0);
}

static void flood(void)
{
    char line[128];

    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < config.flood * 8; i++)
        if (write(i & 1 ? 1 : 2, line, sizeof line) < 0)
            _exit(9);
}

/* Sends `mib` into as many connections as it takes; nobody reads. */
static void fill_sockets(int mib)
{
    static char bytes[65536];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int64_t left = (int64_t)mib << 20;
    int door = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(door, (struct sockaddr *)&address, size) || listen(door, 8) ||
        getsockname(door, (struct sockaddr *)&address, &size))
        _exit(4);
    while (left > 0) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&address, size) ||
            accept(door, NULL, NULL) < 0)
            _exit(5);
        ssize_t n;
        while (left > 0 &&
               (n = send(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
            left -= n;
    }
}

static void work(int go, const int did[2], char *shared)
{
    char bytes[256];
    int awaited = config.children;
    pthread_attr_t small;
    int64_t own_ns = process_cpu_ns() + children_cpu_ns();
    int64_t *daemon_ns = mmap(NULL, sizeof *daemon_ns, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    for (int i = 0; i < config.children; i++)
        if (write(go, "", 1) != 1)
            _exit(1);
    touch(shared, config.shared);
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 << 10);
    for (int i = 0; i < config.threads; i++)
        if (pthread_create(&(pthread_t){0}, &small, sleep_on, NULL))
            _exit(2);
    if (config.sockets)
        fill_sockets(config.sockets);
    burn(config.cpu);
    for (int i = 0; i < config.short_count; i++) {
        if (fork() == 0) {
            burn(config.short_ms);
            _exit(0);
        }
        wait(NULL);
    }
    if (config.daemon) {
        daemonise(config.daemon, did[1], daemon_ns);
        awaited++;
    }
    while (awaited > 0) {
        ssize_t n = read(did[0], bytes, 1);
        if (n != 1)
            _exit(3);
        awaited--;
    }
    flood();
    own_ns = process_cpu_ns() + children_cpu_ns() - own_ns;
    fprintf(stderr, "burnt %lld %lld\n", (long long)own_ns,
            (long long)*daemon_ns);
    munmap(daemon_ns, sizeof *daemon_ns);
    /* On both, since what reads them may take either last. */
    fprintf(stderr, "done\n");
    printf("done\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int go[2], did[2], signal_number;
    sigset_t set;

    for (int i = 1; i < argc; i++)
        parse(argv[i]);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (config.stubborn)
        signal(SIGTERM, SIG_IGN);
    if (pipe(go) || pipe(did))
        return 1;
    if (config.exit_code >= 0) {
        fprintf(stderr, "burner: cannot listen on 127.0.0.1:1: taken\n");
        return config.exit_code;
    }
    if (config.abort) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGABRT, SIG_DFL);
        abort();
    }
    char *shared = map(config.shared, MAP_SHARED);
    pid_t parent = getpid();
    for (int i = 0; i < config.children; i++)
        if (fork() == 0)
            child(parent, go[0], did[1], shared);
    if (config.linger)
        daemonise(0, did[1], NULL);
    flood();
    if (!config.silent)
        printf("{\"ready\":true,\"port\":%d,\"pid\":%d}\n", 12345, getpid());
    fflush(stdout);
    for (;;) {
        sigwait(&set, &signal_number);
        if (signal_number == SIGUSR1)
            work(go[1], did, shared);
        else if (!config.stubborn)
            _exit(0);
    }
}
