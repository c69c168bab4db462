/* SPDX-License-Identifier: MIT
 *
 * One real trial of a good server; then, one at a time, a fact is written into
 * it that this machine cannot be made to show at will: a swapped page, a
 * stolen CPU, a suspended machine. Each must be noticed by its own gate.
 */
#include "test_trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "play.h"

static const int64_t MS = 1000000;

static double window_ns(const struct trial *trial)
{
    return (double)(trial->load->window_end_ns - trial->load->window_start_ns);
}

static void miscount(struct play *play)
{
    play->trial->load->scheduled++;
}

static void lose_answers(struct play *play)
{
    struct load_result *load = play->trial->load;

    load->completed_in_window -= load->completed_in_window / 5;
}

static void rest_connections(struct play *play)
{
    play->trial->load->in_flight_integral_ns *= 0.8;
}

static void close_one(struct play *play)
{
    play->trial->load->connections_open--;
}

static void slope(struct play *play)
{
    for (int i = 0; i < LOAD_PARTS; i++)
        play->trial->load->parts[i] = (uint64_t)(10000 + 1000 * i);
}

static void be_busy(struct play *play)
{
    struct load_result *load = play->trial->load;
    double cpus = load->processes;

    load->cpu_ns = (int64_t)(0.95 * cpus * window_ns(play->trial));
}

static void sample_late(struct play *play)
{
    play->trial->last.at_ns += 100 * MS;
}

static void stand_still(struct play *play)
{
    histogram_record(&play->trial->platform.lateness, 60 * MS);
}

static void suspend(struct play *play)
{
    play->trial->machine_last.asleep_ns += 5000 * MS;
}

static void slow_down(struct play *play)
{
    play->plan.usual_speed = 1.3 * play->trial->platform.speed_per_us;
}

static void watch_closely(struct play *play)
{
    struct metronome_report *platform = &play->trial->platform;

    platform->cost_ns =
        (int64_t)(0.05 * platform->cpus * window_ns(play->trial));
}

static void steal(struct play *play)
{
    struct machine_sample *last = &play->trial->machine_last;

    last->steal_ns += (int64_t)(0.05 * last->cpus * window_ns(play->trial));
}

static void count_one(struct play *play, enum machine_counter counter)
{
    play->trial->machine_last.counters[counter]++;
}

static void swap(struct play *play)
{
    count_one(play, MACHINE_SWAPPED_OUT);
}

static void kill_for_memory(struct play *play)
{
    count_one(play, MACHINE_OOM_KILLS);
}

static void drop_connection(struct play *play)
{
    count_one(play, MACHINE_LISTEN_DROPS);
}

static void read_page(struct play *play)
{
    play->trial->faults_last++;
}

static void answer_early(struct play *play)
{
    histogram_record(&play->trial->load->service, 1 * MS);
}

static void start_again(struct play *play)
{
    play->trial->listeners_last++;
}

static void look_too_long(struct play *play)
{
    play->trial->sampler.cpu_ns += 100 * MS;
}

static const struct fact {
    const char *gate, *what;
    void (*write)(struct play *play);
} facts[] = {
    {"identity", "one request more than accounted for", miscount},
    {"service_floor", "an answer after 1 ms of 5", answer_early},
    {"server_restarted", "another listening socket", start_again},
    {"sampler_cost", "looks that took 100 ms more", look_too_long},
    {"little", "a fifth of the answers not counted", lose_answers},
    {"in_flight", "connections idle for a fifth", rest_connections},
    {"connections", "one connection less", close_one},
    {"steady", "a rate that rises", slope},
    {"generator_busy", "a generator at 95 %", be_busy},
    {"sampler", "a sample 100 ms late", sample_late},
    {"clock", "a machine that stood still", stand_still},
    {"clock", "a machine that was suspended", suspend},
    {"machine_speed", "a machine 30 % slower", slow_down},
    {"metronome_cost", "a metronome that takes 5 %", watch_closely},
    {"steal", "5 % of the CPUs stolen", steal},
    {"swap", "a page swapped out", swap},
    {"swap", "a process killed for memory", kill_for_memory},
    {"major_faults", "a page read from the disk", read_page},
    {"kernel_drops", "a connection dropped", drop_connection},
};

/* A gate that cannot judge on this machine has nothing to be checked. */
static void check(struct play *play, struct outcome *outcome,
                  const struct fact *fact)
{
    const struct gate *gate;
    char expected[64];

    fact->write(play);
    play_judge(play);
    gate = play_gate(play, fact->gate);
    if (gate != NULL && gate->ok && !gate->applied)
        return;
    snprintf(expected, sizeof(expected), "gate %s fails", fact->gate);
    outcome_words(outcome, fact->what, expected,
                  gate != NULL ? gate->words : "no such gate",
                  gate != NULL && !gate->ok);
}

static void check_all(struct play *play, struct outcome *outcome)
{
    struct trial trial = *play->trial;
    struct trial_plan plan = play->plan;
    struct load_result *load = malloc(sizeof(*load));

    if (load == NULL) {
        outcome_broken(outcome, "memory", -ENOMEM);
        return;
    }
    *load = *trial.load;
    for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
        check(play, outcome, &facts[i]);
        play->plan = plan;
        *play->trial = trial;
        *play->trial->load = *load;
    }
    free(load);
}

void test_trial_facts(struct outcome *outcome)
{
    struct play play;

    if (play_prepare(&play, "wait", "delay=5ms", outcome) == 0) {
        play_carry_out(&play);
        if (play.trial->end == TRIAL_DONE)
            check_all(&play, outcome);
        else
            outcome_words(outcome, "a good trial", "is carried out",
                          play.trial->failure, false);
    }
    play_end(&play);
}
