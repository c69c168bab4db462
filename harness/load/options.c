/* SPDX-License-Identifier: MIT
 *
 * Flags of `troika load`, with the names that wrk and similar tools use.
 */
#include "options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/flags.h"
#include "models/runtime/base/units.h"
#include "record.h"
#include "schedule.h"

static const int64_t SECOND_NS = INT64_C(1000000000);
static const int64_t DAY_NS = INT64_C(86400000000000);

static const char FORMATS[] = "text|json|csv|markdown";

/* Flags of wrk, hey, oha, ab and curl that `troika load` has under another name
 * or not at all. Some letters mean different things to different tools; then
 * the text covers each. */
static const struct flag_habit habits[] = {
    {NULL, 'h', false,
     "see --help for all flags; a Host is given by -H 'Host: NAME'"},
    {"host", 0, true, "give -H 'Host: NAME'"},
    {"latency", 'L', false,
     "latency is always printed, see --percentiles; redirects are not "
     "followed"},
    {"location", 0, false,
     "redirects are not followed: an answer that is not 2xx is an error"},
    {"script", 's', true,
     "there are no scripts, and sizes and time-outs have names: see --method, "
     "--header, --body, --timeout"},
    {NULL, 'q', true,
     "give -R, a rate of all connections together, kept whatever the answers "
     "take"},
    {"qps", 0, true, "give -R, a rate of all connections together"},
    {"data-binary", 0, true, "give --body TEXT or --body-file FILE"},
    {"data-raw", 0, true, "give --body TEXT"},
    {"data-urlencode", 0, true, "give --body TEXT, encoded"},
    {"form", 'F', true, "give --body-file FILE and -H 'Content-Type: ...'"},
    {NULL, 'p', true,
     "give --body-file FILE (with -m POST); there is no pipelining"},
    {NULL, 'u', true,
     "give -H 'Authorization: ...', or --body-file FILE with -m PUT"},
    {"user", 0, true, "give -H 'Authorization: Basic ...'"},
    {NULL, 'a', true, "give -H 'Authorization: Basic ...'"},
    {NULL, 'T', true, "give -H 'Content-Type: ...'"},
    {NULL, 'A', true, "give -H 'Accept: ...' or -H 'User-Agent: ...'"},
    {"user-agent", 0, true, "give -H 'User-Agent: ...'"},
    {"accept", 0, true, "give -H 'Accept: ...'"},
    {NULL, 'C', true, "give -H 'Cookie: ...'"},
    {"cookie", 'b', true, "give -H 'Cookie: ...'"},
    {"referer", 'e', true, "give -H 'Referer: ...', or --format csv"},
    {"head", 'I', false, "give -m HEAD"},
    {NULL, 'i', false, "give -m HEAD; heads are not printed"},
    {"get", 'G', false, "write the query into the URL"},
    {NULL, 'k', false, "connections are always kept; TLS is not supported"},
    {"insecure", 0, false, "TLS is not supported"},
    {"disable-keepalive", 0, false, "give --churn"},
    {"no-keepalive", 0, false, "give --churn"},
    {"proxy", 'x', true,
     "proxies are not supported: give the server's own URL"},
    {NULL, 'P', true, "proxies are not supported: give the server's own URL"},
    {"http2", 0, false, "only HTTP/1.1 is supported"},
    {"http1.1", 0, false, "HTTP/1.1 is always used"},
    {NULL, 'w', false, "give --format markdown"},
    {NULL, 'r', false, "a failed connection never ends the load"},
    {NULL, 'V', false, "troika --version"},
    {"json", 'j', false, "give --format json"},
    {NULL, 'g', true, "give --hgrm FILE"},
    {"concurrency", 0, true, "give -c"},
    {"timelimit", 0, true, "give -d"},
    {"max-time", 0, true, "give --timeout"},
    {"silent", 0, false, "only the result is printed"},
    {"no-tui", 0, false,
     "only a terminal shows the state of the load; TERM=dumb has none"},
    {"verbose", 'v', false, "the first failure is always printed"},
    {"compressed", 0, false,
     "give -H 'Accept-Encoding: gzip'; bodies are counted as they come"},
    {"u_latency", 'U', false,
     "an open loop (-R) always counts from the intended time"},
    {"batch_latency", 'B', false,
     "an open loop (-R) always counts from the intended time"},
    {"url", 0, true, "give the URL as a word of its own"},
    {"fail", 0, false, "an answer that is not 2xx is always an error"},
    {"latency-correction", 0, false,
     "an open loop (-R) always counts from the intended time"},
    {"burst-rate", 0, true, "give --arrivals burst:K"},
    {0},
};

