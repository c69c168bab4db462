/* SPDX-License-Identifier: MIT
 *
 * Some gates judge only open loops, second loads, backends, stores or slices.
 * Their faults first give the trial a good one of these.
 */
#include "planted.h"

#include <stdio.h>
#include <string.h>

#include "harness/trial/trial.h"

static const int64_t MS = 1000000;

static double window_ns(const struct trial *trial)
{
    return (double)(trial->load->window_end_ns - trial->load->window_start_ns);
}

static double machine_ns(const struct trial *trial)
{
    return (double)trial->machine_first.cpus *
           (double)(trial->machine_last.at_ns - trial->machine_first.at_ns);
}

/* Makes an open loop of the closed one: the schedule asked for exactly its
 * requests. */
static void make_open(const struct good_trial *good)
{
    good->point->mode = LOAD_OPEN;
    good->point->rate_per_s =
        (double)good->trial->load->scheduled * 1e9 / window_ns(good->trial);
}

static void send_late(struct load_result *load, uint64_t count, int64_t late_ns)
{
    int64_t service_ns = load->service.max_ns;

    for (uint64_t i = 0; i < count; i++) {
        histogram_record(&load->response, service_ns + late_ns);
        histogram_record(&load->punctual, service_ns);
        histogram_record(&load->lag_free, late_ns);
    }
}

static void store_died(const struct good_trial *good)
{
    good->trial->stores[STORE_POSTGRESQL] =
        (struct trial_store){.used = true, .own = true, .alive = false};
}

static void request_unaccounted(const struct good_trial *good)
{
    good->trial->load->scheduled++;
}

static void body_wrong(const struct good_trial *good)
{
    good->trial->load->wrong++;
    good->trial->load->ok--;
}

static void requests_failed(const struct good_trial *good)
{
    struct load_result *load = good->trial->load;
    uint64_t failed = load->scheduled / 100;

    load->io_error += failed;
    load->ok -= failed;
}

static void connection_missing(const struct good_trial *good)
{
    good->trial->load->connections_open--;
}

static int64_t no_wait(const struct arguments *arguments)
{
    (void)arguments;
    return 0;
}

static void no_session(int fd, const struct arguments *arguments)
{
    (void)fd, (void)arguments;
}

static void websocket_lost(const struct good_trial *good)
{
    static const struct workload talk = {
        .kind = WORKLOAD_IDLE, .wait_ns = no_wait, .session = no_session};
    static const struct workload_entry entry = {"talk", &talk};

    good->point->workload = &entry;
    good->trial->load->lost = 1;
}

static void requests_resent(const struct good_trial *good)
{
    good->trial->load->resent = good->trial->load->scheduled / 10;
}

static void connection_forgotten(const struct good_trial *good)
{
    struct load_result *load = good->trial->load;

    load->oldest_unanswered_ns = 4 * load->service.max_ns;
    load->overtaken = 20;
}

static void nothing_answered(const struct good_trial *good)
{
    good->trial->load->completed_in_window = 0;
}

static void connections_idle(const struct good_trial *good)
{
    good->trial->load->in_flight_integral_ns *= 0.8;
}

static void answers_uncounted(const struct good_trial *good)
{
    struct load_result *load = good->trial->load;

    load->completed_in_window -= load->completed_in_window / 5;
}

static void few_sent_late(const struct good_trial *good)
{
    struct load_result *load = good->trial->load;

    make_open(good);
    /* More than a tenth: a slow machine has too few requests for a p99. */
    send_late(load, load->scheduled / 7, load->service.max_ns / 10);
}

static void most_sent_late(const struct good_trial *good)
{
    struct load_result *load = good->trial->load;

    make_open(good);
    send_late(load, load->scheduled * 2, load->service.max_ns / 10);
}

static void generator_saturated(const struct good_trial *good)
{
    struct load_result *load = good->trial->load;

    load->cpu_ns = (int64_t)(0.95 * load->processes * window_ns(good->trial));
}

/* Adds a backend that is in time and used this share of a CPU. */
static void call_backend(struct trial *trial, double share)
{
    trial->has_backend = true;
    trial->backend =
        (struct backend_report){.cpu_ns = (int64_t)(share * window_ns(trial)),
                                .span_ns = (int64_t)window_ns(trial)};
}

/* Neither generator nor backend is too busy by itself. */
static void clients_saturated(const struct good_trial *good)
{
    struct trial *trial = good->trial;

    trial->cpus.apart = true;
    trial->cpus.clients_count = 1;
    trial->load->cpu_ns = (int64_t)(0.5 * window_ns(trial));
    call_backend(trial, 0.45);
}

static void backend_late(const struct good_trial *good)
{
    struct trial *trial = good->trial;

    call_backend(trial, 0.2);
    trial->backend.lateness_p90_ns = trial->load->service.max_ns;
    trial->backend.lateness_p99_ns = trial->load->service.max_ns;
}

