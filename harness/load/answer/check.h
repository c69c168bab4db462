/* SPDX-License-Identifier: MIT
 *
 * Checks answers that change from one to the next: by a pattern, or as JSON
 * without the members that differ. No I/O.
 *
 * A rule is what a person writes:
 *   body                  every body equals the first answer's
 *   status                a status of 200 to 299 is enough
 *   ~REGEX                the body matches (POSIX, extended)
 *   ignore $.at, $.a[*].b JSON that equals the first answer's but for the
 *                         values of these members, which must exist
 * body and status cost next to nothing (response.h). A check is made for the
 * other two; its user decides how many answers are worth the time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHECK_TEXT_MAX = 512, CHECK_PATHS_MAX = 16, CHECK_PATH_MAX = 96 };

/* Longer bodies cannot be checked in these ways. */
enum { CHECK_BODY_MAX = 1 << 20 };

enum load_rule_kind { RULE_BODY, RULE_STATUS, RULE_PATTERN, RULE_IGNORE };

struct load_rule {
    enum load_rule_kind kind;
    char pattern[CHECK_TEXT_MAX];
    char paths[CHECK_PATHS_MAX][CHECK_PATH_MAX];
    int path_count;
};

/* Reads a rule. Returns 0, or -EINVAL with a sentence that follows the rule's
 * text. */
int load_rule_parse(const char *text, struct load_rule *rule, char *why,
                    size_t why_size);

/* Writes the rule as load_rule_parse reads it. Returns text. */
char *load_rule_text(const struct load_rule *rule, char *text, size_t size);

/* An answer's body. */
struct load_body {
    const char *bytes; /* followed by a null byte; NULL: "" */
    size_t size;
};

/* Finds the strictest rule that holds for all of these bodies: body, ignore
 * with the members in which they differ, or status. */
void load_rule_choose(const struct load_body *bodies, int count,
                      struct load_rule *rule);

/* Widens the rule to hold wherever `other` holds. Neither is a pattern. */
void load_rule_widen(struct load_rule *rule, const struct load_rule *other);

/* A rule with what it compares with. It has several users, of which each calls
 * load_check_free. */
struct load_check;

/* Makes the check of a pattern or of ignored members; `first` is the body to
 * compare with, and a first body that is no JSON is compared byte by byte. Sets
 * *check, which is NULL for other rules. Returns 0 or -ENOMEM. */
int load_check_make(const struct load_rule *rule, const struct load_body *first,
                    struct load_check **check);

/* Adds a user. Returns the check; NULL is allowed. */
struct load_check *load_check_share(struct load_check *check);

/* Whether the body is right. If not, `why` says how it differs: "$.price is 12
 * and was 13". */
bool load_check_body(const struct load_check *check,
                     const struct load_body *body, char *why, size_t why_size);

/* Finds the member of JSON that a path without [*] names, and writes a string
 * as it is, another value as JSON. False: there is none, or it does not fit. */
bool load_check_member(const struct load_body *body, const char *path,
                       char *text, size_t size);

/* Says in words why the rule leaves nothing out of this body: no JSON, or a
 * member that is not there. NULL: it does, or the rule is none of ignored
 * members. */
const char *load_rule_idle(const struct load_rule *rule,
                           const struct load_body *body, char *why,
                           size_t why_size);

/* Ends one use. NULL is allowed. */
void load_check_free(struct load_check *check);
