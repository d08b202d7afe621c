// SPDX-License-Identifier: GPL-2.0-only
#include "screen.h"

#include <algorithm>
#include <cstdio>

#include <sys/ioctl.h>
#include <unistd.h>

#include "output.h"

namespace ctl {

namespace {

// The alternate screen, without a cursor; the old screen comes back at the end.
constexpr std::string_view enter = "\033[?1049h\033[?25l", leave = "\033[?25h\033[?1049l";

Size size_now()
{
    winsize w = {};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) || !w.ws_row || !w.ws_col)
        return {24, 80};
    return {w.ws_row, w.ws_col};
}

} // namespace

std::string drawn(std::string_view frame, Size size)
{
    std::string out = "\033[H";
    for (size_t row = 0; row < size.rows && !frame.empty(); row++) {
        const size_t end = std::min(frame.find('\n'), frame.size());
        // A newline behind the last row would scroll.
        out += row ? "\r\n" : "";
        out += frame.substr(0, std::min(end, size.columns));
        // A line of full width leaves the cursor on its last character.
        if (end < size.columns)
            out += "\033[K";
        frame.remove_prefix(std::min(end + 1, frame.size()));
    }
    return out + "\033[J";
}

Screen::Screen() : terminal_(::isatty(STDOUT_FILENO))
{
    if (terminal_)
        put(enter);
}

Screen::~Screen()
{
    // Nobody is left to read an error.
    if (terminal_ && std::fwrite(leave.data(), 1, leave.size(), stdout))
        std::fflush(stdout);
}

void Screen::show(std::string_view frame) const
{
    if (terminal_)
        put(drawn(frame, size_now()));
    else
        put(std::string(frame) + '\n');
}

} // namespace ctl
