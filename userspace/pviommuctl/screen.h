// SPDX-License-Identifier: GPL-2.0-only
//
// Frames on a terminal, drawn over one another on its alternate screen. Without a
// terminal on stdout, frames follow as plain text.
#pragma once

#include <string>
#include <string_view>

#include "noncopyable.h"

namespace ctl {

struct Size {
    size_t rows, columns;
};

// The frame cut to the screen, with each line cleared to its end, and the rest below.
std::string drawn(std::string_view frame, Size size);

class Screen : NonCopyable {
public:
    Screen();
    ~Screen();

    void show(std::string_view frame) const;

private:
    bool terminal_;
};

} // namespace ctl
