# Fieldline. `make help` lists what you can type.
#
# One Makefile, not recursive. MODE picks the flavour; each has its own folder below build/.
# A stage of the gateway is an archive of its own and links only with the stages before it: the layers are checked by ld.

MODE ?= release
V    ?= 0
CC   ?= gcc
OUT  := build/$(MODE)
Q    := $(if $(filter 1,$(V)),,@)

CPPFLAGS := -D_GNU_SOURCE -iquote include -iquote gateway -iquote agent -iquote $(OUT)
WARN     := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wformat=2 -Wvla -Wundef -Werror
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
CFLAGS   := -std=gnu17 -g $(WARN) $(HARDEN) -pthread -MMD -MP
LDFLAGS  := -pthread -pie -Wl,-z,relro,-z,now,--as-needed
ifeq ($(MODE),release)
CFLAGS   += -O2 -D_FORTIFY_SOURCE=2
else ifeq ($(MODE),debug)
CFLAGS   += -O0
else ifeq ($(MODE),asan)
CFLAGS   += -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS  += -fsanitize=address,undefined
else ifeq ($(MODE),tsan)
CFLAGS   += -O1 -fsanitize=thread -fno-omit-frame-pointer
LDFLAGS  += -fsanitize=thread
else ifeq ($(MODE),cov)
CFLAGS   += -O0 --coverage
LDFLAGS  += --coverage
else ifeq ($(MODE),fuzz)
CC       := clang
CFLAGS   := -std=gnu17 -g -O1 -Wall -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -pthread -MMD -MP
LDFLAGS  := -fsanitize=fuzzer,address,undefined -pthread
else
$(error MODE is $(MODE): expected release, debug, asan, tsan, cov or fuzz)
endif

LIBS_wire      := -lcjson -linih -lcrypto -lm
LIBS_ingest    := -lpaho-mqtt3as -lprotobuf-c
LIBS_rules     := -lyaml -lpcre2-8
LIBS_sessions  := -larchive
LIBS_store     := -lsqlite3
LIBS_web       := -lwebsockets -lssl -lsodium
LIBS_gateway   := $(LIBS_web) $(LIBS_ingest) $(LIBS_rules) $(LIBS_sessions) $(LIBS_store) $(LIBS_wire)
LIBS_agent     := -lpaho-mqtt3as $(LIBS_wire)
LIBS_session   := -lwebsockets -lssl -lz $(LIBS_wire)

# The gateway's stages in the order of the data; each archive may call the ones before it.
STAGES := ingest normalize rules tickets sessions store web
sources = $(sort $(wildcard $(addsuffix /*.c,$(1)) $(addsuffix /*/*.c,$(1))))
objects = $(patsubst %.c,$(OUT)/%.o,$(1))

