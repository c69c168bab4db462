/* SPDX-License-Identifier: MIT
 *
 * No sscanf: a log may have a hundred million lines.
 */
#include "log_time.h"

#include <string.h>
#include <time.h>

static const int64_t SECOND_NS = INT64_C(1000000000);

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads exactly `count` digits. */
static bool digits(const char *text, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(text[i]))
            return false;
        *value = *value * 10 + (text[i] - '0');
    }
    return true;
}

/* Reads "+0200", "+02:00" or "Z" at the end of a time. */
static bool offset(const char *text, int *seconds)
{
    int hours, minutes;

    *seconds = 0;
    if (!strcmp(text, "Z"))
        return true;
    if ((text[0] != '+' && text[0] != '-') || !digits(text + 1, 2, &hours))
        return false;
    const char *rest = text + 3 + (text[3] == ':');
    if (!digits(rest, 2, &minutes) || rest[2] != '\0' || hours > 15 ||
        minutes > 59)
        return false;
    *seconds = (hours * 60 + minutes) * 60 * (text[0] == '-' ? -1 : 1);
    return true;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month] + (leap && month == 1);
}

/* `tm` has the year and the month as struct tm counts them. */
static bool to_ns(struct tm *tm, int offset_s, int64_t *ns)
{
    int year = tm->tm_year + 1900;

    if (year < 1970 || tm->tm_mon < 0 || tm->tm_mon > 11 || tm->tm_mday < 1 ||
        tm->tm_mday > days_of(year, tm->tm_mon) || tm->tm_hour > 23 ||
        tm->tm_min > 59 || tm->tm_sec > 60 || year > 2200)
        return false;
    *ns = ((int64_t)timegm(tm) - offset_s) * SECOND_NS;
    return *ns >= 0;
}

/* The rest of a time of day "13:55:36", or NULL. */
static const char *clock_of(const char *text, struct tm *tm)
{
    if (!digits(text, 2, &tm->tm_hour) || text[2] != ':' ||
        !digits(text + 3, 2, &tm->tm_min) || text[5] != ':' ||
        !digits(text + 6, 2, &tm->tm_sec))
        return NULL;
    return text + 8;
}

bool log_time_local(const char *text, int64_t *ns)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm = {.tm_mon = -1};
    int year, offset_s;

    if (!digits(text, 2, &tm.tm_mday) || text[2] != '/')
        return false;
    for (int i = 0; i < 12; i++)
        if (!strncmp(text + 3, months + (size_t)i * 3, 3))
            tm.tm_mon = i;
    if (tm.tm_mon < 0 || text[6] != '/' || !digits(text + 7, 4, &year) ||
        text[11] != ':')
        return false;
    tm.tm_year = year - 1900;
    const char *rest = clock_of(text + 12, &tm);
    return rest && rest[0] == ' ' && offset(rest + 1, &offset_s) &&
           to_ns(&tm, offset_s, ns);
}

bool log_time_iso(const char *text, int64_t *ns)
{
    struct tm tm = {0};
    int year, month, offset_s;

    if (!digits(text, 4, &year) || text[4] != '-' ||
        !digits(text + 5, 2, &month) || text[7] != '-' ||
        !digits(text + 8, 2, &tm.tm_mday) || text[10] != 'T')
        return false;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    const char *rest = clock_of(text + 11, &tm);
    return rest && offset(rest, &offset_s) && to_ns(&tm, offset_s, ns);
}

bool log_time_decimal(const char *text, int64_t unit_ns, int64_t *ns)
{
    int64_t whole = 0, part = 0, scale = 1;

    if (!is_digit(*text))
        return false;
    for (; is_digit(*text); text++) {
        if (whole > INT64_MAX / unit_ns / 10 - 1)
            return false;
        whole = whole * 10 + (*text - '0');
    }
    if (*text == '.') {
        text++;
        if (!is_digit(*text))
            return false;
        for (; is_digit(*text); text++) {
            if (scale > SECOND_NS / 10)
                return false;
            part = part * 10 + (*text - '0');
            scale *= 10;
        }
    }
    /* part / scale is below 1 and a unit at most a second: no overflow. */
    *ns = whole * unit_ns + part * unit_ns / scale;
    return *text == '\0';
}
