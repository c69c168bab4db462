/* SPDX-License-Identifier: MIT
 *
 * Rules about the machine: whether anything but the trial happened in the
 * window, whether the server stayed on its CPUs and in its groups, and whether
 * the data servers that the workload calls stayed alive.
 */
#include <math.h>

#include "harness/arithmetic/digits.h"
#include "harness/machine/noise.h"
#include "rule.h"

static const double SECOND_NS = 1e9;

static double span_ns(const struct trial *trial)
{
    return (double)(trial->machine_last.at_ns - trial->machine_first.at_ns);
}

static bool sampled(const struct gate_facts *facts, struct gate *gate)
{
    bool known =
        facts->trial->machine_first.at_ns > 0 &&
        facts->trial->machine_last.at_ns > facts->trial->machine_first.at_ns;

    if (!known)
        gate_skip(gate, "the machine's counters were not read");
    return known;
}

static void clock_steps(const struct gate_facts *facts, struct gate *gate)
{
    const struct trial *trial = facts->trial;
    double asleep_ns = (double)(trial->machine_last.asleep_ns -
                                trial->machine_first.asleep_ns);

    if (trial->platform.cpus == 0 || !trial->platform.realtime) {
        gate_skip(gate, trial->platform.cpus == 0
                            ? "no metronome"
                            : "without real-time priority the server itself "
                              "may delay the metronome");
        return;
    }
    gate_most(gate, fmax((double)trial->platform.lateness.max_ns, asleep_ns),
              50e6);
    gate_say(gate, "the machine froze for up to %s%s",
             digits_ns(gate->value).text,
             gate->ok ? "" : " (a paused VM, or a clock that was set)");
}

static void speed(const struct gate_facts *facts, struct gate *gate)
{
    double usual = facts->plan->usual_speed;
    double now = facts->trial->platform.speed_per_us;

    if (usual <= 0 || now <= 0) {
        gate_skip(gate, now <= 0 ? "no metronome"
                                 : "fewer than 3 earlier trials of this cell");
        return;
    }
    gate_most(gate, fabs(now / usual - 1), 0.15);
    gate_say(gate,
             "the CPU ran %.0f %% %s than in earlier trials of this cell "
             "(limit 15 %%)",
             100 * fabs(now / usual - 1), now < usual ? "slower" : "faster");
}

/* The counter moves in ticks, so one tick more is allowed. */
static void steal(const struct gate_facts *facts, struct gate *gate)
{
    const struct machine_sample *first = &facts->trial->machine_first,
                                *last = &facts->trial->machine_last;
    double all;

    if (!sampled(facts, gate))
        return;
    if (first->steal_ns < 0 || last->steal_ns < 0) {
        gate_skip(gate, "/proc/stat cannot be read");
        return;
    }
    all = span_ns(facts->trial) * first->cpus;
    gate_most(gate, (double)(last->steal_ns - first->steal_ns) / all,
              QUIET_STEAL_SHARE + (double)first->tick_ns / all);
    gate_say(gate, "the hypervisor took %.3g %% of the CPUs",
             100 * gate->value);
}

/* How long a quota that the cell does not ask for held tasks back. The tree's
 * own group may be held back only if the cell asks for it. */
static void cpu_quota(const struct gate_facts *facts, struct gate *gate)
{
    const struct meter_throttled *first = &facts->trial->throttled_first,
                                 *last = &facts->trial->throttled_last;
    bool asked = facts->point->cpu_quota > 0;
    double ns = 0;

    if (first->around_ns < 0 && first->own_ns < 0) {
        gate_skip(gate, "no cgroup counts what a CPU quota takes away");
        return;
    }
    if (first->around_ns >= 0)
        ns += (double)(last->around_ns - first->around_ns);
    if (first->own_ns >= 0 && !asked)
        ns += (double)(last->own_ns - first->own_ns);
    gate_most(gate, ns / facts->window_ns, 0.001);
    const struct target *target = facts->plan->model->target;
    if (gate->ok && target && target_is_attached(target))
        gate_say(gate, "no CPU quota held the harness back; that of a service "
                       "that runs already is not seen");
    else if (gate->ok)
        gate_say(gate, "no CPU quota%s held the server back",
                 asked ? " but the cell's own" : "");
    else
        gate_say(gate,
                 "a CPU quota%s kept tasks from running for %s in the window "
                 "(cpu.max, cpu.cfs_quota_us); to measure under one, ask for "
                 "it: cpu_quota = 150%%",
                 asked ? " around the cell's own" : " that nobody asked for",
                 digits_ns(ns).text);
}

