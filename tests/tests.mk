# Everything a person types besides building one program: set-up, demo, tests, checks. Included by the Makefile.

FUZZ_SECONDS ?= 60
JOBS         ?= 2
TEST_DIR     := build/test
C_FILES       = $(shell find agent gateway include tests deploy -name node_modules -prune -o -name '*.[ch]' -print | sort)

# ---- set-up: skips what is there -------------------------------------------------------------------------------------
.PHONY: deps deps-build deps-demo deps-test deps-bench deps-lint
deps: deps-test deps-lint ## Debian's packages and npm's, for everything below
deps-build:
	@deploy/install-packages build
deps-demo:
	@deploy/install-packages build demo
	@$(MAKE) --no-print-directory $(call npm_done,gateway/console deploy/demo)
deps-test:
	@deploy/install-packages build demo test
	@$(MAKE) --no-print-directory $(call npm_done,gateway/console deploy/demo tests tests/browser)
deps-bench: deps-test
	@deploy/install-packages bench >&2
deps-lint:
	@deploy/install-packages build lint

# npm leaves node_modules/.package-lock.json: older than our lock means that something has to be installed.
npm_done = $(addsuffix /node_modules/.package-lock.json,$(1))
%/node_modules/.package-lock.json: %/package-lock.json
	@echo "  NPM   $*"
	$(Q)cd $* && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: console
console: build/console/index.html ## bundle the web console
build/console/index.html: $(call npm_done,gateway/console) $(shell find gateway/console -name node_modules -prune -o -type f -print)
	@echo "  CONSOLE"
	$(Q)node gateway/console/build.mjs
	@touch $@

# ---- demo --------------------------------------------------------------------------------------------------------------
.PHONY: demo demo-programs
demo: deps-demo ## everything on this machine: broker, gateway, three products; DEMO_SECONDS=90 drives itself and ends
	@$(MAKE) --no-print-directory -j$(JOBS) MODE=release demo-programs
	@exec node deploy/demo/demo.mjs
demo-programs: $(PROGRAMS) $(FAKE_PROGRAMS) console

# ---- tests -------------------------------------------------------------------------------------------------------------
.PHONY: test programs test-programs fuzz-programs asan tsan coverage fuzz
programs: $(PROGRAMS)
fuzz-programs: $(FUZZ_PROGRAMS)
TEST_PROGRAMS = $(PROGRAMS) $(FAKE_PROGRAMS) $(PRELOADS) $(STORE_TOOLS) $(OUT)/bench-storm $(OUT)/bench-products $(UNIT_PROGRAMS) $(if $(wildcard tests/fuzz/replay.c),$(FUZZ_PROGRAMS))
test-programs: $(TEST_PROGRAMS) console
# What only `make bench` starts is built here too: nobody should find in a year that it does not link any more.
test: deps-test ## build and run every test; last line `N passed, N failed`
	@$(MAKE) --no-print-directory -j$(JOBS) MODE=release test-programs bench-programs
	@node tests/run.mjs
asan: deps-test ## unit, fuzz corpus and flow tests with AddressSanitizer, UBSan and leak check
	@$(MAKE) --no-print-directory -j$(JOBS) MODE=asan test-programs
	@node tests/run.mjs --mode asan --only unit,fuzz,flow
tsan: deps-test ## the threaded programs under load with ThreadSanitizer
	@$(MAKE) --no-print-directory -j$(JOBS) MODE=tsan programs console
	@node tests/run.mjs --mode tsan --only flow
coverage: deps-test ## lines covered by unit and flow tests, a folder a line
	@$(MAKE) --no-print-directory -j$(JOBS) MODE=cov test-programs
	@find build/cov -name '*.gcda' -delete
	@node tests/run.mjs --mode cov --only unit,fuzz,flow
	@tests/coverage.sh
fuzz: deps-test deps-lint ## every fuzz target for FUZZ_SECONDS (60)
	@$(MAKE) --no-print-directory -j$(JOBS) MODE=fuzz fuzz-programs
	@tests/fuzz.sh $(FUZZ_SECONDS) $(FUZZERS)

# ---- bench: tests/bench/NAME.c are programs in C, their parts in tests/bench/NAME/; tests/bench/run.mjs starts what they need
# `make bench TOPICS="ingest agent"` runs some; BENCH_ROUNDS=1 is a quick look.
.PHONY: bench bench-programs
BENCHES := $(basename $(notdir $(wildcard tests/bench/*.c)))
BENCH_PROGRAMS := $(BENCHES:%=$(OUT)/bench-%) $(OUT)/bench-unrecorded
define bench
$(OUT)/bench-$(1): $(call objects,tests/bench/$(1).c $(wildcard tests/bench/$(1)/*.c)) $(ALL_LIBS)
	$$(link) $$(filter %.o,$$^) $$(call group,$$(filter %.a,$$^)) $$(LIBS_gateway)
endef
$(foreach b,$(BENCHES),$(eval $(call bench,$(b))))
$(OUT)/bench-flood: $(CORE_LIB)
$(OUT)/bench-history: $(call objects,tests/fake/product/cold.c tests/fake/product/drum.c)
$(OUT)/bench-products: $(call objects,$(wildcard tests/fake/products/*.c) tests/fake/product/cold.c tests/fake/product/drum.c)
# The gateway, but its recordings go nowhere: for what recording costs, and for nothing else.
$(OUT)/bench-unrecorded: $(OUT)/gateway/main.o $(OUT)/tests/bench/unrecorded/record.o $(CORE_LIB) $(STAGE_LIBS) $(WIRE_LIB)
	$(link) $(filter %.o,$^) $(call group,$(filter %.a,$^)) $(LIBS_gateway)
bench-programs: $(PROGRAMS) $(FAKE_PROGRAMS) $(BENCH_PROGRAMS) console
bench: ## figures, one a line: `name value unit`
	@$(MAKE) --no-print-directory -s deps-bench >&2
	@$(MAKE) --no-print-directory -s -j$(JOBS) MODE=release bench-programs >&2
	@node tests/bench/run.mjs $(TOPICS)

# ---- lint --------------------------------------------------------------------------------------------------------------
.PHONY: lint lint-format lint-tidy lint-cppcheck format
lint: deps-lint lint-format lint-tidy lint-cppcheck ## clang-format, clang-tidy, cppcheck
lint-format:
	@echo "  FORMAT"
	$(Q)clang-format --dry-run -Werror $(C_FILES)
lint-tidy: $(SPARKPLUG_GEN).h
	@echo "  TIDY"
	$(Q)printf '%s\n' $(filter %.c,$(C_FILES)) | xargs -P $(JOBS) -n 8 tests/tidy.sh -std=gnu17 $(CPPFLAGS) --
lint-cppcheck:
	@echo "  CPPCHECK"
	$(Q)cppcheck -q -j $(JOBS) --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,performance,portability \
	    --suppressions-list=tests/cppcheck.txt -Iinclude -Igateway -Iagent agent gateway include tests/fake tests/bench
format: ## rewrite every C file as .clang-format says
	$(Q)clang-format -i $(C_FILES)
