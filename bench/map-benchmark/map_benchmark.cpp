// SPDX-License-Identifier: GPL-2.0-only
//
// Runs the kernel's own dma_map_benchmark on the device bound to the benchmark. Its
// figures come in units of 100 ns, so they are a check of the other figures, not more.

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <linux/types.h>

#include <linux/map_benchmark.h>

#include "../../userspace/program.h"

namespace {

// Returns 0, or errno.
int measure(const std::string &file, map_benchmark &b)
{
    const int fd = open(file.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno;
    const int error = ioctl(fd, DMA_MAP_BENCHMARK, &b) ? errno : 0;
    close(fd);
    return error;
}

int run(int argc, char **argv)
{
    CLI::App app("The kernel's dma_map_benchmark: prints its averages in ns");
    std::string file = "/sys/kernel/debug/dma_map_benchmark";
    map_benchmark b{};
    b.threads = 1;
    b.seconds = 1;
    b.node = -1;
    b.dma_bits = 64;
    b.granule = 1;
    b.dma_dir = DMA_MAP_BIDIRECTIONAL;
    app.add_option("--pages", b.granule, "pages a map")->check(CLI::Range(1, 1024));
    app.add_option("--threads", b.threads, "threads")->check(CLI::Range(1, DMA_MAP_MAX_THREADS));
    app.add_option("--seconds", b.seconds, "seconds")->check(CLI::Range(1, DMA_MAP_MAX_SECONDS));
    app.add_option("--file", file, "its file in debugfs");
    CLI11_PARSE(app, argc, argv);

    if (const int error = measure(file, b))
        throw std::system_error(error, std::generic_category(), file);
    fmt::print("map_ns {}\nunmap_ns {}\n", b.avg_map_100ns * 100, b.avg_unmap_100ns * 100);
    return 0;
}

} // namespace

int main(int argc, char **argv) { return program::guard("map-benchmark", run, argc, argv); }
