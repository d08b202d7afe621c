// SPDX-License-Identifier: GPL-2.0-only
//
// device GROUP: tests of /dev/xen-pviommu, from the side of a process. Gives TAP.

#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "device.hpp"

int main(int argc, char **argv)
{
    using namespace device;
    static const std::map<std::string, int (*)()> groups{{"fields", fields}, {"ops", ops},   {"life", life},
                                                         {"ring", ring},     {"fuzz", fuzz}, {"dma", dma},
                                                         {"broken", broken}};
    const auto group = groups.find(argc == 2 ? argv[1] : "");
    if (group == groups.end()) {
        std::fprintf(stderr, "usage: device fields|ops|life|ring|fuzz|dma|broken\n");
        return 2;
    }
    try {
        return group->second();
    } catch (const std::exception &e) {
        // Without a plan, which is a failure.
        std::fprintf(stderr, "device: %s\n", e.what());
        return 1;
    }
}
