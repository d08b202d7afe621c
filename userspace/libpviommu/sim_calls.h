// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The module's ops for Xen, for maps and unmaps of pages, by the rules of
// kernel/xen-pviommu/batch.h and userops.c: counted, not done.
#pragma once

#include <cstdint>

namespace pviommu {

class Calls {
public:
    // A hypercall: its slots, its ops, and is there an unmap?
    struct Call {
        unsigned slots = 0, ops = 0;
        bool unmaps = false;
    };

    // A page. Return: false when there is no room left in the hypercall.
    bool map(std::uint64_t bfn, std::uint64_t frame, unsigned flags)
    {
        if (kind_ != Kind::unmap && flags == flags_ && join(bfn, frame))
            return true;
        flags_ = flags;
        frame_ = frame;
        return begin(Kind::run, bfn);
    }
    bool unmap(std::uint64_t bfn)
    {
        if (kind_ == Kind::unmap && bfn_ + nr_ == bfn && nr_ < max_frames) {
            nr_++;
            return true;
        }
        if (!begin(Kind::unmap, bfn))
            return false;
        call_.unmaps = true;
        return true;
    }
    // Count this hypercall, and begin the next.
    Call flush()
    {
        const Call made = call_;
        call_ = {};
        kind_ = Kind::none;
        return made;
    }

private:
    static constexpr unsigned max_slots = 128, max_frames = 2048, frames_a_slot = 4;
    enum class Kind { none, run, list, unmap };

    bool slot()
    {
        if (call_.slots == max_slots)
            return false;
        call_.slots++;
        return true;
    }
    bool begin(Kind kind, std::uint64_t bfn)
    {
        if (!slot())
            return false;
        call_.ops++;
        kind_ = kind;
        bfn_ = bfn;
        nr_ = 1;
        return true;
    }
    // Part of the last op: of its run, or of its list (also of a single page).
    bool join(std::uint64_t bfn, std::uint64_t frame)
    {
        if (kind_ == Kind::none || bfn_ + nr_ != bfn)
            return false;
        if (kind_ == Kind::run && frame_ + nr_ == frame) {
            if (nr_ == max_frames)
                return false;
            nr_++;
            return true;
        }
        if (kind_ == Kind::run && nr_ > 1)
            return false;
        const bool begins = kind_ == Kind::run;
        if ((begins || nr_ % frames_a_slot == 0) && !slot())
            return false;
        kind_ = Kind::list;
        nr_++;
        return true;
    }

    Call call_;
    Kind kind_ = Kind::none; // of the last op
    std::uint64_t bfn_ = 0, frame_ = 0;
    unsigned nr_ = 0, flags_ = 0;
};

} // namespace pviommu
