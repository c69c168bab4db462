/* SPDX-License-Identifier: MIT
 *
 * Times and sizes of the profile are rounded to four digits, since no probe is
 * surer than that.
 */
#include "findings.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/figures/metric.h"

enum { NAME_WIDTH = 22, VALUE_SIZE = 64 };

void findings_open(struct findings *findings, const char *way)
{
    memset(findings, 0, sizeof *findings);
    findings->way = way;
    findings->facts = json_object();
}

void findings_close(struct findings *findings)
{
    json_decref(findings->facts);
    findings->facts = NULL;
}

void findings_line(struct findings *findings, const char *name,
                   const char *format, ...)
{
    if (findings->line_count == FINDINGS_LINES)
        return;
    char *line = findings->lines[findings->line_count++];
    int used = snprintf(line, FINDINGS_LINE, "%-*s ", NAME_WIDTH, name);
    va_list values;

    va_start(values, format);
    vsnprintf(line + used, FINDINGS_LINE - (size_t)used, format, values);
    va_end(values);
}

void findings_doubt(struct findings *findings, const char *format, ...)
{
    if (findings->doubt_count == FINDINGS_LINES)
        return;
    va_list values;

    va_start(values, format);
    vsnprintf(findings->doubts[findings->doubt_count++], FINDINGS_LINE, format,
              values);
    va_end(values);
}

void findings_found(struct findings *findings, enum service_field field,
                    const char *format, ...)
{
    va_list values;

    findings->service.given[field] = true;
    va_start(values, format);
    vsnprintf(findings->from[field], FINDINGS_FROM, format, values);
    va_end(values);
}

void findings_missing(struct findings *findings, enum service_field field,
                      const char *why)
{
    findings->service.given[field] = false;
    snprintf(findings->from[field], FINDINGS_FROM, "%s", why);
}

void findings_fact(struct findings *findings, const char *name, double value)
{
    json_object_set_new(findings->facts, name, json_finite(value));
}

char *findings_time(double ns, char *text)
{
    text[0] = '-';
    metric_format("_ns", fabs(ns), text + (ns < 0),
                  FINDINGS_TIME - (size_t)(ns < 0));
    return text;
}

/* Four significant digits. */
static double rounded(double value)
{
    if (!(value > 0))
        return 0;
    double scale = pow(10, floor(log10(value)) - 3);

    return scale > 1 ? round(value / scale) * scale : round(value);
}

/* "39.67ms": in the unit that a person would take. */
static const char *time_text(double ns, char *text)
{
    static const struct {
        double ns;
        const char *unit;
    } times[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {0, "ns"}};
    int i = 0;

    ns = rounded(ns);
    while (ns < times[i].ns)
        i++;
    snprintf(
        text, VALUE_SIZE, "%s%s",
        digits_of(times[i].ns > 0 ? ns / times[i].ns : ns, ns >= 1e12 ? 9 : 4)
            .text,
        times[i].unit);
    return text;
}

/* The value of a field as the key of a profile has it. */
static const char *value_of(const struct service *service,
                            enum service_field field, char *text)
{
    switch (field) {
    case SERVICE_WAIT:
        return time_text(service->wait_ns, text);
    case SERVICE_CPU:
        return time_text(service->cpu_ns, text);
    case SERVICE_PAYLOAD:
        snprintf(text, VALUE_SIZE, "%.0fB", rounded(service->payload_bytes));
        break;
    case SERVICE_RATE:
        if (service->rate_per_s < 0.01)
            snprintf(text, VALUE_SIZE, "%.6f/s", service->rate_per_s);
        else if (service->rate_per_s < 1000)
            snprintf(text, VALUE_SIZE, "%s/s",
                     digits_of(service->rate_per_s, 4).text);
        else
            snprintf(text, VALUE_SIZE, "%.0f/s", service->rate_per_s);
        break;
    case SERVICE_CV_WAIT:
        snprintf(text, VALUE_SIZE, "%.2f", service->cv_wait);
        break;
    case SERVICE_CALLS:
        snprintf(text, VALUE_SIZE, "%d", service->calls);
        break;
    case SERVICE_BURST:
        snprintf(text, VALUE_SIZE, "%d", service->burst);
        break;
    case SERVICE_CORES:
        snprintf(text, VALUE_SIZE, "%d", service->cores);
        break;
    default:
        snprintf(text, VALUE_SIZE, "?");
        break;
    }
    return text;
}

