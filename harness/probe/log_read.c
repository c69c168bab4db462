/* SPDX-License-Identifier: MIT
 *
 * A second is closed when another one needs its place in the ring; only then
 * its count is squared, for the dispersion.
 */
#include "log_read.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RING = 4096, HELD = 64, SHOWN = 100 };

static const int64_t SECOND_NS = INT64_C(1000000000);
static const int64_t MINUTE_NS = INT64_C(60000000000);
static const int64_t BACK_NS = INT64_C(2000000000);

struct second {
    int64_t number; /* since 1970; 0: this place is free */
    uint32_t arrivals, ends;
    double time_ns;
};

struct reading {
    struct log_facts *facts;
    FILE *file;
    size_t start, end; /* of the bytes that were read and not taken */
    bool ended;
    int error; /* errno of a read that failed */
    char bytes[2 * LOG_LINE_BYTES + 1];
    int64_t newest_ns; /* the latest end so far */
    struct second ring[RING];
    /* The first lines, until the format is known. */
    struct held {
        char *text;
        size_t length; /* beyond a zero byte, if it holds one */
        bool whole;
    } held[HELD];
    int held_count;
};

/* Takes the next line; *whole is false for one that is too long, of which only
 * the rest is there. Returns NULL at the end. */
static char *next_line(struct reading *r, size_t *length, bool *whole)
{
    *whole = true;
    for (;;) {
        char *line = r->bytes + r->start;
        size_t left = r->end - r->start;
        char *newline = memchr(line, '\n', left);
        if (newline || (r->ended && (left > 0 || !*whole))) {
            *length = newline ? (size_t)(newline - line) : left;
            line[*length] = '\0';
            r->start += *length + (newline != NULL);
            return line;
        }
        if (r->ended)
            return NULL;
        if (left >= LOG_LINE_BYTES) {
            *whole = false;
            left = 0;
        }
        memmove(r->bytes, line, left);
        r->start = 0;
        r->end = left + fread(r->bytes + left, 1, LOG_LINE_BYTES, r->file);
        r->ended = r->end == left;
        if (ferror(r->file))
            r->error = errno;
    }
}

static int level_of(uint32_t arrivals)
{
    int level = (int)(4 * log2(arrivals));

    return level < LOG_LEVELS ? level : LOG_LEVELS - 1;
}

double log_level_per_s(int level)
{
    return exp2((level + 0.5) / 4);
}

/* Books a second whose place is needed, or the log's last ones. */
static void close_second(struct reading *r, struct second *second)
{
    struct log_facts *facts = r->facts;
    int64_t minute = second->number / 60 - facts->minute_base;
    bool is_edge = second->number == facts->first_ns / SECOND_NS ||
                   second->number == facts->last_ns / SECOND_NS;

    if (second->number == 0)
        return;
    if (minute >= 0 && minute < facts->minute_count)
        facts->minutes[minute].squares +=
            (double)second->arrivals * second->arrivals;
    if (second->arrivals > 0) {
        struct log_level *level = &facts->levels[level_of(second->arrivals)];
        level->seconds++;
        level->requests += second->arrivals;
        level->time_ns += second->time_ns;
    }
    if (second->ends > 0 && !is_edge)
        histogram_record(&facts->ended, second->ends);
    second->number = 0;
}

/* The second, or NULL: it is closed. */
static struct second *second_at(struct reading *r, int64_t ns)
{
    int64_t number = ns / SECOND_NS;
    struct second *second = &r->ring[number % RING];

    if (second->number > number)
        return NULL;
    if (second->number != number) {
        close_second(r, second);
        *second = (struct second){.number = number};
    }
    return second;
}

/* Makes the table reach the minute. NULL: out of memory. */
static struct log_minute *minute_at(struct log_facts *facts, int64_t index)
{
    if (index >= facts->minute_count) {
        int count = facts->minute_count > 0 ? facts->minute_count : 2048;
        while (count <= index)
            count *= 2;
        struct log_minute *minutes =
            realloc(facts->minutes, (size_t)count * sizeof *minutes);
        if (!minutes)
            return NULL;
        memset(minutes + facts->minute_count, 0,
               (size_t)(count - facts->minute_count) * sizeof *minutes);
        facts->minutes = minutes;
        facts->minute_count = count;
    }
    return &facts->minutes[index];
}

