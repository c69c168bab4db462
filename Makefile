# SPDX-License-Identifier: MIT
# Troika. `make help` lists the targets.
#
# One file, without recursion except for the sanitizer variants. Packages are installed
# before the first compiler call (build/.deps), so nothing here may ask
# pkg-config while this file is read: recipes ask when they run.

VARIANT ?= release
CC ?= gcc
CFLAGS ?=
PYTHON ?= /usr/bin/python3
# Packages (pkg-config's names) and interpreters to treat as missing.
WITHOUT ?=
# The user's variables reach the program unchanged: make does not expand them, and
# no shell reads them. A recipe has "$$GIVEN_X", which is one word, or $(with) X,
# which is the words of X. The program replaces the shell, so that a SIGTERM to
# make, which make passes on, ends the program and not only the shell.
given := A ARGS B CLAIMS CPYTHON DIR MINUTES MODEL NODE PYTHON RUN RUNS SECONDS TARGETS TESTS URL WITHOUT
default_RUN := results/latest
default_CPYTHON = $(if $(value PYTHON),$(value PYTHON),/usr/bin/python3)
default_NODE := node
$(foreach v,$(given),$(eval export GIVEN_$(v) := $$(if $$(value $(v)),$$(value $(v)),$$(default_$(v)))))
$(foreach v,$(given),$(if $(findstring command,$(origin $(v))),$(eval unexport $(v))))
python := "$$GIVEN_PYTHON"
with := exec $(python) harness/given.py words
comma := ,
needed = $(if $(value $(1)),,$(error $(1)= is missing$(2)))
# Another compiler's objects go to a folder of their own.
out := build/$(VARIANT)$(if $(filter gcc cc,$(CC)),,-$(notdir $(CC)))
Q := $(if $(V),,@)
# The step that is done now: a line of a terminal, redrawn in place; V=1 shows the
# commands instead. The cursor stays at its beginning, for warnings and errors.
tty := $(if $(V),,$(if $(MAKE_TERMOUT),$(filter-out dumb,$(TERM))))
say = $(if $(tty),@printf '\r\033[K  %-7s %.60s\r' $(1) $(2))
clear = $(if $(tty),printf '\r\033[K';)

VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            $(if $(WERROR),-Werror)
variant_release := -O2 -fno-plt
variant_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
variant_tsan := -O1 -fsanitize=thread -fno-omit-frame-pointer
# `make fuzz` builds with clang: asan's checks, and counted branches.
variant_fuzz := -O2 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined -fno-omit-frame-pointer
variant_flags := $(variant_$(VARIANT))
$(if $(variant_flags),,$(error VARIANT=$(VARIANT) is none of release asan tsan))
REQUIRED := -std=gnu11 -D_GNU_SOURCE -g -pthread -I. -Ibuild/llhttp/include $(WARNINGS) $(variant_flags)
COMPILE = $(CC) $(REQUIRED) $(CFLAGS) -MMD -MP

