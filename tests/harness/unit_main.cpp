// SPDX-License-Identifier: GPL-2.0-only
//
// The unit tests of a harness. A broken rule fails the current test; most end
// the process at once, because no later result can be trusted.
#include "tap.h"
#include "violation.h"

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>

namespace {

void broken(const char *what)
{
    static int seen;
    ADD_FAILURE() << what;
    if (++seen > 20) {
        std::fflush(stdout);
        std::abort();
    }
}

} // namespace

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    speak_tap();
    world::on_violation(broken);
    return RUN_ALL_TESTS();
}
