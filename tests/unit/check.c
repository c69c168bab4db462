/* SPDX-License-Identifier: MIT
 *
 * Rules are read and written, the strictest one that holds is found, and a
 * check accepts what its rule says and names what differs.
 */
#include "harness/load/answer/response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct load_body body(const char *text)
{
    return (struct load_body){text, strlen(text)};
}

static void rules_are_read_as_they_are_written(void **state)
{
    static const char *const texts[] = {"body", "status", "~^\\{.*\\}$",
                                        "ignore $.at",
                                        "ignore $.at, $.a[*].id, $.b[0]"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct load_rule rule;
        char why[256], text[2048];
        assert_int_equal(0, load_rule_parse(texts[i], &rule, why, sizeof why));
        assert_string_equal(texts[i], load_rule_text(&rule, text, sizeof text));
    }
}

static void what_is_no_rule_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "bodies",
                                        "~",
                                        "~[",
                                        "ignore",
                                        "ignore ",
                                        "ignore at",
                                        "ignore $",
                                        "ignore $.",
                                        "ignore $.a b",
                                        "ignore $a",
                                        "ignore $.a[b]",
                                        "ignore $.a[]",
                                        "Body"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct load_rule rule;
        char why[256] = "";
        assert_int_not_equal(0,
                             load_rule_parse(texts[i], &rule, why, sizeof why));
        assert_true(why[0]);
    }
}

/* Bodies, and the rule that is chosen for them. */
static const struct {
    const char *bodies[3], *rule;
} choices[] = {
    {{"hello", "hello", "hello"}, "body"},
    {{"hello", "hello", "hellO"}, "status"},
    {{"{\"at\":1,\"n\":2}", "{\"at\":2,\"n\":2}", "{\"at\":3,\"n\":2}"},
     "ignore $.at"},
    {{"{\"a\":{\"b\":1},\"c\":1}", "{\"a\":{\"b\":2},\"c\":1}",
      "{\"a\":{\"b\":1},\"c\":\"x\"}"},
     "ignore $.a.b, $.c"},
    {{"[{\"id\":1},{\"id\":2}]", "[{\"id\":3},{\"id\":4}]",
      "[{\"id\":1},{\"id\":4}]"},
     "ignore $[*].id"},
    /* A member more, or an array that grows, differs as a whole. */
    {{"{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":1}}"},
     "ignore $.a"},
    {{"{\"a\":[1]}", "{\"a\":[1,2]}", "{\"a\":[1]}"}, "ignore $.a"},
    {{"[1]", "[1,2]", "[1]"}, "status"},
    {{"1", "2", "1"}, "status"},
    {{"{\"a b\":1}", "{\"a b\":2}", "{\"a b\":1}"}, "status"},
    {{"{\"o\":{\"a b\":1}}", "{\"o\":{\"a b\":2}}", "{\"o\":{\"a b\":1}}"},
     "ignore $.o"},
    {{"{\"a\":1}", "{\"a\":1} ", "{\"a\":1}"}, "status"},
    {{"{\"a\":1}", "<html>", "{\"a\":1}"}, "status"},
};

static void the_strictest_rule_that_holds_is_chosen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        struct load_body bodies[3];
        struct load_rule rule;
        struct load_check *check;
        char text[2048], why[256];
        for (int j = 0; j < 3; j++)
            bodies[j] = body(choices[i].bodies[j]);
        load_rule_choose(bodies, 3, &rule);
        assert_string_equal(choices[i].rule,
                            load_rule_text(&rule, text, sizeof text));
        assert_int_equal(0, load_check_make(&rule, &bodies[0], &check));
        for (int j = 0; check && j < 3; j++)
            assert_true(load_check_body(check, &bodies[j], why, sizeof why));
        load_check_free(check);
    }
}

