// SPDX-License-Identifier: GPL-2.0-only
//
// The output of the test machine: RAW/SUBJECT/RUN/figures, lines of "WORK NAME
// VALUE", and beside it QEMU's trace, with each work between two marks.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace bench {

using Values = std::map<std::string, double>;

// One boot: the totals of each work, with "invalidations" of the trace.
using Run = std::map<std::string, Values>;

// The boots of each subject.
using Raw = std::map<std::string, std::vector<Run>>;

// The totals of one boot. Throws for a malformed line, or a failed map.
Run read_result(std::istream &result);

// Invalidations by mark, the serial number of a work's run.
std::map<unsigned, double> count_invalidations(std::istream &trace);

Raw read_raw(const std::filesystem::path &dir);

} // namespace bench
