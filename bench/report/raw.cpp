// SPDX-License-Identifier: GPL-2.0-only
#include "raw.h"

#include <fstream>
#include <istream>
#include <set>
#include <sstream>
#include <stdexcept>

#include <fmt/core.h>

namespace bench {
namespace {

constexpr auto about_the_machine = "machine";

void add_line(const std::string &line, Run &run)
{
    std::istringstream words(line);
    std::string work, name;
    double value = 0;
    if (!(words >> work >> name) || (work != about_the_machine && !(words >> value)))
        throw std::runtime_error(fmt::format("no result: '{}'", line));
    if (work == about_the_machine)
        return;
    if (name == "failed" && value > 0)
        throw std::runtime_error(fmt::format("{}: {} maps failed", work, value));
    run[work][name] = value;
}

// The subdirectories in order of their names: a report must not depend
// on the order of a directory.
std::set<std::filesystem::path> directories(const std::filesystem::path &dir)
{
    std::set<std::filesystem::path> found;
    for (const auto &entry : std::filesystem::directory_iterator(dir))
        if (entry.is_directory())
            found.insert(entry.path());
    return found;
}

Run read_run(const std::filesystem::path &dir)
{
    std::ifstream result(dir / "figures"), trace(dir / "qemu-trace.log");
    if (!result || !trace)
        throw std::runtime_error(fmt::format("{}: no figures, or no trace", dir.string()));
    Run run = read_result(result);
    const auto seen = count_invalidations(trace);
    for (auto &[work, values] : run)
        if (const auto serial = values.find("serial"); serial != values.end()) {
            const auto n = seen.find(static_cast<unsigned>(serial->second));
            values["invalidations"] = n == seen.end() ? 0 : n->second;
        }
    return run;
}

} // namespace

Run read_result(std::istream &result)
{
    Run run;
    for (std::string line; std::getline(result, line);)
        add_line(line, run);
    return run;
}

// Lines such as "pci_cfg_write edu 00:01.0 @0x3c <- 0x2", "vtd_inv_desc_iotlb_pages ..."
// and "amdvi_pages_inval ...". The wait for the invalidations is none.
std::map<unsigned, double> count_invalidations(std::istream &trace)
{
    std::map<unsigned, double> seen;
    unsigned mark = 0;
    for (std::string line; std::getline(trace, line);) {
        if (line.starts_with("pci_cfg_write edu ") && line.find(" @0x3c <- ") != std::string::npos)
            mark = static_cast<unsigned>(std::stoul(line.substr(line.rfind(' ') + 1), nullptr, 16));
        else if (mark && (line.starts_with("vtd_inv_desc_iotlb") || line.starts_with("amdvi_pages_inval")))
            seen[mark]++;
    }
    return seen;
}

Raw read_raw(const std::filesystem::path &dir)
{
    Raw raw;
    for (const auto &subject : directories(dir))
        for (const auto &run : directories(subject))
            raw[subject.filename()].push_back(read_run(run));
    return raw;
}

} // namespace bench