/* CPU time of all processes that belong to the trial; -1: unknown. */
static double known_ns(const struct trial *trial)
{
    const struct meter_sample *first = &trial->first, *last = &trial->last;
    double sum;

    if (first->cpu_user_ns < 0 || last->cpu_user_ns < 0)
        return -1;
    sum = (double)(last->cpu_user_ns - first->cpu_user_ns +
                   last->cpu_system_ns - first->cpu_system_ns);
    sum += (double)trial->load->cpu_ns + (double)trial->platform.cost_ns;
    sum += trial->others_ns;
    sum += trial->beside ? (double)trial->beside->cpu_ns : 0;
    sum += trial->has_backend && trial->backend.cpu_ns > 0
               ? (double)trial->backend.cpu_ns
               : 0;
    sum += trial_store_cpu_ns(trial);
    sum += (double)(trial->machine_last.own_ns - trial->machine_first.own_ns);
    return sum + (double)(trial->machine_last.softirq_ns -
                          trial->machine_first.softirq_ns);
}

double gate_foreign_ns(const struct trial *trial)
{
    double busy =
        (double)(trial->machine_last.busy_ns - trial->machine_first.busy_ns);
    double known = known_ns(trial);

    if (trial->machine_first.at_ns == 0 || trial->machine_first.busy_ns < 0 ||
        trial->machine_last.busy_ns < 0 || known < 0)
        return -1;
    return busy > known ? busy - known : 0;
}

static void foreign_cpu(const struct gate_facts *facts, struct gate *gate)
{
    const struct machine_sample *first = &facts->trial->machine_first;
    double foreign = gate_foreign_ns(facts->trial), all, chance = 0;

    if (!sampled(facts, gate))
        return;
    if (foreign < 0) {
        gate_skip(gate, "the CPU time of the server or of the machine is "
                        "unknown");
        return;
    }
    all = span_ns(facts->trial) * first->cpus;
    /* If the kernel samples busy_ns by its tick, the share is a count of
     * samples; three standard errors of it are allowed. */
    if (first->busy_grain_ns > 0)
        chance = 3 * sqrt(0.25 * (double)first->busy_grain_ns / all);
    gate_most(gate, foreign / all, QUIET_FOREIGN_SHARE + chance);
    gate_say(gate, "%sother processes used %.3g %% of the CPUs (limit %.2g %%)",
             gate->ok ? "" : "machine too busy: ", 100 * gate->value,
             100 * gate->limit);
}

/* Sum of the counters' growth in the window; -1: none is known. */
static double grown(const struct trial *trial,
                    const enum machine_counter *counters, int count)
{
    double sum = -1;

    for (int i = 0; i < count; i++) {
        int64_t by = machine_grown(&trial->machine_first, &trial->machine_last,
                                   counters[i]);

        if (by >= 0)
            sum = fmax(sum, 0) + (double)by;
    }
    return sum;
}

static void swap(const struct gate_facts *facts, struct gate *gate)
{
    static const enum machine_counter watched[] = {
        MACHINE_SWAPPED_IN, MACHINE_SWAPPED_OUT, MACHINE_OOM_KILLS};
    double count = grown(facts->trial, watched, 3);

    if (!sampled(facts, gate))
        return;
    if (count < 0) {
        gate_skip(gate, "/proc/vmstat cannot be read");
        return;
    }
    gate_most(gate, count, 0);
    gate_say(gate, "%.0f pages swapped or processes killed for lack of memory",
             count);
}

static void major_faults(const struct gate_facts *facts, struct gate *gate)
{
    const struct trial *trial = facts->trial;

    if (!sampled(facts, gate))
        return;
    if (trial->faults_first < 0 || trial->faults_last < 0) {
        gate_skip(gate, "the server has no memory group");
        return;
    }
    gate_most(gate, (double)(trial->faults_last - trial->faults_first), 0);
    gate_say(gate, "the server had to read %.0f pages from the disk",
             gate->value);
}

static void kernel_drops(const struct gate_facts *facts, struct gate *gate)
{
    static const enum machine_counter drops[] = {
        MACHINE_LISTEN_OVERFLOWS, MACHINE_LISTEN_DROPS,
        MACHINE_REQUEST_QUEUE_FULL, MACHINE_BACKLOG_DROPS,
        MACHINE_ABORTS_ON_MEMORY};
    static const enum machine_counter others[] = {MACHINE_TCP_TIMEOUTS,
                                                  MACHINE_RETRANSMITS};
    double count = grown(facts->trial, drops, 5);

    if (!sampled(facts, gate))
        return;
    if (count < 0) {
        gate_skip(gate, "/proc/net/netstat cannot be read");
        return;
    }
    gate_most(gate, count, 0);
    gate_say(gate,
             "the kernel dropped %.0f connections or packets (on this machine, "
             "whoever's they were), %.0f timeouts and retransmissions",
             count, fmax(0, grown(facts->trial, others, 2)));
}