static void backend_saturated(const struct good_trial *good)
{
    call_backend(good->trial, 0.9);
}

static void sampled_late(const struct good_trial *good)
{
    good->trial->last.at_ns += 100 * MS;
}

static void server_died(const struct good_trial *good)
{
    good->trial->alive = false;
}

static void server_lingered(const struct good_trial *good)
{
    good->trial->clean = false;
}

/* Adds a second load without a fault. */
static struct load_result *add_load(struct trial *trial)
{
    static struct load_result beside;

    memset(&beside, 0, sizeof beside);
    beside.scheduled = beside.ok = 100;
    trial->beside = &beside;
    return &beside;
}

static void second_load_failed(const struct good_trial *good)
{
    struct load_result *beside = add_load(good->trial);

    beside->io_error++;
    beside->ok--;
}

static void second_load_late(const struct good_trial *good)
{
    send_late(add_load(good->trial), 100, 5 * MS);
}

static void answered_early(const struct good_trial *good)
{
    histogram_record(&good->trial->load->service, 1 * MS);
}

static void asked_too_little(const struct good_trial *good)
{
    make_open(good);
    good->point->rate_per_s *= 1.5;
}

static void server_restarted(const struct good_trial *good)
{
    good->trial->listeners_first = 1;
    good->trial->listeners_last = 2;
}

static void read_too_long(const struct good_trial *good)
{
    good->trial->sampler.count++;
    good->trial->sampler.cpu_ns += 100 * MS;
}

/* Adds two slices without a fault, which fill the window. Returns them. */
static struct trial_slices *make_slices(struct trial *trial)
{
    enum { COUNT = 2 };
    static union {
        struct trial_slices slices;
        char bytes[sizeof(struct trial_slices) + COUNT * sizeof(struct slice)];
    } memory;
    int64_t slice_ns = (int64_t)window_ns(trial) / COUNT;

    trial->slices = &memory.slices;
    trial->slices->count = COUNT;
    trial->slices->slice_ns = slice_ns;
    for (int i = 0; i < COUNT; i++)
        trial->slices->rows[i] = (struct slice){.counted_ns = slice_ns};
    return trial->slices;
}

static void others_worked(const struct good_trial *good)
{
    struct trial_slices *slices = make_slices(good->trial);

    slices->rows[0].idle_cpu_ns = slices->rows[0].counted_ns / 20;
}

static void slices_read_late(const struct good_trial *good)
{
    struct trial_slices *slices = make_slices(good->trial);

    for (int i = 0; i < slices->count; i++)
        slices->rows[i].late_ns = slices->rows[i].counted_ns / 5;
}

static void rate_rose(const struct good_trial *good)
{
    for (int i = 0; i < LOAD_PARTS; i++)
        good->trial->load->parts[i] = (uint64_t)(10000 + 1000 * i);
}

static void sent_regularly(const struct good_trial *good)
{
    struct load_result *load = good->trial->load;

    make_open(good);
    load->lag_free.count = load->scheduled;
    load->bin_count = 100;
    load->bin_ns = (int64_t)window_ns(good->trial) / 100;
    for (int i = 0; i < load->bin_count; i++)
        load->bins[i] = (uint32_t)(load->scheduled / 100);
}

/* Adds what the metronome may lack on this machine, such as real-time priority,
 * so that its gates apply. */
static struct metronome_report *beat(struct trial *trial)
{
    struct metronome_report *platform = &trial->platform;

    platform->realtime = true;
    if (platform->cpus == 0)
        platform->cpus = 1;
    if (platform->speed_per_us <= 0)
        platform->speed_per_us = 100;
    return platform;
}

static void machine_stopped(const struct good_trial *good)
{
    histogram_record(&beat(good->trial)->lateness, 60 * MS);
}

static void machine_suspended(const struct good_trial *good)
{
    beat(good->trial);
    good->trial->machine_last.asleep_ns += 5000 * MS;
}

static void machine_slower(const struct good_trial *good)
{
    good->plan->usual_speed = 1.3 * beat(good->trial)->speed_per_us;
}

static void watched_too_much(const struct good_trial *good)
{
    struct metronome_report *platform = beat(good->trial);

    platform->cost_ns =
        (int64_t)(0.05 * platform->cpus * window_ns(good->trial));
}

static void cpu_stolen(const struct good_trial *good)
{
    good->trial->machine_first.steal_ns = 0;
    good->trial->machine_last.steal_ns =
        (int64_t)(0.05 * machine_ns(good->trial));
}

/* Twice the time of all CPUs, which is more than the trial itself can have
 * used. */
static void others_busy(const struct good_trial *good)
{
    good->trial->machine_first.busy_ns = 0;
    good->trial->machine_last.busy_ns = (int64_t)(2 * machine_ns(good->trial));
}

