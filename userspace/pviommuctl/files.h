// SPDX-License-Identifier: GPL-2.0-only
//
// Whole files in and out, with the errno that iostreams would lose.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ctl {

using Path = std::filesystem::path;

// Nothing if there is no such file, or (ENODEV, as sysfs has it) what it tells
// of is gone. Throws if it can't be read for another reason.
std::optional<std::string> read_file(const Path &path);

// In one write, as sysfs wants it, into a file that is there. Returns 0 or an errno.
int write_file(const Path &path, std::string_view text);

// A reader sees the old file or the new one, and never half of one. A symlink keeps
// leading there; a path that is no file, such as a device, is written to. Throws.
void replace_file(const Path &path, std::string_view text);

} // namespace ctl
