// framebuffer CARD: keep a frame buffer on a graphics device until stdin ends, then close it. "ready" on
// stdout: the device has it. By the kernel's own headers, without libdrm.
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm/drm.h>
#include <drm/drm_mode.h>

namespace {

constexpr unsigned kWidth = 1024, kHeight = 768, kBits = 32;

int fail(const char *what)
{
    std::perror(what);
    return 1;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    const int card = open(argv[1], O_RDWR | O_CLOEXEC);
    if (card < 0)
        return fail(argv[1]);
    drm_mode_create_dumb dumb{};
    dumb.width = kWidth;
    dumb.height = kHeight;
    dumb.bpp = kBits;
    if (ioctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &dumb))
        return fail("create a dumb buffer");
    drm_mode_fb_cmd fb{};
    fb.width = kWidth;
    fb.height = kHeight;
    fb.pitch = dumb.pitch;
    fb.bpp = kBits;
    fb.depth = 24;
    fb.handle = dumb.handle;
    if (ioctl(card, DRM_IOCTL_MODE_ADDFB, &fb))
        return fail("add a frame buffer");
    std::puts("ready");
    std::fflush(stdout);
    char c = 0;
    while (read(STDIN_FILENO, &c, 1) > 0) {
    }
    return close(card) ? fail("close") : 0;
}
