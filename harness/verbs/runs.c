/* SPDX-License-Identifier: MIT
 *
 * troika runs: the stored runs of a folder, their names and tags. A name is a
 * link beside the runs, so that every verb takes it as a run's directory; tags
 * are words in the run's labels.json. `prune` removes runs that are old and
 * that nobody named or tagged.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/base/names.h"
#include "harness/figures/metric.h"
#include "harness/results/results.h"
#include "harness/results/stored.h"
#include "harness/runs/list.h"
#include "harness/runs/trend.h"
#include "python.h"
#include "verbs.h"

enum { WORDS_MAX = 16 };

struct options {
    const char *root;
    int format; /* text, json, markdown */
    int keep;
    bool yes, all;
    const char *words[WORDS_MAX];
    int count;
};

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "troika runs: %s: %s\n", what, why);
    return EXIT_FAILED;
}

static error_t take_word(char *word, void *into, struct argp_state *state)
{
    struct options *options = into;

    if (options->count == WORDS_MAX)
        argp_error(state, "more than %d words", WORDS_MAX);
    options->words[options->count++] = word;
    return 0;
}

static void print_text(const struct runs_list *list, bool markdown)
{
    if (list->count == 0)
        puts("no run is stored here yet");
    else if (markdown)
        puts("| run | name | tags | experiments | valid | version |\n"
             "|---|---|---|---|--:|---|");
    for (int i = 0; i < list->count; i++) {
        const struct runs_row *r = &list->rows[i];
        if (r->damaged)
            printf(markdown ? "| %s | | | damaged | | |\n"
                            : "%-22s  damaged: run.json cannot be read\n",
                   r->id);
        else if (markdown)
            printf("| %s | %s | %s | %s | %lld of %lld%s | %s |\n", r->id,
                   r->name, r->tags, r->experiments, (long long)r->valid,
                   (long long)r->planned, r->complete ? "" : ", incomplete",
                   r->version);
        else
            printf("%-22s %4lld/%-4lld%s %.24s%s%s%s%s\n", r->id,
                   (long long)r->valid, (long long)r->planned,
                   r->complete ? " " : "*", r->experiments,
                   r->name[0] ? "  = " : "", r->name, r->tags[0] ? "  #" : "",
                   r->tags);
    }
    bool some = false;
    for (int i = 0; i < list->count; i++)
        some |= !list->rows[i].complete && !list->rows[i].damaged;
    if (some && !markdown)
        puts("valid/planned trials; *: the run is not complete (troika bench "
             "--resume=RUN goes on with it)");
}

/* A name is one word of letters that no file system minds. */
static bool is_name(const char *word)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    return word[0] != '\0' && word[0] != '.' && word[0] != '-' &&
           strspn(word, good) == strlen(word) && strlen(word) < 64 &&
           strcmp(word, "latest") != 0;
}

static int give_name(const char *root, const char *run, const char *name)
{
    char id[RUNS_NAME_SIZE], path[RUNS_PATH_SIZE];
    struct stat status;

    if (!is_name(name)) {
        fprintf(stderr,
                "troika runs: %s is no name: letters, digits, \"-\", "
                "\"_\" and \".\", and not \"latest\"\n",
                name);
        return EXIT_USAGE;
    }
    if (!runs_find(root, run, id))
        return EXIT_FAILED;
    runs_below(root, name, "", path);
    if (lstat(path, &status) == 0 && !S_ISLNK(status.st_mode))
        return fail(path, "is no name, but a file or a run");
    char before[RUNS_NAME_SIZE] = "";
    ssize_t size = readlink(path, before, sizeof before - 1);
    before[size > 0 ? size : 0] = '\0';
    unlink(path); /* a name that moves to another run */
    if (symlink(id, path) < 0)
        return fail(path, strerror(errno));
    printf("%s is %s\n", path, id);
    if (before[0] && strcmp(before, id) != 0)
        printf("it was %s, which prune may now remove\n", before);
    return EXIT_OK;
}

static int add_tags(const char *root, const char *run, const char *const *tags,
                    int count)
{
    char id[RUNS_NAME_SIZE], path[RUNS_PATH_SIZE], why[RUNS_TEXT_SIZE];
    bool exists = false;

    if (!runs_find(root, run, id))
        return EXIT_FAILED;
    runs_below(root, id, "labels.json", path);
    json_t *labels = stored_json(path, &exists, why, sizeof why);
    if (!labels && exists)
        return fail(path, why);
    if (labels && !runs_are_labels(labels)) {
        json_decref(labels);
        return fail(path, "these are no labels: remove the file");
    }
    if (!labels)
        labels = json_pack("{s:i, s:[]}", "schema_version", 1, "tags");
    json_t *list = json_object_get(labels, "tags");
    for (int i = 0; i < count; i++) {
        bool known = false;
        for (size_t k = 0; k < json_array_size(list); k++)
            known |=
                !strcmp(json_string_value(json_array_get(list, k)), tags[i]);
        if (!is_name(tags[i])) {
            json_decref(labels);
            return fail(tags[i], "a tag is one word, as a name is");
        }
        if (!known)
            json_array_append_new(list, json_string(tags[i]));
    }
    int status = results_store_at(path, labels, why, sizeof why);
    json_decref(labels);
    return status < 0 ? fail(path, why) : EXIT_OK;
}

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