models := $(patsubst models/%.c,%,$(wildcard models/*.c))
# Models in other languages; not under sanitizers, which cannot check them.
foreign_models := $(if $(filter release,$(VARIANT)),$(wildcard models/*.py models/*.js))
FUZZ_CC ?= clang
workload_sources := $(sort $(wildcard workloads/*.c))
runtime_sources := $(wildcard models/runtime/*.c models/runtime/*/*.c models/runtime/*/*.S)
harness_sources := $(filter-out harness/verbs/main.c,$(wildcard harness/*/*.c harness/*/*/*.c))
unit_tests := $(patsubst tests/unit/%.c,$(out)/tests/%,$(wildcard tests/unit/*.c))
fuzz_targets := $(patsubst tests/fuzz/%.c,$(out)/fuzz/%,$(wildcard tests/fuzz/*.c))
speed_programs := $(patsubst tests/speed/%.c,$(out)/tests/speed/%,$(wildcard tests/speed/*.c))
helpers := $(patsubst tests/helpers/%.c,$(out)/tests/helpers/%,$(wildcard tests/helpers/*.c))
experiments := $(patsubst harness/experiments/%.ini,%,$(wildcard harness/experiments/*.ini))
claim_experiments := $(patsubst harness/experiments/%.ini,%,$(wildcard harness/experiments/claims/*.ini))
bench_targets := $(addprefix bench-,$(experiments) $(claim_experiments))

object = $(patsubst %,$(out)/%.o,$(basename $(1)))
workload_objects := $(call object,$(workload_sources)) $(out)/workloads.o
runtime_objects := $(call object,$(runtime_sources))
harness_objects := $(call object,$(harness_sources))
model_binaries := $(addprefix $(out)/models/,$(models))
foreign_binaries := $(addprefix $(out)/models/,$(notdir $(basename $(foreign_models))))
llhttp := $(out)/llhttp.o
all_objects := $(runtime_objects) $(workload_objects) $(harness_objects) $(out)/harness/verbs/main.o

##@ Use
.DEFAULT_GOAL := all
.PHONY: all help deps deps-peers deps-claims deps-servers deps-install list bench standard resume full $(bench_targets) serve load search doctor charts report adr compare
all: $(out)/troika $(model_binaries) $(foreign_binaries) ## build everything (VARIANT=release, asan or tsan)
	@$(clear) printf 'built %s: troika and %s models; make help\n' '$(out)' "$$(find $(out)/models -maxdepth 1 -perm -u+x -type f | wc -l)"

help: ## this text
	@awk -v experiments='$(experiments)' -f harness/help.awk Makefile

deps: ## install missing packages (apt; on other systems, print the list)
	@rm -f build/.deps
	@$(MAKE) --no-print-directory build/.deps

deps-peers: ## install the servers and load generators of bench-peers and bench-generators (apt)
	@sh harness/deps-servers.sh peers nginx-light haproxy lighttpd apache2 wrk nghttp2-client apache2-utils

deps-claims: ## install PostgreSQL, Redis, their client libraries, and Node.js; only some experiments need them (apt)
	@sh harness/deps-servers.sh claims postgresql redis-server libpq-dev libhiredis-dev nodejs

deps-install: ## install help2man, dpkg-dev and lintian, which make install and make deb use, and the model of a terminal for tests (apt)
	@sh harness/deps-servers.sh install help2man dpkg-dev lintian python3-pyte

deps-servers: ## install the Python frameworks and servers of bench-servers and of some claims (apt)
	@sh harness/deps-servers.sh servers python3-fastapi python3-uvicorn python3-uvloop python3-httptools \
	    python3-hypercorn python3-quart gunicorn python3-flask python3-gevent python3-django python3-aiohttp \
	    python3-asyncpg python3-psycopg python3-redis python3-requests

list: all ## show models, workloads and experiments
	@$(with) ARGS $(out)/troika list

bench: bench-quick ## compare threads, loop and processes on I/O, CPU and mixed work: under 3 minutes, ends in a decision

standard: bench-standard ## as bench, with latency at a fixed rate and a noise floor: under 15 minutes

# A run with invalid trials, or one that misses a --threshold, gets its report too.
run_and_report = exec $(python) harness/given.py bench $(out)/troika

$(sort $(bench_targets) bench-quick): bench-%: all
	@$(run_and_report) -- $*

# For an experiment that does not exist, the program suggests the nearest name.
bench-%: all FORCE
	@$(run_and_report) -- '$(subst ','\'',$*)'

resume: all ## continue an interrupted run, then report it (RUN=, default: the newest)
	@$(run_and_report) "--resume=$$GIVEN_RUN"

full: all ## run every experiment, one after another (over ten hours; ARGS=--dry-run shows how long)
	@$(run_and_report) -- $(experiments)

# CLAIMS= names the claims to judge; MINUTES= limits all their runs together,
# including the further runs of undecided claims.
.PHONY: claims claims-full
claims: all ## judge the articles' claims, as many as fit into 10 minutes (CLAIMS=C07,C14: only these)
claims-full: all ## judge all claims (about an hour and a half)
claims claims-full:
	@$(with) ARGS $(python) reports/claims_run.py --troika=$(out)/troika \
	    --claims="$${GIVEN_CLAIMS:-$(if $(filter claims-full,$@),full,quick)}" \
	    --minutes="$${GIVEN_MINUTES:-$(if $(filter claims-full,$@),100,10)}" bench

serve: all ## run one model as a server: MODEL=event-loop ARGS='--port 8080'
	@$(call needed,MODEL,$(comma) one of: $(models))$(with) ARGS $(out)/troika serve "$$GIVEN_MODEL"

load: $(out)/troika ## run only the load generator: URL=http://127.0.0.1:8080/hello ARGS='-c 64 -d 5s'
	@$(call needed,URL,$(comma) say make load URL='http://127.0.0.1:8080/hello')$(with) ARGS $(out)/troika load -- "$$GIVEN_URL"

search: all ## find the highest rate under a latency limit: ARGS="event-loop --workload fetch --delay=10ms --limit 'p99<50ms'"
	@$(call needed,ARGS,; $(out)/troika search --help)$(with) ARGS $(out)/troika search

.PHONY: calibrate
calibrate: all ## measure what each model costs on this machine, for make predict: about five minutes
	@$(with) ARGS $(out)/troika calibrate

predict: $(out)/troika ## what each model would do for a service: ARGS='--wait 20ms --cpu 1ms --rate 300', or a profile: ARGS=users
	@$(call needed,ARGS,; $(out)/troika predict --help)$(with) ARGS $(out)/troika predict

size: $(out)/troika ## how many workers, threads and database connections a service needs, in your server's words (ARGS as predict)
	@$(call needed,ARGS,; $(out)/troika size --help)$(with) ARGS $(out)/troika size

MEASURE ?= --measure
decide: all ## which model should serve a service, how sure, and what would flip it; measures what is in question (ARGS as predict; MEASURE=: only forecast)
	@$(call needed,ARGS,; $(out)/troika decide --help)$(with) ARGS $(out)/troika decide \
	    $(if $(filter --verify --verify=% --run --run=%,$(value ARGS)),,$(MEASURE))

own: all ## your own service beside the models, in one sentence: ARGS='--url http://127.0.0.1:8000/x', or '--command "node app.js {port}" --path /x'
	@$(call needed,ARGS,; $(out)/troika bench --url X --help)$(with) ARGS $(out)/troika bench

probe: $(out)/troika ## the profile of your service: ARGS='--rate 300 --response 42ms --busy 35% --cores 2', or '--log FILE', or a command and a URL
	@$(call needed,ARGS,; $(out)/troika probe --help)$(with) ARGS $(out)/troika probe

validate: all ## forecast services drawn by chance, measure them, and say how far off the forecasts were: 12 in 15 minutes (ARGS=--full: 60)
	@exec $(python) harness/given.py validate $(out)/troika

doctor: $(out)/troika ## show what spoils measurements on this machine, and the remedy
	@$(with) ARGS $(out)/troika doctor

.PHONY: selftest
selftest: all ## test the instrument: it must catch every planted fault
	@$(with) ARGS $(out)/troika selftest

.PHONY: probe-planted
probe-planted: tests ## probe services of known wait, CPU time and places, and say what was told right, not told, or WRONG: 2 minutes
	@export TROIKA_BUILD=$(out); $(with) ARGS $(python) tests/speed/planted.py

.PHONY: bench-primitives
bench-primitives: $(out)/troika ## measure the cost of a switch, a task, a hand-over and a timer on this machine
	@$(with) ARGS $(out)/troika primitives

.PHONY: bench-simulation
bench-simulation: $(out)/tests/speed/simulation ## measure how many requests a second the simulator of forecasts serves
	@$(with) ARGS $<

.PHONY: bench-generators
bench-generators: all ## compare troika load with wrk, h2load and ab, if installed: rate and CPU per request
	@$(with) ARGS $(python) harness/generators.py --build $(out)

##@ Report
charts: build/.deps ## draw the charts of RUN again
	@$(with) ARGS $(python) reports/report.py --only charts -- "$$GIVEN_RUN"
report: $(out)/troika build/.deps ## make charts, report.md, index.html and decision record of RUN
	@$(with) ARGS $(python) reports/report.py --troika $(out)/troika -- "$$GIVEN_RUN"
adr: $(out)/troika build/.deps ## make only the decision record of RUN; ARGS=--verify: check the existing one
	@$(with) ARGS $(python) reports/report.py --only adr --troika $(out)/troika -- "$$GIVEN_RUN"
.PHONY: map
map: $(out)/troika build/.deps ## which model wins for which wait and CPU time (ARGS as predict; DIR=: of a map that is stored)
	@[ -n "$$GIVEN_DIR" ] || [ -n "$$GIVEN_ARGS" ] || { $(out)/troika map --help; exit 2; }; \
	    dir=$${GIVEN_DIR:-results/map-$$(date -u +%Y%m%dT%H%M%SZ)}; \
	    { [ -z "$$GIVEN_ARGS" ] || ( $(with) ARGS $(out)/troika map -o "$$dir" ); } && $(python) reports/mapped.py -- "$$dir"
.PHONY: record
record: build/.deps ## make the record of a decision that troika decide -o DIR stored; ARGS='--verify build/release/troika': check it
	@$(call needed,DIR,; $(out)/troika decide --help)$(with) ARGS $(python) reports/decided.py -- "$$GIVEN_DIR"
.PHONY: validation-report
validation-report: build/.deps ## make the page of a validation again (DIR=results/validation-SEED; default: the newest)
	@$(with) ARGS $(python) reports/validation.py $${GIVEN_DIR:+-- "$$GIVEN_DIR"}
compare: $(out)/troika ## compare two runs: make compare A=results/X B=results/Y (ARGS='-o FOLDER': a page with both)
	@$(call needed,A,$(comma) say A=results/X B=results/Y)$(call needed,B,$(comma) say A=results/X B=results/Y)$(with) ARGS $(out)/troika compare -- "$$GIVEN_A" "$$GIVEN_B"

.PHONY: runs
runs: $(out)/troika build/.deps ## list the stored runs (ARGS=index: the page results/index.html; ARGS='history quick': figures over all runs)
	@$(with) ARGS $(out)/troika runs

##@ Install
PREFIX ?= /usr/local
DESTDIR ?=
.PHONY: install uninstall
install: all build/man/troika.1 ## copy program, models, experiments, reports, manual pages and completion below PREFIX=/usr/local (DESTDIR=: below that)
	@sh harness/install.sh '$(out)' '$(DESTDIR)' '$(PREFIX)'
uninstall: ## take away what make install copied
	@sh harness/install.sh --uninstall '$(DESTDIR)' '$(PREFIX)'
.PHONY: deb tarball
deb: all build/man/troika.1 ## make build/troika_VERSION_ARCH.deb, of what make install copies
	@sh harness/deb.sh '$(out)' '$(VERSION)'
tarball: ## make build/troika-VERSION.tar.gz, of what is committed
	@mkdir -p build && git archive --prefix='troika-$(VERSION)/' -o 'build/troika-$(VERSION).tar.gz' HEAD && echo 'build/troika-$(VERSION).tar.gz'
build/man/troika.1: $(out)/troika harness/man.sh
	@sh harness/man.sh '$(CURDIR)/$(out)/troika' build/man '$(VERSION)'

##@ Develop
.PHONY: check asan tsan ci tests format format-check tidy clean
tests: all $(unit_tests) $(helpers) $(speed_programs)

# Only the tests that TESTS names are built. Of the unit tests, only one runs models.
tests_named := $(value TESTS)
units_named := $(if $(tests_named),$(foreach u,$(unit_tests),$(if $(strip \
    $(foreach w,$(tests_named),$(findstring $(w),unit/$(notdir $(u))))),$(u))),$(unit_tests))
.PHONY: tests-named
tests-named: $(if $(filter-out unit/%,$(or $(tests_named),all))$(filter %/meter_unprivileged,$(units_named)),all) \
    $(units_named) $(helpers) $(speed_programs)
	@$(clear):

check: tests-named ## run unit, contract, method, report, fault and tidy tests (TESTS=unit/gate: only tests with this word in their name)
	@export TROIKA_BUILD=$(out); $(with) TESTS $(python) tests/run.py

asan tsan: ## run check, without reports (they are Python), under address+undefined or thread sanitizer
	@$(MAKE) --no-print-directory tests-named VARIANT=$@
	@export GIVEN_TESTS="$${GIVEN_TESTS:-unit/ contract/ method/ fault/}" TROIKA_BUILD=build/$@; \
	    $(with) TESTS $(python) tests/run.py

# SECONDS= and RUNS= limit each target; TARGETS= names some; FRESH=1 starts from
# the seeds only, so that the inputs are the same each time.
.PHONY: fuzz fuzz-run
fuzz: ## fuzz all parsers of foreign bytes, a minute each (SECONDS= RUNS= TARGETS=; docs/fuzzing.md)
	@if ! echo 'int LLVMFuzzerTestOneInput(void);int LLVMFuzzerTestOneInput(void){return 0;}' | \
	    $(FUZZ_CC) -fsanitize=fuzzer,address -x c -o /dev/null - 2>/dev/null; then \
	    echo 'fuzz: skipped: $(FUZZ_CC) with libFuzzer is missing (on Debian 12: clang and libclang-rt-14-dev)'; exit 0; fi; \
	$(MAKE) --no-print-directory VARIANT=fuzz CC=$(FUZZ_CC) fuzz-run
fuzz-run: $(fuzz_targets)
	@$(clear) $(with) TARGETS $(python) tests/fuzz/run.py --build $(out) $${GIVEN_SECONDS:+--seconds "$$GIVEN_SECONDS"} \
	    $${GIVEN_RUNS:+--runs "$$GIVEN_RUNS"} $(if $(FRESH),--fresh)

ci: ## run what CI runs after make bench and make check (CI_TESTS=: of the release build, only these tests)
	@$(MAKE) --no-print-directory format-check
	@if command -v clang >/dev/null; then $(MAKE) --no-print-directory tests CC=clang CFLAGS=-O0 WERROR=1; \
	    else echo 'clang is missing: its warnings are not looked at'; fi
	@$(MAKE) --no-print-directory check WERROR=1 $(if $(CI_TESTS),TESTS='$(CI_TESTS)')
	@$(out)/troika selftest --no-store >build/selftest.txt; status=$$?; tail -1 build/selftest.txt; \
	    case $$status in 0|3) ;; *) cat build/selftest.txt; exit $$status;; esac # 3: a busy machine could not tell
	@$(MAKE) --no-print-directory asan WERROR=1
	@$(MAKE) --no-print-directory tsan WERROR=1
	@$(MAKE) --no-print-directory fuzz WERROR=1 FRESH=1 RUNS=100000 SECONDS=30

c_files = $(wildcard $(shell git ls-files -co --exclude-standard '*.c' '*.h'))
format: ## format all C files by clang-format, and the schemas with one property a line
	@$(python) results/schema/format.py
	@clang-format -i $(c_files)
format-check: ## fail if format would change a file
	@$(python) results/schema/format.py --check
	@command -v clang-format >/dev/null || { echo 'format-check: clang-format is missing, skipped'; exit 0; }; \
	    clang-format --dry-run -Werror $(c_files)
# Definitions that clang-tidy and cppcheck need to read a file without its recipe.
tidy_defines := $(foreach d,MODEL_NAME TROIKA_VERSION TROIKA_VARIANT TROIKA_COMPILER TROIKA_CFLAGS,-D$(d)='""')
tidy: tests ## run clang-tidy (checks: .clang-tidy), cppcheck and shellcheck
	@printf '%s\n' $(filter %.c,$(c_files)) | xargs -P 2 -I{} clang-tidy --quiet {} -- $(REQUIRED) $(tidy_defines) \
	    2>build/tidy.log || { cat build/tidy.log; exit 1; }
	@cppcheck --quiet --enable=warning,performance,portability --inline-suppr --suppress=missingIncludeSystem -I. -D_GNU_SOURCE \
	    $(tidy_defines) --include=/usr/include/jansson.h --error-exitcode=1 models workloads harness
	@shellcheck .ci/run .ci/action $(wildcard harness/*.sh)

clean: ## remove build/; never touches results/
	@rm -rf build

# ---- packages -------------------------------------------------------------
build/.deps: harness/deps.sh
	@mkdir -p build
	@sh harness/deps.sh
	@touch $@

# ---- objects --------------------------------------------------------------
$(out)/%.o: %.c | build/.deps
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(OBJECT_FLAGS) -c -o $@ $<
$(out)/%.o: %.S | build/.deps
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -c -o $@ $<
$(out)/harness/base/version.o: OBJECT_FLAGS = -DTROIKA_VERSION='"$(VERSION)"' -DTROIKA_VARIANT='"$(VARIANT)"' \
    -DTROIKA_COMPILER='"$(shell $(CC) --version 2>/dev/null | head -1)"' -DTROIKA_CFLAGS='"$(variant_flags) $(CFLAGS)"'
$(out)/models/runtime/connection/server.o: OBJECT_FLAGS = -DTROIKA_VERSION='"$(VERSION)"'
$(out)/harness/base/version.o $(out)/models/runtime/connection/server.o: $(out)/.version
$(out)/.version: FORCE
	@mkdir -p $(@D); echo '$(VERSION) $(CFLAGS)' | cmp -s - $@ || echo '$(VERSION) $(CFLAGS)' > $@

# The clients of the data servers; a file without its package is a stub.
# Whether a package is there, and WITHOUT does not name it.
has = case " $$GIVEN_WITHOUT " in *" $(1) "*) false;; *) pkg-config --exists $(1);; esac
client_postgresql := libpq
client_redis := hiredis
clients := $(out)/models/runtime/clients/postgresql.o $(out)/models/runtime/clients/redis.o
client = $(client_$(basename $(@F)))
$(clients): OBJECT_FLAGS = $(if $(filter $(client),$(value WITHOUT)),-DTROIKA_WITHOUT_CLIENT,\
    $(shell pkg-config --cflags $(client) 2>/dev/null))
$(clients): $(out)/workloads.c

# The table of workloads is rewritten only when the set of files changes, or when
# a package that they require (as models do, see below) comes or goes.
symbol = $(subst -,_,$(basename $(notdir $(1))))
$(out)/workloads.c: FORCE | build/.deps
	@mkdir -p $(@D)
	@here=; missing=; for f in $(workload_sources); do n=$$(basename $$f .c); lacks=; \
	   for p in $$(sed -n 's/.*requires: *\([^*]*\).*/\1/p' $$f | head -1); do \
	       $(call has,$$p) || lacks=$$p; done; \
	   if [ -z "$$lacks" ]; then here="$$here $$n"; else missing="$$missing $$n:$$lacks"; fi; done; \
	 { echo '/* Generated from workloads/. Weak: some tests have tables of their own. */'; echo '#include "models/runtime/workload.h"'; \
	   for n in $$here; do echo "extern const struct workload workload_$$(echo $$n | tr - _);"; done; \
	   echo '__attribute__((weak)) const struct workload_entry workloads[] = {'; \
	   for n in $$here; do echo "    {\"$$n\", &workload_$$(echo $$n | tr - _)},"; done; \
	   echo '    {0, 0},'; echo '};'; echo '__attribute__((weak)) const struct workload_missing workloads_missing[] = {'; \
	   for m in $$missing; do echo "    {\"$${m%:*}\", \"$${m#*:}\"},"; done; \
	   echo '    {0, 0},'; echo '};'; } > $@.new; \
	 if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; \
	   for m in $$missing; do $(clear) echo "skipped the workload $${m%:*}: package $${m#*:} is missing (make deps-claims)"; done; fi
$(out)/workloads.o: $(out)/workloads.c
	$(Q)$(COMPILE) -c -o $@ $<

# Third-party sources get the variant's flags too, but no warnings. Of llhttp's two
# state machines we use the strict one; llhttp 9 as a library has only that one.
$(llhttp): | build/.deps
	$(call say,CC,llhttp)
	@mkdir -p $(@D)/llhttp
	$(Q)if [ -f build/llhttp/llhttp.c ]; then for f in llhttp api http; do \
	    $(CC) -g $(variant_flags) $(CFLAGS) -DLLHTTP_STRICT_MODE=1 -Ibuild/llhttp/include \
	        -c -o $(@D)/llhttp/$$f.o build/llhttp/$$f.c || exit 1; done; \
	    ld -r -o $@ $(patsubst %,$(@D)/llhttp/%.o,llhttp api http); else echo 'INPUT(-lllhttp)' >$@; fi

$(out)/libruntime.a: $(runtime_objects) $(workload_objects)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^
$(out)/libtroika.a: $(harness_objects)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

# ---- programs -------------------------------------------------------------
# A model names its packages in one comment line, `requires: PKG ...`, by their
# pkg-config names. If a package is missing, the build skips the model and says why.
$(model_binaries): $(out)/models/%: models/%.c $(out)/libruntime.a $(llhttp) | build/.deps
	$(call say,MODEL,$*)
	@mkdir -p $(@D)
	$(Q)needs=$$(sed -n 's/.*requires: *\([^*]*\).*/\1/p' $< | head -1); \
	for p in $$needs; do $(call has,$$p) || { $(clear) echo "skipped $*: package $$p is missing (make deps)"; rm -f $@; exit 0; }; done; \
	$(COMPILE) -MF $@.d -MT $@ -DMODEL_NAME='"$*"' -o $@ $< $(out)/libruntime.a $(llhttp) -lcrypto -lm $${needs:+$$(pkg-config --libs $$needs)}

# A foreign model is its script behind the interpreter's line. Beside it are the
# code that foreign models share and the workloads' tables.
$(out)/routes.json: $(out)/troika
	$(Q)$< list workloads --format json >$@
	@mkdir -p $(@D)/models
	$(Q)ln -sfn ../../../models/foreign $(@D)/models/foreign
$(out)/.interpreters: FORCE
	@mkdir -p $(@D); now="$$GIVEN_CPYTHON $$GIVEN_NODE $$GIVEN_WITHOUT"; \
	    printf '%s\n' "$$now" | cmp -s - $@ || printf '%s\n' "$$now" >$@
define run_by
	@case " $$GIVEN_WITHOUT " in *" $(1) "*) program=;; *) program=$$(command -v -- "$$GIVEN_$(2)");; esac; \
	    [ -n "$$program" ] || { $(clear) echo "skipped $*: $$GIVEN_$(2) is missing ($(3))"; rm -f $@; exit 0; }; \
	    case $$program in *[[:space:]]*) $(clear) echo "skipped $*: a blank in $$program: scripts cannot name it"; rm -f $@; exit 0;; esac; \
	    { printf '#!%s\n' "$$program$(4)"; tail -n +2 $<; } >$@ && chmod +x $@
