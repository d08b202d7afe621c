// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string_view>

namespace ctl {

// To stdout, at once: a pipe's reader must not wait for a full buffer. Throws
// if the write fails.
void put(std::string_view text);

} // namespace ctl
