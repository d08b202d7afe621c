// SPDX-License-Identifier: GPL-2.0-only
//
// From perf script's output to a report.
#pragma once

#include <cstdio>

#include "report_formats.h"

namespace ctl {

// Reads to the end. `name` is for messages and the title. Shows the progress on a
// terminal. Throws for an unreadable or bad record.
// Each line also goes to `keep`, unless nullptr.
Report read_report(std::FILE *input, const std::string &name, std::FILE *keep = nullptr);

} // namespace ctl
