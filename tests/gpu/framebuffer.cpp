// SPDX-License-Identifier: GPL-2.0-only
//
// framebuffer WIDTHxHEIGHT [PPM]...: a frame buffer of that size in a dumb buffer of
// /dev/dri/card0. Each PPM is a picture for the buffer and then the display. Prints
// "ready" when the buffer exists, and after each picture, and goes on with the next
// line of stdin.
#include <fcntl.h>
#include <libdrm/drm.h>
#include <libdrm/drm_mode.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace {

class Card {
public:
    Card() : fd_(open("/dev/dri/card0", O_RDWR | O_CLOEXEC))
    {
        if (fd_ < 0)
            throw std::system_error(errno, std::generic_category(), "/dev/dri/card0");
    }
    ~Card() { close(fd_); }
    Card(const Card &) = delete;
    Card &operator=(const Card &) = delete;

    void call(unsigned long request, void *arg, const char *name) const
    {
        if (ioctl(fd_, request, arg))
            throw std::system_error(errno, std::generic_category(), name);
    }
    [[nodiscard]] int fd() const { return fd_; }

private:
    int fd_;
};

std::uint64_t address(void *p) { return reinterpret_cast<std::uintptr_t>(p); }

// The rest goes with the card's file.
class FrameBuffer {
public:
    FrameBuffer(const Card &card, std::uint32_t width, std::uint32_t height) : card_(card)
    {
        drm_mode_create_dumb dumb{};
        dumb.width = width;
        dumb.height = height;
        dumb.bpp = 32;
        card.call(DRM_IOCTL_MODE_CREATE_DUMB, &dumb, "create dumb buffer");
        fb_.width = width;
        fb_.height = height;
        fb_.pitch = dumb.pitch;
        fb_.bpp = 32;
        fb_.depth = 24;
        fb_.handle = dumb.handle;
        card.call(DRM_IOCTL_MODE_ADDFB, &fb_, "add frame buffer");

        drm_mode_map_dumb map{};
        map.handle = dumb.handle;
        card.call(DRM_IOCTL_MODE_MAP_DUMB, &map, "map dumb buffer");
        void *start =
            mmap(nullptr, dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, card.fd(), static_cast<off_t>(map.offset));
        if (start == MAP_FAILED)
            throw std::system_error(errno, std::generic_category(), "mmap");
        pixels_ = std::span(static_cast<std::uint32_t *>(start), dumb.size / 4);
    }
    ~FrameBuffer() { munmap(pixels_.data(), pixels_.size_bytes()); }
    FrameBuffer(const FrameBuffer &) = delete;
    FrameBuffer &operator=(const FrameBuffer &) = delete;

    // No two pixels of a picture are alike, nor of two pictures at the same place.
    void draw(std::uint32_t picture, const char *ppm)
    {
        std::ofstream file(ppm, std::ios::binary);
        file << "P6\n" << fb_.width << ' ' << fb_.height << "\n255\n";
        for (std::uint32_t y = 0; y < fb_.height; y++) {
            for (std::uint32_t x = 0; x < fb_.width; x++) {
                const std::uint32_t color = ((y * fb_.width + x) * 7 + (picture << 20)) & 0xffffff;
                pixels_[y * (fb_.pitch / 4) + x] = color;
                for (int shift = 16; shift >= 0; shift -= 8)
                    file.put(static_cast<char>(color >> shift));
            }
        }
        if (!file.flush())
            throw std::system_error(errno, std::generic_category(), ppm);
    }

    // Has the first connector show the buffer, with a mode of its size.
    void show() const
    {
        std::array<std::uint32_t, 8> crtcs{}, connectors{};
        drm_mode_card_res resources{};
        resources.crtc_id_ptr = address(crtcs.data());
        resources.count_crtcs = crtcs.size();
        resources.connector_id_ptr = address(connectors.data());
        resources.count_connectors = connectors.size();
        card_.call(DRM_IOCTL_MODE_GETRESOURCES, &resources, "get resources");

        drm_mode_get_connector connector{};
        connector.connector_id = connectors[0];
        card_.call(DRM_IOCTL_MODE_GETCONNECTOR, &connector, "get connector");
        std::vector<drm_mode_modeinfo> modes(connector.count_modes);
        connector.modes_ptr = address(modes.data());
        connector.count_props = connector.count_encoders = 0;
        card_.call(DRM_IOCTL_MODE_GETCONNECTOR, &connector, "get connector's modes");
        const auto mode = std::ranges::find_if(
            modes, [this](const auto &m) { return m.hdisplay == fb_.width && m.vdisplay == fb_.height; });
        if (mode == modes.end())
            throw std::system_error(ENOENT, std::generic_category(), "a mode of the buffer's size");

        drm_mode_crtc crtc{};
        crtc.set_connectors_ptr = address(connectors.data());
        crtc.count_connectors = 1;
        crtc.crtc_id = crtcs[0];
        crtc.fb_id = fb_.fb_id;
        crtc.mode = *mode;
        crtc.mode_valid = 1;
        card_.call(DRM_IOCTL_MODE_SETCRTC, &crtc, "set CRTC");
    }

    // Show the drawing since the last call.
    void update() const
    {
        drm_mode_fb_dirty_cmd dirty{};
        dirty.fb_id = fb_.fb_id;
        card_.call(DRM_IOCTL_MODE_DIRTYFB, &dirty, "update frame buffer");
    }

private:
    const Card &card_;
    drm_mode_fb_cmd fb_{};
    std::span<std::uint32_t> pixels_;
};

void ready()
{
    std::cout << "ready" << std::endl;
    std::string line;
    std::getline(std::cin, line);
}

} // namespace

int main(int argc, char **argv)
{
    std::uint32_t width = 0, height = 0;
    if (argc < 2 || std::sscanf(argv[1], "%ux%u", &width, &height) != 2) {
        std::cerr << "usage: framebuffer WIDTHxHEIGHT [PPM]...\n";
        return 2;
    }
    try {
        const Card card;
        FrameBuffer buffer(card, width, height);
        ready();
        for (int i = 2; i < argc; i++) {
            buffer.draw(static_cast<std::uint32_t>(i), argv[i]);
            if (i == 2)
                buffer.show();
            else
                buffer.update();
            ready();
        }
    } catch (const std::exception &e) {
        std::cout << e.what() << '\n';
        return 1;
    }
    return 0;
}
