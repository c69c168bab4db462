/* SPDX-License-Identifier: MIT
 *
 * troika doctor: which facts of this machine spoil measurements, and the
 * remedy for each. Each fact is a row of `checks`, with a function where the
 * judgement takes more than a comparison. A warning makes figures worse; bad
 * means that measuring is impossible, and is the only cause of exit code 1.
 */
#include "doctor.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/machine/noise.h"
#include "harness/machine/switches.h"
#include "harness/run/environment.h"
#include "harness/server/models.h"
#include "verbs.h"

static const double MIB = 1024 * 1024;

/* Writes the fact and returns the verdict. */
static enum health __attribute__((format(printf, 3, 4)))
found(struct finding *finding, enum health health, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    vsnprintf(finding->fact, sizeof finding->fact, format, values);
    va_end(values);
    return health;
}

/* Writes the remedy, which is shown unless the verdict is "ok". */
static void __attribute__((format(printf, 2, 3)))
remedy(struct finding *finding, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    vsnprintf(finding->remedy, sizeof finding->remedy, format, values);
    va_end(values);
}

static const char *text(const struct machine_facts *machine, const char *key)
{
    const char *value = json_string_of(machine->environment, key);

    return value ? value : "not exposed";
}

static long long number(const struct machine_facts *machine, const char *key)
{
    const json_t *value = json_object_get(machine->environment, key);

    return json_is_integer(value) ? json_integer_value(value) : -1;
}

static enum health judge_build(const struct machine_facts *machine,
                               struct finding *finding)
{
    const char *variant = text(machine, "variant");
    bool release = !strcmp(variant, "release");

    return found(finding, release ? HEALTH_OK : HEALTH_WARNING, "%s, %s",
                 variant, text(machine, "tool_version"));
}

static enum health judge_models(const struct machine_facts *machine,
                                struct finding *finding)
{
    char missing[200] = "";
    int available = 0;
    size_t used = 0;

    (void)machine;
    for (const struct model_info *m = models_all(); m->name; m++) {
        available += m->available;
        if (!m->available && !m->foreign && used < sizeof missing)
            used += (size_t)snprintf(missing + used, sizeof missing - used,
                                     "%s%s", used ? ", " : "", m->name);
    }
    if (available == 0)
        return found(finding, HEALTH_BAD, "none is built");
    return found(finding, used ? HEALTH_WARNING : HEALTH_OK, "%d available%s%s",
                 available, used ? "; not: " : "", missing);
}

static enum health judge_cpus(const struct machine_facts *machine,
                              struct finding *finding)
{
    long long cpus = number(machine, "cpus_usable");

    if (cpus == 1)
        return found(finding, HEALTH_WARNING, "1 usable");
    return found(finding, HEALTH_OK, "%lld usable%s", cpus,
                 cpus < 4 ? "; split leaves one for the server" : "");
}

/* A container's share of CPU time: -1 or "max" means all of it. */
static enum health judge_quota(const struct machine_facts *machine,
                               struct finding *finding)
{
    const char *max = text(machine, "cgroup_cpu_max");
    long long quota_us = number(machine, "cgroup_cpu_quota_us");

    if (quota_us > 0)
        return found(finding, HEALTH_WARNING, "%s in each period",
                     digits_ns(1e3 * (double)quota_us).text);
    double most_us, period_us;
    if (sscanf(max, "%lf %lf", &most_us, &period_us) == 2)
        return found(finding, HEALTH_WARNING, "%s in each %s",
                     digits_ns(1e3 * most_us).text,
                     digits_ns(1e3 * period_us).text);
    return found(finding, HEALTH_OK, "none");
}

static enum health judge_governor(const struct machine_facts *machine,
                                  struct finding *finding)
{
    const char *governor = text(machine, "governor");
    bool slow = strcmp(governor, "performance") != 0 &&
                strcmp(governor, "not exposed") != 0;

    return found(finding, slow ? HEALTH_WARNING : HEALTH_OK, "%s", governor);
}

static enum health judge_turbo(const struct machine_facts *machine,
                               struct finding *finding)
{
    long long no_turbo = number(machine, "no_turbo");
    long long boost = number(machine, "boost");