static void a_rule_widens_to_hold_for_both(void **state)
{
    static const char *const rows[][3] = {
        {"body", "body", "body"},
        {"body", "status", "status"},
        {"body", "ignore $.a", "ignore $.a"},
        {"ignore $.a", "ignore $.b, $.a", "ignore $.a, $.b"},
        {"ignore $.a", "status", "status"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct load_rule one, other;
        char why[256], text[2048];
        load_rule_parse(rows[i][0], &one, why, sizeof why);
        load_rule_parse(rows[i][1], &other, why, sizeof why);
        load_rule_widen(&one, &other);
        assert_string_equal(rows[i][2],
                            load_rule_text(&one, text, sizeof text));
    }
}

/* A rule, the first body, another one, and how that differs; NULL: not. */
static const struct {
    const char *rule, *first, *other, *why;
} checks[] = {
    {"ignore $.at", "{\"at\":1,\"n\":2}", "{\"at\":9,\"n\":2}", NULL},
    {"ignore $.at", "{\"at\":1,\"n\":2}", "{\"n\":2, \"at\":\"now\"}", NULL},
    {"ignore $.at", "{\"at\":1,\"n\":12}", "{\"at\":9,\"n\":13}",
     "$.n is 13 and was 12"},
    {"ignore $.at", "{\"at\":1,\"n\":12}", "{\"n\":12}",
     "$ is {\"n\":12} and was {\"at\":null,\"n\":12}"},
    {"ignore $.at", "{\"at\":1}", "oops",
     "the body is no JSON, and the first one was"},
    {"ignore $.at", "plain", "plain", NULL},
    {"ignore $.at", "plain", "plaiN", "the body differs from the first one"},
    {"ignore $.l[*].id", "{\"l\":[{\"id\":1,\"v\":1},{\"id\":2,\"v\":2}]}",
     "{\"l\":[{\"id\":3,\"v\":1},{\"id\":4,\"v\":3}]}",
     "$.l[*].v is 3 and was 2"},
    {"ignore $.l[1]", "{\"l\":[1,2]}", "{\"l\":[1,3]}", NULL},
    {"ignore $.l[1]", "{\"l\":[1,2]}", "{\"l\":[0,3]}",
     "$.l[*] is 0 and was 1"},
    {"~^a+$", "", "aaa", NULL},
    {"~^a+$", "", "aab", "the body does not match ^a+$"},
};

static void a_check_names_what_differs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        struct load_body first = body(checks[i].first);
        /* Of exactly this size and a null byte, so that reading beyond it is
         * noticed. */
        struct load_body other = {NULL, strlen(checks[i].other)};
        struct load_rule rule;
        struct load_check *check;
        char why[256] = "", *copy = strdup(checks[i].other);
        other.bytes = copy;
        load_rule_parse(checks[i].rule, &rule, why, sizeof why);
        assert_int_equal(0, load_check_make(&rule, &first, &check));
        bool right = load_check_body(check, &other, why, sizeof why);
        assert_string_equal(checks[i].why ? checks[i].why : "", why);
        assert_int_equal(!checks[i].why, right);
        load_check_free(check);
        free(copy);
    }
}

static void a_rule_that_leaves_nothing_out_is_told(void **state)
{
    static const struct {
        const char *rule, *why; /* NULL: it leaves something out */
    } rows[] = {
        {"ignore $.a", NULL},
        {"ignore $.e", NULL},
        {"ignore $.l[*].n", NULL},
        {"ignore $.none[*].n", NULL},
        {"status", NULL},
        {"ignore $.b", "it has no $.b"},
        {"ignore $.l[2].n", "it has no $.l[2].n"},
        {"ignore $.a[*]", "it has no $.a[*]"},
    };
    struct load_body json =
        body("{\"a\":1,\"e\":\"\",\"l\":[{},{\"n\":7}],\"none\":[]}");
    struct load_body plain = body("plain");
    struct load_rule rule;
    char why[128];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(0,
                         load_rule_parse(rows[i].rule, &rule, why, sizeof why));
        const char *said = load_rule_idle(&rule, &json, why, sizeof why);
        assert_string_equal(rows[i].why ? rows[i].why : "", said ? said : "");
    }
    assert_non_null(load_rule_idle(&rule, &plain, why, sizeof why));
}

