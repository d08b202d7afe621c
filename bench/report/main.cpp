// SPDX-License-Identifier: GPL-2.0-only
//
// Raw results in; bench.json, the tables of a page and its plots out.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "../../userspace/program.h"
#include "page.h"
#include "plot.h"
#include "raw.h"
#include "rows.h"

namespace {

std::string read_file(const std::string &path)
{
    std::ifstream file(path);
    if (!file)
        throw std::runtime_error(path + ": cannot read it");
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string &path, const std::string &text)
{
    std::ofstream file(path);
    file << text;
    if (!file.flush())
        throw std::runtime_error(path + ": cannot write it");
}

struct Options {
    std::string raw, json, page;
    std::vector<std::string> more;
    bench::Silicon silicon;
};

void report(const Options &o)
{
    bench::Rows rows = bench::rows_of(bench::read_raw(o.raw), o.silicon);
    for (const std::string &file : o.more) {
        const bench::Rows others = bench::from_json(nlohmann::json::parse(read_file(file)));
        rows.insert(rows.end(), others.begin(), others.end());
    }
    write_file(o.json, bench::to_json(rows).dump(1) + "\n");
    if (!o.page.empty()) {
        write_file(o.page, bench::fill_page(read_file(o.page), rows, o.silicon));
        bench::plot_all(rows, std::filesystem::path(o.page).parent_path() / "plots");
    }
    for (const std::string name : {"pairs", "lists", "batches", "requests", "goals", "targets", "model"})
        fmt::print("{}\n", bench::table(name, rows, o.silicon));
}

int run(int argc, char **argv)
{
    CLI::App app("Reports the measurements of scripts/bench");
    Options o;
    auto &s = o.silicon;
    app.add_option("--raw", o.raw, "results: SUBJECT/RUN/figures")->required()->check(CLI::ExistingDirectory);
    app.add_option("--json", o.json, "where the rows go")->required();
    app.add_option("--page", o.page, "a page, to fill its tables anew, and plots/ beside")->check(CLI::ExistingFile);
    app.add_option("--more", o.more, "rows of other benchmarks, as JSON")->check(CLI::ExistingFile);
    app.add_option("--ns-per-insn", s.ns_per_insn, "model: an instruction")->capture_default_str();
    app.add_option("--ns-per-crossing", s.ns_per_crossing, "model: a hypercall")->capture_default_str();
    app.add_option("--ns-per-invalidation", s.ns_per_invalidation, "model: an invalidation")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    report(o);
    return 0;
}

} // namespace

int main(int argc, char **argv) { return program::guard("report", run, argc, argv); }
