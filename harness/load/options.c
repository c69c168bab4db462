/* SPDX-License-Identifier: MIT
 *
 * Flags of `troika load`, named as users of wrk and its like know them.
 */
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/options.h"
#include "models/runtime/base/units.h"
#include "schedule.h"

enum {
    KEY_ARRIVALS = 256,
    KEY_WARMUP,
    KEY_TIMEOUT,
    KEY_THINK,
    KEY_EXPECT,
    KEY_CHECK,
    KEY_SEED,
    KEY_PERCENTILES,
    KEY_FORMAT,
    KEY_HGRM,
    KEY_CHURN,
    KEY_BODY,
    KEY_BODY_FILE,
};

static const struct argp_option option_table[] = {
    {"connections", 'c', "N", 0,
     "Connections kept open (10; with -R the most at any time, 100)", 0},
    {"duration", 'd', "TIME", 0, "Time measured, after the warm-up (10s)", 0},
    {NULL, 'z', NULL, OPTION_ALIAS, NULL, 0}, /* hey, oha */
    {"requests", 'n', "N", 0,
     "End once N requests have ended; no warm-up, and no -d unless given", 0},
    {"rate", 'R', "N[/s]", 0,
     "Open loop: N requests per second are due, answered or not. Without it a "
     "closed loop: each connection asks again when it has its answer",
     0},
    {"arrivals", KEY_ARRIVALS, "poisson|uniform|burst:K", 0,
     "When requests of an open loop are due; burst:K: K together at each "
     "Poisson instant, N a second in all (poisson)",
     0},
    {"warmup", KEY_WARMUP, "TIME", 0, "Load before measuring (1s)", 0},
    {"timeout", KEY_TIMEOUT, "TIME", 0, "Of one request (10s)", 0},
    {"think", KEY_THINK, "TIME", 0,
     "Closed loop: pause between an answer and the next request (0s)", 0},
    {"churn", KEY_CHURN, NULL, 0,
     "Closed loop: a new connection for every request, whose time counts from "
     "when connecting begins",
     0},
    {"threads", 't', "N", 0,
     "Generator processes (as few as the open-file limit allows)", 0},
    {"header", 'H', "LINE", 0, "Add a header: 'Name: value'; repeatable", 0},
    {"method", 'm', "METHOD", 0, "Of the requests (GET; with a body POST)", 0},
    {"request", 'X', NULL, OPTION_ALIAS, NULL, 0},
    {"body", KEY_BODY, "TEXT", 0, "The requests' body", 0},
    {"data", KEY_BODY, NULL, OPTION_ALIAS, NULL, 0},
    {"body-file", KEY_BODY_FILE, "FILE", 0, "The same from a file", 0},
    {"expect", KEY_EXPECT, "FILE", 0, "Every body must equal the file's bytes",
     0},
    {"check", KEY_CHECK, NULL, 0,
     "The URL names one of Troika's workloads: compute the answers, with "
     "seeds in turn, and compare every body",
     0},
    {"seed", KEY_SEED, "N", 0, "Of the Poisson arrivals (1)", 0},
    {"percentiles", KEY_PERCENTILES, "LIST", 0,
     "Which to print (50,90,99,99.9)", 0},
    {"format", KEY_FORMAT, "text|json|csv|markdown", 0, "Of the result (text)",
     0},
    {"output", 'o', "FILE", 0, "Write the result there", 0},
    {"hgrm", KEY_HGRM, "FILE", 0,
     "Write the latency histogram there (HdrHistogram text); - is standard "
     "output (or input) for every FILE",
     0},
    {0}};

/* Options that users of wrk, hey, oha, ab and curl have at their fingertips and
 * that `troika load` has under another name, or not at all. Each is hidden, and
 * refused with the option that does it here; a letter that several tools use
 * for different things names each. */
enum { FIRST_KEY = 1024, ARGUMENT = 1 };