/* The key's name: that of the flag, with _ for -. */
static const char *key_of(enum service_field field, char *text)
{
    snprintf(text, VALUE_SIZE, "%s", service_field_name(field));
    for (char *c = text; *c != '\0'; c++)
        if (*c == '-')
            *c = '_';
    return text;
}

void findings_profile(const struct findings *findings, FILE *file)
{
    char key[VALUE_SIZE], value[VALUE_SIZE];

    fprintf(file, "[profile]\n# probed from %s\n", findings->way);
    for (int f = 0; f < SERVICE_FIELDS; f++)
        if (findings->service.given[f])
            fprintf(file, "%s = %s  # probed: %s\n", key_of(f, key),
                    value_of(&findings->service, f, value), findings->from[f]);
    if (findings->peak > 0)
        fprintf(file, "peak = %s  # probed: the busiest minute / the mean\n",
                digits_of(findings->peak, 3).text);
    for (int f = 0; f < SERVICE_FIELDS; f++)
        if (!findings->service.given[f] && findings->from[f][0] != '\0')
            fprintf(file, "# %s is not known: %s\n", key_of(f, key),
                    findings->from[f]);
}

void findings_text(const struct findings *findings, FILE *file)
{
    fprintf(file, "probed from %s\n", findings->way);
    for (int i = 0; i < findings->line_count; i++)
        fprintf(file, "  %s\n", findings->lines[i]);
    if (findings->behaves[0] != '\0')
        fprintf(file, "\n%s\n", findings->behaves);
    if (findings->doubt_count > 0)
        fputs("\nwhat this cannot tell\n", file);
    for (int i = 0; i < findings->doubt_count; i++)
        fprintf(file, "- %s\n", findings->doubts[i]);
    fputs("\n", file);
    findings_profile(findings, file);
}

static json_t *lines_json(const char (*lines)[FINDINGS_LINE], int count)
{
    json_t *list = json_array();

    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_text(lines[i]));
    return list;
}

/* The profile's keys, each with its value as text and its origin. */
static json_t *profile_json(const struct findings *findings)
{
    json_t *keys = json_object();
    char key[VALUE_SIZE], value[VALUE_SIZE];

    for (int f = 0; f < SERVICE_FIELDS; f++) {
        bool found = findings->service.given[f];
        if (!found && findings->from[f][0] == '\0')
            continue;
        json_object_set_new(
            keys, key_of(f, key),
            json_pack("{s:o, s:o}", "value",
                      found ? json_text(value_of(&findings->service, f, value))
                            : json_null(),
                      found ? "probed" : "unknown",
                      json_text(findings->from[f])));
    }
    if (findings->peak > 0)
        json_object_set_new(
            keys, "peak",
            json_pack("{s:s, s:s}", "value", digits_of(findings->peak, 3).text,
                      "probed", "the busiest minute / the mean"));
    return keys;
}

json_t *findings_json(const struct findings *findings)
{
    return json_pack(
        "{s:i, s:s, s:o, s:o, s:o, s:o, s:O}", "schema_version", 1, "way",
        findings->way, "profile", profile_json(findings), "arithmetic",
        lines_json(findings->lines, findings->line_count), "doubts",
        lines_json(findings->doubts, findings->doubt_count), "behaves",
        json_text_if(findings->behaves), "facts", findings->facts);
}