endef
$(patsubst models/%.py,$(out)/models/%,$(filter %.py,$(foreign_models))): $(out)/models/%: models/%.py $(out)/.interpreters | $(out)/routes.json
	$(call run_by,python3,CPYTHON,CPYTHON=/usr/bin/python3 make, -Es)
$(patsubst models/%.js,$(out)/models/%,$(filter %.js,$(foreign_models))): $(out)/models/%: models/%.js $(out)/.interpreters | $(out)/routes.json
	$(call run_by,node,NODE,make deps-claims,)

harness_libraries = -ljansson -linih -lcrypto -lm
$(out)/troika: $(out)/harness/verbs/main.o $(out)/libtroika.a $(out)/libruntime.a $(llhttp)
	$(call say,LINK,$@)
	$(Q)$(COMPILE) -o $@ $^ $(harness_libraries)
	@$(clear):

$(unit_tests): $(out)/tests/%: tests/unit/%.c $(out)/libtroika.a $(out)/libruntime.a $(llhttp) | build/.deps
	$(call say,TEST,$*)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MF $@.d -MT $@ -o $@ $< $(out)/libtroika.a $(out)/libruntime.a $(llhttp) $(harness_libraries) -lcmocka -luv
$(speed_programs): $(out)/tests/speed/%: tests/speed/%.c $(out)/libtroika.a $(out)/libruntime.a $(llhttp) | build/.deps
	$(call say,SPEED,$*)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MF $@.d -MT $@ -o $@ $< $(out)/libtroika.a $(out)/libruntime.a $(llhttp) $(harness_libraries)
