// SPDX-License-Identifier: GPL-2.0-only
#include "output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "error.h"

namespace ctl {

void put(std::string_view text)
{
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout))
        throw Error(Exit::failed, std::string("stdout: ") + std::strerror(errno));
}

} // namespace ctl
