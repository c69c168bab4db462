/* SPDX-License-Identifier: MIT
 *
 * The loop over the plan. If a cell lacks a block or a figure that it asks for,
 * the run ends with exit code 3. The first SIGINT or SIGTERM abandons the trial
 * under way and closes the run as incomplete. The second ends the program at
 * once, and the guardian kills whatever is running.
 */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attempt.h"
#include "calibration.h"
#include "harness/base/exit.h"
#include "harness/base/hint.h"
#include "harness/base/json.h"
#include "harness/base/version.h"
#include "harness/results/results.h"
#include "harness/results/stored.h"
#include "harness/results/stored_run.h"
#include "harness/server/models.h"
#include "harness/server/process.h"
#include "harness/statistics/activity.h"
#include "harness/statistics/compare.h"
#include "harness/statistics/conclusion.h"
#include "harness/statistics/memory_slopes.h"
#include "harness/statistics/summary.h"
#include "live.h"
#include "models/runtime/base/clock.h"
#include "planned_search.h"
#include "run_json.h"
#include "setup.h"
#include "until.h"

enum { SAME_REQUEST_NS = 500000000 };

static const int64_t AGAIN_LEAST_NS = INT64_C(10000000000);

static volatile sig_atomic_t stop_signal;
static _Atomic int64_t stopped_at_ns;

/* One request to end can arrive as two signals at once: one from make, and one
 * that goes to make's whole process group. SIGINT comes from a key that a
 * person presses, so each one counts. */