static void limits(const struct gate_facts *facts, struct gate *gate)
{
    const char *words = facts->trial->exhausted;

    gate_most(gate, words[0] != '\0', 0);
    if (words[0] != '\0')
        gate_say(gate, "a limit of the system was hit: %s", words);
    else
        gate_say(gate, "no limit of tasks, descriptors or ports was hit");
}

static void placement(const struct gate_facts *facts, struct gate *gate)
{
    const struct inspection *inspection = &facts->trial->inspection;

    if (!inspection->done || inspection->tasks == 0) {
        gate_skip(gate, "the server's CPUs were not read back");
        return;
    }
    gate_most(gate, inspection->misplaced, 0);
    gate_say(gate,
             "%d of %d of the server's threads may run on other CPUs "
             "than planned",
             inspection->misplaced, inspection->tasks);
}

static void server_in_group(const struct gate_facts *facts, struct gate *gate)
{
    const struct inspection *inspection = &facts->trial->inspection;

    if (!inspection->done || inspection->in_group < 0 || !facts->trial->alive) {
        gate_skip(gate, "the server is gone, or has no group");
        return;
    }
    gate_most(gate, !inspection->in_group, 0);
    gate_say(gate, gate->ok ? "the server is in the groups that are measured"
                            : "the server left the groups that are measured");
}

static void metronome_cost(const struct gate_facts *facts, struct gate *gate)
{
    const struct metronome_report *platform = &facts->trial->platform;

    if (platform->cpus == 0) {
        gate_skip(gate, "no metronome");
        return;
    }
    gate_most(gate,
              (double)platform->cost_ns /
                  (facts->window_ns * (double)platform->cpus),
              0.01 + 1e-3 * SECOND_NS / facts->window_ns);
    gate_say(gate, "watching the machine took %.3g %% of each CPU",
             100 * gate->value);
}

const struct gate_rule gate_machine_rules[] = {
    {"clock", clock_steps, "the machine froze or was suspended",
     FIGURES_TIMED & ~FIGURE_CPU, EFFECT_WITHHELD},
    {"machine_speed", speed, "the CPU ran faster or slower than before",
     FIGURES_TIMED, EFFECT_LEVEL},
    {"metronome_cost", metronome_cost,
     "watching the machine took over 1 % of a CPU", FIGURES_TIMED,
     EFFECT_WITHHELD},
    {"steal", steal, "the hypervisor took over 3 % of the CPUs", FIGURES_LOADED,
     EFFECT_WITHHELD},
    {"cpu_quota", cpu_quota, "a CPU quota that the cell does not ask for",
     FIGURES_LOADED, EFFECT_WITHHELD},
    {"foreign_cpu", foreign_cpu, "other processes used over 5 % of the CPUs",
     FIGURES_LOADED, EFFECT_WITHHELD},
    {"swap", swap, "a page was swapped, or a process killed for lack of memory",
     FIGURES_ALL, EFFECT_WITHHELD},
    {"major_faults", major_faults,
     "the server had to read a page from the disk", FIGURES_TIMED,
     EFFECT_WITHHELD},
    {"kernel_drops", kernel_drops,
     "the kernel counted a dropped connection or packet", FIGURES_TIMED,
     EFFECT_WITHHELD},
    {"limits", limits,
     "generator or server ran out of tasks, descriptors, ports or buffers",
     FIGURES_ALL, EFFECT_WITHHELD},
    {"placement", placement,
     "one of the server's threads may run on another CPU than planned",
     FIGURES_TIMED, EFFECT_WITHHELD},
    {"server_in_group", server_in_group,
     "the server left the groups that are measured",
     FIGURE_CPU | FIGURE_MEMORY | FIGURE_IDLE_MEMORY, EFFECT_WITHHELD},
    {0},
};

/* The gate comes first, so that a server that fails because its store died is
 * not blamed. */
static void store_alive(const struct gate_facts *facts, struct gate *gate)
{
    const char *dead = NULL, *words = "";
    int own = 0;

    for (int store = STORE_NONE + 1; store < STORES; store++) {
        const struct trial_store *one = &facts->trial->stores[store];

        own += one->own;
        if (one->own && !one->alive) {
            dead = store_title(store);
            words = one->words;
        }
    }
    if (own == 0) {
        gate_skip(gate, "the harness started no PostgreSQL and no Redis");
        return;
    }
    gate_most(gate, dead != NULL, 0);
    if (!dead)
        gate_say(gate, "the stores ran at the window's end");
    else
        gate_say(gate, "%s did not survive the window: it %.120s", dead, words);
}

const struct gate_rule gate_store_rules[] = {
    {"store_alive", store_alive,
     "the PostgreSQL or Redis that the harness started died", FIGURES_ALL,
     EFFECT_WITHHELD},
    {0},
};
