// SPDX-License-Identifier: GPL-2.0-only
//
// The same ops through io_uring, by its system calls.

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <thread>

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.hpp"

namespace device {

namespace {

constexpr unsigned entries = 64;

// A ring of its own mapping: one thread, submitted when filled.
class Ring {
public:
    Ring()
    {
        io_uring_params p{};
        fd_ = static_cast<int>(syscall(SYS_io_uring_setup, entries, &p));
        if (fd_ < 0)
            throw std::runtime_error("io_uring_setup");
        rings_ =
            at(p.sq_off.array + p.sq_entries * sizeof(unsigned), p.cq_off.cqes + p.cq_entries * sizeof(io_uring_cqe));
        sqes_ = static_cast<io_uring_sqe *>(mmap(nullptr, p.sq_entries * sizeof(io_uring_sqe), PROT_READ | PROT_WRITE,
                                                 MAP_SHARED, fd_, IORING_OFF_SQES));
        sq_tail_ = word(p.sq_off.tail);
        sq_array_ = word(p.sq_off.array);
        cq_head_ = word(p.cq_off.head);
        cq_tail_ = word(p.cq_off.tail);
        cqes_ = reinterpret_cast<io_uring_cqe *>(rings_ + p.cq_off.cqes);
        mask_ = *word(p.sq_off.ring_mask);
        cq_mask_ = *word(p.cq_off.ring_mask);
    }
    ~Ring() { ::close(fd_); }
    Ring(const Ring &) = delete;
    Ring &operator=(const Ring &) = delete;

    void put(const File &f, std::uint32_t command, const xen_pviommu_ops &ops, std::uint64_t tag = 0)
    {
        const unsigned tail = *sq_tail_, index = tail & mask_;
        io_uring_sqe &sqe = sqes_[index];
        sqe = {};
        sqe.opcode = IORING_OP_URING_CMD;
        sqe.fd = f.fd();
        sqe.cmd_op = command;
        sqe.user_data = tag;
        std::memcpy(reinterpret_cast<char *>(&sqe) + 48, &ops, sizeof(ops));
        sq_array_[index] = index;
        __atomic_store_n(sq_tail_, tail + 1, __ATOMIC_RELEASE);
        waiting_++;
    }
    long submit(unsigned wait)
    {
        const long rc = syscall(SYS_io_uring_enter, fd_, waiting_, wait, IORING_ENTER_GETEVENTS, nullptr, 0);
        waiting_ = 0;
        return rc < 0 ? -errno : rc;
    }
    bool take(io_uring_cqe &to)
    {
        const unsigned head = *cq_head_;
        if (head == __atomic_load_n(cq_tail_, __ATOMIC_ACQUIRE))
            return false;
        to = cqes_[head & cq_mask_];
        __atomic_store_n(cq_head_, head + 1, __ATOMIC_RELEASE);
        return true;
    }
    // The result of one command.
    long one(const File &f, std::uint32_t command, const xen_pviommu_ops &ops)
    {
        io_uring_cqe cqe{};
        put(f, command, ops);
        const long rc = submit(1);
        if (rc != 1)
            return rc < 0 ? rc : -1000;
        return take(cqe) ? cqe.res : -1001;
    }

private:
    char *at(std::size_t a, std::size_t b)
    {
        void *m =
            mmap(nullptr, a > b ? a : b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_, IORING_OFF_SQ_RING);
        if (m == MAP_FAILED)
            throw std::runtime_error("a ring's mmap");
        return static_cast<char *>(m);
    }
    [[nodiscard]] unsigned *word(std::size_t offset) const { return reinterpret_cast<unsigned *>(rings_ + offset); }

