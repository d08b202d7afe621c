// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// libpviommu-test [--device] [--gtest_...]: gives TAP.

#include <fstream>
#include <iostream>
#include <string>

#include <sys/mman.h>

#include "../../../tests/harness/tap.h"
#include "fixture.h"

bool on_device;

std::unique_ptr<pviommu::Backend> new_backend()
{
    if (on_device)
        return must(pviommu::open_device());
    return std::make_unique<pviommu::Sim>();
}

Memory::Memory(std::uint64_t pages)
    : size_(pages * page),
      start_(static_cast<std::byte *>(mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)))
{
    if (start_ == MAP_FAILED)
        throw std::bad_alloc();
}

Memory::~Memory() { unmap(); }
void Memory::protect(int prot) const { mprotect(start_, size_, prot); }
void Memory::unmap() const { munmap(start_, size_); }

Cost Meter::now()
{
    if (const auto *sim = dynamic_cast<pviommu::Sim *>(&backend_)) {
        const pviommu::Sim::Counters c = sim->counters();
        return {c.hypercalls, c.ops, c.flushes};
    }
    const auto counter = [](const char *name) {
        std::uint64_t value = 0;
        std::ifstream file(std::string("/sys/kernel/xen_pviommu/counters/") + name);
        if (!(file >> value))
            throw std::runtime_error(std::string("no counter ") + name);
        return value;
    };
    return {counter("hypercalls"), counter("ops"), counter("flushes")};
}

Cost Meter::look()
{
    const Cost before = last_;
    last_ = now();
    return {last_.hypercalls - before.hypercalls, last_.ops - before.ops, last_.flushes - before.flushes};
}

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    for (int i = 1; i < argc; i++) {
        if (std::string(argv[i]) != "--device") {
            std::cerr << "usage: libpviommu-test [--device] [--gtest_filter=...]\n";
            return 2;
        }
        on_device = true;
        GTEST_FLAG_SET(filter, GTEST_FLAG_GET(filter) + ":-Sim*");
    }
    speak_tap();
    return RUN_ALL_TESTS();
}
