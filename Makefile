# Makefile of jobdir (GNU make)
#
#	make			build/jobdir, static where the libraries allow
#	make test		unit tests and fast end-to-end tests
#	make check		layers, headers, lengths, format: seconds
#	make help		all targets and the knobs below
#
# Knobs, all on the command line:
#	CC=gcc|clang		the compiler
#	DEVELOPER=1		warnings are errors
#	SANITIZE=address,undefined	a second build, in build/san-...
#	STATIC=no		never link statically
#	STRESS=short|full	how long `make stress` runs
#	FUZZ_SECONDS=10		how long `make fuzz` runs each fuzzer
#	FUZZ_TARGETS='rpc …'	only these fuzzers, of tests/fuzz
#	V=1			print whole command lines
#	PREFIX=, DESTDIR=	where `make install` puts things
#
# Objects depend on a stamp with the compiler and its flags: after a knob is
# turned, make builds anew what that knob changes, and nothing has to be
# cleaned.

PREFIX ?= /usr/local
DESTDIR ?=
DEVELOPER ?=
SANITIZE ?=
STATIC ?= yes
STRESS ?= short
PKG_CONFIG ?= pkg-config
CFLAGS ?= $(if $(COVERAGE),-O0,-O2) -g

ifeq ($(origin CC),default)
CC = gcc
endif

Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1)	$(2)')
comma := ,
# Each kind of build has a directory of its own, so that going from one to the
# other costs nothing.
BUILD ?= build
B := $(BUILD)$(if $(SANITIZE),/san-$(subst $(comma),-,$(SANITIZE)))$(if \
    $(COVERAGE),/coverage)
GEN := $(BUILD)/gen

