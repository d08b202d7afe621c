// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl metrics: for Prometheus, by way of node_exporter's textfile collector.
#include <memory>

#include "commands.h"
#include "prometheus.h"

namespace ctl {

namespace {

void run(const Context &context, const std::string &output)
{
    const auto publish = [&output](const std::string &text) {
        if (output.empty())
            put(text);
        else
            replace_file(output, text);
    };
    const Sysfs sysfs = context.sysfs();
    const std::optional<Totals> totals = sysfs.totals();
    if (!totals) {
        publish(metrics_not_loaded());
        sysfs.require_loaded();
        return;
    }
    publish(metrics_text(sysfs.status(), totals->counters, sysfs.devices()));
}

} // namespace

void register_metrics(CLI::App &app, Context &context)
{
    auto *command = app.add_subcommand("metrics", "All counters in Prometheus' text format");
    const auto output = std::make_shared<std::string>();
    command->add_option("--output", *output, "into FILE, replaced at once and as a whole")->type_name("FILE");
    command->callback([&context, output] { run(context, *output); });
}

} // namespace ctl