static void add_figures(struct log_facts *facts,
                        const struct log_request *request)
{
    double ns = (double)request->duration_ns;

    facts->requests++;
    if (request->duration_ns >= 0) {
        facts->timed++;
        facts->time_ns += ns;
        facts->time_squares += ns * ns;
        histogram_record(&facts->times, request->duration_ns);
    }
    if (request->upstream_calls > 0) {
        ns = (double)request->upstream_ns;
        facts->upstreamed++;
        facts->upstream_calls += (uint64_t)request->upstream_calls;
        facts->upstream_ns += ns;
        facts->upstream_squares += ns * ns;
    }
    if (request->bytes >= 0) {
        facts->sized++;
        facts->bytes += (double)request->bytes;
    }
    facts->server_errors += request->status >= 500;
}

static void note(struct log_odd *odd, uint64_t line)
{
    if (odd->count++ == 0)
        odd->first = line;
}

/* Notes when the line came after the ones before it. */
static void note_order(struct reading *r, int64_t end_ns)
{
    struct log_facts *facts = r->facts;

    if (r->newest_ns > 0 && end_ns < r->newest_ns - BACK_NS)
        note(&facts->backwards, facts->lines);
    if (r->newest_ns > 0 && end_ns - r->newest_ns > facts->gap_ns)
        facts->gap_ns = end_ns - r->newest_ns;
    if (end_ns > r->newest_ns)
        r->newest_ns = end_ns;
}

/* Puts a request into its second and minute. Returns NULL, or what is wrong
 * with its line. */
static const char *place(struct reading *r, const struct log_request *request)
{
    struct log_facts *facts = r->facts;
    int64_t time_ns = request->duration_ns > 0 ? request->duration_ns : 0;

    if (request->at_ns > INT64_MAX / 2 || time_ns > INT64_MAX / 4)
        return "has a time beyond the year 2100";
    int64_t came_ns = request->at_ns - (facts->format.at_start ? 0 : time_ns);
    int64_t end_ns = came_ns + time_ns;
    if (came_ns < SECOND_NS)
        return "has a time before 1970";
    if (facts->requests == 0) {
        facts->minute_base = came_ns / MINUTE_NS - LOG_MINUTES_BEFORE;
        facts->first_ns = came_ns;
    }
    int64_t index = came_ns / MINUTE_NS - facts->minute_base;
    if (index < 0 || index >= LOG_MINUTES_MAX)
        return "is more than a day older or two years younger than the first";
    struct log_minute *minute = minute_at(facts, index);
    if (!minute)
        return "has no room: out of memory";
    minute->requests++;
    if (came_ns < facts->first_ns)
        facts->first_ns = came_ns;
    note_order(r, end_ns);
    facts->last_ns = r->newest_ns;
    struct second *came = second_at(r, came_ns);
    if (came) {
        came->arrivals++;
        came->time_ns += (double)time_ns;
    }
    struct second *ended = second_at(r, end_ns);
    if (ended)
        ended->ends++;
    add_figures(facts, request);
    return NULL;
}

static void take_line(struct reading *r, const char *line, size_t length,
                      bool whole)
{
    struct log_facts *facts = r->facts;
    struct log_request request;
    const char *wrong = NULL;

    if (whole && length == 0)
        return;
    facts->lines++;
    if (!whole)
        wrong = "is longer than 64 KiB";
    else if (strlen(line) != length)
        wrong = "holds a zero byte";
    if (!wrong)
        wrong = log_format_read(&facts->format, line, &request);
    if (!wrong)
        wrong = place(r, &request);
    if (!wrong)
        return;
    if (facts->unreadable.count == 0)
        snprintf(facts->reason, sizeof facts->reason, "%s", wrong);
    note(&facts->unreadable, facts->lines);
}

/* Keeps the first lines. Returns 0 or -ENOMEM. */
static int hold(struct reading *r)
{
    struct held line;
    char *text;

    while (r->held_count < HELD &&
           (text = next_line(r, &line.length, &line.whole))) {
        line.text = malloc(line.length + 1);
        if (!line.text)
            return -ENOMEM;
        memcpy(line.text, text, line.length + 1);
        r->held[r->held_count++] = line;
    }
    return 0;
}

