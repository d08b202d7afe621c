// SPDX-License-Identifier: GPL-2.0-only
//
// What the test machine printed: RAW/SUBJECT/RUN/figures, lines of "WORK NAME
// VALUE", and beside it QEMU's trace, in which each work is between two marks.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace bench {

using Values = std::map<std::string, double>;

// One boot: what each work gave, "invalidations" of the trace among it.
using Run = std::map<std::string, Values>;

// The boots of each subject.
using Raw = std::map<std::string, std::vector<Run>>;

// The totals of one boot. Throws if a line is no such line, or if a map failed.
Run read_result(std::istream &result);

// Invalidations by mark, which is the serial number of a work's run.
std::map<unsigned, double> count_invalidations(std::istream &trace);

Raw read_raw(const std::filesystem::path &dir);

} // namespace bench
