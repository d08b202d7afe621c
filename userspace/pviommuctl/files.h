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

// Nothing if the file does not exist, or if its object is gone (ENODEV, in
// sysfs). Throws for any other failure to read.
std::optional<std::string> read_file(const Path &path);

// In one write, for sysfs, into an existing file. Returns 0 or an errno.
int write_file(const Path &path, std::string_view text);

// A reader sees the old file or the new file, and never half of one. A symlink
// stays; a path that is no file, such as a device, is written to. Throws.
void replace_file(const Path &path, std::string_view text);

} // namespace ctl
