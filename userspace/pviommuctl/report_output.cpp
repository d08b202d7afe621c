// SPDX-License-Identifier: GPL-2.0-only
#include "report_output.h"

#include "error.h"
#include "files.h"
#include "output.h"

namespace ctl {

void add_report_options(CLI::App &command, ReportOutput &o)
{
    command.add_flag("--json", o.json, "JSON, not text");
    command.add_option("--html", o.html, "also a page with plots and a flame graph")->type_name("FILE");
    command.add_option("-o,--output", o.output, "the text or JSON goes there, not to stdout")->type_name("FILE");
}

void put_report(const Report &report, const ReportOutput &o)
{
    if (!o.html.empty())
        replace_file(o.html, report_html(report));
    const std::string said = o.json ? report_json(report) + '\n' : report_text(report);
    if (o.output.empty())
        put(said);
    else
        replace_file(o.output, said);
}

void require_complete(const Report &report)
{
    if (const std::string lacks = incomplete(report); !lacks.empty())
        throw Error(Exit::incomplete, lacks);
}

} // namespace ctl
