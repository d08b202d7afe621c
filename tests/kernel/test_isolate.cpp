// SPDX-License-Identifier: GPL-2.0-only
//
// The host map: dropped, restored, and its state when neither works.
#include "fixture.h"

#include <algorithm>

extern "C" {
#include <linux/panic_notifier.h>
}

using namespace world;

class Isolate : public Pv {
public:
    static constexpr unsigned kPieces = 5;
    std::array<bool, kPieces> there{};
    enum class At { Present, Dropping, Dropped, Restoring } at = At::Present;
    unsigned next = 0, calls = 0;
    std::function<int(unsigned op, unsigned piece)> fails = [](unsigned, unsigned) { return 0; };

    Isolate()
    {
        there.fill(true);
        pviommu_host_map = PVIOMMU_HOST_WHOLE;
        pviommu_xen.max_ram = kPieces * XEN_IOMMUOP_LEAST_PIECE;
        pviommu_xen.host_map = true;
        hooks.host_map = [this](unsigned op) { return piece(op); };
        EXPECT_EQ(pviommu_isolate_init(), 0);
    }
    ~Isolate() override
    {
        fails = [](unsigned, unsigned) { return 0; };
        hooks.needs_base = nullptr;
        pviommu_isolate_exit();
        EXPECT_TRUE(all(true)) << "the host map is back at the end";
        EXPECT_EQ(panic_notifier_list.block, nullptr);
    }

    // As in Xen: iommu_op_host.c.
    int piece(unsigned op)
    {
        const bool restores = op == XEN_IOMMUOP_restore_host_map;
        calls++;
        truth();
        if (at == (restores ? At::Present : At::Dropped))
            return 0;
        // The refusal may come before any work.
        if (const int err = fails(op, kPieces))
            return err;
        if (at != (restores ? At::Restoring : At::Dropping)) {
            at = restores ? At::Restoring : At::Dropping;
            next = 0;
        }
        if (const int err = fails(op, next))
            return err;
        there[next++] = restores;
        if (next < kPieces)
            return -EAGAIN;
        at = restores ? At::Present : At::Dropped;
        return 0;
    }
    bool all(bool present) const
    {
        return std::all_of(there.begin(), there.end(), [=](bool t) { return t == present; });
    }
    // The module's state is the state of the map.
    void truth() const
    {
        if (pviommu_host_map_stands())
            EXPECT_TRUE(all(true)) << "machine addresses without a map are given out";
        if (pviommu_isolated())
            EXPECT_TRUE(all(false)) << "isolated, and devices reach more";
    }
    // From the given piece on, an op fails.
    void fail(unsigned op, unsigned from, int error)
    {
        auto before = fails;
        fails = [=](unsigned which, unsigned piece) {
            return which == op && (from == kPieces ? piece == kPieces : piece != kPieces && piece >= from)
                       ? error
                       : before(which, piece);
        };
    }
    void works()
    {
        fails = [](unsigned, unsigned) { return 0; };
    }
    bool said(const char *what) const { return logged.find(what) != std::string::npos; }
};

constexpr unsigned kDrop = XEN_IOMMUOP_drop_host_map, kRestore = XEN_IOMMUOP_restore_host_map;

TEST_F(Isolate, ThereAndBack)
{
    for (unsigned round = 0; round < 2; round++) {
        EXPECT_EQ(pviommu_isolate(true), 0);
        EXPECT_TRUE(pviommu_isolated() && all(false));
        const unsigned before = calls;
        EXPECT_EQ(pviommu_isolate(true), 0);
        EXPECT_EQ(calls, before) << "no change is needed";
        EXPECT_EQ(pviommu_isolate(false), 0);
        EXPECT_TRUE(pviommu_host_map_stands() && all(true));
    }
}

TEST_F(Isolate, ADeviceThatNeedsIt)
{
    unsigned looks = 0;
    hooks.needs_base = [&] { return looks++ == 0; };
    EXPECT_EQ(pviommu_isolate(true), -EBUSY);
    EXPECT_EQ(calls, 0u);
    // A device that came between the two looks.
    looks = 0;
    hooks.needs_base = [&] {
        EXPECT_EQ(pviommu_host_map_stands(), looks == 0) << "no new user at the second look";
        return looks++ == 1;
    };
    EXPECT_EQ(pviommu_isolate(true), -EBUSY);
    EXPECT_EQ(calls, 0u);
    EXPECT_TRUE(pviommu_host_map_stands());
}

TEST_F(Isolate, AFailureThatPasses)
{
    unsigned failures = 0;
    fails = [&](unsigned, unsigned piece) { return piece == 2 && failures++ % 3 != 2 ? -ENOMEM : 0; };
    EXPECT_EQ(pviommu_isolate(true), 0);
    EXPECT_EQ(pviommu_isolate(false), 0);
    EXPECT_EQ(failures, 6u);
}

TEST_F(Isolate, ADropThatFailsIsTakenBack)
{
    fail(kDrop, 2, -ENOMEM);
    EXPECT_EQ(pviommu_isolate(true), -ENOMEM);
    EXPECT_TRUE(pviommu_host_map_stands() && all(true));
    EXPECT_TRUE(said("can't be dropped: error -12"));
}

