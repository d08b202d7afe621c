// SPDX-License-Identifier: GPL-2.0-only
//
// claim GROUP: has VFIO claim the group's devices for this process. The process maps and opens
// nothing: the devices are blocked. Prints a line, and keeps the devices while stdin is open.
#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <string>

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    const int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
    const int group = open((std::string("/dev/vfio/") + argv[1]).c_str(), O_RDWR | O_CLOEXEC);
    if (container < 0 || group < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, &container)) {
        std::perror("claim");
        return 1;
    }
    std::puts("claimed");
    std::fflush(stdout);
    char c = 0;
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
    return 0;
}
