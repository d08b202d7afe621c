// SPDX-License-Identifier: GPL-2.0-only
//
// Output of a report: options that report and profile share.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "report_input.h"

namespace ctl {

struct ReportOutput {
    bool json = false;
    std::string html, output; // files; empty: no page, and stdout
};

void add_report_options(CLI::App &command, ReportOutput &o);
void put_report(const Report &report, const ReportOutput &o);
// Throws Exit::incomplete if events were lost: no report hides the loss.
void require_complete(const Report &report);

} // namespace ctl