static void take_percentiles(char *text, void *into, struct argp_state *state)
{
    struct load_options *options = into;
    options->percentile_count = 0;
    for (const char *at = text;; at++) {
        char *end;
        double p = strtod(at, &end);
        if (end == at || !isfinite(p) || p < 0 || p >= 100 ||
            (*end && *end != ','))
            argp_error(state,
                       "--percentiles \"%s\" must be numbers from 0 to below "
                       "100, with commas between",
                       text);
        bool known = false;
        for (int i = 0; i < options->percentile_count; i++)
            known |= options->percentiles[i] == p;
        if (!known && options->percentile_count == LOAD_PERCENTILES_MAX)
            argp_error(state, "--percentiles: at most %d",
                       LOAD_PERCENTILES_MAX);
        if (!known)
            options->percentiles[options->percentile_count++] = p;
        at = end;
        if (!*at)
            return;
    }
}

static void take_header(char *text, void *into, struct argp_state *state)
{
    struct load_options *options = into;
    const char *fault = load_target_header_fault(text);
    if (fault)
        argp_error(state, "-H \"%s\" %s", text, fault);
    for (int i = 0; i < options->header_count; i++)
        if (load_target_header_is(text, "Host") &&
            load_target_header_is(options->headers[i], "Host"))
            argp_error(state, "-H \"%s\": a request has one Host", text);
    if (options->header_count == LOAD_HEADERS_MAX)
        argp_error(state, "-H: at most %d headers", LOAD_HEADERS_MAX);
    options->headers[options->header_count++] = text;
}

/* "2k", or "1k:20k" for a rate that rises. */
static void take_rate(char *text, void *into, struct argp_state *state)
{
    struct load_spec *plan = &((struct load_options *)into)->plan;
    char *colon = strchr(text, ':'), first[64];
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    bool right = length < sizeof first;
    plan->rate_end_per_s = 0;
    if (right) {
        snprintf(first, sizeof first, "%.*s", (int)length, text);
        right = units_parse_rate(first, &plan->rate_per_s) == 0;
    }
    if (right && colon)
        right = units_parse_rate(colon + 1, &plan->rate_end_per_s) == 0;
    if (!right)
        argp_error(state,
                   "-R \"%s\" must be a number of requests per second over 0: "
                   "0.5, 200, 200/s, 2k; or two for a rate that rises: 1k:20k",
                   text);
    if (colon && plan->rate_end_per_s < 1.5 * plan->rate_per_s)
        argp_error(state,
                   "-R \"%s\": a rate that rises must end at one and a half "
                   "times where it began at least",
                   text);
    plan->mode = LOAD_OPEN;
}

static void take_arrivals(char *text, void *into, struct argp_state *state)
{
    struct load_spec *plan = &((struct load_options *)into)->plan;

    if (load_schedule_parse(text, &plan->arrivals, &plan->burst) < 0)
        argp_error(state,
                   "--arrivals is \"%s\"; there is poisson, uniform and "
                   "burst:K with K from 2 to %d",
                   text, LOAD_BURST_MAX);
}

/* Methods of RFC 9110, section 9, and others of that form. */
static void take_method(char *text, void *into, struct argp_state *state)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
    if (length == 0 || text[length] || length > 32)
        argp_error(state,
                   "-m \"%s\" is no method; they are in capitals: GET, HEAD, "
                   "POST, PUT, PATCH, DELETE",
                   text);
    if (!strcmp(text, "CONNECT"))
        argp_error(state, "-m CONNECT: there are no tunnels here");
    ((struct load_options *)into)->method = text;
}

/* Other tools take the name of a format here, where a file is expected. */
static void take_output(char *text, void *into, struct argp_state *state)
{
    if (flags_alternative(FORMATS, text) >= 0)
        argp_error(state,
                   "-o names a file; is --format %s meant? (a file of that "
                   "name: -o ./%s)",
                   text, text);
    ((struct load_options *)into)->output_path = text;
}

#define MEMBER(name) .offset = offsetof(struct load_options, name)