static int readable(const struct reading *r, const struct log_format *format)
{
    struct log_request request;
    int count = 0;

    for (int i = 0; i < r->held_count; i++)
        count += r->held[i].whole &&
                 strlen(r->held[i].text) == r->held[i].length &&
                 !log_format_read(format, r->held[i].text, &request);
    return count;
}

/* Sets the format to the known one that reads most of the held lines. */
static int detect(struct reading *r, char *why, size_t why_size)
{
    struct log_format format;
    int most = 0;

    for (int i = 0; log_format_names[i]; i++) {
        if (log_format_compile(log_format_names[i], &format, why, why_size) < 0)
            return -EINVAL;
        int count = readable(r, &format);
        if (count > most) {
            most = count;
            r->facts->format = format;
        }
    }
    r->facts->detected = true;
    if (most > 0)
        return 0;
    char shown[SHOWN];
    snprintf(shown, sizeof shown, "%s", r->held[0].text);
    for (char *c = shown; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    snprintf(
        why, why_size,
        "none of its first %d lines has a known format (nginx's own times, "
        "combined, common); the first is \"%s\"; give the server's "
        "log_format or LogFormat string: --log-format '$remote_addr ... "
        "$request_time'",
        r->held_count, shown);
    return -EINVAL;
}

static int check_start(const struct reading *r, char *why, size_t why_size)
{
    bool empty = true;

    if (r->error != 0) {
        snprintf(why, why_size, "it cannot be read: %s", strerror(r->error));
        return -EIO;
    }
    for (int i = 0; i < r->held_count; i++)
        empty &= r->held[i].length == 0 && r->held[i].whole;
    if (empty) {
        snprintf(why, why_size, "it is empty");
        return -EINVAL;
    }
    const char *first = r->held[0].text;
    if (!strncmp(first, "\x1f\x8b", 2) || !strncmp(first, "BZh", 3) ||
        !strncmp(first, "(\xb5/\xfd", 4)) {
        snprintf(why, why_size,
                 "it is compressed: zcat FILE | troika probe --log -");
        return -EINVAL;
    }
    return 0;
}

static int judge(const struct log_facts *facts, char *why, size_t why_size)
{
    if (facts->unreadable.count * 2 <= facts->lines)
        return 0;
    snprintf(why, why_size,
             "%llu of its %llu lines are not of the format %s, the first is "
             "line %llu, which %s; give the right one (--log-format)",
             (unsigned long long)facts->unreadable.count,
             (unsigned long long)facts->lines, facts->format.name,
             (unsigned long long)facts->unreadable.first, facts->reason);
    return -EINVAL;
}

/* Reads all lines: those held first. */
static int read_all(struct reading *r, const char *format, char *why,
                    size_t why_size)
{
    size_t length;
    bool whole;
    char *line;
    int result = hold(r);

    if (result < 0)
        snprintf(why, why_size, "out of memory");
    if (result == 0)
        result = check_start(r, why, why_size);
    if (result == 0)
        result = format ? log_format_compile(format, &r->facts->format, why,
                                             why_size)
                        : detect(r, why, why_size);
    if (result < 0)
        return result;
    for (int i = 0; i < r->held_count; i++)
        take_line(r, r->held[i].text, r->held[i].length, r->held[i].whole);
    while ((line = next_line(r, &length, &whole)))
        take_line(r, line, length, whole);
    for (int i = 0; i < RING; i++)
        close_second(r, &r->ring[i]);
    if (r->error != 0) {
        snprintf(why, why_size, "it cannot be read to its end: %s",
                 strerror(r->error));
        return -EIO;
    }
    return judge(r->facts, why, why_size);
}

int log_read(FILE *file, const char *format, struct log_facts *facts, char *why,
             size_t why_size)
{
    struct reading *r = calloc(1, sizeof *r);

    memset(facts, 0, sizeof *facts);
    histogram_reset(&facts->times);
    histogram_reset(&facts->ended);
    if (!r) {
        snprintf(why, why_size, "out of memory");
        return -ENOMEM;
    }
    r->facts = facts;
    r->file = file;
    int result = read_all(r, format, why, why_size);
    for (int i = 0; i < r->held_count; i++)
        free(r->held[i].text);
    free(r);
    return result;
}

void log_close(struct log_facts *facts)
{
    free(facts->minutes);
    facts->minutes = NULL;
}
