# SPDX-License-Identifier: GPL-2.0-only
# xen-pviommu: `make` lists the targets.

JOBS ?= 2
# TESTS= is for this makefile, and not for makefiles that tests call.
MAKEOVERRIDES =
TESTS ?= $(LINT) $(UNIT) $(BUILD) $(NEW) $(VM)

LINT = $(sort $(wildcard tests/lint/*.t))
UNIT = $(sort $(wildcard tests/unit/*.t))
BUILD = $(sort $(wildcard tests/build/*.t))
# The longest first, so that no long test is left alone at the end.
VM = $(shell ls -S tests/vm/*.t)

# The pair of Debian 13: a device's reach, processes, attacks on the hypercall, built-in drivers.
NEW_PAIR = 4.20+6.12
NEW ?= $(addsuffix @$(NEW_PAIR),$(addprefix tests/vm/,edu.t device.t abi.t isolate.t))

# Tests that move data in every mode, and tests of devices and drivers that come and go.
DEBUG ?= tests/debug/detectors.t $(addprefix tests/vm/,drivers.t vfio.t stress.t edu.t device.t late.t unplug.t scarce.t module.t isolate.t)
# Attacks on Xen; there Linux has nothing to detect.
DEBUG_XEN ?= $(addprefix tests/vm/,abi.t abi-interrupt.t fallback.t xsm.t bypass.t)

UNIT_PACKAGES = rsync shellcheck sparse clang clang-format clang-tidy libclang-rt-dev llvm gcc g++ make patch perl git jq \
	linux-headers-amd64 linux-source gnuplot-nox libcli11-dev libfmt-dev nlohmann-json3-dev libgtest-dev \
	libbenchmark-dev libexpected-dev liburcu-dev libdpdk-dev dpkg-dev xz-utils xxd meson ninja-build pkg-config groff-base \
	python3 chromium chromium-driver linux-perf bpftrace valgrind mmdebstrap shfmt
# Packages for tests in virtual machines, beside those that scripts/testbed installs itself.
VM_PACKAGES = linux-source-6.1 bc dpdk dpdk-dev libdrm-dev $$(scripts/testbed packages)

.DEFAULT_GOAL := help
.PHONY: help demo dpdk-demo profile-demo bench check check-debug check-matrix check-new-machine unit lint build deb mutants deps clean

help:  ## list what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  TESTS="tests/vm/edu.t ..." runs only these tests; JOBS=N runs N at a time ($(JOBS)).'
	@echo '  Each target installs its missing Debian packages, as root. Logs: build/tests.'

demo:  ## build, boot Xen with a PV dom0 on an emulated IOMMU, and show it work
	scripts/demo

dpdk-demo:  ## DPDK on real ports in dom0: what mapping costs a packet, by bursts
	scripts/dpdk-demo

profile-demo:  ## profile fio and iperf3 in the test machine: pages in build/profile; 2 minutes
	scripts/profile-demo

bench:  ## measure what DMA mapping costs, beside every peer; 25 minutes, QUICK=1 two
	scripts/bench $(if $(QUICK),--quick)

check check-debug: PACKAGES = $(UNIT_PACKAGES) $(VM_PACKAGES)

check: deps build  ## all tests: unit, lint, builds, virtual machines; 65 minutes
	@echo 'The debug kernel is left to make check-debug.'
	tests/run -j $(JOBS) $(TESTS)

check-debug: deps  ## on Xen with assertions and UBSAN: what moves data, with lockdep and kmemleak, and what attacks Xen
	scripts/testbed build --debug-xen
	mkdir -p build/debug-kernel
	tests/vm/small-kernel debug build/debug-kernel
	status=0; export VM_XEN=debug TEST_TIMEOUT=5400; \
	VM_KERNEL=$(CURDIR)/build/debug-kernel TEST_LOGS=$(CURDIR)/build/tests/debug \
		tests/run -j $(JOBS) $(DEBUG) || status=1; \
	TEST_LOGS=$(CURDIR)/build/tests/debug-xen tests/run -j $(JOBS) $(DEBUG_XEN) || status=1; \
	exit $$status

check-matrix: PACKAGES = $(UNIT_PACKAGES) $(VM_PACKAGES)
check-matrix: deps  ## devices and drivers on each pair of Xen and Linux: a table; a patched newest Linux; two hours
	status=0; tests/matrix || status=1; TEST_TIMEOUT=5400 tests/run $(sort $(wildcard tests/newest/*.t)) || status=1; exit $$status

check-new-machine: deps  ## make unit, lint and the builds once more, on a Debian 12 that has nothing; an hour
	TEST_TIMEOUT=7200 tests/run -j $(JOBS) $(sort $(wildcard tests/new-machine/*.t))

unit: deps  ## tests that need no virtual machine; a minute, and another to build them
	FUZZ_SECONDS=$${FUZZ_SECONDS:-3} STRESS_SECONDS=$${STRESS_SECONDS:-2} tests/run -j $(JOBS) $(UNIT)

lint: deps  ## style and static checks
	tests/run -j $(JOBS) $(LINT)

mutants: deps  ## put some 140 bugs into copies of our files: each must turn a test red; half an hour
	status=0; for name in hypervisor kernel; do tests/harness/mutants.sh $$name || status=1; done; exit $$status

build:  ## Xen, the modules and the test machine
	scripts/testbed build

deb: PACKAGES = mmdebstrap git
deb: deps  ## Debian packages in build/deb/12, built in a fresh system; DEBIAN=13 for Debian 13
	packaging/build $(DEBIAN)

PACKAGES = $(UNIT_PACKAGES)
deps:
	@scripts/install-deps $(PACKAGES)

clean:  ## remove build/, and with it what was downloaded
	rm -rf build