static const struct flag rows[] = {
    {"connections", 'c', "N",
     "Connections kept open (10; with -R the most at any time, 100)", FLAG_INT,
     MEMBER(plan.connections), .least = 1, .most = 1000000,
     .heading = "The load:"},
    {"duration", 'd', "TIME", "Time measured, after the warm-up (10s)",
     FLAG_TIME, MEMBER(plan.window_ns), .least = 1000,
     .remark = " (a body: --body TEXT)"},
    {NULL, 'z', .alias = true}, /* hey, oha */
    {"requests", 'n', "N",
     "End once N requests have ended; no warm-up, and no -d unless given",
     FLAG_COUNT, MEMBER(plan.requests_max), .least = 1, .most = 1000000000},
    {"rate", 'R', "N[:M]",
     "Open loop: N requests per second are due, answered or not; N:M: the rate "
     "rises evenly from N to M, to find the knee. Without it a closed loop: "
     "each connection asks again when it has its answer",
     FLAG_CALL, .call = take_rate},
    {"interval", 0, "TIME",
     "With -R: print a line each TIME (with N:M 1s, or a twentieth of -d if "
     "that is less)",
     FLAG_TIME, MEMBER(plan.interval_ns), .least = 1000000},
    {"intervals", 0, "FILE",
     "With -R: write these lines to FILE as JSON, one object a line", FLAG_TEXT,
     MEMBER(intervals_path)},
    {"arrivals", 0, "poisson|uniform|burst:K",
     "When requests of an open loop are due; burst:K: K together at each "
     "Poisson instant, N a second in all (poisson)",
     FLAG_CALL, .call = take_arrivals},
    {"warmup", 0, "TIME", "Length of the load before measuring (1s)", FLAG_TIME,
     MEMBER(plan.warmup_ns)},
    {"timeout", 0, "TIME", "Time limit of one request (10s)", FLAG_TIME,
     MEMBER(plan.timeout_ns), .least = 1000},
    {"think", 0, "TIME",
     "Closed loop: pause between an answer and the next request (0s)",
     FLAG_TIME, MEMBER(plan.think_ns)},
    {"churn", 0, NULL,
     "Closed loop: a new connection for every request, whose time counts from "
     "when connecting begins",
     FLAG_ON, MEMBER(plan.churn)},
    {"threads", 't', "N",
     "Generator processes (as few as the open-file limit allows)", FLAG_INT,
     MEMBER(plan.processes), .least = 1, .most = 64,
     .remark = " (a time limit: --timeout TIME)"},
    {"seed", 0, "N", "Seed of the Poisson arrivals (1)", FLAG_COUNT,
     MEMBER(plan.seed), .most = INT64_MAX},
    {"header", 'H', "LINE", "Add a header: 'Name: value'; repeatable",
     FLAG_CALL, .call = take_header, .heading = "The requests:"},
    {"method", 'm', "METHOD", "Method of the requests (GET; POST with a body)",
     FLAG_CALL, .call = take_method},
    {"request", 'X', .alias = true},
    {"body", 0, "TEXT", "The requests' body", FLAG_TEXT, MEMBER(body)},
    {"data", .alias = true},
    {"body-file", 'D', "FILE", "The requests' body from a file", FLAG_TEXT,
     MEMBER(body_path)},
    {"expect", 0, "FILE", "Every body must equal the file's bytes", FLAG_TEXT,
     MEMBER(expect_path)},
    {"check", 0, NULL,
     "The URL names one of Troika's workloads: compute the answers, with "
     "seeds in turn, and compare every body",
     FLAG_ON, MEMBER(check)},
    {"percentiles", 0, "LIST", "Percentiles to print (50,90,99,99.9)",
     FLAG_CALL, .call = take_percentiles, .heading = "The result:"},
    {"format", 'f', FORMATS, "Form of the result (text)", FLAG_CHOICE,
     MEMBER(format)},
    {"output", 'o', "FILE", "Write the result to FILE", FLAG_CALL,
     .call = take_output},
    {"hgrm", 0, "FILE",
     "Write the latency histogram to FILE (HdrHistogram text); - is standard "
     "output (or input) for every FILE",
     FLAG_TEXT, MEMBER(hgrm_path)},
    {0},
};

static void note_given(const char *name, void *into)
{
    struct load_options *options = into;

    options->has_duration |= !strcmp(name, "duration");
    options->has_warmup |= !strcmp(name, "warmup");
}

static error_t take_url(char *word, void *into, struct argp_state *state)
{
    struct load_options *options = into;

    if (options->url)
        argp_error(state, "one URL at a time: \"%s\" or \"%s\"?", options->url,
                   word);
    options->url = word;
    return 0;
}

static bool is_dash(const char *path)
{
    return path && !strcmp(path, "-");
}

static bool takes_stdout(const struct load_options *options)
{
    return !options->output_path || is_dash(options->output_path);
}