    int fd_ = -1;
    char *rings_ = nullptr;
    io_uring_sqe *sqes_;
    unsigned *sq_tail_, *sq_array_, *cq_head_, *cq_tail_;
    io_uring_cqe *cqes_;
    unsigned mask_, cq_mask_, waiting_ = 0;
};

xen_pviommu_ops array_of(std::span<xen_pviommu_op> ops)
{
    return {
        .ops = reinterpret_cast<std::uint64_t>(ops.data()), .nr = static_cast<std::uint32_t>(ops.size()), .pad0 = 0};
}

void results(const File &f, long id)
{
    Ring r;
    constexpr auto command = static_cast<std::uint32_t>(XEN_PVIOMMU_IOC_OPS);
    std::vector<xen_pviommu_op> ops{map(f, id, 0, 0, 4), unmap(f, 0, 2)};
    is(r.one(f, command, array_of(ops)), 0, "two ops");
    ok(!ops[0].status && !ops[1].status, "their statuses");
    is(f.one(unmap(f, 2, 2)), 0, "its work was done");
    ops = {unmap(f, 0), map(f, id, 0, 0), unmap(f, 1)};
    is(r.one(f, command, array_of(ops)), 2, "two of three fail");
    ok(ops[0].status == -ENOENT && !ops[1].status && ops[2].status == -ENOENT, "their statuses");
    is(f.one(unmap(f, 0)), 0, "the third was done");

    xen_pviommu_ops bad = array_of(ops);
    is(r.one(f, command + 1, bad), -ENOTTY, "another command");
    is(r.one(f, static_cast<std::uint32_t>(XEN_PVIOMMU_IOC_INFO), bad), -ENOTTY, "an ioctl that is none");
    bad.pad0 = 1;
    is(r.one(f, command, bad), -EINVAL, "padding");
    bad = {.ops = page, .nr = 1, .pad0 = 0};
    is(r.one(f, command, bad), -EFAULT, "a bad pointer");
    bad.nr = XEN_PVIOMMU_MAX_OPS + 1;
    is(r.one(f, command, bad), -E2BIG, "too many");
}

// Many at once: several workers, one file.
void many(const File &f, long id)
{
    Ring r;
    constexpr auto command = static_cast<std::uint32_t>(XEN_PVIOMMU_IOC_OPS);
    std::vector<std::vector<xen_pviommu_op>> ops(entries);
    unsigned done = 0, bad = 0;

    for (unsigned i = 0; i < entries; i++) {
        for (unsigned p = 0; p < 8; p++)
            ops[i].push_back(map(f, id, 8 * i + p, p));
        r.put(f, command, array_of(ops[i]), i);
    }
    is(r.submit(entries), entries, "64 arrays are submitted");
    io_uring_cqe cqe{};
    while (r.take(cqe)) {
        done++;
        bad += cqe.res != 0;
    }
    is(done, entries, "64 arrays are done");
    is(bad, 0, "none of them failed");
    is(f.one(unmap(f, 0, 8 * entries)), 0, "all is mapped");
}

// The process ends, or is killed, with commands under way.
void ends()
{
    int bad = 0;
    for (int i = 0; i < 10; i++) {
        const pid_t child = start_child([i]() -> int {
            File f(8 << 20);
            const Memory m(1024);
            const long id = f.add(m);
            Ring r;
            std::vector<std::vector<xen_pviommu_op>> ops(entries);
            for (unsigned n = 0; n < entries; n++) {
                ops[n] = {map(f, id, 16 * n, n, 16)};
                r.put(f, static_cast<std::uint32_t>(XEN_PVIOMMU_IOC_OPS), array_of(ops[n]), n);
            }
            r.submit(i % 3);
            if (i % 2)
                kill(getpid(), SIGKILL);
            _exit(0);
        });
        bad += wait_for(child) != (i % 2 ? -SIGKILL : 0);
    }
    is(bad, 0, "it ends with commands under way");
}

} // namespace

int ring()
{
    const Balance before = Balance::now();
    {
        File f(2 << 20);
        const Memory m(64);
        const long id = f.add(m);
        results(f, id);
        many(f, id);
    }
    is_back(before, "all is given back");
    ends();
    is_back(before, "and again");
    return done();
}

} // namespace device