    if (no_turbo < 0 && boost < 0)
        return found(finding, HEALTH_OK, "not exposed");
    if (no_turbo == 0 || boost > 0)
        return found(finding, HEALTH_WARNING, "on");
    return found(finding, HEALTH_OK, "off");
}

/* Never a warning: production servers have mitigations on as well. `troika
 * compare` checks that two runs agree on those of Spectre v2 and Meltdown. */
static enum health judge_mitigations(const struct machine_facts *machine,
                                     struct finding *finding)
{
    const json_t *list = json_object_get(machine->environment, "mitigations");
    const char *name;
    json_t *value;
    int on = 0;

    json_object_foreach ((json_t *)list, name, value) {
        on += strncmp(json_string_value(value), "Mitigation", 10) == 0;
    }
    return found(finding, HEALTH_OK, "%d of %zu known weaknesses mitigated", on,
                 json_object_size(list));
}

static enum health judge_memory(const struct machine_facts *machine,
                                struct finding *finding)
{
    double free_mib = (double)number(machine, "memory_available_bytes") / MIB;

    return found(finding,
                 free_mib < 64     ? HEALTH_BAD
                 : free_mib < 1024 ? HEALTH_WARNING
                                   : HEALTH_OK,
                 "%s available", digits_bytes(free_mib * MIB).text);
}

static enum health judge_swap(const struct machine_facts *machine,
                              struct finding *finding)
{
    double total = (double)number(machine, "swap_total_bytes") / MIB;
    double used = total - (double)number(machine, "swap_free_bytes") / MIB;

    if (total <= 0)
        return found(finding, HEALTH_OK, "none");
    return found(finding, used >= 1 ? HEALTH_WARNING : HEALTH_OK,
                 "%s of %s used", digits_bytes(used * MIB).text,
                 digits_bytes(total * MIB).text);
}

static enum health judge_load(const struct machine_facts *machine,
                              struct finding *finding)
{
    const json_t *loads = json_object_get(machine->environment, "load_average");
    double load = json_real_value(json_array_get(loads, 0));

    return found(finding,
                 load > 0.5 * (double)number(machine, "cpus") ? HEALTH_WARNING
                                                              : HEALTH_OK,
                 "%.2f over the last minute", load);
}

static enum health judge_foreign(const struct machine_facts *machine,
                                 struct finding *finding)
{
    double share = machine->noise.foreign_share;
    char culprits[200];

    if (share < 0)
        return found(finding, HEALTH_WARNING, "/proc/stat cannot be read");
    if (share <= QUIET_FOREIGN_SHARE)
        return found(finding, HEALTH_OK, "others use %.1f %% of the CPUs",
                     100 * share);
    remedy(finding,
           "end them, or wait: above %.0f %% trials are invalid, and a run "
           "stops; most of it: %s",
           100 * QUIET_FOREIGN_SHARE,
           noise_culprits(&machine->noise, culprits, sizeof culprits));
    return found(finding, HEALTH_BAD, "others use %.1f %% of the CPUs",
                 100 * share);
}

static enum health judge_steal(const struct machine_facts *machine,
                               struct finding *finding)
{
    double share = machine->noise.steal_share;

    if (share < 0)
        return found(finding, HEALTH_OK, "not exposed");
    return found(finding, share > QUIET_STEAL_SHARE ? HEALTH_BAD : HEALTH_OK,
                 "%.1f %% (hypervisor: %s)", 100 * share,
                 text(machine, "hypervisor"));
}

static enum health judge_timer(const struct machine_facts *machine,
                               struct finding *finding)
{
    const struct noise *noise = &machine->noise;

    return found(finding,
                 noise->lateness_p99_ns > 1000000 ? HEALTH_WARNING : HEALTH_OK,
                 "sleeps of 1 ms end %s late (p50), %s (p99)",
                 digits_ns((double)noise->lateness_p50_ns).text,
                 digits_ns((double)noise->lateness_p99_ns).text);
}