WIRE_LIB    := $(OUT)/libfieldline.a
STAGE_LIBS  := $(foreach s,$(STAGES),$(OUT)/gateway-$(s).a)
AGENT_LIB   := $(OUT)/agent.a
SESSION_LIB := $(OUT)/agent-session.a
CORE_LIB    := $(OUT)/gateway-core.a
CORE_SRC    := $(filter-out gateway/main.c,$(wildcard gateway/*.c))
AGENT_SRC   := $(filter-out agent/main.c,$(wildcard agent/*.c) $(wildcard agent/collect/*.c))
# The session process shares the agent's loop, how it starts programs, and the form of the grant.
SESSION_SRC := $(filter-out agent/session/main.c,$(wildcard agent/session/*.c)) $(addprefix agent/,loop.c child.c run.c reaper.c session_grant.c argv.c diagnostic_args.c files_root.c tap.c session_ports.c file.c \
  param_io.c param_journal.c param_set.c param_undo.c param_walk.c)

PROGRAMS := $(OUT)/fieldline-gateway $(OUT)/fieldline-agent $(OUT)/fieldline-session

.PHONY: all
all: $(PROGRAMS) console

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

define archive
$(1): $(call objects,$(2))
	@mkdir -p $$(@D)
	@echo "  AR    $$@"
	$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(eval $(call archive,$(WIRE_LIB),$(call sources,include/src)))
$(eval $(call archive,$(CORE_LIB),$(CORE_SRC)))
$(eval $(call archive,$(AGENT_LIB),$(AGENT_SRC)))
$(eval $(call archive,$(SESSION_LIB),$(SESSION_SRC)))
$(foreach s,$(STAGES),$(eval $(call archive,$(OUT)/gateway-$(s).a,$(call sources,gateway/$(s)))))

$(OUT)/gateway/web/openapi.o: gateway/web/openapi.yaml

# Sparkplug's payloads: protoc-c makes C of the schema, into the flavour's folder.
SPARKPLUG_GEN := $(OUT)/gen/sparkplug_b.pb-c
$(SPARKPLUG_GEN).c $(SPARKPLUG_GEN).h &: gateway/ingest/adapters/sparkplug_b.proto
	@mkdir -p $(OUT)/gen
	@echo "  PROTO $<"
	$(Q)protoc-c --c_out=$(OUT)/gen --proto_path=$(<D) $<
$(SPARKPLUG_GEN).o: $(SPARKPLUG_GEN).c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -Wno-error -w -c -o $@ $<
$(OUT)/gateway/ingest/adapters/sparkplug_payload.o: $(SPARKPLUG_GEN).h
$(OUT)/gateway-ingest.a: $(SPARKPLUG_GEN).o

link = @echo "  LINK  $@"; mkdir -p $(@D); $(CC) $(LDFLAGS) -o $@
group = -Wl,--start-group $(1) -Wl,--end-group

$(OUT)/fieldline-gateway: $(OUT)/gateway/main.o $(CORE_LIB) $(STAGE_LIBS) $(WIRE_LIB)
	$(link) $< $(call group,$(wordlist 2,99,$^)) $(LIBS_gateway)
$(OUT)/fieldline-agent: $(OUT)/agent/main.o $(AGENT_LIB) $(WIRE_LIB)
	$(link) $< $(wordlist 2,99,$^) $(LIBS_agent)
$(OUT)/fieldline-session: $(OUT)/agent/session/main.o $(SESSION_LIB) $(WIRE_LIB)
	$(link) $< $(wordlist 2,99,$^) $(LIBS_session)

# ---- unit tests: tests/unit mirrors the source; a folder is a program ------------------------------------------------
# tests/unit/include -> unit-wire; tests/unit/gateway/rules -> unit-rules; tests/unit/agent -> unit-agent;
# tests/unit/agent/session -> unit-session. `make unit-rules` builds and runs one.
UNITS := wire $(STAGES) core agent session
NEEDS_wire      :=
NEEDS_ingest    := ingest
NEEDS_normalize := normalize rules
NEEDS_rules     := rules normalize
NEEDS_tickets   := tickets rules normalize
NEEDS_sessions  := sessions rules normalize
NEEDS_store     := store sessions tickets rules normalize
NEEDS_web       := web store sessions tickets rules normalize
unit_dir = $(strip $(if $(filter wire,$(1)),tests/unit/include,$(if $(filter agent,$(1)),tests/unit/agent,$(if $(filter session,$(1)),tests/unit/agent/session,$(if $(filter core,$(1)),tests/unit/gateway,tests/unit/gateway/$(1))))))
unit_src = $(wildcard $(call unit_dir,$(1))/*.c $(if $(filter agent,$(1)),tests/unit/agent/collect/*.c))
unit_libs = $(strip $(if $(filter agent,$(1)),$(AGENT_LIB),$(if $(filter session,$(1)),$(SESSION_LIB),$(if $(filter core,$(1)),$(CORE_LIB) $(STAGE_LIBS),$(foreach n,$(NEEDS_$(1)),$(OUT)/gateway-$(n).a)))))

define unit
$(OUT)/unit-$(1): $(call objects,$(call unit_src,$(1))) $(call unit_libs,$(1)) $(WIRE_LIB)
	$$(link) $(call objects,$(call unit_src,$(1))) $$(call group,$(call unit_libs,$(1))) $(WIRE_LIB) -lcriterion $(if $(filter agent,$(1)),$(LIBS_agent),$(if $(filter session,$(1)),$(LIBS_session),$(LIBS_gateway)))
.PHONY: unit-$(1)
unit-$(1): $(OUT)/unit-$(1)
	$(Q)$$<
endef
$(foreach u,$(UNITS),$(if $(call unit_src,$(u)),$(eval $(call unit,$(u)))))
UNIT_PROGRAMS := $(foreach u,$(UNITS),$(if $(call unit_src,$(u)),$(OUT)/unit-$(u)))

# ---- fuzz targets: tests/fuzz/NAME.c, corpus in tests/fuzz/corpus/NAME/ ------------------------------------------------
# Without libFuzzer (every MODE but fuzz) a target links with replay.c, which runs the corpus through it.
FUZZERS := $(filter-out replay,$(basename $(notdir $(wildcard tests/fuzz/*.c))))
ALL_LIBS := $(STAGE_LIBS) $(AGENT_LIB) $(SESSION_LIB) $(WIRE_LIB)
FUZZ_PROGRAMS := $(FUZZERS:%=$(OUT)/fuzz-%)
$(OUT)/fuzz-%: $(OUT)/tests/fuzz/%.o $(if $(filter fuzz,$(MODE)),,$(OUT)/tests/fuzz/replay.o) $(ALL_LIBS)
	$(link) $(filter %.o,$^) $(call group,$(filter %.a,$^)) $(LIBS_gateway)
$(OUT)/fuzz-tool_frame: $(OUT)/gateway/tool_frame.o
.PRECIOUS: $(OUT)/%.o

# ---- helpers of the tests and the demo: tests/fake/NAME.c (simulated products) with what they share, tests/fake/product/
FAKE_PROGRAMS := $(patsubst tests/fake/%.c,$(OUT)/fake-%,$(wildcard tests/fake/*.c))
$(OUT)/fake-%: $(OUT)/tests/fake/%.o $(call objects,$(call sources,tests/fake/product)) $(WIRE_LIB)
	$(link) $^ $(LIBS_wire)

# ---- tests/fake/preload/NAME.c: put before the C library of a real program (LD_PRELOAD); tests/fake/store/NAME.c: they look
# into a store with the gateway's own codecs. Neither has a sanitizer of its own in a preloaded library.
PRELOADS := $(patsubst tests/fake/preload/%.c,$(OUT)/preload-%.so,$(wildcard tests/fake/preload/*.c))
$(OUT)/preload-%.so: tests/fake/preload/%.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)gcc -std=gnu17 -g -O2 $(WARN) $(CPPFLAGS) -fPIC -shared -o $@ $< -ldl
STORE_TOOLS := $(patsubst tests/fake/store/%.c,$(OUT)/store-%,$(wildcard tests/fake/store/*.c))
$(OUT)/store-%: $(OUT)/tests/fake/store/%.o $(STAGE_LIBS) $(WIRE_LIB)
	$(link) $< $(call group,$(wordlist 2,99,$^)) $(LIBS_gateway)

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

-include tests/tests.mk

.PHONY: clean help
clean: ## remove everything that was built
	rm -rf build
help: ## this list
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
.DEFAULT_GOAL := help
