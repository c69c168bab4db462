/* SPDX-License-Identifier: MIT
 *
 * Most facts are small files below /proc and /sys, one row of a table each. The
 * others need a call of their own.
 */
#include "environment.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <llhttp.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/capture.h"
#include "harness/base/json.h"
#include "harness/base/version.h"
#include "harness/machine/placement.h"
#include "harness/machine/switches.h"
#include "harness/server/models.h"

static const char UNKNOWN[] = "not exposed";
static const int64_t TOOL_LIMIT_NS = 2000000000;

enum { HEX_SIZE = 2 * EVP_MAX_MD_SIZE + 1 };

enum fact_form {
    FORM_TEXT,   /* the first line */
    FORM_NUMBER, /* the number in the first line */
    FORM_CHOICE, /* the word in brackets: "always [madvise] never" */
};

static const struct fact {
    const char *key, *path;
    enum fact_form form;
} facts[] = {
    {"cmdline", "/proc/cmdline", FORM_TEXT},
    {"governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
     FORM_TEXT},
    {"no_turbo", "/sys/devices/system/cpu/intel_pstate/no_turbo", FORM_NUMBER},
    {"boost", "/sys/devices/system/cpu/cpufreq/boost", FORM_NUMBER},
    {"smt", "/sys/devices/system/cpu/smt/control", FORM_TEXT},
    {"thread_siblings",
     "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", FORM_TEXT},
    {"cache_level_2", "/sys/devices/system/cpu/cpu0/cache/index2/size",
     FORM_TEXT},
    {"cache_last_level", "/sys/devices/system/cpu/cpu0/cache/index3/size",
     FORM_TEXT},
    {"mitigation_spectre_v2",
     "/sys/devices/system/cpu/vulnerabilities/spectre_v2", FORM_TEXT},
    {"mitigation_meltdown", "/sys/devices/system/cpu/vulnerabilities/meltdown",
     FORM_TEXT},
    {"cgroup_cpu_max", "/sys/fs/cgroup/cpu.max", FORM_TEXT},
    {"cgroup_cpu_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", FORM_NUMBER},
    {"cgroup_memory_max", "/sys/fs/cgroup/memory.max", FORM_TEXT},
    {"cgroup_memory_limit_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
     FORM_NUMBER},
    {"numa_nodes", "/sys/devices/system/node/online", FORM_TEXT},
    {"thp", "/sys/kernel/mm/transparent_hugepage/enabled", FORM_CHOICE},
    {"aslr", "/proc/sys/kernel/randomize_va_space", FORM_NUMBER},
    {"clocksource",
     "/sys/devices/system/clocksource/clocksource0/current_clocksource",
     FORM_TEXT},
    {"system_vendor", "/sys/class/dmi/id/sys_vendor", FORM_TEXT},
    {"pid_max", "/proc/sys/kernel/pid_max", FORM_NUMBER},
    {"threads_max", "/proc/sys/kernel/threads-max", FORM_NUMBER},
    {"max_map_count", "/proc/sys/vm/max_map_count", FORM_NUMBER},
    {"overcommit", "/proc/sys/vm/overcommit_memory", FORM_NUMBER},
    {"somaxconn", "/proc/sys/net/core/somaxconn", FORM_NUMBER},
    {"tcp_max_syn_backlog", "/proc/sys/net/ipv4/tcp_max_syn_backlog",
     FORM_NUMBER},
    {"tcp_tw_reuse", "/proc/sys/net/ipv4/tcp_tw_reuse", FORM_NUMBER},
    {"tcp_mem_pages", "/proc/sys/net/ipv4/tcp_mem", FORM_TEXT},
    {"port_range", "/proc/sys/net/ipv4/ip_local_port_range", FORM_TEXT},
    {"loopback_mtu_bytes", "/sys/class/net/lo/mtu", FORM_NUMBER},
};

/* Reads the first line of a file, tabs as blanks. False: it cannot be read. */
static bool first_line(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "re");
    bool got = file && fgets(line, size, file);

    if (file)
        fclose(file);
    if (got)
        line[strcspn(line, "\n")] = '\0';
    for (char *c = line; got && *c != '\0'; c++)
        if (*c == '\t')
            *c = ' ';
    return got;
}

