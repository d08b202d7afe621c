// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// How a program ends: an error becomes a line on stderr, and an exit status.
#pragma once

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

namespace program {

class Failure : public std::runtime_error {
public:
    Failure(int status, const std::string &what) : std::runtime_error(what), status_(status) {}
    int status() const { return status_; }

private:
    int status_;
};

// A failure with the exit status that tells a script what kind it is. Exit: the program's enum.
template <typename Exit> class Error : public Failure {
public:
    Error(Exit exit, const std::string &what) : Failure(static_cast<int>(exit), what) {}
    Exit exit() const { return static_cast<Exit>(status()); }
};

// The status of run(), or of its failure; 1 for any other exception.
inline int guard(const char *name, int (*run)(int, char **), int argc, char **argv)
{
    try {
        return run(argc, argv);
    } catch (const Failure &e) {
        std::fprintf(stderr, "%s: %s\n", name, e.what());
        return e.status();
    } catch (const std::exception &e) {
        std::fprintf(stderr, "%s: %s\n", name, e.what());
        return 1;
    }
}

} // namespace program
