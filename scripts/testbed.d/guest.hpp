// SPDX-License-Identifier: GPL-2.0-only
// What the two halves of the test machine's process 1 share.
#pragma once

#include <string>
#include <vector>

// guest-init.cpp

// All that a file holds; nothing if it can't be read.
std::string read_file(const std::string &path);
// The paths that a pattern matches.
std::vector<std::string> paths(const char *pattern);

// guest-runner.cpp

// Runs the command whose words are in command_file, each ended by a NUL, on
// tty unless that is empty, and powers off. A note goes to the command's
// stderr before it. Whatever is wrong with the machine ends the process.
[[noreturn]] void run_command(const char *command_file, const std::string &tty, const std::string &note);
