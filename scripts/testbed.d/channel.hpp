// SPDX-License-Identifier: GPL-2.0-only
// The channel between a command in the test machine and the host: one file. QEMU
// shows the file to the guest as the memory BAR of an ivshmem device.
//
// A serial line would cost a trap into Xen and an exit from the emulator for each
// byte. A virtio port does DMA, and the tests measure DMA.
// Plain shared memory disturbs neither the IOMMU nor the interrupts,
// carries any byte, and cannot be reached by printing.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <sys/mman.h>

namespace channel {

constexpr uint64_t kMagic = 0x78656e70766d6d75;
constexpr size_t kSize = 16 << 20; // of the file: a BAR is a power of two
constexpr size_t kRingSize = 4 << 20;
constexpr size_t kCacheLine = 64;

enum class State : uint32_t {
    booting, // the host's initial value
    running, // the command was started
    ended,   // the command ended, status is valid
};

// The guest fills the ring and the host drains the ring.
class Ring {
    // Free running byte counts, one writer each, on a cache line of its own.
    alignas(kCacheLine) std::atomic<uint64_t> head_; // the guest's
    alignas(kCacheLine) std::atomic<uint64_t> tail_; // the host's
    alignas(kCacheLine) std::array<std::byte, kRingSize> data_;

    // From the place of COUNT on, at most up to the end of the buffer.
    std::span<std::byte> piece(uint64_t count, uint64_t length)
    {
        const size_t at = count % kRingSize;
        return {data_.data() + at, std::min<size_t>(length, kRingSize - at)};
    }

public:
    // The next contiguous piece for the host to read, or for the guest to fill;
    // empty without any.
    std::span<std::byte> readable()
    {
        const uint64_t tail = tail_.load(std::memory_order_relaxed);
        // Pairs with the release in filled(): the bytes are there.
        return piece(tail, head_.load(std::memory_order_acquire) - tail);
    }
    std::span<std::byte> writable()
    {
        const uint64_t head = head_.load(std::memory_order_relaxed);
        // Pairs with the release in drained(): the host has read them.
        return piece(head, tail_.load(std::memory_order_acquire) + kRingSize - head);
    }

    void filled(size_t n) { head_.fetch_add(n, std::memory_order_release); }
    void drained(size_t n) { tail_.fetch_add(n, std::memory_order_release); }
};

// The host constructs the channel, and the guest, a program of its own, finds the channel.
struct Channel {
    uint64_t magic = kMagic;
    std::atomic<State> state = State::booting;
    std::atomic<uint32_t> status = 0; // exit status, 128 + n after signal n
    std::array<Ring, 2> output;       // the command's stdout, stderr
};

static_assert(sizeof(Channel) <= kSize);
static_assert(std::atomic<uint64_t>::is_always_lock_free, "a lock would not be shared");

struct Unmap {
    void operator()(Channel *c) const { munmap(c, kSize); }
};
using Mapping = std::unique_ptr<Channel, Unmap>;

// Null if FD can't be mapped.
inline Mapping map(int fd)
{
    void *at = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return Mapping(at == MAP_FAILED ? nullptr : static_cast<Channel *>(at));
}

} // namespace channel
