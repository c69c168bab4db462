/* SPDX-License-Identifier: MIT */
#include "print.h"

#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "words.h"

enum { NAMES = 160 };

/* The laws whose finding has this verdict: "closed-loop, under-wait". */
static const char *laws_text(const struct judgement *judgement,
                             enum verdict verdict, char *text, size_t size)
{
    text[0] = '\0';
    for (int law = 0; law < JUDGE_LAWS; law++) {
        size_t used = strlen(text);
        if (judgement->findings[law].verdict == verdict)
            snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "",
                     judge_law_name(law));
    }
    return text;
}

static void print_head(const struct row *row, const struct judgement *judgement)
{
    char laws[NAMES];

    if (row->file)
        printf("%s:%d: ", row->file, row->line);
    if (row->name[0] != '\0')
        printf("%s: ", row->name);
    printf("%s", verdict_name(judgement->verdict));
    if (judgement->verdict == VERDICT_UNKNOWN)
        puts(": too few figures for any law");
    else
        printf("%s%s\n", judgement->verdict == VERDICT_SOUND ? " by " : " ",
               laws_text(judgement, judgement->verdict, laws, sizeof laws));
}

/* The laws in the order in which they are told: those that are broken first. */
static int told_laws(const struct judgement *judgement,
                     enum judge_law laws[JUDGE_LAWS])
{
    int count = 0;

    for (int verdict = VERDICT_BREAKS; verdict >= VERDICT_SUSPICIOUS; verdict--)
        for (int law = 0; law < JUDGE_LAWS; law++)
            if ((int)judgement->findings[law].verdict == verdict)
                laws[count++] = law;
    return count;
}

/* Explanations that several laws share are told once. */
static void print_explanations(const struct row *row,
                               const struct judgement *judgement,
                               const enum judge_law *laws, int law_count)
{
    static char told[JUDGE_LAWS][WORDS_SENTENCE];
    int count = 0;

    for (int k = 0; k < law_count; k++) {
        char *text = told[count];
        bool again = false;
        words_of_explanation(row, laws[k], judgement, text, WORDS_SENTENCE);
        for (int i = 0; i < count; i++)
            again |= !strcmp(told[i], text);
        if (text[0] == '\0' || again)
            continue;
        printf("  %s: %s\n", count == 0 ? "would explain it" : "or", text);
        count++;
    }
}

static void print_row(const struct row *row, const struct judgement *judgement)
{
    enum judge_law laws[JUDGE_LAWS];
    char text[WORDS_SENTENCE];
    int count = told_laws(judgement, laws);

    print_head(row, judgement);
    for (int k = 0; k < count; k++) {
        enum verdict verdict = judgement->findings[laws[k]].verdict;
        printf("  %s%s: %s\n",
               verdict < judgement->verdict ? "suspicious, " : "",
               judge_law_name(laws[k]),
               words_of_finding(row, laws[k], judgement, text, sizeof text));
    }
    print_explanations(row, judgement, laws, count);
}

/* The figures that the law lacks in all rows, as bits; 0: some row has them. */
static unsigned missing_in_all(const struct judged *judged, enum judge_law law)
{
    unsigned missing = ~0u;

    for (int i = 0; i < judged->rows->count; i++) {
        const struct finding *f = &judged->of[i].findings[law];
        missing &= f->verdict == VERDICT_UNKNOWN ? f->missing : 0;
    }
    return missing;
}

/* Laws that no row could be judged by, and what would let them. */
static void print_missing(const struct judged *judged)
{
    char text[NAMES];
    bool any = false;

    for (int law = 0; law < JUDGE_LONGER; law++) {
        unsigned missing = missing_in_all(judged, law);
        if (missing == 0)
            continue;
        printf("%s%s (%s)", any ? ", " : "not judged for want of figures: ",
               judge_law_name(law),
               words_of_missing(missing, text, sizeof text));
        any = true;
    }
    if (any)
        puts("");
}

void judge_print(const struct judged *judged)
{
    const int *counts = judged->counts;
    int count = judged->rows->count;

    for (int i = 0; i < count; i++)
        print_row(&judged->rows->of[i], &judged->of[i]);
    print_missing(judged);
    printf("%d row%s: %d break%s a law, %d suspicious, %d sound, %d cannot be "
           "told\n",
           count, digits_plural(count), counts[VERDICT_BREAKS],
           counts[VERDICT_BREAKS] == 1 ? "s" : "", counts[VERDICT_SUSPICIOUS],
           counts[VERDICT_SOUND], counts[VERDICT_UNKNOWN]);
}
