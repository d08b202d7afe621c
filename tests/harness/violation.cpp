// SPDX-License-Identifier: GPL-2.0-only
#include "violation.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace world {

namespace {

Violation handler = [](const char *what) {
    std::fprintf(stderr, "violation: %s\n", what);
    std::abort();
};

} // namespace

void on_violation(Violation v) { handler = v; }

void violate(const char *format, ...)
{
    std::array<char, 512> text{};
    va_list args;
    va_start(args, format);
    std::vsnprintf(text.data(), text.size(), format, args);
    va_end(args);
    handler(text.data());
}

} // namespace world