static const struct habit {
    const char *name;
    int letter;
    int takes; /* ARGUMENT or 0 */
    const char *hint;
} habits[] = {
    {NULL, 'h', 0,
     "--help says what there is; a Host is given by -H 'Host: NAME'"},
    {"host", 0, ARGUMENT, "give -H 'Host: NAME'"},
    {"latency", 'L', 0,
     "latency is always printed, see --percentiles; redirects are not "
     "followed"},
    {"location", 0, 0,
     "redirects are not followed: an answer that is not 2xx is an error"},
    {"script", 's', ARGUMENT,
     "there are no scripts, and sizes and time-outs have names: see --method, "
     "--header, --body, --timeout"},
    {NULL, 'q', ARGUMENT, "give -R, a rate of all connections together"},
    {"qps", 0, ARGUMENT, "give -R, a rate of all connections together"},
    {NULL, 'D', ARGUMENT, "give --body-file FILE"},
    {"data-binary", 0, ARGUMENT, "give --body TEXT or --body-file FILE"},
    {"data-raw", 0, ARGUMENT, "give --body TEXT"},
    {"data-urlencode", 0, ARGUMENT, "give --body TEXT, encoded"},
    {"form", 'F', ARGUMENT, "give --body-file FILE and -H 'Content-Type: ...'"},
    {NULL, 'p', ARGUMENT,
     "give --body-file FILE (with -m POST); there is no pipelining"},
    {NULL, 'u', ARGUMENT,
     "give -H 'Authorization: ...', or --body-file FILE with -m PUT"},
    {"user", 0, ARGUMENT, "give -H 'Authorization: Basic ...'"},
    {NULL, 'a', ARGUMENT, "give -H 'Authorization: Basic ...'"},
    {NULL, 'T', ARGUMENT, "give -H 'Content-Type: ...'"},
    {NULL, 'A', ARGUMENT, "give -H 'Accept: ...' or -H 'User-Agent: ...'"},
    {"user-agent", 0, ARGUMENT, "give -H 'User-Agent: ...'"},
    {"accept", 0, ARGUMENT, "give -H 'Accept: ...'"},
    {NULL, 'C', ARGUMENT, "give -H 'Cookie: ...'"},
    {"cookie", 'b', ARGUMENT, "give -H 'Cookie: ...'"},
    {"referer", 'e', ARGUMENT, "give -H 'Referer: ...', or --format csv"},
    {"head", 'I', 0, "give -m HEAD"},
    {NULL, 'i', 0, "give -m HEAD; heads are not printed"},
    {"get", 'G', 0, "write the query into the URL"},
    {NULL, 'k', 0, "connections are kept anyway; TLS is not spoken"},
    {"insecure", 0, 0, "TLS is not spoken"},
    {"disable-keepalive", 0, 0, "give --churn"},
    {"no-keepalive", 0, 0, "give --churn"},
    {"proxy", 'x', ARGUMENT,
     "there are no proxies here: give the server's own URL"},
    {NULL, 'P', ARGUMENT,
     "there are no proxies here: give the server's own URL"},
    {"http2", 0, 0, "HTTP/1.1 alone is spoken"},
    {"http1.1", 0, 0, "HTTP/1.1 is always spoken"},
    {NULL, 'w', 0, "give --format markdown"},
    {NULL, 'r', 0, "a failed connection does not end the load anyway"},
    {NULL, 'V', 0, "troika --version"},
    {"json", 'j', 0, "give --format json"},
    {NULL, 'g', ARGUMENT, "give --hgrm FILE"},
    {"concurrency", 0, ARGUMENT, "give -c"},
    {"timelimit", 0, ARGUMENT, "give -d"},
    {"max-time", 0, ARGUMENT, "give --timeout"},
    {"silent", 0, 0, "nothing but the result is printed"},
    {"no-tui", 0, 0, "there is none; the result is printed at the end"},
    {"verbose", 'v', 0, "the first failure is always printed"},
    {"compressed", 0, 0,
     "give -H 'Accept-Encoding: gzip'; bodies are counted as they come"},
    {"latency-correction", 0, 0,
     "an open loop (-R) always counts from the intended time"},
    {"burst-rate", 0, ARGUMENT, "give --arrivals burst:K"},
};

enum { HABITS = sizeof habits / sizeof *habits };

static struct argp_option habit_options[HABITS + 1];