static enum health judge_descriptors(const struct machine_facts *machine,
                                     struct finding *finding)
{
    const json_t *limit = json_object_get(
        json_object_get(machine->environment, "rlimits"), "nofile");
    const json_t *hard = json_object_get(limit, "hard");
    long long count = json_integer_value(hard);

    if (json_is_string(hard))
        return found(finding, HEALTH_OK, "unlimited");
    return found(finding,
                 count < 64      ? HEALTH_BAD
                 : count < 19100 ? HEALTH_WARNING
                                 : HEALTH_OK,
                 "up to %s per process (19,000 connections need 19,100)",
                 digits_whole((double)count, "").text);
}

static enum health judge_ports(const struct machine_facts *machine,
                               struct finding *finding)
{
    int low = 0, high = -1, count;

    sscanf(text(machine, "port_range"), "%d %d", &low, &high);
    count = high - low + 1;
    if (count <= 0)
        return found(finding, HEALTH_OK, "not exposed");
    return found(finding, count < 16000 ? HEALTH_WARNING : HEALTH_OK,
                 "%s local ports (%d to %d)", digits_whole(count, "").text, low,
                 high);
}

static enum health judge_cgroup(const struct machine_facts *machine,
                                struct finding *finding)
{
    const json_t *mounts = json_object_get(machine->environment, "cgroup");
    bool memory = false, two = false;
    size_t index;
    json_t *m;

    json_array_foreach (mounts, index, m) {
        const char *options = json_string_of(m, "options");
        if (!json_true_of(m, "writable"))
            continue;
        two |= json_integer_of(m, "version") == 2;
        memory |=
            strstr(options, "memory") && json_integer_of(m, "version") == 1;
    }
    return found(finding, memory || two ? HEALTH_OK : HEALTH_WARNING, "%s%s%s",
                 memory ? "v1 memory writable" : "", memory && two ? ", " : "",
                 two      ? "v2 writable"
                 : memory ? ""
                          : "none is writable");
}

/* The version that a tool prints, or NULL. */
static const char *tool(const struct machine_facts *machine, const char *name)
{
    const char *said =
        json_string_of(json_object_get(machine->environment, "tools"), name);

    return said && strcmp(said, "not found") != 0 ? said : NULL;
}

/* Appends the tool to `missing`, or to `mute` if it cannot be asked. Appends
 * nothing for a tool that works. */
static void add_fault(const struct machine_facts *machine, const char *name,
                      char *missing, char *mute, size_t size)
{
    const char *said =
        json_string_of(json_object_get(machine->environment, "tools"), name);
    bool lacks = !said || !strcmp(said, "not found");
    char *list = lacks ? missing : mute;
    size_t used = strlen(list);

    if (lacks)
        snprintf(list + used, size - used, " %s", name);
    else if (!strncmp(said, "cannot be asked", 15))
        snprintf(list + used, size - used, "%s%s %s", used ? "; " : "", name,
                 said);
}

static enum health judge_tools(const struct machine_facts *machine,
                               struct finding *finding)
{
    const char *gnuplot = tool(machine, "gnuplot");
    const char *python = tool(machine, "python");

    char missing[256] = "", mute[256] = "";

    add_fault(machine, "gnuplot", missing, mute, sizeof missing);
    add_fault(machine, "python", missing, mute, sizeof missing);
    if (missing[0] != '\0')
        return found(finding, HEALTH_WARNING, "missing:%s", missing);
    remedy(finding, "try them by hand; where no process can be started, raise "
                    "the limit (ulimit -u, pids.max, memory)");
    if (mute[0] != '\0')
        return found(finding, HEALTH_WARNING, "%s", mute);
    return found(finding, HEALTH_OK, "%s; %s", gnuplot, python);
}

static enum health judge_variables(const struct machine_facts *machine,
                                   struct finding *finding)
{
    const json_t *variables =
        json_object_get(machine->environment, "variables");
    const char *name;
    char words[512], set[200] = "";
    size_t used = 0;
    json_t *value;

