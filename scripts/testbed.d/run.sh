# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# One run: its directory, its part of the root file system, and the meaning of its end.

make_log_dir() {
    local runs=$TB_BUILD/runs
    mkdir -p "$runs"
    if [ -n "$OPT_LOG" ]; then
        mkdir -p "$OPT_LOG" || usage_error "--log $OPT_LOG: cannot make that directory"
        TB_LOG=$(cd "$OPT_LOG" && pwd)
        rm -f "$TB_LOG"/{console.log,qemu.log,qmp.log,qemu-trace.log,result,judge.log}
    else
        TB_LOG=$(mktemp -d "$runs/$(date +%Y%m%d-%H%M%S).XXXX")
        chmod 755 "$TB_LOG"
    fi
    ln -sfn "$TB_LOG" "$runs/.latest.$$" && mv -T "$runs/.latest.$$" "$runs/latest"
}

# run_conf: the configuration of guest-init.cpp.
run_conf() {
    local load=1
    if [ -n "$OPT_NO_MODULE" ] || { [ -n "$OPT_KERNEL" ] && [ -z "$OPT_MODULES" ]; } || { [ -n "$OPT_NATIVE" ] && [ -z "$OPT_MODE" ]; }; then load=; fi
    [ -e "$TB_ROOT/kernel/xen-pviommu/Makefile" ] || load=
    printf 'LOAD_MODULE=%s\nMODE=%s\nTTY=%s\n' "$load" "$OPT_MODE" "$1"
}

# The part of this run only: the command, the copies, and their libraries that the
# base lacks.
run_archive() { # TTY OUT
    local root=$TB_LOG/root file library
    mkdir -p "$root/testbed" "$root/root"
    run_conf "$1" >"$root/testbed/run.conf"
    printf '%s\0' "${COMMAND[@]}" >"$root/testbed/argv"
    for file in "${OPT_COPY[@]}"; do
        cp -L --preserve=mode "$file" "$root/root/"
        for library in $(libraries_of "$file"); do
            [ -e "$TB_BUILD/base$library" ] || { mkdir -p "$root/usr/lib" && cp -L "$library" "$root/usr/lib/"; }
        done
    done
    make_cpio "$root" >"$2"
    rm -rf "$root"
}

# The boot files of the machine, in the directory of the run. A kernel from --kernel
# goes without modules but its own: Debian's modules fit no other kernel.
gather() { # TTY
    local archives=("$TB_IMAGES/base.cpio")
    if [ -n "$OPT_KERNEL" ]; then
        strictly unpack_kernel "$OPT_KERNEL" "$TB_LOG/vmlinux"
        [ "$TB_RC" -eq 0 ] || die 125 "--kernel $OPT_KERNEL can't be unpacked" 'configure it with gzip, xz or zstd'
        [ -z "$OPT_MODULES" ] || archives+=("$OPT_MODULES")
    else
        archives+=("$TB_DRIVERS_IMAGE")
    fi
    run_archive "$1" "$TB_LOG/run.cpio"
    cat "${archives[@]}" "$TB_LOG/run.cpio" >"$TB_LOG/initrd"
}

prepare() { # TTY
    if [ -n "$OPT_NO_BUILD" ]; then
        kernel_known || die 125 'nothing is built yet' 'scripts/testbed build'
        TB_DRIVERS_IMAGE=$(drivers_image "$OPT_DRIVERS")
        [ -z "$OPT_DEBUG_XEN" ] || [ -e "$(xen_image xen-debug)" ] || die 125 'no debug Xen is built yet' 'scripts/testbed build --debug-xen'
        [ -e "$TB_DRIVERS_IMAGE" ] || die 125 'no image with these drivers is built yet' 'leave --no-build out'
    else
        demand_packages 125
        # Locked until everything is taken from the cache.
        lock_build
        strictly build_all "$OPT_DRIVERS"
        # A failed build is a command never reached.
        [ "$TB_RC" -eq 0 ] || exit $((TB_RC == 2 ? 2 : 125))
        kernel_known
        TB_DRIVERS_IMAGE=$(drivers_image "$OPT_DRIVERS")
    fi
    make_log_dir
    gather "$1"
    [ -n "$OPT_NO_BUILD" ] || unlock_build
    machine "$TB_LOG" "$TB_LOG/initrd"
    printf '%q ' "${QEMU[@]}" >"$TB_LOG/qemu.command"
}

# The value of NAME in the pump's result.
result() { sed -n "s/^$1=//p" "$TB_LOG/result" 2>/dev/null; }

# For a reader's eye only, never for the verdict.
show_end() {
    local file=$TB_LOG/console.log
    [ -s "$file" ] || file=$TB_LOG/qemu.log
    say "the end of $file:"
    tr -d '\r\0' <"$file" | tail -n 12 | sed 's/^/    | /' >&2
}

ended_badly() { # STATUS WHAT
    say "$2"
    show_end
    say "console log: $TB_LOG/console.log"
    TB_STATUS=$1
}

# The verdict comes from the channel (state, status) and from QEMU's own account
# of how the machine stopped (qmp.log), never from console text.
verdict() {
    local state status stop
    state=$(result state) status=$(result status)
    stop=$(sed -n 's/.*"event": "SHUTDOWN".*"reason": "\([a-z-]*\)".*/\1/p' "$TB_LOG/qmp.log" | tail -n 1)
    if [ "$(result late)" = 1 ]; then
        case $state in
        0) ended_badly 124 "timeout: the command was not reached within $OPT_TIMEOUT s" ;;
        1) ended_badly 124 "timeout: the command did not end within $OPT_TIMEOUT s" ;;
        *) ended_badly 124 "timeout: the command ended with status $status, but the machine did not power off" ;;
        esac
    elif [ -z "$state" ]; then
        ended_badly 125 'the pump of the channel failed'
    elif [ "$state" != 2 ] && [ -z "$stop" ]; then
        ended_badly 125 "QEMU ended by itself with status $(result qemu): $(tail -n 1 "$TB_LOG/qemu.log")"
    elif [ "$state" = 0 ]; then
        ended_badly 125 "the machine stopped ($stop) before it reached the command"
    elif [ "$state" = 1 ]; then
        ended_badly 125 "the machine stopped ($stop) while the command ran: a crash, a panic or a reboot"
    elif [ "$stop" != guest-shutdown ]; then
        ended_badly 125 "the command ended with status $status, but the machine crashed at power-off (${stop:-QEMU status $(result qemu)})"
    else
        TB_STATUS=$status
    fi
}

judge() {
    local excuse=() pattern
    for pattern in "${OPT_EXCUSE[@]}"; do excuse+=(--excuse "$pattern"); done
    "$TB_HOME/../judge-log" "${excuse[@]}" "$TB_LOG/console.log" 2>"$TB_LOG/judge.log" && return
    cat "$TB_LOG/judge.log" >&2
    # A crash or a hang tells more than its printed lines.
    case $TB_STATUS in
    124 | 125) ;;
    *) say "the command's own status was $TB_STATUS"; TB_STATUS=123 ;;
    esac
}

# testbed_run TTY: sets TB_STATUS.
testbed_run() {
    prepare "$1"
    "$TB_BUILD/host-pump" "$TB_LOG/channel" "$TB_LOG" "$OPT_TIMEOUT" -- "${QEMU[@]}" || true
    rm -f "$TB_LOG"/{initrd,run.cpio,vmlinux,channel}
    verdict
    [ -z "$OPT_JUDGE" ] || judge
}