static void check_requests(const struct load_options *options,
                           struct argp_state *state)
{
    bool asks = options->expect_path || options->header_count ||
                options->method || options->body || options->body_path;
    if (options->check && asks)
        argp_error(state, "--check makes its own requests: no --expect, -H, "
                          "--method or --body");
    if (options->body && options->body_path)
        argp_error(state, "--body or --body-file, not both");
    if (is_dash(options->body_path) && is_dash(options->expect_path))
        argp_error(state, "--body-file and --expect cannot both be read from "
                          "standard input");
    if (is_dash(options->hgrm_path) && options->format != FORMAT_TEXT &&
        takes_stdout(options))
        argp_error(state, "the result and --hgrm cannot both go to standard "
                          "output; give -o FILE");
}

/* -n counts from the first request on and has no time limit of its own. */
static void apply_count(struct load_options *options, struct argp_state *state)
{
    struct load_spec *plan = &options->plan;
    if (plan->requests_max == 0)
        return;
    if (options->has_warmup && plan->warmup_ns > 0)
        argp_error(state, "-n counts from the first request on: no --warmup");
    plan->warmup_ns = 0;
    if (!options->has_duration)
        plan->window_ns = DAY_NS;
    if ((uint64_t)plan->connections > plan->requests_max)
        plan->connections = (int)plan->requests_max;
}

/* Sets the interval of a rate that rises unless one is given. */
static void apply_intervals(struct load_options *options,
                            struct argp_state *state)
{
    struct load_spec *plan = &options->plan;
    bool rises = plan->rate_end_per_s > 0;
    if (plan->mode != LOAD_OPEN &&
        (plan->interval_ns > 0 || options->intervals_path))
        argp_error(state, "--interval and --intervals are for a rate: give -R");
    if (rises && plan->requests_max > 0)
        argp_error(state, "-R N:M rises over a time: give -d instead of -n");
    if (plan->interval_ns == 0 && (rises || options->intervals_path))
        plan->interval_ns = plan->window_ns / 20 < SECOND_NS && rises
                                ? plan->window_ns / 20
                                : SECOND_NS;
    if (plan->interval_ns > 0 && plan->requests_max > 0 &&
        !options->has_duration)
        argp_error(state, "--interval with -n needs -d as well");
    if (load_record_intervals(plan) > LOAD_INTERVALS_MAX)
        argp_error(state,
                   "--interval: at most %d fit into -d; give a longer one",
                   LOAD_INTERVALS_MAX);
    if (is_dash(options->intervals_path) && takes_stdout(options))
        argp_error(state, "the result and --intervals cannot both go to "
                          "standard output; give -o FILE");
}

static void check_whole(void *into, struct argp_state *state)
{
    struct load_options *options = into;
    struct load_spec *plan = &options->plan;
    char why[512];
    if (!options->url)
        argp_error(state, "a URL is missing, such as http://127.0.0.1:8080/");
    check_requests(options, state);
    if (plan->mode == LOAD_OPEN && plan->think_ns)
        argp_error(state, "--think belongs to a closed loop: not with -R");
    if (plan->mode == LOAD_OPEN && plan->churn)
        argp_error(state, "--churn is a closed loop: not with -R");
    if (plan->connections == 0)
        plan->connections = plan->mode == LOAD_OPEN ? 100 : 10;
    apply_count(options, state);
    apply_intervals(options, state);
    if (plan->mode == LOAD_OPEN && load_schedule_check(plan, why, sizeof why))
        argp_error(state, "-R: %s", why);
    if (load_target_parse(options->url, &options->target, why, sizeof why) < 0)
        argp_error(state, "%s", why);
}

void load_options_parse(int argc, char **argv, struct load_options *options)
{
    static const struct flags flags = {
        .rows = rows,
        .arguments = "URL",
        .help =
            "Drives one HTTP/1.1 server and times every request.\v"
            "An open loop (-R) times each request from when it was due, so "
            "that a stall of the server shows in full; a closed loop knows "
            "the service time alone, and says so. An answer that is not "
            "200-299 is an error.\n\n"
            "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 measured, but not "
            "valid (a wrong body, or over 0.1 % errors); 130 interrupted, 143 "
            "terminated (both print what there is).",
        .word = take_url,
        .whole = check_whole,
        .given = note_given,
        .habits = habits,
    };
    *options = (struct load_options){
        .plan = {.seed = 1,
                 .warmup_ns = 1000000000,
                 .window_ns = INT64_C(10000000000),
                 .timeout_ns = INT64_C(10000000000)},
        .percentiles = {50, 90, 99, 99.9},
        .percentile_count = 4,
    };
    flags_parse(&flags, argc, argv, options);
}