    json_object_foreach ((json_t *)variables, name, value) {
        if (used < sizeof set)
            used += (size_t)snprintf(set + used, sizeof set - used, "%s%s",
                                     used ? ", " : "", name);
    }
    if (switches_untrusted(variables, words, sizeof words))
        remedy(finding, "%s", words);
    return found(finding, used ? HEALTH_WARNING : HEALTH_OK, "%s%s", set,
                 used ? " set" : "none that changes what is measured");
}

/* One fact. `judge` handles it; or else the environment's `key` is compared
 * with a number or with words. */
static const struct check {
    const char *name;
    enum health (*judge)(const struct machine_facts *, struct finding *);
    const char *key;
    long long least;    /* of the number; 0: the fact is a word */
    const char *bad;    /* "a|b": words that are a warning */
    const char *remedy; /* unless `judge` sets another */
} checks[] = {
    {"build", judge_build,
     .remedy = "make; then build/release/troika: a sanitizer build's "
               "figures are not recorded"},
    {"models", judge_models,
     .remedy = "make (missing packages: make deps); `troika list models` "
               "says why each is missing"},
    {"CPUs", judge_cpus,
     .remedy = "give it at least 2 CPUs: with one, server and load "
               "generator take turns, and only `placement = shared` is "
               "possible"},
    {"CPU quota", judge_quota,
     .remedy = "start the container without a CPU limit (docker run "
               "without --cpus), or pin it with --cpuset-cpus: a quota "
               "stops every process for part of each 100 ms"},
    {"governor", judge_governor,
     .remedy = "sudo cpupower frequency-set -g performance"},
    {"turbo", judge_turbo,
     .remedy = "echo 1 | sudo tee "
               "/sys/devices/system/cpu/intel_pstate/no_turbo (or echo 0 "
               "to .../cpufreq/boost): the clock depends on heat and "
               "neighbours"},
    {"SMT", .key = "smt", .bad = "on",
     .remedy = "echo off | sudo tee /sys/devices/system/cpu/smt/control: "
               "two CPUs of one core slow each other, and split may give one "
               "to the server and the other to the load"},
    {"mitigations", .judge = judge_mitigations},
    {"clocksource", .key = "clocksource", .bad = "hpet|acpi_pm|jiffies",
     .remedy = "boot with clocksource=tsc: reading this one costs "
               "microseconds"},
    {"memory", judge_memory,
     .remedy = "stop programs that hold memory: cells with 10,000 tasks need "
               "a gigabyte"},
    {"swap", judge_swap,
     .remedy = "sudo swapoff -a: a page that comes back from disk looks "
               "like a slow request"},
    {"load average", judge_load,
     .remedy = "wait, or stop other work (top, ps)"},
    {"foreign CPU use", .judge = judge_foreign},
    {"steal", judge_steal,
     .remedy = "another virtual machine competes for the host: measure "
               "at another time or elsewhere"},
    {"timers", judge_timer,
     .remedy = "stop other work; on a laptop, disable power saving"},
    {"descriptors", judge_descriptors,
     .remedy = "ulimit -Hn 65536 as root before starting, or "
               "LimitNOFILE= / limits.conf: a server needs one for each "
               "connection"},
    {"local ports", judge_ports,
     .remedy = "sudo sysctl net.ipv4.ip_local_port_range='10240 65000'"},
    {"tcp_tw_reuse", .key = "tcp_tw_reuse", .least = 1,
     .remedy = "sudo sysctl net.ipv4.tcp_tw_reuse=2: ports of ended "
               "connections stay taken for a minute"},
    {"somaxconn", .key = "somaxconn", .least = 1024,
     .remedy = "sudo sysctl net.core.somaxconn=4096: a burst of new "
               "connections is dropped"},
    {"threads-max", .key = "threads_max", .least = 20000,
     .remedy = "sudo sysctl kernel.threads-max=65536: models that start many "
               "threads or processes fail at this limit"},
    {"pid_max", .key = "pid_max", .least = 20000,
     .remedy = "sudo sysctl kernel.pid_max=65536: threads count too"},
    {"max_map_count", .key = "max_map_count", .least = 39000,
     .remedy = "sudo sysctl vm.max_map_count=262144: every stack takes "
               "two mappings"},
    {"huge pages", .key = "thp", .bad = "always",
     .remedy = "echo madvise | sudo tee "
               "/sys/kernel/mm/transparent_hugepage/enabled: a touched "
               "stack may take 2 MiB"},
    {"control groups", judge_cgroup,
     .remedy = "run as root, or systemd-run --user --scope -p "
               "Delegate=yes: without a group memory is an estimate"},
    {"report tools", judge_tools,
     .remedy = "make deps: without them there are no charts and no "
               "report"},
    {"environment", judge_variables,
     .remedy = "unset them: the servers inherit them, and figures with and "
               "without them cannot be compared"},
};

