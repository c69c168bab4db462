/* SPDX-License-Identifier: MIT
 *
 * `troika load URL`: the generator alone, used like wrk, against any HTTP/1.1
 * server. Standard output holds the result and nothing else.
 *
 * While it runs, a terminal on stderr shows how it goes. The first Ctrl-C (or
 * SIGTERM) ends the window and prints a partial result; the second one kills.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/exit.h"
#include "harness/base/names.h"
#include "harness/load/answers.h"
#include "harness/load/options.h"
#include "harness/load/view/view.h"
#include "harness/ramp/ramp.h"
#include "verbs.h"

enum {
    CHECK_SEEDS = 16, /* few, since the answers are computed before the load */
    NAMES_MAX = 64,
};

static const double errors_max = 0.001;
static const int64_t expect_max_bytes = INT64_C(1) << 30;

static struct load *_Atomic running;
static volatile sig_atomic_t stop_signal;

static void on_stop(int signal)
{
    stop_signal = signal;
    if (running)
        load_stop(running);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_stop, .sa_flags = SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Reads a whole file into allocated memory. Returns 0 or a negative errno. */
static int read_file(const char *path, char **bytes, size_t *size)
{
    FILE *file = !strcmp(path, "-") ? stdin : fopen(path, "rb");
    if (!file)
        return -errno;
    FILE *memory = open_memstream(bytes, size);
    char part[65536];
    size_t count;
    int64_t total = 0;
    while (memory && (count = fread(part, 1, sizeof part, file)) > 0 &&
           (total += (int64_t)count) <= expect_max_bytes)
        fwrite(part, 1, count, memory);
    int status = !memory                    ? -ENOMEM
                 : ferror(file)             ? -EIO
                 : total > expect_max_bytes ? -EFBIG
                                            : 0;
    if (file != stdin)
        fclose(file);
    if (memory && fclose(memory) != 0 && status == 0)
        status = -ENOMEM;
    return status;
}

static int read_or_say(const char *option, const char *path, char **bytes,
                       size_t *size)
{
    int status = read_file(path, bytes, size);
    if (status < 0)
        fprintf(stderr, "troika load: reading %s %s: %s\n", option, path,
                strerror(-status));
    return status;
}

/* Makes the request that the options describe. Only one with an idempotent
 * method may be sent twice. */
static int make_request(const struct load_options *options,
                        struct load_request *request)
{
    struct load_asked asked = {.method = options->method,
                               .headers = options->headers,
                               .body = options->body,
                               .body_size =
                                   options->body ? strlen(options->body) : 0};
    char *body = NULL;
    if (options->body_path) {
        int status = read_or_say("--body-file", options->body_path, &body,
                                 &asked.body_size);
        asked.body = body;
        if (status < 0) {
            free(body);
            return status;
        }
    }
    if (!asked.method)
        asked.method = asked.body ? "POST" : "GET";
    request->head = !strcmp(asked.method, "HEAD");
    request->unsafe = !load_target_idempotent(asked.method);
    request->bytes =
        load_target_request(&options->target, &asked, &request->size);
    free(body);
    return request->bytes ? 0 : -ENOMEM;
}

static int make_plain(const struct load_options *options,
                      struct load_request **requests)
{
    struct load_request *request = calloc(1, sizeof *request);
    if (!request)
        return -ENOMEM;
    *requests = request;
    int status = make_request(options, request);
    if (status < 0 || !options->expect_path)
        return status;
    char *body = NULL;
    status = read_or_say("--expect", options->expect_path, &body,
                         &request->body_size);
    request->body = body;
    return status;
}

static void unknown_workload(const char *name)
{
    const char *known[NAMES_MAX + 1] = {NULL};
    char hint[512];
    for (int i = 0; i < NAMES_MAX && workloads[i].name; i++)
        known[i] = workloads[i].name;
    fprintf(stderr, "troika load: --check: \"%s\" is no workload%s\n", name,
            names_suggest(name, known, hint, sizeof hint));
}

static int make_checked(const struct load_options *options,
                        struct load_request **requests,
                        struct load_greeting **greeting)
{
    char name[64], why[512];
    const char *path = options->target.path + 1;
    size_t length = strcspn(path, "?");
    snprintf(name, sizeof name, "%.*s", (int)length, path);
    const char *query = path[length] ? path + length + 1 : "";
    const struct workload_entry *entry = workload_find(name);
    if (!entry) {
        unknown_workload(name);
        return -EINVAL;
    }
    struct arguments arguments;
    int status =
        parameters_parse_query(entry->workload->parameters, query,
                               strlen(query), &arguments, why, sizeof why);
    if (status < 0) {
        fprintf(stderr, "troika load: --check: /%s: %s\n", name, why);
        return -EINVAL;
    }
    status = answers_greeting(entry, &arguments, greeting);
    return status < 0 ? status
                      : answers_make(entry, &arguments, arguments.seed,
                                     CHECK_SEEDS, requests);
}

/* Why the figures are not valid, or NULL. */
static const char *judge(const struct load_result *result,
                         const struct ramp *ramp, char *text, size_t size)
{
    uint64_t errors = result->http_error + result->io_error + result->timeout;
    /* Behind the knee of a rate that rises, errors are a finding. */
    double share = ramp->rises ? ramp_error_share(ramp)
                               : (double)errors / (double)result->scheduled;
    if (result->wrong)
        snprintf(text, size, "%lu answers had a wrong body", result->wrong);
    else if (result->scheduled == 0)
        snprintf(text, size, "no request ended in the window");
    else if (share > errors_max)
        snprintf(text, size, "%.2f %% of the requests%s failed (limit %.1f %%)",
                 100 * share,
                 ramp->rises && ramp->knee.verdict == KNEE_FOUND
                     ? " up to the knee"
                     : "",
                 100 * errors_max);
    else
        return NULL;
    return text;
}

static FILE *open_output(const char *path)
{
    return path && strcmp(path, "-") != 0 ? fopen(path, "w") : stdout;
}

/* Closes a file and reports what failed; `status` is the result of writing.
 * Failures of standard output are reported when the program ends. Returns 0 or
 * a negative errno. */
static int close_output(FILE *file, int status, const char *what,
                        const char *path)
{
    if (file == stdout)
        return status < 0 || fflush(file) == 0 ? status : -errno;
    if (file && fclose(file) != 0 && status == 0)
        status = -errno;
    if (status < 0)
        fprintf(stderr, "troika load: writing the %s to %s: %s\n", what, path,
                strerror(-status));
    return status;
}

static int write_result(const struct load_options *options,
                        const struct ramp *ramp, const struct load_print *print)
{
    const char *path = options->output_path;
    FILE *file = open_output(path);
    int status = file ? load_print_write(print, options->format, file) : -errno;
    if (status == 0 && options->format == FORMAT_TEXT)
        ramp_print(ramp, file);
    status = close_output(file, status, "result", path);
    path = options->hgrm_path;
    if (!path || status < 0)
        return status;
    file = open_output(path);
    status =
        file ? histogram_write_hgrm(load_print_headline(print), file) : -errno;
    return close_output(file, status, "histogram", path);
}

static int exit_of(const struct load_print *print)
{
    if (stop_signal)
        return stop_signal == SIGINT ? EXIT_SIGINT : EXIT_SIGTERM;
    return print->reason ? EXIT_INVALID : EXIT_OK;
}

static int present(const struct load_options *options, const struct ramp *ramp,
                   const struct load_result *result)
{
    char reason[128];
    json_t *intervals = ramp->rows ? ramp_json(ramp) : NULL;
    struct load_print print = {
        .spec = &options->plan,
        .result = result,
        .url = options->url,
        .percentile_count = options->percentile_count,
        .compared = options->plan.requests[0].body != NULL,
        .complete = !stop_signal,
        .reason = judge(result, ramp, reason, sizeof reason),
        .ramp = intervals,
    };
    memcpy(print.percentiles, options->percentiles, sizeof print.percentiles);
    if (result->connections_open < options->plan.connections &&
        result->window_end_ns > result->window_start_ns)
        fprintf(stderr,
                "troika load: warning: %d of %d connections were open when "
                "the window began\n",
                result->connections_open, options->plan.connections);
    int code =
        write_result(options, ramp, &print) < 0 ? EXIT_FAILED : exit_of(&print);
    json_decref(intervals);
    return code;
}

/* Tells the intervals while the load runs, if they are asked for. Standard
 * output has them where the result is for people. Returns 0 or a negative
 * errno. */
static int follow(const struct load_options *options, struct load *load,
                  int64_t begun_ns, struct ramp *ramp)
{
    bool plain = options->format == FORMAT_TEXT &&
                 (!options->output_path || !strcmp(options->output_path, "-"));
    struct ramp_streams streams = {.text = plain ? stdout : stderr};
    const char *path = options->intervals_path;
    if (options->plan.interval_ns == 0)
        return 0;
    int status = ramp_init(ramp, &options->plan);
    if (status < 0)
        fputs("troika load: the intervals: out of memory\n", stderr);
    if (path)
        streams.json = open_output(path);
    if (path && !streams.json)
        status = -errno;
    if (status < 0)
        return path ? close_output(streams.json, status, "intervals", path)
                    : status;
    status = ramp_follow(ramp, load, begun_ns, &streams);
    if (status == -ENOMEM)
        fputs("troika load: the intervals: out of memory\n", stderr);
    int closed = path ? close_output(streams.json, 0, "intervals", path) : 0;
    return status < 0 ? status : closed;
}

static int connect_failed(const struct load_options *options,
                          const struct load *load, int error)
{
    char address[LOAD_ADDRESS_TEXT], cause[256];
    if (error == -ECHILD || error == -ENOMEM) {
        fprintf(stderr, "troika load: a generator process %s\n",
                error == -ECHILD ? "died" : "ran out of memory");
        return EXIT_FAILED;
    }
    load_address_text(&options->plan.address, address, sizeof address);
    load_address_cause(error, cause, sizeof cause);
    fprintf(stderr, "troika load: %s (%s): no connection could be opened: %s\n",
            options->url, address,
            load_reason(load) ? load_reason(load) : cause);
    return EXIT_FAILED;
}

static int drive(const struct load_options *options)
{
    char why[512];
    struct load *load;
    /* Intervals are told one by one instead. */
    struct load_view *view = options->plan.interval_ns == 0
                                 ? load_view_open(&options->plan, options->url)
                                 : NULL;
    struct load_result *result = malloc(sizeof *result);
    int status =
        result ? load_start(&options->plan, &load, why, sizeof why) : -ENOMEM;
    if (status < 0) {
        load_view_close(view);
        fprintf(stderr, "troika load: %s\n", result ? why : "out of memory");
        free(result);
        return EXIT_FAILED;
    }
    running = load;
    if (stop_signal) /* the signal came before there was a load to stop */
        load_stop(load);
    int64_t begun = load_begin(load);
    struct ramp ramp = {0};
    if (begun >= 0 && view)
        load_view_follow(view, load, begun);
    load_view_close(view);
    int code;
    if (begun < 0) {
        code = connect_failed(options, load, (int)begun);
    } else if ((status = follow(options, load, begun, &ramp)) < 0 &&
               status != -ECHILD) {
        code = EXIT_FAILED;
    } else if ((status = load_wait(load, result)) < 0) {
        fprintf(stderr, "troika load: a generator process %s\n",
                status == -ECHILD ? "died" : "did not end in time");
        code = EXIT_FAILED;
    } else {
        code = present(options, &ramp, result);
    }
    running = NULL;
    ramp_free(&ramp);
    load_free(load);
    free(result);
    return code;
}

int verb_load(int argc, char **argv)
{
    struct load_options options;
    struct load_request *requests = NULL;
    struct load_greeting *greeting = NULL;
    char why[1024];
    load_options_parse(argc, argv, &options);
    int count = options.check ? CHECK_SEEDS : 1;
    int status = options.check ? make_checked(&options, &requests, &greeting)
                               : make_plain(&options, &requests);
    int code = status == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
    if (status == -ENOMEM)
        fputs("troika load: making the requests: out of memory\n", stderr);
    if (status >= 0 &&
        load_target_choose(&options.target, why, sizeof why) < 0) {
        fprintf(stderr, "troika load: %s: no connection could be opened: %s\n",
                options.url, why);
        code = EXIT_FAILED;
    } else if (status >= 0) {
        options.plan.address = options.target.address;
        options.plan.requests = requests;
        options.plan.request_count = count;
        options.plan.greeting = greeting;
        catch_signals();
        code = drive(&options);
    }
    answers_free(requests, count);
    answers_free_greeting(greeting);
    return code;
}
