// SPDX-License-Identifier: GPL-2.0-only
//
// Frames on a terminal, drawn over one another on its other screen; or one below
// the other, as plain text, where stdout is none.
#pragma once

#include <string>
#include <string_view>

#include "noncopyable.h"

namespace ctl {

struct Size {
    size_t rows, columns;
};

// What fits, each line cleared to its end, and what is below them too.
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