static json_t *fact_value(const struct fact *fact)
{
    char line[4096], *open, *end;
    bool got = first_line(fact->path, line, sizeof line);
    json_t *text;

    if (fact->form == FORM_NUMBER)
        return got ? json_integer(strtoll(line, NULL, 10)) : json_null();
    open = got ? strchr(line, '[') : NULL;
    end = open ? strchr(open, ']') : NULL;
    if (fact->form == FORM_CHOICE && end)
        return json_stringn(open + 1, (size_t)(end - open - 1));
    /* json_string fails on bytes that are not UTF-8, as some firmware has them.
     */
    text = json_string(got ? line : UNKNOWN);
    return text ? text : json_string(UNKNOWN);
}

/* The value of the line "KEY<blanks>: VALUE" of a file; "": no such line. */
static void line_value(const char *path, const char *key, char *value,
                       size_t size)
{
    FILE *file = fopen(path, "re");
    size_t length = strlen(key);
    char line[4096];

    value[0] = '\0';
    while (file && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (!colon || strncmp(line, key, length) != 0 ||
            (line[length] != ':' && !isblank((unsigned char)line[length])))
            continue;
        colon += 1 + strspn(colon + 1, " \t");
        snprintf(value, size, "%.*s", (int)strcspn(colon, "\n"), colon);
        break;
    }
    if (file)
        fclose(file);
}

static void add_cpu(json_t *object)
{
    char text[4096], tool[128];
    cpu_set_t usable;
    bool guest;

    line_value("/proc/cpuinfo", "model name", text, sizeof text);
    json_object_set_new(object, "cpu_model",
                        json_string(text[0] ? text : UNKNOWN));
    json_object_set_new(object, "cpus",
                        json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    json_object_set_new(object, "cpus_usable",
                        sched_getaffinity(0, sizeof usable, &usable) == 0
                            ? json_integer(CPU_COUNT(&usable))
                            : json_null());
    line_value("/proc/cpuinfo", "flags", text, sizeof text);
    guest = strstr(text, " hypervisor") != NULL;
    if (!first_line("/sys/hypervisor/type", tool, sizeof tool))
        snprintf(tool, sizeof tool, "yes, of unknown kind");
    json_object_set_new(object, "hypervisor",
                        json_string(text[0] == '\0' ? UNKNOWN
                                    : guest         ? tool
                                                    : "none"));
}

/* How many CPUs server and clients get by `placement = split`. */
static void add_placement(json_t *object)
{
    struct cpu_split split;

    placement_split(PLACEMENT_SPLIT, &split);
    json_object_set_new(object, "placement_split",
                        json_sprintf("server %d, clients %d%s",
                                     split.server_count, split.clients_count,
                                     split.apart ? "" : ", not apart"));
}

/* The facts on which figures depend, other than the software under test. They
 * are found by name, also inside "libraries". A fact that an older run did not
 * record counts as different, so that the older run is not taken for equal. */
static const char *const compared[] = {
    "kernel",
    "architecture",
    "cpu_model",
    "cpus",
    "cpus_usable",
    "placement_split",
    "hypervisor",
    "governor",
    "no_turbo",
    "boost",
    "smt",
    "mitigation_spectre_v2",
    "mitigation_meltdown",
    "cgroup_cpu_max",
    "cgroup_cpu_quota_us",
    "numa_nodes",
    "thp",
    "clocksource",
    "page_size_bytes",
    "variant",
    "compiler",
    "cflags",
    "libc",
    "libuv",
    "llhttp",
    "libcrypto",
};

/* The caller frees the text; NULL when out of memory. */
static char *compared_text(const json_t *environment, const char *name)
{
    const json_t *value = json_object_get(environment, name);

    if (!value)
        value =
            json_object_get(json_object_get(environment, "libraries"), name);
    if (!value)
        return strdup("not recorded");
    if (json_is_string(value))
        return strdup(json_string_value(value));
    return json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT);
}

/* Ends a hash, writes it as hexadecimal digits, and frees it. False, with "" as
 * digits, if `good` is false or the hash fails. */