# A target of tests/fuzz/ is linked like a unit test; libFuzzer has main.
$(fuzz_targets): $(out)/fuzz/%: tests/fuzz/%.c $(out)/libtroika.a $(out)/libruntime.a $(llhttp) | build/.deps
	$(call say,FUZZ,$*)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -fsanitize=fuzzer -MF $@.d -MT $@ -o $@ $< $(out)/libtroika.a $(out)/libruntime.a $(llhttp) $(harness_libraries) -luv
# Programs of known size and speed, built without sanitizers, which would add to both.
$(helpers): $(out)/tests/helpers/%: tests/helpers/%.c | build/.deps
	@mkdir -p $(@D)
	$(Q)$(filter-out -fsanitize% -fno-sanitize%,$(COMPILE)) -MF $@.d -MT $@ -o $@ $<

##@ Variables, as make NAME=value TARGET
##= ARGS=: words for troika, as in a shell: quotes hold words together
##= V=1: shows each command of the build
##= VARIANT= CC= CFLAGS=: release, asan or tsan; the compiler; more flags for it
##= MODEL= URL=: of serve and load
##= RUN= A= B=: stored runs (results/latest)
##= DIR=: of a map, a decision or a validation
##= CLAIMS= MINUTES=: of claims: which, and for how long
##= WITHOUT=: packages treated as missing
##= CPYTHON= NODE=: interpreters of models in other languages
##= PYTHON=: what runs the reports (/usr/bin/python3)
##= TESTS=: of check, asan and tsan: words of names
##= SECONDS= RUNS= TARGETS= FRESH=1: of fuzz
##= PREFIX= DESTDIR=: of install

.PHONY: FORCE
FORCE:
-include $(all_objects:.o=.d) $(addsuffix .d,$(model_binaries) $(unit_tests) $(fuzz_targets) $(helpers) \
    $(speed_programs))