/* Why a run stays though it is old; NULL: it may go. One that cannot be read
 * may still be resumed, and nobody knows whether somebody named it. */
static const char *why_kept(const struct runs_row *row)
{
    return row->latest       ? "it is the latest"
           : row->damaged    ? "its run.json cannot be read"
           : row->unlabelled ? "its labels cannot be read"
                             : NULL;
}

/* Removes a folder whose run nobody writes. Under another name first: what is
 * half removed is no run. */
static int remove_run(const char *root, const struct runs_row *row)
{
    char path[RUNS_PATH_SIZE], gone[RUNS_PATH_SIZE];
    int fd = open(runs_below(root, row->id, "", path),
                  O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return fail(path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        printf("kept %s: another troika writes it\n", path);
        return EXIT_OK;
    }
    snprintf(gone, sizeof gone, "%s/.removed-%s", root, row->id);
    bool removed = rename(path, gone) == 0 &&
                   nftw(gone, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0;
    int error = errno;
    close(fd);
    if (!removed)
        return fail(path, strerror(error));
    printf("removed %s\n", path);
    return EXIT_OK;
}

/* Removes all but the newest runs, and those that are named or tagged. */
static int prune(const struct options *options, const struct runs_list *list)
{
    char path[RUNS_PATH_SIZE];
    int old = 0, newest = 0, code = EXIT_OK;

    for (int i = list->count - 1; i >= 0 && code == EXIT_OK; i--) {
        const struct runs_row *row = &list->rows[i];
        if (row->name[0] || row->tags[0] || newest++ < options->keep)
            continue;
        runs_below(options->root, row->id, "", path);
        if (why_kept(row)) {
            printf("kept %s: %s\n", path, why_kept(row));
            continue;
        }
        old++;
        if (options->yes)
            code = remove_run(options->root, row);
        else
            printf("would remove %s\n", path);
    }
    if (old == 0)
        puts("nothing to remove");
    else if (!options->yes)
        printf("%d run%s; --yes removes them\n", old, digits_plural(old));
    return code;
}

static int wrong_words(void)
{
    fputs(
        "troika runs: give nothing, list, name RUN NAME, tag RUN TAG..., prune "
        "--keep N, history EXPERIMENT [CELL [MODEL [METRIC]]], or index\n",
        stderr);
    return EXIT_USAGE;
}

static void add_to(const struct runs_row *row, const json_t *run, void *trends)
{
    (void)row;
    trends_add(trends, run);
}

/* A word of the command line; NULL, which means any, for "all" or none. */
static const char *word_at(const struct options *options, int at)
{
    return options->count > at && strcmp(options->words[at], "all") != 0
               ? options->words[at]
               : NULL;
}

static bool is_metric(const char *word)
{
    const char *known[128] = {NULL};
    char hint[256];
    int count = 0;

    if (!strcmp(word, "all") || metric_find(word))
        return true;
    for (const struct metric *m = metrics; m->name && count < 127; m++)
        known[count++] = m->name;
    fprintf(stderr, "troika runs: %s is no metric%s\n", word,
            names_suggest(word, known, hint, sizeof hint));
    return false;
}

/* Reads the list, and the wanted figures of all its runs. Returns 0 or a
 * negative errno; then there is nothing to free. */
static int read_trends(const char *root, const struct trend_wanted *wanted,
                       struct runs_list *list, struct trends *trends)
{
    int status = trends_init(trends, wanted);

    if (status < 0)
        return status;
    status = runs_read(root, list, add_to, trends);
    if (status < 0) {
        trends_free(trends);
        return status;
    }
    for (int i = 0; i < list->count; i++)
        trends->damaged += list->rows[i].damaged;
    trends_finish(trends);
    return 0;
}

/* Prints figures over many runs. */
static int tell_history(const struct options *options)
{
    const struct trend_wanted wanted = {
        .experiment = word_at(options, 1),
        .load_point = word_at(options, 2),
        .model = word_at(options, 3),
        .metric = options->count > 4 ? options->words[4] : NULL};
    struct trends trends;
    struct runs_list list;

    if (wanted.metric && !is_metric(wanted.metric))
        return EXIT_USAGE;
    if (options->format == 2) {
        fputs("troika runs: a history is text or json; give one of these\n",
              stderr);
        return EXIT_USAGE;
    }
    int status = read_trends(options->root, &wanted, &list, &trends);
    if (status < 0)
        return fail(options->root, strerror(-status));
    size_t lines = json_array_size(trends.lines);
    if (options->format == 1) {
        json_t *all = trends_json(&trends);
        json_print(all);
        json_decref(all);
    } else {
        trends_print(&trends, options->all, stdout);
    }
    if (lines == 0)
        fprintf(stderr,
                "troika runs: no stored run in %s has such a figure (troika "
                "runs lists them)\n",
                options->root);
    runs_free(&list);
    trends_free(&trends);
    return lines > 0 ? EXIT_OK : EXIT_FAILED;
}

/* Stores the list and all headlines over all runs in ROOT/index/, and makes the
 * page ROOT/index.html of them. */
static int make_index(const struct options *options)
{
    const struct trend_wanted wanted = {0};
    struct python_words words = {0};
    struct trends trends;
    struct runs_list list;
    char folder[RUNS_PATH_SIZE], path[RUNS_PATH_SIZE], why[RUNS_TEXT_SIZE];
    int status = read_trends(options->root, &wanted, &list, &trends);

    if (status < 0)
        return fail(options->root, strerror(-status));
    json_t *files[] = {runs_json(&list), trends_json(&trends)};
    static const char *const names[] = {"runs.json", "history.json"};
    runs_below(options->root, "index", "", folder);
    status = mkdir(folder, 0777) < 0 && errno != EEXIST ? -errno : 0;
    if (status < 0)
        snprintf(why, sizeof why, "%.400s: %s", folder, strerror(errno));
    for (int i = 0; i < 2; i++) {
        runs_below(options->root, "index", names[i], path);
        if (status == 0)
            status = results_store_at(path, files[i], why, sizeof why);
        json_decref(files[i]);
    }
    runs_free(&list);
    trends_free(&trends);
    if (status < 0) {
        fprintf(stderr, "troika runs: %s\n", why);
        return EXIT_FAILED;
    }
    python_add(&words, "--");
    python_add(&words, options->root);
    return python_become("troika runs", "reports/indexed.py", &words);
}

static int list_runs(const struct options *options,
                     const struct runs_list *list)
{
    json_t *all = options->format == 1 ? runs_json(list) : NULL;

    if (all)
        json_print(all);
    else
        print_text(list, options->format == 2);
    json_decref(all);
    return EXIT_OK;
}

/* The list itself, or a prune. */
static int read_runs(const struct options *options, bool prunes)
{
    struct runs_list list;
    int status = runs_read(options->root, &list, NULL, NULL);

    if (status < 0)
        return fail(options->root, strerror(-status));
    int code = prunes ? prune(options, &list) : list_runs(options, &list);
    runs_free(&list);
    return code;
}

/* What may follow a first word, and which flags it takes. */
static int obey(const struct options *options)
{
    const char *const *words = options->words;
    const char *verb = options->count > 0 ? words[0] : "";
    bool prunes = !strcmp(verb, "prune"), tells = !strcmp(verb, "history");
    int count = options->count;

    if ((!prunes && (options->keep >= 0 || options->yes)) ||
        (!tells && options->all))
        return wrong_words();
    if (count == 0 || (count == 1 && !strcmp(verb, "list")) ||
        (prunes && count == 1 && options->keep >= 0))
        return read_runs(options, prunes);
    if (!strcmp(verb, "name") && count == 3)
        return give_name(options->root, words[1], words[2]);
    if (!strcmp(verb, "tag") && count > 2)
        return add_tags(options->root, words[1], words + 2, count - 2);
    if (tells && count > 1 && count < 6)
        return tell_history(options);
    if (!strcmp(verb, "index") && count == 1)
        return make_index(options);
    return wrong_words();
}

static const struct flag rows[] = {
    {"runs", 0, "DIRECTORY", "where the runs are (results)", FLAG_TEXT,
     .offset = offsetof(struct options, root)},
    {"format", 'f', "text|json|markdown", "of the list (text)", FLAG_CHOICE,
     .offset = offsetof(struct options, format)},
    {"keep", 0, "N", "prune: so many of the newest stay", FLAG_INT,
     .offset = offsetof(struct options, keep), .least = 0, .most = 1000000},
    {"yes", 0, NULL, "prune: remove them, instead of naming them", FLAG_ON,
     .offset = offsetof(struct options, yes)},
    {"all", 0, NULL, "history: lines of other environments and other work, too",
     FLAG_ON, .offset = offsetof(struct options, all)},
    {0}};

int verb_runs(int argc, char **argv)
{
    static const struct flags flags = {
        .rows = rows,
        .arguments =
            "[list | name RUN NAME | tag RUN TAG... | prune --keep N]\n"
            "history EXPERIMENT [CELL [MODEL [METRIC]]]\nindex",
        .help =
            "Lists the stored runs; gives one a name, which every verb "
            "takes as results/NAME, or tags; removes old ones that have "
            "neither. `history` prints a figure over all runs of one "
            "environment, and where its level changed: by default each "
            "load point's headline; \"all\" stands for any. `index` makes the "
            "page of all runs, index.html beside them.",
        .word = take_word};
    static char root[RUNS_PATH_SIZE];
    struct options options = {.keep = -1};

    flags_parse(&flags, argc, argv, &options);
    if (!options.root) {
        results_default_root(root, sizeof root);
        options.root = root;
    }
    return obey(&options);
}
