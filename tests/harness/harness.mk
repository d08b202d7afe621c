# SPDX-License-Identifier: GPL-2.0-only
# Rules of both harnesses: the files of SUBJECT, a harness's own and those of this folder, compiled on the host
# in VARIANTS. A makefile because the project's top is one, and some sanitizer variants of the same few objects
# need no configure step. A harness sets, before it includes this file:
#   OUT SUBJECT       folders: objects and programs; the files under test
#   INCLUDES DIALECT  flags of all files; of C alone
#   VARIANT_x         flags of a variant; VARIANT_cov is that of `make coverage`
#   FUZZED_x HELPED_x of SUBJECT's files in it, and of the harness's own C files
CC  := clang
CXX := clang++
HARNESS := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
# The rules that the compiler writes name their targets, and llvm-cov the files, by them: always in the same way.
override OUT := $(abspath $(OUT))
override SUBJECT := $(abspath $(SUBJECT))

FLAGS := -O1 -g -fno-omit-frame-pointer -Wall -Wextra -Werror \
	$(INCLUDES) -I$(HARNESS) -MMD -MP
CFLAGS_ALL   := $(DIALECT) $(FLAGS) -Wno-sign-compare -Wno-unused-parameter $(FLAGS_MORE)
CXXFLAGS_ALL := -std=c++20 $(FLAGS) -Wno-missing-field-initializers -Wno-gnu-statement-expression $(FLAGS_MORE)

VARIANT_cov := -fprofile-instr-generate -fcoverage-mapping

objects = $(addprefix $(OUT)/$(1)/,$(addsuffix .o,$(2)))

define variant
$$(OUT)/$(1)/%.o: $$(SUBJECT)/%.c | $$(OUT)/$(1)
	@$$(CC) $$(CFLAGS_ALL) $$(VARIANT_$(1)) $$(FUZZED_$(1)) -c -o $$@ $$<
$$(OUT)/$(1)/%.o: %.c | $$(OUT)/$(1)
	@$$(CC) $$(CFLAGS_ALL) $$(VARIANT_$(1)) $$(HELPED_$(1)) -c -o $$@ $$<
$$(OUT)/$(1)/%.o: %.cpp | $$(OUT)/$(1)
	@$$(CXX) $$(CXXFLAGS_ALL) $$(VARIANT_$(1)) -c -o $$@ $$<
$$(OUT)/$(1)/%.o: $$(HARNESS)/%.cpp | $$(OUT)/$(1)
	@$$(CXX) $$(CXXFLAGS_ALL) $$(VARIANT_$(1)) -c -o $$@ $$<
$$(OUT)/$(1):
	@mkdir -p $$@
endef
$(foreach v,$(VARIANTS) cov,$(eval $(call variant,$(v))))

# Lines of SUBJECT that the unit tests reach, and the corpus once tests/unit/*-fuzz.t has unpacked it.
coverage: $(OUT)/unit.cov $(OUT)/fuzz.cov
	@mkdir -p $(OUT)/corpus
	cd $(OUT) && LLVM_PROFILE_FILE=unit.profraw ./unit.cov >/dev/null
	cd $(OUT) && LLVM_PROFILE_FILE=fuzz.profraw ./fuzz.cov -runs=0 corpus 2>/dev/null
	cd $(OUT) && llvm-profdata merge -o profdata unit.profraw fuzz.profraw
	llvm-cov report $(OUT)/unit.cov -object $(OUT)/fuzz.cov -instr-profile=$(OUT)/profdata $(SUBJECT)
	llvm-cov show $(OUT)/unit.cov -object $(OUT)/fuzz.cov -instr-profile=$(OUT)/profdata $(SUBJECT) \
		-show-branches=count >$(OUT)/coverage.txt

-include $(wildcard $(OUT)/*/*.d)
.PHONY: coverage
