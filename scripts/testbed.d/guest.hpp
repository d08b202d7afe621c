// SPDX-License-Identifier: GPL-2.0-only
// Shared by the two halves of the test machine's process 1.
#pragma once

#include <string>
#include <vector>

// guest-init.cpp

// The whole contents of a file; nothing for an unreadable file.
std::string read_file(const std::string &path);
// The paths of a pattern.
std::vector<std::string> paths(const char *pattern);

// guest-runner.cpp

// Runs the command in command_file (words, each ended by a NUL), on tty unless
// empty, and powers off. A note goes to the command's stderr before the
// command. Any fault of the machine ends the process.
[[noreturn]] void run_command(const char *command_file, const std::string &tty, const std::string &note);
