// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// An error with its exit status, by which a script tells the kind.
#pragma once

#include <stdexcept>
#include <string>

namespace pmd {

enum class Exit {
    ok = 0,
    failed = 1, // a fault, a lost or changed frame, a port or pool that is not available
    usage = 2,
};

class Error : public std::runtime_error {
public:
    Error(Exit exit, const std::string &what) : std::runtime_error(what), exit_(exit) {}
    Exit exit() const { return exit_; }

private:
    Exit exit_;
};

} // namespace pmd