TEST_F(Isolate, HolesAreToldAndMended)
{
    for (const bool on : {false, true}) {
        fail(kDrop, 2, -ENOMEM);
        fail(kRestore, 1, -EIO);
        EXPECT_EQ(pviommu_isolate(true), -ENOMEM);
        EXPECT_EQ(pviommu_host_map, PVIOMMU_HOST_HOLED);
        EXPECT_FALSE(pviommu_host_map_stands() || pviommu_isolated());
        EXPECT_TRUE(said("the host map has holes"));
        // A try that is refused at once leaves the holes.
        works();
        fail(kRestore, kPieces, -EBUSY);
        EXPECT_EQ(pviommu_isolate(false), -EBUSY);
        EXPECT_EQ(pviommu_host_map, PVIOMMU_HOST_HOLED);
        for (unsigned look = 0; look < 2; look++) {
            hooks.needs_base = [=, looks = 0u]() mutable { return looks++ == look; };
            EXPECT_EQ(pviommu_isolate(true), -EBUSY);
            EXPECT_EQ(pviommu_host_map, PVIOMMU_HOST_HOLED);
        }
        hooks.needs_base = nullptr;
        works();
        EXPECT_EQ(pviommu_isolate(on), 0);
        EXPECT_EQ(pviommu_host_map, on ? PVIOMMU_HOST_DROPPED : PVIOMMU_HOST_WHOLE);
        EXPECT_TRUE(all(!on));
        EXPECT_EQ(pviommu_isolate(false), 0);
        logged.clear();
    }
}

TEST_F(Isolate, ARestoreThatFailsHalfWay)
{
    EXPECT_EQ(pviommu_isolate(true), 0);
    fail(kRestore, 2, -ENOMEM);
    EXPECT_EQ(pviommu_isolate(false), -ENOMEM);
    EXPECT_EQ(pviommu_host_map, PVIOMMU_HOST_HOLED) << "devices reach the restored half";
    works();
    EXPECT_EQ(pviommu_isolate(false), 0);
    EXPECT_TRUE(pviommu_host_map_stands());
}

TEST_F(Isolate, ARefusalChangesNothing)
{
    fail(kDrop, kPieces, -EBUSY);
    EXPECT_EQ(pviommu_isolate(true), -EBUSY);
    EXPECT_TRUE(pviommu_host_map_stands());
    works();
    EXPECT_EQ(pviommu_isolate(true), 0);
    fail(kRestore, kPieces, -EBUSY);
    EXPECT_EQ(pviommu_isolate(false), -EBUSY);
    EXPECT_TRUE(pviommu_isolated() && all(false));
}

TEST_F(Isolate, FoundWithHoles)
{
    pviommu_isolate_exit();
    there[3] = false;
    at = At::Restoring;
    next = 3;
    pviommu_xen.host_map = false;
    fail(kRestore, 0, -ENOMEM);
    EXPECT_EQ(pviommu_isolate_init(), 0) << "devices work with our maps";
    EXPECT_EQ(pviommu_host_map, PVIOMMU_HOST_HOLED);
    works();
    EXPECT_EQ(pviommu_isolate(false), 0);
    EXPECT_TRUE(pviommu_host_map_stands());
}

// --- a panic: world::panic() takes no excuse for a lock or a sleep

TEST_F(Isolate, APanicRestoresIt)
{
    panic();
    EXPECT_EQ(calls, 0u) << "there is nothing to do";
    EXPECT_EQ(pviommu_isolate(true), 0);
    panic();
    EXPECT_TRUE(all(true));
    EXPECT_TRUE(said("host map restored"));
    EXPECT_EQ(pviommu_isolate(false), 0);
}

TEST_F(Isolate, APanicInTheMiddle)
{
    // The other CPU is stopped in its third piece, with the lock.
    bool panicked = false;
    fails = [&](unsigned op, unsigned piece) {
        if (op == kDrop && piece == 2 && !panicked) {
            panicked = true;
            panic();
            EXPECT_TRUE(all(true));
            return -EBUSY; // if that CPU ever went on
        }
        return 0;
    };
    EXPECT_EQ(pviommu_isolate(true), -EBUSY);
    EXPECT_TRUE(panicked);
}

TEST_F(Isolate, APanicThatXenRefuses)
{
    for (const int err : {-EBUSY, -ENOMEM, -EAGAIN}) {
        EXPECT_EQ(pviommu_isolate(true), 0);
        fails = [=](unsigned op, unsigned) { return op == kRestore ? err : 0; };
        const unsigned before = calls;
        panic();
        EXPECT_LE(calls - before, kPieces + 4) << "it ends";
        EXPECT_EQ(calls - before == 1, err == -EBUSY);
        EXPECT_TRUE(said("a crash kernel needs an IOMMU driver"));
        works();
        EXPECT_EQ(pviommu_isolate(false), 0);
    }
}