static void on_signal(int signal)
{
    int64_t at_ns = clock_now_ns();

    if (stop_signal == 0) {
        stopped_at_ns = at_ns;
        stop_signal = signal;
    } else if (signal == SIGINT || at_ns - stopped_at_ns > SAME_REQUEST_NS) {
        _exit(128 + signal);
    }
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Reads the trial if an earlier program finished it and its file is whole. */
static bool take_finished(struct run *run, const struct planned_trial *planned)
{
    const json_t *row = json_array_get(json_object_get(run->json, "plan"),
                                       (size_t)(planned - run->plan.trials));
    char why[2048];
    json_t *trial;

    switch (stored_trial(run->results.directory, run->json, row, &trial, why,
                         sizeof why)) {
    case STORED_WHOLE:
        json_array_append_new(run->trials, trial);
        return true;
    case STORED_DAMAGED:
        results_say(&run->results, "warning: %s; the trial is measured again",
                    why);
        return false;
    default:
        return false;
    }
}

/* Reads trials that belong together: all of them or none. */
static bool take_together(struct run *run, const struct planned_trial *planned,
                          int count)
{
    size_t before = json_array_size(run->trials);
    int taken = 0;

    while (taken < count && take_finished(run, &planned[taken]))
        taken++;
    while (taken < count && json_array_size(run->trials) > before)
        json_array_remove(run->trials, before);
    return taken == count;
}

/* Returns the result; an error is also said on stderr. */
static int told(const struct run *run, int result, const char *why)
{
    if (result < 0)
        results_complain(&run->results, "troika bench: %s", why);
    return result;
}

static int write_json(struct run *run, const char *name)
{
    char why[2048];

    return told(
        run,
        results_write_json(&run->results, name, run->json, why, sizeof why),
        why);
}

static int write_run(struct run *run)
{
    return write_json(run, "run.json");
}

/* make, which named a file for the run's directory, tells the result of a whole
 * run with its report. */
static enum conclusion conclusion_of(const struct run *run, int result)
{
    if (run->options.verbose)
        return CONCLUSION_FULL;
    return run->options.file && result == 0 &&
                   json_true_of(run->json, "complete")
               ? CONCLUSION_LOGGED
               : CONCLUSION_BRIEF;
}

/* Computes summary, comparisons and tally, writes run.json and summary.csv, and
 * prints the conclusions. */
static int close_run(struct run *run)
{
    char why[2048], *csv;
    int result = summary_make(run->json, run->trials);

    if (result == 0)
        result = memory_slopes_make(run->json, run->trials);
    if (result == 0)
        result = compare_across(run->json, run->trials);
    run_json_add_primitives(run->results.directory, run->json);
    if (result == 0)
        result = activity_make(run->json, run->trials);

    csv = summary_csv(run->trials);
    if (result == 0)
        result = write_run(run);
    if (result == 0 && csv &&
        results_write_text(&run->results, "summary.csv", csv, why, sizeof why) <
            0)
        results_complain(&run->results, "troika bench: %s", why);
    free(csv);
    conclusion_print(&run->results, run->json, run->trials,
                     conclusion_of(run, result));
    return result;
}

static void tell_line(const char *line, void *context)
{
    results_tell(context, "%s", line);
}

/* Judges the thresholds of the command line, or if there are none those stored
 * in the run, and stores the outcomes. Returns how many are not met. */
static int judge_thresholds(struct run *run)
{
    struct threshold stored[THRESHOLDS_MAX];
    const struct threshold *thresholds = run->options.thresholds;
    int count = run->options.threshold_count, missed;
    json_t *outcomes = json_array();

    if (count == 0) {
        count =
            threshold_stored(json_object_get(run->json, "thresholds"), stored);
        thresholds = stored;
    }
    missed = threshold_judge(thresholds, count, run->json, run->trials,
                             outcomes, tell_line, &run->results);
    json_object_set_new(run->json, "thresholds", outcomes);
    if (count > 0)
        write_run(run);
    return missed;
}

static int exit_code_of(struct run *run, int result)
{
    const json_t *tally = json_object_get(run->json, "tally");

    if (result == -EINTR)
        return 128 + stop_signal;
    if (result < 0)
        return EXIT_FAILED;
    if (judge_thresholds(run) > 0)
        return EXIT_THRESHOLD;
    if (json_integer_of(tally, "invalid") + json_integer_of(tally, "lost") >
            0 ||
        json_is_string(json_object_get(run->json, "untrusted")))
        return EXIT_INVALID;
    return EXIT_OK;
}

static const char *signal_name(int signal)
{
    return signal == SIGINT    ? "SIGINT"
           : signal == SIGTERM ? "SIGTERM"
                               : "SIGHUP";
}

/* Without a metronome the run goes on, and some gates do not apply. */
static void start_metronome(struct run *run)
{
    cpu_set_t cpus;
    int result;

    placement_available(&cpus);
    result = metronome_start(&cpus, &run->metronome);
    if (result < 0)
        results_say(&run->results, "warning: no metronome: %s",
                    strerror(-result));
}

/* Does those of `count` searches of one load point and block that are not
 * finished yet. */
static int do_searches(struct run *run, const struct planned_trial *planned,
                       int count, bool resumed)
{
    const struct planned_trial *group[EXPERIMENT_MODELS_MAX];
    int n = 0;

    for (int i = 0; i < count; i++)
        if (!resumed || !take_finished(run, &planned[i]))
            group[n++] = &planned[i];
    return n > 0 ? planned_search_do(run, group, n) : 0;
}

static bool is_worth_again(const struct run *run,
                           const struct planned_trial *planned, int count)
{
    bool invalid = false;

    for (int i = 0; i < count; i++) {
        const json_t *trial = attempt_finished(run, &planned[i]);

        if (!trial || planned_search_is(run, &planned[i]) ||
            json_true_of(trial, "lasting"))
            return false;
        invalid |= !json_true_of(trial, "valid") || attempt_was_busy(trial);
    }
    return invalid;
}

static int64_t cost_ns(const struct run *run,
                       const struct planned_trial *planned, int count)
{
    return count * plan_trial_ns(plan_point(&run->plan, planned));
}

/* How many trials of the plan, from index `from` on, are worth measuring again,
 * and in *ns the time that they take. */
static int count_again(const struct run *run, int from, int64_t *ns)
{
    int all = 0;

    *ns = 0;
    for (int i = from, count; i < run->plan.trial_count; i += count) {
        const struct planned_trial *planned = &run->plan.trials[i];

        count = plan_together(&run->plan, i);
        if (!is_worth_again(run, planned, count))
            continue;
        all += count;
        *ns += cost_ns(run, planned, count);
    }
    return all;
}

/* Measures trials that were left invalid once more, in the plan's order, after
 * all others: whatever spoiled them may be gone. They may take a quarter of the
 * announced time, less the time that repeated attempts have already taken, but
 * at least ten seconds. A trial that would fail again (a wrong answer, a
 * program that cannot be started) is left out. Trials that were carried out
 * together are measured together again, because they are compared with each
 * other. Of blocks that were added, each has its turn behind it. Returns 0 or a
 * negative errno, as attempt_do. */
static int do_again(struct run *run, int from)
{
    int64_t left_ns = plan_eta_ns(&run->plan, 0) / 4, need_ns;
    int all = count_again(run, from, &need_ns), result = 0;
    char time[64];

    if (run->extra_ns > 0)
        left_ns -= run->extra_ns;
    left_ns = left_ns > AGAIN_LEAST_NS ? left_ns : AGAIN_LEAST_NS;
    if (all == 0)
        return 0;
    results_say(
        &run->results,
        "%d trials are invalid or disturbed by other processes, or belong to "
        "one that is; measuring them once more, for %s%s",
        all,
        plan_duration(need_ns < left_ns ? need_ns : left_ns, time, sizeof time),
        need_ns > left_ns ? ", which is too short for all of them" : "");
    for (int i = from, count; i < run->plan.trial_count && result == 0;
         i += count) {
        const struct planned_trial *planned = &run->plan.trials[i];

        count = plan_together(&run->plan, i);
        if (!is_worth_again(run, planned, count) ||
            cost_ns(run, planned, count) > left_ns)
            continue;
        left_ns -= cost_ns(run, planned, count);
        result = *run->stop != 0 ? -EINTR : attempt_again(run, planned, count);
    }
    return result;
}

/* Stores the run's plan. From here on the run can be resumed. */
static int begin(struct run *run, bool resumed)
{
    char why[2048];

    return resumed
               ? write_run(run)
               : told(run,
                      results_begin(&run->results, run->json, why, sizeof why),
                      why);
}

/* Calibration is over and nothing that trials depend on will change. So the run
 * is stored a second time, under a name that is never written again, from which
 * the run can go on if run.json gets damaged. */
static int keep_start(struct run *run, bool resumed)
{
    int result = resumed ? 0 : write_json(run, RESULTS_START);

    return result < 0 ? result : write_run(run);
}

/* Carries out those trials of the plan, from index `from` on, that are not
 * finished yet. Returns 0 or a negative errno. */
static int do_trials(struct run *run, int from, bool resumed)
{
    int result = 0;

    for (int i = from, count; i < run->plan.trial_count && result == 0;
         i += count) {
        const struct planned_trial *planned = &run->plan.trials[i];

        count = plan_together(&run->plan, i);
        if (stop_signal != 0)
            result = -EINTR;
        else if (planned_search_is(run, planned))
            result = do_searches(run, planned, count, resumed);
        else if (!resumed || !take_together(run, planned, count))
            result = attempt_do(run, planned, count);
    }
    return result == 0 ? do_again(run, from) : result;
}

/* Carries out the plan, and with --until the blocks that are added to it. */
static int do_plan(struct run *run, bool resumed)
{
    int from = 0, added, result;

    do {
        result = do_trials(run, from, resumed);
        from = run->plan.trial_count;
        added = result == 0 ? until_extend(run) : 0;
        if (added < 0)
            result = told(run, added, "out of memory");
        else if (added > 0)
            result = write_run(run);
    } while (result == 0 && added > 0);
    return result;
}

/* Carries out all trials that are not finished yet, then closes the run.
 * Returns an exit code. */
static int carry_out(struct run *run, bool resumed)
{
    int result = begin(run, resumed);

    run->live = live_open(run);
    backend_server_find(&run->backend, run->models);
    if (!json_object_get(run->json, "ceilings"))
        json_object_set_new(run->json, "ceilings", json_array());
    start_metronome(run);
    if (result == 0)
        result = calibration_do(run);
    if (result == 0)
        result = keep_start(run, resumed);
    if (result == 0)
        result = do_plan(run, resumed);
    backend_server_stop(&run->backend);
    store_server_stop_all(run->stores);
    metronome_stop(run->metronome);
    live_close(run->live);
    run->live = NULL;
    json_object_set_new(run->json, "complete", json_boolean(result == 0));
    json_object_set_new(run->json, "interrupted",
                        result == -EINTR ? json_string(signal_name(stop_signal))
                                         : json_null());
    json_object_set_new(run->json, "ended_at", json_time(time(NULL)));
    /* Even if the disk is full, the figures are computed and printed. */
    int closed = close_run(run);
    return exit_code_of(run, result < 0 ? result : closed);
}

static struct run new_run(const struct run_options *options)
{
    return (struct run){.options = *options,
                        .results = {.lock_fd = -1},
                        .trials = json_array(),
                        .stop = &stop_signal};
}

/* Says why the run was refused, if so, and frees the run. Returns the code. */
static int end_run(struct run *run, const char *verb, int code)
{
    if (run->why[0] != '\0')
        fprintf(stderr, "troika %s: %s\n", verb, run->why);
    json_decref(run->json);
    json_decref(run->trials);
    plan_free(&run->plan);
    setup_free(run);
    results_close(&run->results);
    return code;
}

int run_bench(char *const *names, int count, const struct run_options *options)
{
    struct run run = new_run(options);
    int code;

    run.models = models_all();
    code = setup_plan(&run, names, count);

    if (code == EXIT_OK && options->dry_run) {
        char until[256];

        plan_print(&run.plan, until_words(&run, until, sizeof until), stdout);
    } else if (code == EXIT_OK) {
        catch_signals();
        code = setup_results(&run);
        if (code == EXIT_OK)
            code = carry_out(&run, false);
    }
    return end_run(&run, "bench", code);
}

/* The run keeps its name if its folder was renamed. */
static void take_run_id(struct results *results, const json_t *run)
{
    const char *id = json_string_of(run, "run_id");

    if (id && id[0] != '\0' && strlen(id) < sizeof results->run_id)
        snprintf(results->run_id, sizeof results->run_id, "%s", id);
}

static int open_stored(struct run *run, const char *directory)
{
    char newest[640], path[1024], problem[2048], wrong[256];

    if (!directory) {
        char root[512];

        results_default_root(root, sizeof root);
        snprintf(newest, sizeof newest, "%.512s/latest",
                 run->options.root ? run->options.root : root);
        directory = newest;
    }
    if (results_open(directory, &run->results, run->why, sizeof run->why) < 0)
        return EXIT_FAILED;
    run->results.quiet = run->options.quiet;
    run->results.mute = run->options.mute;
    snprintf(path, sizeof path, "%s/run.json", run->results.directory);
    run->json = stored_json(path, NULL, problem, sizeof problem);
    if (run->json && stored_run_check(run->json, wrong, sizeof wrong)) {
        take_run_id(&run->results, run->json);
        return results_go_on(&run->results, run->why, sizeof run->why) < 0
                   ? EXIT_FAILED
                   : EXIT_OK;
    }
    if (run->json)
        snprintf(problem, sizeof problem,
                 "%s: the file is damaged: it is not the plan of a run of this "
                 "version of troika: %s",
                 path, wrong);
    stored_run_explain_lost(run->results.directory, problem, run->why,
                            sizeof run->why);
    return EXIT_FAILED;
}

int run_resume(const char *directory, const struct run_options *options)
{
    struct run run = new_run(options);
    int code = open_stored(&run, directory);

    if (code == EXIT_OK) {
        run.models = models_all();
        code = setup_resume(&run);
    }
    if (code == EXIT_OK) {
        catch_signals();
        json_object_set_new(run.json, "complete", json_false());
        json_object_set_new(run.json, "interrupted", json_null());
        code = carry_out(&run, true);
    }
    return end_run(&run, "bench", code);
}

static void say_damaged(const char *why, void *context)
{
    (void)context;
    fprintf(stderr, "troika summarise: %s\n", why);
}

/* A summary without the damaged trials would look complete. */
static int refuse_damaged(const struct results *results,
                          const struct stored_problems *problems)
{
    char command[4096];

    if (problems->damaged_trials > 0)
        fprintf(stderr,
                "troika summarise: %d stored trial%s damaged, and the stored "
                "summary stays as it is; remove what is named above, then "
                "measure it again: %s\n",
                problems->damaged_trials,
                problems->damaged_trials == 1 ? " is" : "s are",
                hint_resume(results->directory, command, sizeof command));
    else
        fprintf(stderr,
                "troika summarise: what is named above are attempts that were "
                "repeated, which no figure uses: remove them, then summarise "
                "again; the stored summary stays as it is\n");
    return EXIT_FAILED;
}

/* In a complete run every trial was done, so a trial without a file was lost:
 * the run becomes incomplete. Returns an exit code. */
static int note_missing(struct run *run, const struct stored_problems *problems)
{
    char command[4096];

    if (problems->missing == 0 || !json_true_of(run->json, "complete"))
        return EXIT_OK;
    fprintf(stderr,
            "troika summarise: %d trial%s of a complete run %s no file any "
            "more, first trials/%s.json; measure again: %s\n",
            problems->missing, problems->missing == 1 ? "" : "s",
            problems->missing == 1 ? "has" : "have", problems->first_missing,
            hint_resume(run->results.directory, command, sizeof command));
    json_object_set_new(run->json, "complete", json_false());
    return EXIT_INVALID;
}

static int summarise(struct run *run)
{
    struct stored_problems problems = stored_all(
        run->results.directory, run->json, run->trials, say_damaged, NULL);
    int missing, code;

    if (problems.damaged_trials + problems.damaged_attempts > 0)
        return refuse_damaged(&run->results, &problems);
    missing = note_missing(run, &problems);
    code = exit_code_of(run, close_run(run));
    return code != EXIT_OK ? code : missing;
}

int run_summarise(const char *directory, const struct run_options *options)
{
    struct run run = new_run(options);
    int code = open_stored(&run, directory);

    if (code == EXIT_OK)
        code = summarise(&run);
    return end_run(&run, "summarise", code);
}
