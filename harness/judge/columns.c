/* SPDX-License-Identifier: MIT */
#include "columns.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numbers.h"

enum { TOKENS = 12, TOKEN = 20, NAME_MOST = 120 };

struct tokens {
    char of[TOKENS][TOKEN];
    int count;
    bool too_many;
};

static void add(struct tokens *tokens, const char *text, size_t length)
{
    if (length == 0)
        return;
    if (tokens->count == TOKENS || length >= TOKEN) {
        tokens->too_many = true;
        return;
    }
    char *token = tokens->of[tokens->count++];
    for (size_t i = 0; i < length; i++)
        token[i] = (char)tolower((unsigned char)text[i]);
    token[length] = '\0';
}

static bool in_word(const char *at, const char *end)
{
    unsigned char c = (unsigned char)*at;

    return isalnum(c) || c == '%' || c >= 128 ||
           (c == '.' && at + 1 < end && isdigit((unsigned char)at[1]));
}

/* Words of letters, digits and "%"; a slash is a word by itself. A capital
 * after a small letter begins a word: avgLatency. */
static void take_apart(const char *name, size_t length, struct tokens *tokens)
{
    const char *end = name + length, *from = name;

    *tokens = (struct tokens){0};
    for (const char *at = name; at <= end; at++) {
        bool word = at < end && in_word(at, end);
        bool parted = word && at > from && islower((unsigned char)at[-1]) &&
                      isupper((unsigned char)*at);
        if (word && !parted)
            continue;
        add(tokens, from, (size_t)(at - from));
        from = parted ? at : at + 1;
        if (at < end && *at == '/')
            add(tokens, "/", 1);
    }
}

static bool among(const char *token, const char *const *words)
{
    for (; *words; words++)
        if (!strcmp(token, *words))
            return true;
    return false;
}

static int find(const struct tokens *tokens, const char *const *words)
{
    for (int i = 0; i < tokens->count; i++)
        if (among(tokens->of[i], words))
            return i;
    return -1;
}

#define WORDS(...)                                                             \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

/* The percentile that a word means, or -1: p99, 99%, 99th, median. */
static int percentile_of(const char *token)
{
    char *end;

    if (among(token, WORDS("median", "med")))
        return FIGURE_P50;
    bool letter = token[0] == 'p';
    if (!isdigit((unsigned char)token[letter]))
        return -1;
    double percent = strtod(token + letter, &end);
    bool behind = !strcmp(end, "%") || !strcmp(end, "th");
    return (letter && *end == '\0') || behind ? figure_of_percent(percent) : -1;
}

/* Puts a word and the next one together. */
static void join(struct tokens *tokens, int i, const char *between)
{
    char joined[2 * TOKEN];

    snprintf(joined, sizeof joined, "%s%s%s", tokens->of[i], between,
             tokens->of[i + 1]);
    tokens->too_many |= strlen(joined) >= TOKEN;
    memcpy(tokens->of[i], joined, TOKEN - 1);
    tokens->count--;
    memmove(tokens->of[i + 1], tokens->of[i + 2],
            (size_t)(tokens->count - i - 1) * TOKEN);
}

/* "p99_9" has become p99 and 9; "p(95)" p and 95. */
static void join_percentiles(struct tokens *tokens)
{
    for (int i = 0; i + 1 < tokens->count; i++) {
        const char *next = tokens->of[i + 1];
        size_t nines = strspn(next, "9");
        if (!strcmp(tokens->of[i], "p") && isdigit((unsigned char)next[0]))
            join(tokens, i, "");
        else if (!strcmp(tokens->of[i], "p99") && next[nines] == '\0' &&
                 (nines == 1 || nines == 2))
            join(tokens, i, ".");
    }
}

/* What a name says apart from units. */
struct said {
    int statistic, statistics; /* the figure, and how many */
    bool latency, per_second, number;
    double unit_s, scale;
};