static bool finish_hash(EVP_MD_CTX *hash, bool good, char hex[HEX_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    hex[0] = '\0';
    good = good && EVP_DigestFinal_ex(hash, digest, &size);
    for (unsigned i = 0; good && i < size; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(hash);
    return good;
}

/* SHA-256 over the compared facts. */
static void add_fingerprint(json_t *object)
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool good = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
    char hex[HEX_SIZE];

    for (size_t i = 0; i < sizeof compared / sizeof compared[0] && good; i++) {
        char *text = compared_text(object, compared[i]);

        good = text &&
               EVP_DigestUpdate(hash, compared[i], strlen(compared[i]) + 1) &&
               EVP_DigestUpdate(hash, text, strlen(text) + 1);
        free(text);
    }
    finish_hash(hash, good, hex);
    json_object_set_new(object, "fingerprint", json_string(hex));
}

static void add_kernel(json_t *object)
{
    struct utsname names;

    uname(&names);
    json_object_set_new(object, "kernel", json_string(names.release));
    json_object_set_new(object, "kernel_version", json_string(names.version));
    json_object_set_new(object, "architecture", json_string(names.machine));
    json_object_set_new(object, "page_size_bytes",
                        json_integer(sysconf(_SC_PAGESIZE)));
    json_object_set_new(object, "timer_slack_ns",
                        json_integer(prctl(PR_GET_TIMERSLACK)));
    json_object_set_new(object, "captured_at", json_time(time(NULL)));
}

static void add_memory(json_t *object)
{
    static const char *const rows[][2] = {
        {"memory_total_bytes", "MemTotal"},
        {"memory_available_bytes", "MemAvailable"},
        {"swap_total_bytes", "SwapTotal"},
        {"swap_free_bytes", "SwapFree"},
    };
    char text[128];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        line_value("/proc/meminfo", rows[i][1], text, sizeof text);
        json_object_set_new(object, rows[i][0],
                            text[0] ? json_integer(1024 * atoll(text))
                                    : json_null());
    }
}

/* The kernel's mitigation of each vulnerability that it knows of. */
static void add_mitigations(json_t *object)
{
    static const char place[] = "/sys/devices/system/cpu/vulnerabilities";
    DIR *directory = opendir(place);
    json_t *list = json_object();
    struct dirent *entry;

    while (directory && (entry = readdir(directory))) {
        char path[400], line[512];

        snprintf(path, sizeof path, "%s/%s", place, entry->d_name);
        if (entry->d_name[0] != '.' && first_line(path, line, sizeof line))
            json_object_set_new(list, entry->d_name, json_string(line));
    }
    if (directory)
        closedir(directory);
    json_object_set_new(object, "mitigations", list);
}

static json_t *limit_json(rlim_t limit)
{
    return limit == RLIM_INFINITY ? json_string("unlimited")
                                  : json_integer((json_int_t)limit);
}

static void add_limits(json_t *object)
{
    static const struct {
        const char *name;
        __rlimit_resource_t resource;
    } rows[] = {{"nofile", RLIMIT_NOFILE},
                {"nproc", RLIMIT_NPROC},
                {"stack_bytes", RLIMIT_STACK},
                {"memlock_bytes", RLIMIT_MEMLOCK},
                {"as_bytes", RLIMIT_AS}};
    json_t *limits = json_object();
    struct rlimit limit;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (getrlimit(rows[i].resource, &limit) == 0)
            json_object_set_new(limits, rows[i].name,
                                json_pack("{so so}", "soft",
                                          limit_json(limit.rlim_cur), "hard",
                                          limit_json(limit.rlim_max)));
    json_object_set_new(object, "rlimits", limits);
}

/* Tasks that run or wait for a CPU at this moment, with this program. */
static json_t *runnable(void)
{
    char line[128];
    int count;

    if (!first_line("/proc/loadavg", line, sizeof line) ||
        sscanf(line, "%*f %*f %*f %d", &count) != 1)
        return json_null();
    return json_integer(count);
}

static void add_pressure(json_t *object)
{
    static const char *const kinds[] = {"cpu", "memory", "io"};
    json_t *psi = json_object(), *loads = json_array();
    double averages[3];
    int count = getloadavg(averages, 3);

    for (int i = 0; i < count; i++)
        json_array_append_new(loads, json_real(averages[i]));
    json_object_set_new(object, "load_average", loads);
    for (int i = 0; i < 3; i++) {
        char path[64], line[256];
        const char *average = NULL;
        snprintf(path, sizeof path, "/proc/pressure/%s", kinds[i]);
        if (first_line(path, line, sizeof line))
            average = strstr(line, "avg10=");
        char key[32];
        snprintf(key, sizeof key, "%s_some_avg10_pct", kinds[i]);
        json_object_set_new(
            psi, key, average ? json_real(atof(average + 6)) : json_null());
    }
    json_object_set_new(object, "psi", psi);
    json_object_set_new(object, "runnable", runnable());
}

