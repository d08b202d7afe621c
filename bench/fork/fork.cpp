// SPDX-License-Identifier: GPL-2.0-only
//
// The cost of processes, as their pages become page tables and ordinary memory again:
// of forks, and of programs of the sizes of a kernel's build. The program runs on one CPU
// under the instruction clock, where time is instructions.
//
// Before each burst of processes a disk reads into pages that are freed at once. A module
// with waiting or idle mappings then has such mappings, and the next page tables lie on
// the last pages of the device. The reads, and the idle time in them, do not
// count.

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "../../userspace/program.h"

namespace {

constexpr std::size_t page = 4096, a_table_holds = 2U << 20U, kib = 1024;

[[noreturn]] void fail(const std::string &what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

// Memory of the process that goes back to the kernel's allocator with the object.
class Memory {
public:
    explicit Memory(std::size_t size) : length(size)
    {
        void *got = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (got == MAP_FAILED)
            fail("mmap");
        at = static_cast<char *>(got);
    }
    Memory(const Memory &) = delete;
    Memory &operator=(const Memory &) = delete;
    ~Memory() { munmap(at, length); }

    char *begin() const { return at; }

    // Writes a byte every `step`.
    void touch(std::size_t step) const
    {
        for (std::size_t i = 0; i < length; i += step)
            const_cast<volatile char *>(at)[i] = 1;
    }

private:
    char *at;
    std::size_t length;
};

// The disk, past the page cache.
class Disk {
public:
    explicit Disk(const std::string &path) : file(open(path.c_str(), O_RDONLY | O_DIRECT))
    {
        if (file < 0)
            fail(path);
        if (syscall(SYS_io_setup, most, &context))
            fail("io_setup");
    }
    Disk(const Disk &) = delete;
    Disk &operator=(const Disk &) = delete;
    ~Disk()
    {
        syscall(SYS_io_destroy, context);
        close(file);
    }

    // Runs of pages, and single pages, all under way at a time. Single pages
    // come last: an unmap that can't wait takes along waiting unmaps.
    void burst() const
    {
        read(most / a_run, a_run * page);
        read(most, page);
    }

private:
    static constexpr std::size_t most = 128, a_run = 16;

    void read(std::size_t count, std::size_t size) const
    {
        const Memory memory(count * size);
        std::vector<iocb> ios(count);
        std::vector<iocb *> list(count);
        for (std::size_t i = 0; i < count; i++) {
            ios[i].aio_lio_opcode = IOCB_CMD_PREAD;
            ios[i].aio_fildes = static_cast<std::uint32_t>(file);
            ios[i].aio_buf = reinterpret_cast<std::uintptr_t>(memory.begin() + i * size);
            ios[i].aio_nbytes = size;
            // Neighbours would be merged into a list.
            ios[i].aio_offset = static_cast<std::int64_t>(2 * i * size);
            list[i] = &ios[i];
        }
        std::vector<io_event> done(count);
        const auto n = static_cast<long>(count);
        if (syscall(SYS_io_submit, context, n, list.data()) != n ||
            syscall(SYS_io_getevents, context, n, n, done.data(), nullptr) != n)
            fail("the disk");
        for (const io_event &event : done)
            if (event.res != static_cast<std::int64_t>(size))
                throw std::runtime_error("a read of the disk failed");
    }

    int file;
    aio_context_t context = 0;
};

// The same numbers in each run. Of Knuth's MMIX; its upper bits.
class Numbers {
public:
    std::size_t below(std::size_t n)
    {
        state = state * 6364136223846793005U + 1442695040888963407U;
        return (state >> 33U) % n;
    }

private:
    std::uint64_t state = 1;
};

// A child that must succeed.
void child(const std::function<void()> &body)
{
    const pid_t pid = fork();
    if (pid < 0)
        fail("fork");
    if (!pid) {
        body();
        _exit(0);
    }
    int status = 0;
    if (waitpid(pid, &status, 0) != pid || status)
        throw std::runtime_error("a child failed");
}

// The child takes page tables of its own: up to 8.
void fork_one(Numbers &numbers)
{
    const std::size_t tables = 1 + numbers.below(8);
    child([&] { Memory(tables * a_table_holds).touch(a_table_holds); });
}

// Another program, which fills memory. Of eight, four are like a shell, two like a
// driver of compilers, and the others like an assembler and a compiler.
void exec_one(Numbers &numbers, const std::string &self)
{
    static constexpr std::array<std::size_t, 8> sizes{64, 64, 128, 256, 512, 1024, 3072, 8192};
    const std::string size = std::to_string(sizes.at(numbers.below(sizes.size())));
    child([&] {
        execl(self.c_str(), self.c_str(), "--fill", size.c_str(), nullptr);
        _exit(1);
    });
}

struct Work {
    std::string name;
    std::uint64_t units = 0, insns = 0;
};

struct Options {
    std::string disk = "/dev/nvme0n1", gauge, self;
    std::uint64_t forks = 10000, execs = 1000;
    std::uint64_t fork_burst = 20, exec_burst = 2;
    std::size_t fill = 0;
};

std::uint64_t now()
{
    using namespace std::chrono;
    return static_cast<std::uint64_t>(duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count());
}

// The least value of a file, over all readings.
class Gauge {
public:
    explicit Gauge(const std::string &path) : file(path) {}

    void ask()
    {
        std::ifstream now(file);
        std::uint64_t value = 0;
        if (!(now >> value))
            throw std::runtime_error(file + ": no number in it");
        lowest = std::min(lowest, value);
    }
    std::uint64_t least() const { return lowest; }
    bool there() const { return !file.empty(); }

private:
    std::string file;
    std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max();
};

void measure(Work &work, const Disk &disk, Gauge &gauge, std::uint64_t count, std::uint64_t burst,
             const std::function<void()> &one)
{
    while (work.units < count) {
        disk.burst();
        if (gauge.there())
            gauge.ask();
        const std::uint64_t begin = now();
        for (std::uint64_t i = 0; i < burst; i++)
            one();
        work.insns += now() - begin;
        work.units += burst;
    }
}

void show(const Work &work)
{
    for (const auto &[name, value] : {std::pair{"units", work.units}, {"insns", work.insns}})
        std::printf("fork-%s %s %ju\n", work.name.c_str(), name, static_cast<std::uintmax_t>(value));
}

void churn(const Options &o)
{
    const Disk disk(o.disk);
    Gauge gauge(o.gauge);
    Numbers numbers;
    Work forks{"fork"}, execs{"exec"};
    measure(forks, disk, gauge, o.forks, o.fork_burst, [&] { fork_one(numbers); });
    measure(execs, disk, gauge, o.execs, o.exec_burst, [&] { exec_one(numbers, o.self); });
    show(forks);
    show(execs);
    show({"all", forks.units + execs.units, forks.insns + execs.insns});
    if (gauge.there())
        std::printf("fork-all mapped %ju\n", static_cast<std::uintmax_t>(gauge.least()));
}

int run(int argc, char **argv)
{
    CLI::App app("Counts the instructions of processes, beside a disk that reads into their next pages");
    Options o;
    o.self = argv[0];
    app.add_option("--disk", o.disk, "the disk")->capture_default_str();
    app.add_option("--gauge", o.gauge,
                   "file with the number of mapped pages; the least value after the reads is printed");
    app.add_option("--forks", o.forks, "forks")->capture_default_str();
    app.add_option("--execs", o.execs, "and programs")->capture_default_str();
    app.add_option("--fill", o.fill, "be such a program: fill so many KiB");
    CLI11_PARSE(app, argc, argv);
    if (o.fill)
        Memory(o.fill * kib).touch(page);
    else
        churn(o);
    return 0;
}

} // namespace

int main(int argc, char **argv) { return program::guard("fork", run, argc, argv); }