static void a_member_is_found_by_its_path(void **state)
{
    struct load_body json = body("{\"a\":{\"t\":\"x y\"},\"l\":[{\"n\":7}]}");
    char text[16];
    (void)state;
    assert_true(load_check_member(&json, "$.a.t", text, sizeof text));
    assert_string_equal("x y", text);
    assert_true(load_check_member(&json, "$.l[0].n", text, sizeof text));
    assert_string_equal("7", text);
    assert_false(load_check_member(&json, "$.a.u", text, sizeof text));
    assert_false(load_check_member(&json, "$.l[1].n", text, sizeof text));
    assert_false(load_check_member(&json, "$.a.t", text, 3));
    struct load_body plain = body("plain");
    assert_false(load_check_member(&plain, "$.a", text, sizeof text));
}

/* An answer with this body, byte by byte or at once. Returns the judgement. */
static enum load_answer read_one(struct load_reference *reference,
                                 const char *text, size_t step, bool *checked)
{
    struct load_response response = {0};
    char bytes[512];
    enum load_answer answer = ANSWER_MORE;
    int size = snprintf(bytes, sizeof bytes,
                        "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                        strlen(text), text);

    load_response_begin(&response, reference);
    for (size_t at = 0; at < (size_t)size && answer == ANSWER_MORE; at += step)
        answer = load_response_feed(&response, bytes + at,
                                    (size_t)size - at < step ? (size_t)size - at
                                                             : step);
    assert_int_equal(ANSWER_OK, answer);
    answer = load_response_check(&response, checked);
    load_response_drop(&response);
    return answer;
}

static void a_generator_checks_some_bodies_and_keeps_one(void **state)
{
    struct load_body first = body("{\"at\":1,\"n\":2}");
    struct load_rule rule;
    char why[256], *bytes = malloc(CHECK_BODY_MAX + 1);
    struct load_request request = {.bytes = ""};
    struct load_kept kept = {.bytes = bytes};
    struct load_reference reference = {.request = &request, .kept = &kept};
    struct load_response other = {.reference = &reference};
    bool checked;
    (void)state;

    load_rule_parse("ignore $.at", &rule, why, sizeof why);
    load_check_make(&rule, &first, &request.check);
    for (size_t step = 1; step < 80; step += 78) {
        kept.next_ns = 0;
        assert_int_equal(ANSWER_OK, read_one(&reference, "{\"at\":8,\"n\":2}",
                                             step, &checked));
        assert_true(checked);
        assert_true(kept.next_ns > 0);
        kept.next_ns = 0;
        assert_int_equal(
            ANSWER_WRONG,
            read_one(&reference, "{\"at\":8,\"n\":3}", step, &checked));
        assert_string_equal("$.n is 3 and was 2", kept.why);
        /* Too soon, or while another answer's body is kept. */
        kept.next_ns = INT64_MAX;
        assert_int_equal(ANSWER_OK, read_one(&reference, "{\"at\":8,\"n\":3}",
                                             step, &checked));
        assert_false(checked);
        kept.next_ns = 0;
        kept.owner = &other;
        read_one(&reference, "{\"at\":8,\"n\":3}", step, &checked);
        assert_false(checked);
        load_response_drop(&other);
        assert_null(kept.owner);
    }
    assert_int_equal(0, reference.comparing);
    load_check_free(request.check);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_read_as_they_are_written),
        cmocka_unit_test(what_is_no_rule_is_refused),
        cmocka_unit_test(the_strictest_rule_that_holds_is_chosen),
        cmocka_unit_test(a_rule_widens_to_hold_for_both),
        cmocka_unit_test(a_check_names_what_differs),
        cmocka_unit_test(a_member_is_found_by_its_path),
        cmocka_unit_test(a_rule_that_leaves_nothing_out_is_told),
        cmocka_unit_test(a_generator_checks_some_bodies_and_keeps_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
