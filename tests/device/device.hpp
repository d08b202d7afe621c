// SPDX-License-Identifier: GPL-2.0-only
//
// Shared by the tests of /dev/xen-pviommu: results, files of the device, memory,
// and the kernel's own figures.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

#include "xen_pviommu.h"

namespace device {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t anywhere = ~std::uint64_t{0};
constexpr std::uint32_t both = XEN_PVIOMMU_READ | XEN_PVIOMMU_WRITE;

// TAP
bool ok(bool good, const std::string &name);
bool is(std::int64_t got, std::int64_t want, const std::string &name);
void note(const std::string &text);
int done();

// A mapping of anonymous memory, unmapped at the end.
class Memory {
public:
    explicit Memory(std::uint64_t pages, int more_flags = 0);
    ~Memory() { unmap(); }
    Memory(const Memory &) = delete;
    Memory &operator=(const Memory &) = delete;
    void unmap();
    void protect(int prot, std::uint64_t from = 0, std::uint64_t pages = ~std::uint64_t{0});
    [[nodiscard]] std::uint8_t *at(std::uint64_t page_nr = 0) const { return start_ + page_nr * page; }
    [[nodiscard]] std::uint64_t addr(std::uint64_t page_nr = 0) const
    {
        return reinterpret_cast<std::uint64_t>(at(page_nr));
    }
    [[nodiscard]] std::uint64_t size() const { return size_; }

private:
    std::uint64_t size_;
    std::uint8_t *start_;
};

// A file of the device. A failure is a negative errno.
class File {
public:
    File();
    // With a window of that size.
    explicit File(std::uint64_t size) : File() { window(size); }
    ~File() { close(); }
    File(const File &) = delete;
    File &operator=(const File &) = delete;
    void close();
    [[nodiscard]] int fd() const { return fd_; }

    long call(unsigned long request, void *arg) const;
    [[nodiscard]] xen_pviommu_info info() const;
    // The window's first address: kept.
    long window(std::uint64_t size, std::uint64_t limit = anywhere);
    [[nodiscard]] std::uint64_t base() const { return base_; }
    [[nodiscard]] std::uint64_t iova(std::uint64_t page_nr) const { return base_ + page_nr * page; }
    // A region's id.
    long add(const void *addr, std::uint64_t size, std::uint32_t flags = both) const;
    long add(const Memory &m, std::uint32_t flags = both) const { return add(m.at(), m.size(), flags); }
    long del(long id) const;
    long ops(std::span<xen_pviommu_op> ops) const;
    long one(xen_pviommu_op op) const;

private:
    int fd_;
    std::uint64_t base_ = 0;
};

// By numbers of pages; the window's page 0 is at the file's base.
xen_pviommu_op map(const File &f, long region, std::uint64_t to, std::uint64_t from, std::uint64_t pages = 1,
                   std::uint16_t flags = both);
xen_pviommu_op unmap(const File &f, std::uint64_t to, std::uint64_t pages = 1);

// Figures of sysfs and vmstat.
std::int64_t number(const std::string &file);
std::int64_t counter(const std::string &name);
std::int64_t vmstat(const std::string &name);
void write_file(const std::string &file, const std::string &text);

// All figures that must be as before when a file is gone.
struct Balance {
    std::int64_t mapped, bfns, files, pinned, pins, leaked;
    static Balance now();
    bool operator==(const Balance &) const = default;
};
void is_back(const Balance &before, const std::string &name);

// How much a counter grows by something.
std::int64_t growth(const std::string &name, const std::function<void()> &what);

// In a child. Its exit status, or minus the number of its signal.
int in_child(const std::function<int()> &what);
pid_t start_child(const std::function<int()> &what);
int wait_for(pid_t pid);

// A child that does something when it is let go.
class HeldChild {
public:
    explicit HeldChild(const std::function<int()> &what);
    // Its status.
    int release();

private:
    int gate_[2];
    pid_t pid_;
};

// The groups.
int fields();
int ops();
int life();
int ring();
int fuzz();
int dma();
int broken();

} // namespace device
