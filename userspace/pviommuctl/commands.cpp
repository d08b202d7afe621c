// SPDX-License-Identifier: GPL-2.0-only
#include "commands.h"

namespace ctl {

Sysfs Context::loaded_sysfs() const
{
    Sysfs s = sysfs();
    s.require_loaded();
    return s;
}

CLI::Option *add_seconds(CLI::App &command, const std::string &name, double &seconds, const std::string &help)
{
    // CLI::Range lets NaN pass.
    const CLI::Validator sane(
        [](std::string &text) {
            double value = 0;
            const bool good = CLI::detail::lexical_cast(text, value) && value >= 0.01 && value <= 86400;
            return good ? std::string() : text + " is not between 0.01 and 86400";
        },
        "SECONDS");
    return command.add_option(name, seconds, help)->check(sane)->type_name("");
}

} // namespace ctl
