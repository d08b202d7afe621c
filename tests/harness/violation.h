// SPDX-License-Identifier: GPL-2.0-only
//
// Rules of a simulated world that hold whatever happens, and their violation.
#pragma once

namespace world {

using Violation = void (*)(const char *what);
// A handler for violations; the default prints them and aborts.
void on_violation(Violation v);
void violate(const char *format, ...) __attribute__((format(printf, 1, 2)));

} // namespace world
