// SPDX-License-Identifier: GPL-2.0-only
//
// A window of instructions into a running load: prints the growth of numbers in
// files meanwhile, and the machine's number of instructions. The program runs on one
// CPU under the instruction clock, where time is instructions. A loop of known length
// takes the idle time, and is subtracted: an idle CPU would let the clock
// jump.

#include <pthread.h>
#include <sched.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "../../userspace/program.h"

namespace {

constexpr std::uint64_t instructions_a_turn = 2;
volatile std::uint64_t turns;

// Only when nobody else wants the CPU. Never returns.
void soak()
{
    const sched_param param{};
    if (pthread_setschedparam(pthread_self(), SCHED_IDLE, &param))
        std::abort();
    asm volatile("1: incq %0\n\tjmp 1b" : "+m"(turns));
}

struct Source {
    std::string name, file;
};

// NAME=FILE
Source source_of(const std::string &word)
{
    const auto equals = word.find('=');
    if (equals == std::string::npos)
        throw std::runtime_error(fmt::format("not NAME=FILE: '{}'", word));
    return {word.substr(0, equals), word.substr(equals + 1)};
}

std::uint64_t first_number(const std::string &path)
{
    std::ifstream file(path);
    std::uint64_t value = 0;
    if (!(file >> value))
        throw std::runtime_error(path + ": no number in it");
    return value;
}

using Values = std::map<std::string, std::uint64_t>;

// Several sources of one name are one value.
Values read_all(const std::vector<Source> &sources)
{
    Values values;
    for (const Source &s : sources)
        values[s.name] += first_number(s.file);
    using namespace std::chrono;
    const auto now = steady_clock::now().time_since_epoch();
    values["insns"] = static_cast<std::uint64_t>(duration_cast<nanoseconds>(now).count()) - turns * instructions_a_turn;
    return values;
}

void mark(const std::string &path, unsigned serial)
{
    std::ofstream file(path);
    if (!(file << serial << std::flush))
        throw std::runtime_error(path + ": cannot be written");
}

struct Options {
    std::string mark;
    unsigned serial = 0, ms = 100, warm_up_ms = 100;
    std::vector<std::string> sources;
};

void look(const Options &o)
{
    std::vector<Source> sources;
    for (const std::string &word : o.sources)
        sources.push_back(source_of(word));
    std::thread(soak).detach();
    std::this_thread::sleep_for(std::chrono::milliseconds(o.warm_up_ms));
    mark(o.mark, o.serial);
    const Values before = read_all(sources);
    std::this_thread::sleep_for(std::chrono::milliseconds(o.ms));
    const Values after = read_all(sources);
    mark(o.mark, 0);
    for (const auto &[name, value] : after)
        fmt::print("{} {}\n", name, value - before.at(name));
    fmt::print("serial {}\n", o.serial);
}

int run(int argc, char **argv)
{
    CLI::App app("By how much numbers grow while the machine executes some instructions");
    Options o;
    app.add_option("--mark", o.mark, "file that takes the serial number at the window's start, and 0 at its end")
        ->required();
    app.add_option("--serial", o.serial, "serial number")->required()->check(CLI::Range(1, 255));
    app.add_option("--ms", o.ms, "millions of instructions in the window")->capture_default_str();
    app.add_option("--warm-up-ms", o.warm_up_ms, "and before it")->capture_default_str();
    app.add_option("sources", o.sources, "NAME=FILE, with a number as first word")->required();
    CLI11_PARSE(app, argc, argv);
    look(o);
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    const int status = program::guard("window", run, argc, argv);
    std::fflush(stdout);
    // The loop goes on, and must not see the remains of destructors.
    std::_Exit(status);
}
