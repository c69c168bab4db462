/* SPDX-License-Identifier: MIT */
#include "harness/base/json.h"

#include <math.h>
#include <string.h>

#include "print.h"
#include "words.h"

/* In JSON every verdict is a small word. */
static const char *verdict_text(enum verdict verdict)
{
    return verdict == VERDICT_BREAKS    ? "breaks"
           : verdict == VERDICT_UNKNOWN ? "cannot_tell"
                                        : verdict_name(verdict);
}

static json_t *json_figures(const struct row *row)
{
    json_t *figures = json_object();

    for (int i = 0; i < FIGURES; i++) {
        const struct figure *figure = &row->figures[i];
        if (figure->known)
            json_object_set_new(figures, figure_abouts[i].member,
                                json_pack("{so so so}", "value",
                                          json_finite(figure->value), "low",
                                          json_finite(figure->low), "high",
                                          json_finite(figure->high)));
    }
    return figures;
}

static json_t *json_missing(unsigned missing)
{
    json_t *names = json_array();

    for (int i = 0; i < FIGURES; i++)
        if (missing & 1u << i)
            json_array_append_new(names, json_string(figure_abouts[i].member));
    return names;
}

static json_t *json_finding(const struct row *row, enum judge_law law,
                            const struct judgement *judgement)
{
    const struct finding *f = &judgement->findings[law];
    bool told = f->verdict >= VERDICT_SUSPICIOUS;
    bool judged = f->verdict > VERDICT_UNKNOWN;
    bool bounded = judged && f->bound > 0;
    char said[WORDS_SENTENCE], explained[WORDS_SENTENCE];

    words_of_finding(row, law, judgement, said, sizeof said);
    words_of_explanation(row, law, judgement, explained, sizeof explained);
    return json_pack("{ss ss ss? so so so ss? ss? so}", "law",
                     judge_law_name(law), "verdict", verdict_text(f->verdict),
                     "figure", told ? figure_abouts[f->figure].name : NULL,
                     "value", json_finite_if(f->value, bounded), "bound",
                     json_finite_if(f->bound, bounded), "ratio",
                     json_finite_if(f->ratio, told), "said", told ? said : NULL,
                     "explanation", explained[0] != '\0' ? explained : NULL,
                     "missing", json_missing(judged ? 0 : f->missing));
}

static json_t *json_row(const struct row *row,
                        const struct judgement *judgement)
{
    json_t *laws = json_array();

    for (int law = 0; law < JUDGE_LAWS; law++)
        json_array_append_new(laws, json_finding(row, law, judgement));
    return json_pack("{so so so ss ss so so}", "file",
                     row->file ? json_text(row->file) : json_null(), "line",
                     json_positive(row->line), "name", json_text_if(row->name),
                     "format", row->format, "verdict",
                     verdict_text(judgement->verdict), "figures",
                     json_figures(row), "laws", laws);
}

json_t *judge_json(const struct judged *judged)
{
    json_t *rows = json_array();
    const int *counts = judged->counts;

    for (int i = 0; i < judged->rows->count; i++)
        json_array_append_new(rows,
                              json_row(&judged->rows->of[i], &judged->of[i]));
    return json_pack("{si so s{si si si si}}", "schema_version", 1, "rows",
                     rows, "counts", "breaks", counts[VERDICT_BREAKS],
                     "suspicious", counts[VERDICT_SUSPICIOUS], "sound",
                     counts[VERDICT_SOUND], "cannot_tell",
                     counts[VERDICT_UNKNOWN]);
}
