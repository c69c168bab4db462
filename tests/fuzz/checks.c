/* SPDX-License-Identifier: MIT
 *
 * Checks of answers that change (load/answer/check.h): a rule, and up to four
 * bodies, with line breaks between. The rule that is chosen for the bodies
 * holds for each of them, a rule is read as it is written, and what a check
 * refuses has a reason.
 */
#include "fuzz.h"

#include "harness/load/answer/check.h"

enum { BODIES_MAX = 4 };

static void hold(const struct load_rule *rule, const struct load_body *bodies,
                 int count, bool must)
{
    struct load_check *check;
    char why[160];

    if (load_check_make(rule, &bodies[0], &check) < 0 || !check)
        return;
    for (int i = 0; i < count; i++) {
        bool right = load_check_body(check, &bodies[i], why, sizeof why);
        FUZZ_CHECK(right || !must, "body %d: %s", i, why);
        FUZZ_CHECK(right == !why[0], "right is %d, and \"%s\"", right, why);
    }
    load_check_free(check);
}

static void same_text(const struct load_rule *rule)
{
    static char text[4096], again[4096];
    struct load_rule other;
    char why[256];

    load_rule_text(rule, text, sizeof text);
    FUZZ_CHECK(load_rule_parse(text, &other, why, sizeof why) == 0, "%s: %s",
               text, why);
    load_rule_text(&other, again, sizeof again);
    FUZZ_CHECK(!strcmp(text, again), "%s became %s", text, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = fuzz_text(data, size), *rest = copy, *first, *line;
    struct load_body bodies[BODIES_MAX];
    struct load_rule rule, chosen;
    char why[256] = "", value[64];
    int count = 0;

    first = strsep(&rest, "\n");
    while (count < BODIES_MAX && (line = strsep(&rest, "\n")))
        bodies[count++] = (struct load_body){line, strlen(line)};
    /* The generator reads patterns of the person who starts it; a costly one
     * is that person's own. */
    bool read =
        *first != '~' && load_rule_parse(first, &rule, why, sizeof why) == 0;
    if (read)
        same_text(&rule);
    if (count > 0) {
        if (read)
            hold(&rule, bodies, count, false);
        load_rule_choose(bodies, count, &chosen);
        same_text(&chosen);
        hold(&chosen, bodies, count, true);
        if (read)
            load_rule_widen(&rule, &chosen);
        load_check_member(&bodies[0], "$.a.b", value, sizeof value);
    }
    free(copy);
    return 0;
}
