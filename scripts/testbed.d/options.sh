# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# The command line.  A wrong word ends with status 2 and
# names the remedy.

usage() {
    cat <<'TEXT'
usage: scripts/testbed build [--debug-xen] [--linux S] [--xen S]
       scripts/testbed packages | paths [--linux S] [--xen S]
       scripts/testbed run [OPTION]... -- COMMAND...
       scripts/testbed shell [OPTION]...

build prepares all that a run needs (a second call does nothing).  packages
prints the Debian packages that it installs, for which alone it must be root.
paths prints, for a shell, where it has put the kernel (TB_KERNEL), the kernel's
release (KREL), headers (KDIR) and variables for kbuild (TB_KBUILD), and Xen's
trees (TB_XEN).  run boots Xen, a PV dom0 and an emulated IOMMU, executes COMMAND there as root,
prints what it prints and exits with its status.  One COMMAND argument is a
shell line, several are a program and its arguments.  shell gives a terminal
instead.

  --xen-args S        Xen arguments, after the default ones (may be repeated, as
  --linux-args S      dom0's kernel arguments                    the next two)
  --qemu-args S       QEMU arguments, split as a shell does
  --mode M            load xen-pviommu with mode=M
  --no-module         do not load xen-pviommu
  --linux S           Debian's Linux of the series S: 6.1, 6.12, or newest (6.1)
  --xen S             Xen of the series S: one of hypervisor/patches (4.17)
  --unpatched-xen     boot Debian's own Xen package
  --debug-xen         boot Xen with its own assertions, lock checks and UBSAN
  --xen-module FILE   a further boot module for Xen, such as a FLASK policy
  --amd               an AMD CPU with AMD-Vi, in place of VT-d
  --native            boot the kernel without Xen, with its own IOMMU driver
  --kernel FILE       boot this bzImage, without modules, not Debian's kernel
  --modules FILE      the modules of --kernel, a cpio archive of usr/lib/modules
  --icount            instruction clock: 1 ns of guest time an instruction, 1 CPU
  --smp N             CPUs (2)
  --mem MB            memory of the machine (2048)
  --copy FILE         put FILE at /root/NAME (may be repeated)
  --drivers LIST      further kernel modules to have on board, comma separated
  --timeout S         end the run after S seconds (600)
  --log DIR           where console.log, qemu.log, ... go
  --judge             judge the console log after the run (scripts/judge-log)
  --excuse REGEX      a line that matches is no finding (may be repeated)
  --trace PATTERN     QEMU trace events, such as 'vtd_*', to qemu-trace.log
  --no-build          use what was built before, even if sources have changed

TESTBED_LINUX and TESTBED_XEN in the environment are --linux and --xen for all runs.

exit status: COMMAND's; 123 the console log was judged bad; 124 timeout; 125
crash, panic, reboot, or COMMAND was never reached; 2 wrong usage.
TEXT
}

usage_error() {
    say "$1"
    say "  remedy: ${2:-scripts/testbed --help lists the options}"
    exit 2
}

default_options() {
    OPT_XEN_ARGS='' OPT_LINUX_ARGS='' OPT_QEMU_ARGS='' OPT_MODE='' OPT_DRIVERS='' OPT_LOG='' OPT_TRACE=()
    OPT_NO_MODULE='' OPT_UNPATCHED='' OPT_DEBUG_XEN='' OPT_AMD='' OPT_NATIVE='' OPT_ICOUNT='' OPT_JUDGE='' OPT_NO_BUILD=''
    OPT_SMP='' OPT_MEM=2048 OPT_TIMEOUT=600 OPT_COPY=() OPT_EXCUSE=() OPT_XEN_MODULE='' OPT_KERNEL='' OPT_MODULES='' COMMAND=()
}

# Sets OPT_* and COMMAND from the arguments of `run` and `shell`.
parse_options() {
    default_options
    while [ $# -gt 0 ]; do
        case $1 in
        --) shift; COMMAND=("$@"); break ;;
        --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}"; continue ;;
        --no-module) OPT_NO_MODULE=1 ;;
        --unpatched-xen) OPT_UNPATCHED=1 ;;
        --debug-xen) OPT_DEBUG_XEN=1 ;;
        --amd) OPT_AMD=1 ;;
        --native) OPT_NATIVE=1 ;;
        --icount) OPT_ICOUNT=1 ;;
        --judge) OPT_JUDGE=1 ;;
        --no-build) OPT_NO_BUILD=1 ;;
        --help | -h) usage; exit 0 ;;
        --*)
            known_value_option "$1" || usage_error "unknown option $1"
            if [ $# -lt 2 ] || [ "$2" = -- ]; then usage_error "$1 lacks its value" "give one: $1 VALUE"; fi
            take_value "$1" "$2"
            shift ;;
        *) usage_error "unexpected argument '$1'" "put the command after --: scripts/testbed run -- $*" ;;
        esac
        shift
    done
    check_options
}

# parse_build ARGUMENT...: those of `build`.
parse_build() {
    default_options
    while [ $# -gt 0 ]; do
        case $1 in
        --debug-xen) OPT_DEBUG_XEN=1 ;;
        --linux=* | --xen=*) set -- "${1%%=*}" "${1#*=}" "${@:2}"; continue ;;
        --linux | --xen)
            [ $# -ge 2 ] || usage_error "$1 lacks its value" "give one: $1 VALUE"
            take_value "$1" "$2"
            shift ;;
        --help | -h) usage; exit ;;
        *) usage_error "no such argument: $1" '[--debug-xen] [--linux S] [--xen S]' ;;
        esac
        shift
    done
    check_versions
}

