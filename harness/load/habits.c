/* SPDX-License-Identifier: MIT
 *
 * A table; letters that several tools use for different things name each.
 */
#include "habits.h"

#include <stddef.h>

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

static struct argp_option options[HABITS + 1];

static error_t parse(int key, char *value, struct argp_state *state)
{
    (void)value;
    for (int i = 0; i < HABITS; i++) {
        if (options[i].key != key || key == 0)
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

__attribute__((constructor)) static void fill(void)
{
    for (int i = 0; i < HABITS; i++)
        options[i] = (struct argp_option){
            .name = habits[i].name,
            .key = habits[i].letter ? habits[i].letter : FIRST_KEY + i,
            .arg = habits[i].takes ? "X" : NULL,
            .flags = OPTION_HIDDEN,
        };
}

const struct argp load_habits = {.options = options, .parser = parse};
