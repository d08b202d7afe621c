# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# The machine: the QEMU command line of one run, in the array QEMU.

TB_KERNEL_ARGS='panic=1 scsi_mod.scan=sync usb-storage.delay_use=0'

# Inside a multiboot module's arguments a comma separates modules unless doubled.
double_commas() { printf '%s' "${1//,/,,}"; }

# dom0 gets half of a small machine and three quarters of a large one.
dom0_mem() { if [ "$1" -le 2048 ]; then echo $(($1 / 2)); else echo $(($1 * 3 / 4)); fi; }

boot_xen() { # INITRD
    local dom0 linux modules xen=xen vmlinux=$TB_KERNEL/vmlinux
    dom0=$(dom0_mem "$OPT_MEM")
    [ -z "$OPT_KERNEL" ] || vmlinux=$TB_LOG/vmlinux
    [ -z "$OPT_UNPATCHED" ] || xen='xen-unpatched'
    [ -z "$OPT_DEBUG_XEN" ] || xen='xen-debug'
    linux="console=hvc0 earlyprintk=xen $TB_KERNEL_ARGS$OPT_LINUX_ARGS"
    modules=$(double_commas "$vmlinux $linux"),$(double_commas "$1")
    # Behind the initrd: Xen takes the first module of no other kind for that.
    [ -z "$OPT_XEN_MODULE" ] || modules+=,$(double_commas "$OPT_XEN_MODULE")
    QEMU+=(-kernel "$(xen_image "$xen")"
        -append "com1=115200,8n1 console=com1 dom0_mem=${dom0}M,max:${dom0}M loglvl=all guest_loglvl=all bootscrub=off$OPT_XEN_ARGS"
        -initrd "$modules")
}

boot_native() { # INITRD
    QEMU+=(-kernel "${OPT_KERNEL:-$TB_KERNEL/vmlinuz}" -initrd "$1"
        -append "console=ttyS0,115200 earlyprintk=serial,ttyS0,115200 intel_iommu=on $TB_KERNEL_ARGS$OPT_LINUX_ARGS")
}

# With a thread a CPU QEMU 7.2 may keep translated code that another CPU has just patched. An int3 of
# text_poke is an example: the handler sees the int3 gone and runs the code again, for ever. On a loaded
# host one boot in twenty hung. TESTBED_TCG_THREAD=single has all CPUs in one thread, as in tests.
accelerator() {
    if [ -n "$OPT_ICOUNT" ]; then
        QEMU+=(-accel "tcg,thread=single" -icount "shift=0,sleep=off,align=off" -smp "${OPT_SMP:-1}")
    else
        QEMU+=(-accel "tcg,thread=${TESTBED_TCG_THREAD:-multi}" -smp "${OPT_SMP:-2}")
    fi
}

# The emulated IRET of QEMU 7.2 faults in dom0 under SMAP. Properties of the IOMMU are
# -global: a later property in --qemu-args wins.
cpu_and_iommu() {
    QEMU+=(-cpu "max,-smap")
    if [ -n "$OPT_AMD" ]; then
        QEMU+=(-device amd-iommu)
    else
        QEMU+=(-device intel-iommu
            -global intel-iommu.aw-bits=48 -global intel-iommu.intremap=off -global intel-iommu.caching-mode=off)
    fi
}

# machine LOGDIR INITRD: -nodefaults, so the devices are the chipset's and those of
# --qemu-args.
machine() {
    local log=$1 pattern words=()
    QEMU=(qemu-system-x86_64 -M "q35,kernel-irqchip=off" -m "$OPT_MEM" -nodefaults -no-user-config
        -display none -no-reboot)
    cpu_and_iommu
    QEMU+=(-object "memory-backend-file,id=testbed,share=on,size=16M,mem-path=$(double_commas "$log/channel")"
        -device "ivshmem-plain,memdev=testbed,bus=pcie.0,addr=0x1e"
        -chardev "socket,id=qmp,fd=3" -mon "chardev=qmp,mode=control")
    if [ -n "$TB_INTERACTIVE" ]; then
        QEMU+=(-chardev "stdio,id=console,mux=on,signal=off,logfile=$(double_commas "$log/console.log")" -mon "chardev=console,mode=readline")
    else
        QEMU+=(-chardev "file,id=console,path=$(double_commas "$log/console.log")")
    fi
    QEMU+=(-serial "chardev:console")
    accelerator
    if [ -n "$OPT_NATIVE" ]; then boot_native "$2"; else boot_xen "$2"; fi
    for pattern in "${OPT_TRACE[@]}"; do QEMU+=(-trace "enable=$pattern"); done
    [ "${#OPT_TRACE[@]}" -eq 0 ] || QEMU+=(-D "$log/qemu-trace.log")
    # xargs splits words and takes quotes away, without expanding anything.
    if [ -n "$OPT_QEMU_ARGS" ]; then
        xargs printf '' <<<"$OPT_QEMU_ARGS" 2>/dev/null || usage_error "--qemu-args: unmatched quote in $OPT_QEMU_ARGS" 'close the quote'
        mapfile -t words < <(xargs printf '%s\n' <<<"$OPT_QEMU_ARGS")
        QEMU+=("${words[@]}")
    fi
}
