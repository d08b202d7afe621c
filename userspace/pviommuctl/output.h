// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string_view>

namespace ctl {

// To stdout, at once: a pipe's reader is not to wait for a full buffer. Throws
// if it can't be written.
void put(std::string_view text);

} // namespace ctl