/* The mounted cgroup hierarchies, and whether groups can be made in them. */
static void add_cgroup(json_t *object)
{
    FILE *file = fopen("/proc/self/mounts", "re");
    json_t *list = json_array();
    char line[4096], at[1024], type[64], options[1024];

    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%*s %1023s %63s %1023s", at, type, options) != 3 ||
            strncmp(type, "cgroup", 6) != 0)
            continue;
        json_array_append_new(list,
                              json_pack("{si ss ss sb}", "version",
                                        strcmp(type, "cgroup2") == 0 ? 2 : 1,
                                        "mount", at, "options", options,
                                        "writable", access(at, W_OK) == 0));
    }
    if (file)
        fclose(file);
    json_object_set_new(object, "cgroup", list);
}

/* The first line that a program prints about its version. */
static json_t *tool_version(const char *program, const char *flag,
                            const char *argument)
{
    const char *argv[] = {program, flag, argument, NULL};
    char text[256];
    int result = capture(argv, TOOL_LIMIT_NS, text, sizeof text);

    if (result == -ENOENT)
        return json_string("not found");
    if (result != 0) {
        snprintf(text, sizeof text, "cannot be asked: %s",
                 result < 0 ? strerror(-result) : "it ends with an error");
        return json_string(text);
    }
    text[strcspn(text, "\n")] = '\0';
    return json_string(text);
}

/* SHA-256 of a file in hexadecimal; null: it cannot be read. */
static json_t *digest_of(const char *path)
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    FILE *file = fopen(path, "re");
    unsigned char block[65536];
    char hex[HEX_SIZE];
    size_t got;
    bool good = file && hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL);

    while (good && (got = fread(block, 1, sizeof block, file)) > 0)
        good = EVP_DigestUpdate(hash, block, got);
    good = finish_hash(hash, good && !ferror(file), hex);
    if (file)
        fclose(file);
    return good ? json_string(hex) : json_null();
}

/* The digests of this program ("troika") and of each available model, by name.
 * A version that says "dirty" does not identify a program, but a digest does. A
 * program has about a megabyte: all take a few milliseconds. */
static json_t *json_programs(void)
{
    json_t *object = json_object();

    json_object_set_new(object, "troika", digest_of("/proc/self/exe"));
    for (const struct model_info *m = models_all(); m->name; m++)
        if (m->available)
            json_object_set_new(object, m->name, digest_of(m->path));
    return object;
}

static void add_build(json_t *object)
{
    char llhttp[32];

    snprintf(llhttp, sizeof llhttp, "%d.%d.%d", LLHTTP_VERSION_MAJOR,
             LLHTTP_VERSION_MINOR, LLHTTP_VERSION_PATCH);
    json_object_set_new(object, "tool_version", json_string(version()));
    json_object_set_new(object, "variant", json_string(version_variant()));
    json_object_set_new(object, "compiler", json_string(version_compiler()));
    json_object_set_new(object, "cflags", json_string(version_cflags()));
    json_object_set_new(object, "programs_sha256", json_programs());
    json_object_set_new(object, "libc", json_string(gnu_get_libc_version()));
    json_object_set_new(
        object, "libraries",
        json_pack("{ss ss ss so}", "jansson", JANSSON_VERSION, "llhttp", llhttp,
                  "libcrypto", OpenSSL_version(OPENSSL_VERSION), "libuv",
                  tool_version("pkg-config", "--modversion", "libuv")));
    json_object_set_new(
        object, "tools",
        json_pack("{so so so so}", "git",
                  tool_version("git", "--version", NULL), "gnuplot",
                  tool_version("gnuplot", "--version", NULL), "python",
                  tool_version("/usr/bin/python3", "--version", NULL), "node",
                  tool_version("node", "--version", NULL)));
}

json_t *environment_capture(void)
{
    json_t *object = json_object();

    if (!object)
        return NULL;
    add_kernel(object);
    add_cpu(object);
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        json_object_set_new(object, facts[i].key, fact_value(&facts[i]));
    add_mitigations(object);
    add_memory(object);
    add_limits(object);
    add_pressure(object);
    add_cgroup(object);
    add_build(object);
    add_placement(object);
    add_fingerprint(object);
    json_object_set_new(object, "variables", switches_json());
    return object;
}

int environment_compare(const json_t *a, const json_t *b,
                        void (*differs)(const char *fact, const char *a,
                                        const char *b, void *context),
                        void *context)
{
    int count = 0;

    for (size_t i = 0; i < sizeof compared / sizeof compared[0]; i++) {
        char *left = compared_text(a, compared[i]),
             *right = compared_text(b, compared[i]);

        if (!left || !right || strcmp(left, right) != 0) {
            differs(compared[i], left ? left : "?", right ? right : "?",
                    context);
            count++;
        }
        free(left);
        free(right);
    }
    return count;
}