static void quota_hidden(const struct good_trial *good)
{
    good->trial->throttled_first = (struct meter_throttled){0, 0};
    good->trial->throttled_last =
        (struct meter_throttled){0, (int64_t)(0.05 * window_ns(good->trial))};
}

static void count_one(struct trial *trial, enum machine_counter counter)
{
    trial->machine_first.counters[counter] = 0;
    trial->machine_last.counters[counter] = 1;
}

static void page_swapped(const struct good_trial *good)
{
    count_one(good->trial, MACHINE_SWAPPED_OUT);
}

static void process_killed(const struct good_trial *good)
{
    count_one(good->trial, MACHINE_OOM_KILLS);
}

static void page_read(const struct good_trial *good)
{
    good->trial->faults_first = 0;
    good->trial->faults_last = 1;
}

static void connection_dropped(const struct good_trial *good)
{
    count_one(good->trial, MACHINE_LISTEN_DROPS);
}

static void limit_hit(const struct good_trial *good)
{
    snprintf(good->trial->exhausted, sizeof good->trial->exhausted,
             "3 tasks refused by pids.max");
}

static void thread_moved(const struct good_trial *good)
{
    good->trial->inspection = (struct inspection){
        .done = true, .tasks = 1, .misplaced = 1, .in_group = -1};
}

static void group_left(const struct good_trial *good)
{
    good->trial->inspection = (struct inspection){.done = true, .in_group = 0};
}

const struct planted_fault planted_faults[] = {
    {"store_alive", "a PostgreSQL that died", store_died, NULL},
    {"identity", "one request more than accounted for", request_unaccounted,
     NULL},
    {"wrong_bodies", "one wrong body", body_wrong, NULL},
    {"errors", "one request in a hundred failed", requests_failed, NULL},
    {"connections", "one connection less", connection_missing, NULL},
    {"held", "a WebSocket that was lost", websocket_lost, NULL},
    {"resent", "one request in ten sent once more", requests_resent, NULL},
    {"oldest_unanswered", "a connection that was forgotten",
     connection_forgotten, NULL},
    {"answers", "not one answer", nothing_answered, NULL},
    {"in_flight", "connections idle for a fifth", connections_idle,
     "in_flight little"},
    {"little", "a fifth of the answers not counted", answers_uncounted, NULL},
    {"generator_lag", "one request in seven sent late", few_sent_late, NULL},
    {"generator_lag_median", "most requests sent late", most_sent_late,
     "generator_lag generator_lag_median"},
    {"generator_busy", "a generator at 95 %", generator_saturated,
     "generator_busy clients_busy"},
    {"clients_busy", "generator and backend together at 95 %",
     clients_saturated, NULL},
    {"backend_lateness", "a backend as late as an answer", backend_late, NULL},
    {"backend_busy", "a backend at 90 %", backend_saturated,
     "clients_busy backend_busy"},
    {"sampler", "a sample 100 ms late", sampled_late, NULL},
    {"server_alive", "a server that died", server_died, NULL},
    {"server_clean", "a server that did not end when told to", server_lingered,
     NULL},
    {"beside_counts", "a second load with an error", second_load_failed, NULL},
    {"beside_lag", "a second load sent 5 ms late", second_load_late, NULL},
    {"service_floor", "an answer after 1 ms of 5", answered_early, NULL},
    {"offered_rate", "two thirds of the rate asked for", asked_too_little,
     NULL},
    {"server_restarted", "another listening socket", server_restarted, NULL},
    {"sampler_cost", "readings of the server that took 100 ms more",
     read_too_long, NULL},
    {"slices_idle", "a waiting server that uses 2.5 % of a CPU", others_worked,
     NULL},
    {"slices_sampled", "slices whose CPU was read late", slices_read_late,
     NULL},
    {"steady", "a rate that rises", rate_rose, NULL},
    {"arrivals", "requests as regular as a clock", sent_regularly, NULL},
    {"clock", "a machine that stood still", machine_stopped, NULL},
    {"clock", "a machine that was suspended", machine_suspended, NULL},
    {"machine_speed", "a machine 30 % slower", machine_slower, NULL},
    {"metronome_cost", "a metronome that takes 5 %", watched_too_much, NULL},
    {"steal", "5 % of the CPUs stolen", cpu_stolen, NULL},
    {"cpu_quota", "a quota around the harness", quota_hidden, NULL},
    {"foreign_cpu", "CPU time of other processes", others_busy, NULL},
    {"swap", "a page swapped out", page_swapped, NULL},
    {"swap", "a process killed for memory", process_killed, NULL},
    {"major_faults", "a page read from the disk", page_read, NULL},
    {"kernel_drops", "a connection dropped", connection_dropped, NULL},
    {"limits", "a task refused by a limit", limit_hit, NULL},
    {"placement", "a thread on another CPU", thread_moved, NULL},
    {"server_in_group", "a server outside its groups", group_left, NULL},
    {0},
};