known_value_option() {
    case $1 in
    --linux | --xen | --xen-args | --xen-module | --kernel | --modules | --linux-args | --qemu-args | --mode | --smp | --mem | --copy | --drivers | --timeout | --log | --excuse | --trace) ;;
    *) return 1 ;;
    esac
}

take_value() {
    case $1 in
    --linux) use_linux "$2" ;;
    --xen) use_xen "$2" ;;
    --xen-args) OPT_XEN_ARGS+=" $2" ;;
    --xen-module) OPT_XEN_MODULE=$2 ;;
    --kernel) OPT_KERNEL=$2 ;;
    --modules) OPT_MODULES=$2 ;;
    --linux-args) OPT_LINUX_ARGS+=" $2" ;;
    --qemu-args) OPT_QEMU_ARGS+=" $2" ;;
    --mode) OPT_MODE=$2 ;;
    --smp) OPT_SMP=$2 ;;
    --mem) OPT_MEM=$2 ;;
    --copy) OPT_COPY+=("$2") ;;
    --drivers) OPT_DRIVERS+=${OPT_DRIVERS:+,}$2 ;;
    --timeout) OPT_TIMEOUT=$2 ;;
    --log) OPT_LOG=$2 ;;
    --excuse) OPT_EXCUSE+=("$2") ;;
    --trace) OPT_TRACE+=("$2") ;;
    esac
}

check_number() { # NAME VALUE LEAST
    if ! [[ $2 =~ ^[0-9]{1,7}$ ]] || [ "$2" -lt "$3" ]; then
        usage_error "$1 $2: not a number of at least $3" "give a number, such as $1 $3"
    fi
}

check_file() { # NAME FILE
    if ! [ -f "$2" ] || ! [ -r "$2" ]; then
        usage_error "$1 $2: no such readable file" 'name a file of the host (directories: pack them with tar)'
    fi
}

# Linux's boot protocol has its magic at 0x202.
check_kernel() { # FILE
    check_file --kernel "$1"
    if [ "$(od -An -c -j $((0x202)) -N 4 "$1" | tr -d ' ')" != HdrS ]; then
        usage_error "--kernel $1: not a bzImage" "name arch/x86/boot/bzImage of a kernel's build, or a distribution's vmlinuz"
    fi
    if [ -n "$OPT_DRIVERS" ]; then
        usage_error "--kernel boots without Debian's modules: --drivers has no meaning" 'build them in, or give its own with --modules'
    fi
    if [ -n "$OPT_MODE" ] && [ -z "$OPT_MODULES" ]; then
        usage_error '--kernel boots without modules: --mode has no meaning' 'build it in, and set the mode with --linux-args xen_pviommu=M'
    fi
}

# The series, from an option or the environment.
check_versions() {
    local known
    [[ " ${TB_LINUX_SERIES[*]} " = *" $TB_LINUX "* ]] ||
        usage_error "Linux $TB_LINUX: no such series" "one of ${TB_LINUX_SERIES[*]}"
    known=$(xen_known_series | xargs)
    [[ " $known " = *" $TB_XEN_SERIES "* ]] || usage_error "Xen $TB_XEN_SERIES: no such series" "one of $known"
}

check_options() {
    local file
    check_versions
    [ -z "$OPT_SMP" ] || check_number --smp "$OPT_SMP" 1
    check_number --mem "$OPT_MEM" 768
    check_number --timeout "$OPT_TIMEOUT" 1
    # For all runs of a test at once, where all is slower.
    OPT_TIMEOUT=$((OPT_TIMEOUT * ${TESTBED_PATIENCE:-1}))
    for file in "${OPT_COPY[@]}"; do
        check_file --copy "$file"
    done
    for file in "${OPT_EXCUSE[@]}"; do
        grep -qE -e "$file" </dev/null || [ $? -eq 1 ] || usage_error "--excuse $file: not an extended regular expression" 'see grep(1), option -E'
    done
    if [ -n "$OPT_XEN_MODULE" ]; then
        check_file --xen-module "$OPT_XEN_MODULE"
    fi
    [ -z "$OPT_KERNEL" ] || check_kernel "$OPT_KERNEL"
    if [ -n "$OPT_MODULES" ]; then
        check_file --modules "$OPT_MODULES"
        [ -n "$OPT_KERNEL" ] || usage_error '--modules are those of --kernel, which is not there' 'name both'
    fi
    if [ -n "$OPT_MODE" ] && [ -n "$OPT_NO_MODULE" ]; then
        usage_error '--mode and --no-module contradict each other' 'give one of them'
    fi
    if [ -n "$OPT_UNPATCHED" ] && [ -n "$OPT_DEBUG_XEN" ]; then
        usage_error "--unpatched-xen and --debug-xen contradict each other: Debian's own Xen is no debug build" 'give one of them'
    fi
    if [ -n "$OPT_UNPATCHED" ] && [ -z "$(xen_suites "$TB_XEN_SERIES")" ]; then
        usage_error "--unpatched-xen: Debian has no Xen $TB_XEN_SERIES" 'name another series with --xen'
    fi
    if [ -n "$OPT_NATIVE" ] && [ -n "$OPT_UNPATCHED$OPT_DEBUG_XEN$OPT_XEN_ARGS$OPT_XEN_MODULE" ]; then
        usage_error '--native boots without Xen: --unpatched-xen, --debug-xen, --xen-args and --xen-module have no meaning' 'leave --native or the others out'
    fi
}