static void read_token(const struct tokens *tokens, int i, struct said *said)
{
    const char *token = tokens->of[i];
    bool per = i > 0 && among(tokens->of[i - 1], WORDS("/", "per"));
    double unit = unit_seconds(token, strlen(token));
    int statistic = among(token, WORDS("mean", "avg", "average")) ? FIGURE_MEAN
                    : among(token, WORDS("max", "maximum", "worst", "slowest"))
                        ? FIGURE_MAX
                    : among(token, WORDS("min", "minimum", "best", "fastest"))
                        ? FIGURE_MIN
                        : percentile_of(token);

    if (statistic >= 0) {
        said->statistic = statistic;
        said->statistics++;
    } else if (per && unit == 1) {
        said->per_second = true;
    } else if (unit > 0) {
        said->unit_s = unit;
    } else if (among(token, WORDS("k", "krps"))) {
        said->scale = 1000;
    } else if (isdigit((unsigned char)token[0])) {
        said->number = true;
    }
    said->latency |=
        among(token, WORDS("latency", "latencies", "lat", "response", "time",
                           "duration", "service", "rt"));
}

/* Words that make a name another thing's. */
static bool is_foreign(const struct tokens *tokens)
{
    return find(tokens,
                WORDS("memory", "mem", "rss", "pss", "mb", "mib", "kb", "kib",
                      "gb", "bytes", "stdev", "stddev", "sd", "std",
                      "deviation", "stdv", "connect", "dns", "tls", "lag",
                      "push", "ttfb", "byte", "size", "error", "startup",
                      "ratio", "%", "change", "vs", "diff", "speedup",
                      "transfer", "cold", "limit", "target", "offered", "delta",
                      "factor", "cost", "price")) >= 0;
}

static int count_of(const struct tokens *tokens)
{
    bool alone = tokens->count == 1;
    bool total = find(tokens, WORDS("total", "completed", "complete")) >= 0;
    bool requests = find(tokens, WORDS("requests", "reqs", "req")) >= 0;

    if (find(tokens, WORDS("connections", "conns", "concurrency", "clients",
                           "vus")) >= 0 &&
        tokens->count <= 2)
        return FIGURE_CONNECTIONS;
    if (requests && (alone || (total && tokens->count == 2)))
        return FIGURE_REQUESTS;
    return -1;
}

/* Whether a throughput is of requests: tokens, rows and bits have one, too. */
static bool is_of_requests(const struct tokens *tokens)
{
    for (int i = 0; i < tokens->count; i++)
        if (!among(tokens->of[i],
                   WORDS("throughput", "requests", "request", "reqs", "req",
                         "r", "rps", "/", "per", "s", "sec", "second", "mean",
                         "avg", "average", "k", "krps")))
            return false;
    return true;
}

static bool is_rate(const struct tokens *tokens, const struct said *said)
{
    if (find(tokens, WORDS("throughput")) >= 0)
        return is_of_requests(tokens);
    return find(tokens, WORDS("rps", "qps", "krps")) >= 0 ||
           (said->per_second && find(tokens, WORDS("requests", "request",
                                                   "reqs", "req", "r")) >= 0);
}

static int figure_of_said(const struct tokens *tokens, const struct said *said)
{
    bool cpu = find(tokens, WORDS("cpu")) >= 0;
    bool each = find(tokens, WORDS("request", "req")) >= 0;

    if (tokens->count == 0 || tokens->too_many || is_foreign(tokens))
        return -1;
    if (cpu)
        return each && said->unit_s > 0 && said->statistics == 0 ? FIGURE_CPU
                                                                 : -1;
    if (is_rate(tokens, said)) {
        bool mean = said->statistics == 1 && said->statistic == FIGURE_MEAN;
        return (said->statistics == 0 || mean) && !said->number ? FIGURE_RATE
                                                                : -1;
    }
    if (said->per_second || said->number)
        return -1;
    if (said->statistics == 1) {
        bool plain = tokens->count == 1;
        return said->latency || said->unit_s > 0 || plain ? said->statistic
                                                          : -1;
    }
    if (said->statistics == 0 && !strcmp(tokens->of[0], "duration") &&
        tokens->count <= 2)
        return FIGURE_DURATION;
    return said->statistics == 0 ? count_of(tokens) : -1;
}

struct column column_of(const char *name, size_t length)
{
    struct said said = {.scale = 1};
    struct tokens tokens;

    take_apart(name, length < NAME_MOST ? length : NAME_MOST, &tokens);
    tokens.too_many |= length > NAME_MOST;
    join_percentiles(&tokens);
    for (int i = 0; i < tokens.count; i++)
        read_token(&tokens, i, &said);
    return (struct column){.figure = figure_of_said(&tokens, &said),
                           .unit_s = said.unit_s,
                           .scale = said.scale};
}
