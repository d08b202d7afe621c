// SPDX-License-Identifier: GPL-2.0-only
//
// From what perf script prints to a report.
#pragma once

#include <cstdio>

#include "report_formats.h"

namespace ctl {

// Reads to the end. `name` is for messages and the title. Says on a terminal how
// far it is. Throws if it can't be read, or is no good record.
// Each line goes to `keep`, too, if that is no nullptr.
Report read_report(std::FILE *input, const std::string &name, std::FILE *keep = nullptr);

} // namespace ctl