static enum health judge_one(const struct check *check,
                             const struct machine_facts *machine,
                             struct finding *finding)
{
    if (check->remedy)
        remedy(finding, "%s", check->remedy);
    if (check->judge)
        return check->judge(machine, finding);
    if (check->bad) {
        const char *word = text(machine, check->key);
        bool is_bad = flags_alternative(check->bad, word) >= 0;

        return found(finding, is_bad ? HEALTH_WARNING : HEALTH_OK, "%s", word);
    }
    long long value = number(machine, check->key);
    if (value < 0)
        return found(finding, HEALTH_OK, "not exposed");
    return found(finding, value < check->least ? HEALTH_WARNING : HEALTH_OK,
                 "%lld", value);
}

const char *health_name(enum health health)
{
    static const char *const names[] = {"ok", "warning", "bad"};

    return names[health];
}

int doctor_judge(const struct machine_facts *machine, struct finding *findings,
                 int size)
{
    int count = (int)(sizeof checks / sizeof checks[0]);

    for (int i = 0; i < count && i < size; i++) {
        findings[i] = (struct finding){.name = checks[i].name};
        findings[i].health = judge_one(&checks[i], machine, &findings[i]);
        if (findings[i].health == HEALTH_OK)
            findings[i].remedy[0] = '\0';
    }
    return count < size ? count : size;
}

static void print_text(const struct finding *findings, int count)
{
    for (int i = 0; i < count; i++) {
        printf("%-8s %-16s %s\n", health_name(findings[i].health),
               findings[i].name, findings[i].fact);
        if (findings[i].remedy[0] != '\0')
            printf("%-25s -> %s\n", "", findings[i].remedy);
    }
}

static void print_json(const struct finding *findings, int count,
                       const json_t *environment)
{
    json_t *list = json_array(), *all;

    for (int i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{ss ss ss ss}", "name", findings[i].name, "health",
                            health_name(findings[i].health), "fact",
                            findings[i].fact, "remedy", findings[i].remedy));
    all = json_pack("{so sO}", "findings", list, "environment", environment);
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

int verb_doctor(int argc, char **argv)
{
    static const struct flag rows[] = {{"format", 'f', "text|json",
                                        "How to print it (text)", FLAG_FORMAT,
                                        .offset = 0},
                                       {0}};
    static const struct flags flags = {
        .rows = rows,
        .help = "Judges what on this machine spoils measurements, with the "
                "remedy for each. Takes about a second. Exit code 1: measuring "
                "is impossible."};
    struct finding findings[FINDINGS_MAX];
    struct machine_facts machine = {0};
    int counts[3] = {0}, count;
    json_t *environment;
    bool json = false;

    flags_parse(&flags, argc, argv, &json);
    environment = environment_capture();
    if (!environment) {
        fputs("troika doctor: out of memory\n", stderr);
        return EXIT_FAILED;
    }
    machine.environment = environment;
    noise_measure(&machine.noise);
    count = doctor_judge(&machine, findings, FINDINGS_MAX);
    for (int i = 0; i < count; i++)
        counts[findings[i].health]++;
    if (json)
        print_json(findings, count, environment);
    else
        print_text(findings, count);
    json_decref(environment);
    fprintf(stderr, "%d ok, %d warnings, %d bad\n", counts[HEALTH_OK],
            counts[HEALTH_WARNING], counts[HEALTH_BAD]);
    return counts[HEALTH_BAD] > 0 ? EXIT_FAILED : EXIT_OK;
}
