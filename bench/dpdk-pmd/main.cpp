// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// pviommu-pmd: the price of mapping each burst of buffers, for a poll-mode driver.
#include <cstdio>
#include <fstream>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <rte_cycles.h>

#include "error.h"
#include "run.h"
#include "stale.h"

namespace {

constexpr const char *epilogue =
    "Exit status: 0 well; 1 a fault, a frame that was lost or changed, a port or memory that\n"
    "can't be had; 2 wrong usage. docs/dpdk.md says what the figures mean.";

void write_file(const std::string &path, const std::string &text)
{
    std::ofstream file(path);
    file << text;
    if (!file.flush())
        throw pmd::Error(pmd::Exit::failed, path + ": cannot write it");
}

std::vector<pmd::Result> sweep(const pmd::Options &o, const pmd::Machine &machine, pviommu::Space *space)
{
    std::vector<pmd::Port> ports = pmd::find_ports(o);
    const auto cases = o.cases();
    std::vector<pmd::Result> results;
    for (unsigned round = 0; round < o.rounds; round++)
        for (std::size_t i = 0; i < cases.size(); i++) {
            const auto r = pmd::measure(o, machine, space, ports, cases[i]);
            if (round)
                results[i].add(r);
            else
                results.push_back(r);
        }
    return results;
}

void measure_all(const pmd::Options &o)
{
    pmd::Machine machine(o);
    const pmd::Eal eal(o);
    pviommu::Space *space = machine.open_space();
    if (o.stale != pmd::Stale::no) {
        std::vector<pmd::Port> ports = pmd::find_ports(o);
        pmd::use_stale(o, machine, space, ports);
        return;
    }
    const auto results = sweep(o, machine, space);
    const pmd::Clock clock{static_cast<double>(rte_get_tsc_hz())};
    fmt::print("{}", pmd::table(results, clock));
    if (!o.csv.empty())
        write_file(o.csv, pmd::csv(results, clock));
    if (!o.json.empty())
        write_file(o.json, pmd::to_json(results, clock).dump(1) + "\n");
    if (std::fflush(stdout))
        throw pmd::Error(pmd::Exit::failed, "stdout: cannot write it");
}

int run(int argc, char **argv)
{
    CLI::App app("Sends and receives frames with DPDK, and measures the mapping of their buffers for each packet",
                 "pviommu-pmd");
    pmd::Options o;
    app.set_version_flag("--version", "pviommu-pmd " PVIOMMU_PMD_VERSION);
    pmd::add_options(app, o);
    app.set_config("--config", "", "options, as NAME = VALUE; lists as [1, 32]")->type_name("FILE");
    app.allow_config_extras(CLI::config_extras_mode::error);
    app.footer(epilogue);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &e) {
        return static_cast<int>(app.exit(e) ? pmd::Exit::usage : pmd::Exit::ok);
    }
    pmd::check(o);
    measure_all(o);
    return static_cast<int>(pmd::Exit::ok);
}

} // namespace

int main(int argc, char **argv) { return program::guard("pviommu-pmd", run, argc, argv); }