static error_t refuse_habit(int key, char *value, struct argp_state *state)
{
    (void)value;
    for (int i = 0; i < HABITS; i++) {
        if (habit_options[i].key != key || key == 0)
            continue;
        if (habits[i].letter && habits[i].name)
            argp_error(state, "-%c, --%s: %s", habits[i].letter, habits[i].name,
                       habits[i].hint);
        else if (habits[i].letter)
            argp_error(state, "-%c: %s", habits[i].letter, habits[i].hint);
        else
            argp_error(state, "--%s: %s", habits[i].name, habits[i].hint);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

__attribute__((constructor)) static void fill_habits(void)
{
    for (int i = 0; i < HABITS; i++)
        habit_options[i] = (struct argp_option){
            .name = habits[i].name,
            .key = habits[i].letter ? habits[i].letter : FIRST_KEY + i,
            .arg = habits[i].takes ? "X" : NULL,
            .flags = OPTION_HIDDEN,
        };
}

static const struct argp habit_argp = {.options = habit_options,
                                       .parser = refuse_habit};

static const int64_t TIME_MAX_NS = INT64_C(86400000000000);

static const char *const formats[] = {"text", "json", "csv", "markdown", NULL};

static int64_t parse_time(const char *flag, const char *text,
                          struct argp_state *state)
{
    int64_t ns;
    if (units_parse(UNIT_NS, text, &ns) < 0)
        argp_error(state,
                   "%s \"%s\" is not a time; write a number with its unit: "
                   "500ms, 10s, 1m%s",
                   flag, text,
                   strcmp(flag, "-d") == 0 ? " (a body: --body TEXT)" : "");
    if (ns > TIME_MAX_NS)
        argp_error(state, "%s \"%s\" is over the limit of 24h", flag, text);
    return ns;
}

static int parse_count(const char *flag, const char *text, int64_t max,
                       struct argp_state *state)
{
    int64_t count;
    if (units_parse(UNIT_COUNT, text, &count) < 0 || count < 1 || count > max)
        argp_error(state, "%s \"%s\" must be a whole number, 1 to %ld", flag,
                   text, (long)max);
    return (int)count;
}

static void parse_percentiles(const char *text, struct load_options *options,
                              struct argp_state *state)
{
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

static int parse_choice(const char *flag, const char *text,
                        const char *const *choices, struct argp_state *state)
{
    for (int i = 0; choices[i]; i++)
        if (strcmp(text, choices[i]) == 0)
            return i;
    argp_error(state, "%s is \"%s\"; see --help for what there is", flag, text);
    return 0;
}

static void add_header(const char *text, struct load_options *options,
                       struct argp_state *state)
{
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

static void parse_seed(const char *text, struct load_options *options,
                       struct argp_state *state)
{
    char *end;
    errno = 0;
    options->plan.seed = strtoull(text, &end, 10);
    if (errno || *end || end == text || *text == '-')
        argp_error(state, "--seed \"%s\" must be a whole number", text);
}

static void parse_rate(const char *text, struct load_options *options,
                       struct argp_state *state)
{
    char number[64];
    size_t length = strlen(text);
    bool marked = length > 2 && strcmp(text + length - 2, "/s") == 0;
    snprintf(number, sizeof number, "%.*s", (int)(marked ? length - 2 : length),
             text);
    if (length >= sizeof number ||
        units_parse_rate(number, &options->plan.rate_per_s) < 0)
        argp_error(state,
                   "-R \"%s\" must be a number of requests per second over 0: "
                   "0.5, 200, 200/s, 2k",
                   text);
    options->plan.mode = LOAD_OPEN;
}

/* RFC 9110, section 9. */
static void parse_method(const char *text, struct load_options *options,
                         struct argp_state *state)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
    if (length == 0 || text[length] || length > 32)
        argp_error(state,
                   "-m \"%s\" is no method; they are in capitals: GET, HEAD, "
                   "POST, PUT, PATCH, DELETE",
                   text);
    if (strcmp(text, "CONNECT") == 0)
        argp_error(state, "-m CONNECT: there are no tunnels here");
    options->method = text;
}

/* A form's name where a file's is expected is other tools' habit. */
static const char *output_file(const char *text, struct argp_state *state)
{
    for (int i = 0; formats[i]; i++)
        if (strcmp(text, formats[i]) == 0)
            argp_error(state,
                       "-o names a file; is --format %s meant? (a file of that "
                       "name: -o ./%s)",
                       text, text);
    return text;
}

static error_t parse_path(int key, char *value, struct argp_state *state)
{
    struct load_options *options = state->input;
    switch (key) {
    case 'o':
        options->output_path = output_file(value, state);
        return 0;
    case KEY_BODY:
        options->body = value;
        return 0;
    case KEY_BODY_FILE:
        options->body_path = value;
        return 0;
    case 'm':
    case 'X':
        parse_method(value, options, state);
        return 0;
    case KEY_HGRM:
        options->hgrm_path = value;
        return 0;
    case KEY_EXPECT:
        options->expect_path = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_plan(int key, char *value, struct argp_state *state)
{
    struct load_options *options = state->input;
    struct load_plan *plan = &options->plan;
    switch (key) {
    case 'c':
        plan->connections = parse_count("-c", value, 1000000, state);
        return 0;
    case 't':
        plan->processes = parse_count("-t", value, 64, state);
        return 0;
    case 'd':
    case 'z':
        plan->window_ns = parse_time("-d", value, state);
        options->has_duration = true;
        return 0;
    case 'n':
        plan->requests_max =
            (uint64_t)parse_count("-n", value, 1000000000, state);
        return 0;
    case 'R':
        parse_rate(value, options, state);
        return 0;
    case KEY_ARRIVALS:
        if (load_schedule_parse(value, &plan->arrivals, &plan->burst) < 0)
            argp_error(state,
                       "--arrivals is \"%s\"; poisson, uniform or burst:K "
                       "with K from 2 to %d",
                       value, LOAD_BURST_MAX);
        return 0;
    case KEY_WARMUP:
        plan->warmup_ns = parse_time("--warmup", value, state);
        options->has_warmup = true;
        return 0;
    case KEY_TIMEOUT:
        plan->timeout_ns = parse_time("--timeout", value, state);
        return 0;
    case KEY_THINK:
        plan->think_ns = parse_time("--think", value, state);
        return 0;
    default:
        return parse_path(key, value, state);
    }
}

static bool is_dash(const char *path)
{
    return path && strcmp(path, "-") == 0;
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
        (!options->output_path || is_dash(options->output_path)))
        argp_error(state, "the result and --hgrm cannot both go to standard "
                          "output; give -o FILE");
}

/* A number of requests is from the first one on, however long it takes. */
static void apply_count(struct load_options *options, struct argp_state *state)
{
    struct load_plan *plan = &options->plan;
    if (plan->requests_max == 0)
        return;
    if (options->has_warmup && plan->warmup_ns > 0)
        argp_error(state, "-n counts from the first request on: no --warmup");
    plan->warmup_ns = 0;
    if (!options->has_duration)
        plan->window_ns = TIME_MAX_NS;
    if ((uint64_t)plan->connections > plan->requests_max)
        plan->connections = (int)plan->requests_max;
}

static void check_whole(struct load_options *options, struct argp_state *state)
{
    struct load_plan *plan = &options->plan;
    char why[512];
    if (!options->url)
        argp_error(state, "a URL is missing, such as http://127.0.0.1:8080/");
    check_requests(options, state);
    if (plan->mode == LOAD_OPEN && plan->think_ns)
        argp_error(state, "--think belongs to a closed loop: not with -R");
    if (plan->mode == LOAD_OPEN && plan->churn)
        argp_error(state, "--churn is a closed loop: not with -R");
    if (plan->window_ns <= 0 || plan->timeout_ns <= 0)
        argp_error(state, "-d and --timeout must be over 0");
    if (plan->connections == 0)
        plan->connections = plan->mode == LOAD_OPEN ? 100 : 10;
    apply_count(options, state);
    if (plan->mode == LOAD_OPEN && load_schedule_check(plan, why, sizeof why))
        argp_error(state, "-R: %s", why);
    if (load_target_parse(options->url, &options->target, why, sizeof why) < 0)
        argp_error(state, "%s", why);
    plan->address = options->target.address;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct load_options *options = state->input;
    switch (key) {
    case 'H':
        add_header(value, options, state);
        return 0;
    case KEY_CHECK:
        options->check = true;
        return 0;
    case KEY_CHURN:
        options->plan.churn = true;
        return 0;
    case KEY_SEED:
        parse_seed(value, options, state);
        return 0;
    case KEY_PERCENTILES:
        parse_percentiles(value, options, state);
        return 0;
    case KEY_FORMAT:
        options->format =
            (enum load_format)parse_choice("--format", value, formats, state);
        return 0;
    case ARGP_KEY_ARG:
        if (options->url)
            argp_error(state, "one URL at a time: \"%s\" or \"%s\"?",
                       options->url, value);
        options->url = value;
        return 0;
    case ARGP_KEY_END:
        check_whole(options, state);
        return 0;
    default:
        return parse_plan(key, value, state);
    }
}

void load_options_parse(int argc, char **argv, struct load_options *options)
{
    static const struct argp_child children[] = {{.argp = &habit_argp}, {0}};
    static const struct argp argp = {
        .options = option_table,
        .children = children,
        .parser = parse,
        .args_doc = "URL",
        .doc =
            "Drives one HTTP/1.1 server and times every request.\v"
            "An open loop (-R) times each request from when it was due, so "
            "that a stall of the server shows in full; a closed loop knows "
            "the service time alone, and says so. An answer that is not "
            "200-299 is an error.\n\n"
            "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 measured, but not "
            "valid (a wrong body, or over 0.1 % errors); 130 interrupted, 143 "
            "terminated (both print what there is).",
    };
    *options = (struct load_options){
        .plan = {.seed = 1,
                 .warmup_ns = 1000000000,
                 .window_ns = INT64_C(10000000000),
                 .timeout_ns = INT64_C(10000000000)},
        .percentiles = {50, 90, 99, 99.9},
        .percentile_count = 4,
    };
    options_parse(&argp, argc, argv, NULL, options);
}
