# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# QEMU's options for the devices of a test. Each call adds to DEVICES, the value
# of --qemu-args.

DEVICES=
DEVICES_NR=0

# nic_pair MODEL[,PROPERTY]...: two of them on a wire of their own.
nic_pair() {
    local end
    DEVICES_NR=$((DEVICES_NR + 1))
    for end in 1 2; do
        DEVICES+=" -netdev hubport,id=n$DEVICES_NR$end,hubid=$DEVICES_NR"
        DEVICES+=" -device $1,netdev=n$DEVICES_NR$end,mac=52:54:00:00:0$DEVICES_NR:0$end"
    done
}

# drive SIZE_MB: a fresh disk image for the next device. Sets DRIVE, its id.
drive() {
    local file
    DEVICES_NR=$((DEVICES_NR + 1))
    DRIVE=d$DEVICES_NR
    file=$TEST_LOG/$DRIVE.img
    rm -f "$file"
    truncate -s "$1M" "$file"
    DEVICES+=" -drive if=none,id=$DRIVE,file=$file,format=raw,cache=unsafe"
}

nvme() { drive 64; DEVICES+=" -device nvme,serial=$DRIVE,drive=$DRIVE"; }
ahci() { drive 64; DEVICES+=" -device ide-hd,bus=ide.0,drive=$DRIVE"; }
edu() { DEVICES+=' -device edu,dma_mask=0xffffffffffffffff'; }

# scsi_disk CONTROLLER: a disk behind a controller of its own.
scsi_disk() {
    drive 64
    DEVICES+=" -device $1,id=c$DEVICES_NR -device scsi-hd,bus=c$DEVICES_NR.0,drive=$DRIVE"
}

# usb_disk CONTROLLER
usb_disk() {
    drive 64
    DEVICES+=" -device $1,id=c$DEVICES_NR -device usb-storage,bus=c$DEVICES_NR.0,drive=$DRIVE"
}

sd_card() { drive 64; DEVICES+=" -device sdhci-pci,id=c$DEVICES_NR -device sd-card,drive=$DRIVE"; }

# virtio_disk PROPERTIES
virtio_disk() { drive 64; DEVICES+=" -device virtio-blk-pci,drive=$DRIVE,serial=$DRIVE$1"; }