SRCS := $(sort $(wildcard src/*/*.c))
HDRS := $(sort $(wildcard src/*/*.h))
TOOLS := $(sort $(wildcard src/verbs/tools/*.json))
UNIT_SRCS := $(sort $(wildcard tests/unit/test_*.c))
OBJS := $(SRCS:src/%.c=$(B)/obj/%.o)
MAIN_OBJ := $(B)/obj/faces/main.o
UNIT_TESTS := $(UNIT_SRCS:tests/unit/%.c=$(B)/unit/%)
PROGRAM := $(B)/jobdir

# --- flags -------------------------------------------------------------------

# Beyond -Wall and -Wextra, and why:
#   shadow			the inner variable is the one that gets fixed
#   strict-, missing-prototypes	f() takes anything; no header, no contract
#   format=2			formats are literals: names in the spool are hostile
#   pointer-arith, write-strings, cast-qual	const means const
#   undef			a misspelt macro in #if would read as 0
#   vla				stack size must not depend on input
#   switch-enum			a new state must be thought of in every switch
# Left out: -Wconversion (hundreds of harmless int/size_t), -Wpedantic (this is
# C11 with the attributes that gcc and clang share).
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
    -Wformat=2 -Wpointer-arith -Wwrite-strings -Wundef -Wvla -Wcast-qual \
    -Wswitch-enum $(if $(DEVELOPER),-Werror)

CPPFLAGS += -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE -Isrc -I$(GEN)

# Input is hostile, so the compiler's guards are on.  Fortified functions hide
# from the sanitizers what they look for, and need optimisation.
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection
ifeq ($(SANITIZE)$(filter -O0,$(CFLAGS)),)
HARDEN += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
HARDEN_LINK := -Wl,-z,relro,-z,now

ifneq ($(SANITIZE),)
INSTRUMENT := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
    -fno-omit-frame-pointer
endif
ifneq ($(COVERAGE),)
INSTRUMENT += --coverage -fprofile-update=atomic -fdata-sections
# Who is killed has counted all the same; tests/coverage/counters.c.
SHARE := $(B)/counters.o
SHARE_LINK := $(SHARE) -Wl,--wrap=__gcov_exit,-T,tests/coverage/counters.ld
endif
# Instrumented programs need their run-time libraries: never static.
ifneq ($(INSTRUMENT),)
STATIC := no
endif

COMPILE = $(CC) -std=c11 $(CFLAGS) $(HARDEN) $(WARNINGS) $(INSTRUMENT) \
    $(CPPFLAGS)
LDLIBS := $(shell $(PKG_CONFIG) --libs jansson uuid 2>/dev/null || \
    echo -ljansson -luuid)
LINK = $(CC) $(CFLAGS) $(INSTRUMENT) $(HARDEN_LINK) $(LDFLAGS)

# --- build -------------------------------------------------------------------

.PHONY: all clean distclean install uninstall help FORCE
all: $(PROGRAM)

# A static program starts in a fraction of the time, and a supervisor keeps
# running while libraries are upgraded under it.  link-mode has the answer to
# whether this machine can link one.  Renamed into place, because supervisors
# may be running the old one.
$(PROGRAM): $(OBJS) $(SHARE) $(B)/link-mode
	$(call say,LINK,$@)
	$(Q)$(LINK) $$(cat $(B)/link-mode) -o $@.new $(OBJS) $(SHARE_LINK) \
	    $(LDLIBS)
	$(Q)mv -f $@.new $@

$(B)/link-mode: $(B)/flags-link
	@mode=-pie; \
	if [ "$(STATIC)" = yes ] && echo 'int main(void) { return 0; }' | \
	    $(LINK) -fPIE -static-pie -o $@.probe -xc - $(LDLIBS) \
	    2>/dev/null && $@.probe; then mode=-static-pie; fi; \
	rm -f $@.probe; echo $$mode >$@

$(B)/obj/%.o: src/%.c $(B)/flags-compile | $(GEN)/tools.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

-include $(OBJS:.o=.d) $(UNIT_TESTS:=.d)

$(GEN)/tools.h: $(TOOLS) scripts/embed-tools
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)scripts/embed-tools $(TOOLS) >$@.new
	@mv $@.new $@

# The two stamps are touched only if what they say has changed.
$(B)/flags-compile: STAMP = $(COMPILE)
$(B)/flags-link: STAMP = $(LINK) $(STATIC) $(LDLIBS) $(SRCS)
$(B)/flags-compile $(B)/flags-link: FORCE
	@mkdir -p $(@D)
	@echo '$(STAMP)' | cmp -s - $@ || echo '$(STAMP)' >$@

# build/node, which scripts/test may have installed, costs a download.
clean:
	rm -rf $(filter-out $(BUILD)/node,$(wildcard $(BUILD)/*))

distclean:
	rm -rf $(BUILD) tests/node_modules

install: $(PROGRAM)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/jobdir
	install -m 644 src/faces/jobdir.1 \
	    $(DESTDIR)$(PREFIX)/share/man/man1/jobdir.1

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/jobdir \
	    $(DESTDIR)$(PREFIX)/share/man/man1/jobdir.1

help:
	@sed -n '/^#/!q;s/^# \{0,1\}//p' Makefile
	@echo 'Targets: $(shell sed -n 's/^\.PHONY: //p' Makefile | \
	    sed 's/FORCE//')' | fold -s -w 78

# --- tests -------------------------------------------------------------------

.PHONY: unit e2e test conformance stress bench bench-publish coverage
.PHONY: honesty honesty-fast honesty-publish
# Each test program has all of jobdir in it, except main().
$(B)/unit/%: tests/unit/%.c $(filter-out $(MAIN_OBJ),$(OBJS)) $(SHARE) \
    $(B)/flags-compile
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(COMPILE) -MMD -MP -MF $@.d -MT $@ $(LDFLAGS) -pie -o $@ $< \
	    $(filter-out $(MAIN_OBJ),$(OBJS)) $(SHARE_LINK) -lcmocka $(LDLIBS)

unit: $(UNIT_TESTS)
	scripts/run-unit $(UNIT_TESTS)

# The tests find the program in JOBDIR_PROGRAM.  A sanitizer in a supervisor
# has nobody to talk to, so reports go to files; one file is a failure.
E2E_TESTS = $(sort $(wildcard tests/e2e/*.test.mjs))
REPORT := log_path=$(abspath $(B))/report
e2e: $(PROGRAM)
	@rm -f $(B)/report.*
	JOBDIR_PROGRAM=$(abspath $(PROGRAM)) $(if $(SANITIZE), \
	    ASAN_OPTIONS=$(REPORT) UBSAN_OPTIONS=$(REPORT)) \
	    scripts/run-node-tests $(B)/e2e.tap 120 $(E2E_TESTS); \
	    code=$$?; ! cat $(B)/report.* 2>/dev/null && exit $$code

# Those that take longest are left to scripts/test: who waits for `make test`
# after every change has half a minute.
SLOW_TESTS := cli-adopt cli-gc cli-leftover defects-a defects-b defects-b-2 \
    hostile inspector mcp-killed mcp-listen mcp-wait mcp-waiting \
    mcp-weave-stop mcp-workflows mcp-workflows-b watch
test: $(PROGRAM) $(UNIT_TESTS)
	TEST_FILES=3 $(MAKE) -j2 unit e2e E2E_TESTS='$(filter-out \
	    $(SLOW_TESTS:%=tests/e2e/%.test.mjs),$(E2E_TESTS))'

# Small programs where Node is too slow, found beside the program.
helpers = $(patsubst tests/%.c,$(B)/%,$(sort $(wildcard tests/$(1)/*.c)))
$(call helpers,stress) $(call helpers,bench) $(call helpers,honesty): $(B)/%: tests/%.c \
    $(B)/flags-compile $(B)/link-mode
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(COMPILE) $(LDFLAGS) $$(cat $(B)/link-mode) -MMD -MP -MF $@.d \
	    -MT $@ -o $@ $< $(HELPER_LIBS)

-include $(addsuffix .d,$(call helpers,bench))
$(B)/bench/floor_parse: HELPER_LIBS := $(LDLIBS) -lpthread

STRESS_TESTS = $(sort $(wildcard tests/stress/*.test.mjs))
stress: $(PROGRAM) $(call helpers,stress)
	JOBDIR_PROGRAM=$(abspath $(PROGRAM)) STRESS=$(STRESS) \
	    scripts/run-node-tests $(B)/stress.tap \
	    $(if $(filter full,$(STRESS)),3600,300) $(STRESS_TESTS)

# Scenarios of tests/honesty by the beginnings of their names; HONESTY_PEERS=no
# leaves the other systems out.  Logs go to $(B)/honesty/logs; publishing copies
# them, and the table, into the repository.
HONESTY =
HONESTY_PEERS = yes
honesty: $(PROGRAM) $(call helpers,stress) $(call helpers,honesty) \
    $(B)/dynamic/jobdir
	scripts/test-setup honesty
	JOBDIR_PROGRAM=$(abspath $(PROGRAM)) scripts/node \
	    tests/honesty/lib/run.mjs $(B)/honesty/logs $(if $(filter \
	    yes,$(HONESTY_PEERS)),--peers) $(HONESTY)

# What is to run under another clock, or under valgrind, takes a library before
# its own.
$(B)/dynamic/jobdir: $(OBJS) $(SHARE) $(B)/flags-link
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(LINK) -pie -o $@ $(OBJS) $(SHARE_LINK) $(LDLIBS)

honesty-publish:
	scripts/node tests/honesty/lib/publish.mjs $(B)/honesty/logs

honesty-fast: $(PROGRAM) $(call helpers,stress) $(call helpers,honesty)
	JOBDIR_PROGRAM=$(abspath $(PROGRAM)) scripts/run-node-tests \
	    $(B)/honesty.tap 300 tests/honesty/honesty.test.mjs

# The program with what the official conformance suite calls: the same objects,
# but for that of main().
FIXTURE := $(B)/conformance/fixture
FIXTURE_OBJS := $(patsubst tests/%.c,$(B)/%.o,$(sort $(wildcard \
    tests/conformance/*.c)))
$(FIXTURE_OBJS): $(B)/%.o: tests/%.c $(B)/flags-compile | $(GEN)/tools.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(FIXTURE): $(filter-out $(MAIN_OBJ),$(OBJS)) $(FIXTURE_OBJS) $(B)/link-mode
	$(call say,LINK,$@)
	$(Q)$(LINK) $$(cat $(B)/link-mode) -o $@ $(filter %.o,$^) $(LDLIBS)

-include $(FIXTURE_OBJS:.o=.d)

CONFORMANCE_TESTS = $(sort $(wildcard tests/conformance/*.test.mjs))
conformance: $(PROGRAM) $(FIXTURE)
	JOBDIR_PROGRAM=$(abspath $(PROGRAM)) scripts/run-node-tests \
	    $(B)/conformance.tap 120 $(CONFORMANCE_TESTS)

# Rows of tests/bench by the beginnings of their names, e.g. BENCH='01 08'; the
# table goes to $(B)/bench.json, too.
BENCH =
bench: $(PROGRAM) $(call helpers,bench)
	JOBDIR_PROGRAM=$(abspath $(PROGRAM)) tests/bench/run $(BENCH)

bench-publish:
	scripts/node tests/bench/lib/publish.mjs $(B)/bench.json

# What unit and end-to-end tests run of src: a line for each file, the sources
# with counts in $(BUILD)/coverage/report.  What decides over the fate of a job
# has no branch that was never taken.
BRANCHES_OF := $(addprefix src/,truth/status.c spool/journal.c \
    spool/journal_fields.c spool/journal_weave.c)
coverage:
	rm -rf $(BUILD)/coverage
	JOBDIR_TEST_PATIENCE=4 $(MAKE) COVERAGE=1 unit e2e
	$(MAKE) COVERAGE=1 coverage-report

.PHONY: coverage-report
coverage-report: $(PROGRAM) $(UNIT_TESTS)
	for program in $^; do JOBDIR_COUNTERS=write $$program || exit 1; done
	scripts/coverage $(BUILD)/coverage/obj --least 90 \
	    --report $(BUILD)/coverage/report --branches $(BRANCHES_OF)

# Memory errors: unit tests and the program's verbs under valgrind, which sees
# the allocations of dynamically linked programs only.
.PHONY: valgrind
valgrind: $(B)/dynamic/jobdir $(UNIT_TESTS)
	scripts/memcheck $^

$(B)/counters.o: tests/coverage/counters.c tests/coverage/counters.ld \
    $(B)/flags-compile
	@mkdir -p $(B)/counters
	$(call say,CC,$@)
	$(Q)$(filter-out --coverage,$(COMPILE)) \
	    -DCOUNTERS='"$(abspath $(B)/counters)"' -c -o $@ $<

# --- fuzzing -----------------------------------------------------------------

# One program for each parser of foreign bytes; tests/fuzz/README.md.  Its
# main() is libFuzzer's, or where that is not asked for one that replays files.
.PHONY: fuzz fuzz-corpus fuzz-coverage fuzz-replay fuzz-run fuzz-merge
.PHONY: fuzz-measure
FUZZ_TARGETS = $(patsubst tests/fuzz/fuzz_%.c,%,$(sort \
    $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SECONDS = 10
FUZZERS = $(FUZZ_TARGETS:%=$(B)/fuzz/%)
FUZZ_MAIN := $(if $(findstring fuzzer,$(SANITIZE)),-fsanitize=fuzzer, \
    tests/fuzz/replay.c)
$(B)/fuzz/%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(wildcard tests/fuzz/*.h) \
    $(HDRS) $(filter-out $(MAIN_OBJ),$(OBJS)) $(B)/flags-compile
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(COMPILE) $(LDFLAGS) -pie -o $@ $< $(FUZZ_MAIN) \
	    $(filter-out $(MAIN_OBJ),$(OBJS)) $(LDLIBS)

# Builds of their own, in $(BUILD)/fuzz.
WITH_FUZZER = $(MAKE) BUILD=$(BUILD)/fuzz CC=clang \
    SANITIZE=fuzzer-no-link,address,undefined
fuzz:
	+$(WITH_FUZZER) fuzz-run
fuzz-run: $(FUZZERS)
	scripts/fuzz run $(B)/fuzz $(BUILD) $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# Take what was found to reach new code into tests/fuzz/corpus.
fuzz-corpus:
	+$(WITH_FUZZER) fuzz-merge
fuzz-merge: $(FUZZERS)
	scripts/fuzz merge $(B)/fuzz $(BUILD) $(FUZZ_TARGETS)

# How much of its parser does each corpus reach?
fuzz-coverage:
	$(MAKE) BUILD=$(BUILD)/fuzz CC=gcc SANITIZE= COVERAGE=1 fuzz-measure
fuzz-measure: $(FUZZERS)
	scripts/fuzz coverage $(B)/fuzz $(FUZZ_TARGETS)

# The corpora as regression tests of any build.
fuzz-replay: $(FUZZERS)
	scripts/fuzz replay $(B)/fuzz $(FUZZ_TARGETS)

# --- checks ------------------------------------------------------------------

.PHONY: check check-layers check-lengths check-shell check-man hdr-check format
.PHONY: format-check lint
check: check-layers check-portable hdr-check check-lengths format-check check-shell check-man

check-layers:
	$(Q)scripts/check-layers src

check-portable: $(GEN)/tools.h
	$(Q)CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' scripts/check-portable $(BUILD)/poison \
	    $(SRCS)

check-lengths:
	scripts/check-lengths src tests

check-shell:
	shellcheck $$(grep -L '^#!.*python' scripts/*) .ci/run \
	    spool-layout/examples/*.sh tests/hostile/*/*.sh

# The manual is well formed and says what --help says.
check-man: $(PROGRAM)
	mandoc -Tlint -Werror src/faces/jobdir.1
	scripts/check-manual $(PROGRAM) src/faces/jobdir.1

# A header is complete: it compiles alone, after compat.h.
HDR_CHECKS := $(HDRS:src/%=$(B)/hdr/%.ok)
$(HDR_CHECKS): $(B)/hdr/%.ok: src/% $(HDRS) $(B)/flags-compile
	@mkdir -p $(@D)
	@printf '#include "base/compat.h"\n#include "$*"\n' | \
	    $(COMPILE) -Werror -fsyntax-only -xc -
	@touch $@
hdr-check: $(HDR_CHECKS)

FORMATTED = $(SRCS) $(HDRS) $(sort $(wildcard tests/*/*.c tests/*/*.h))
format:
	clang-format -i $(FORMATTED)

format-check:
	$(Q)clang-format --dry-run -Werror $(FORMATTED)

# Three readers that find different things; .clang-tidy and
# scripts/lint hold what each is asked.
lint: $(GEN)/tools.h
	$(Q)CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' scripts/lint $(SRCS)
