// SPDX-License-Identifier: GPL-2.0-only
//
// Two vCPUs on the same BFNs at the same time: another vCPU's whole call comes right before
// each single compare and exchange, and each reference, of the first. There is no model here. The rules are
// that no frame is released too early (the world looks at each put), nothing leaks,
// and each entry is counted once.
#include "fixture.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace {

// The running thread of the two: this, or the other.
class Baton {
    std::mutex lock_;
    std::condition_variable moved_;
    enum { kOurs, kOther, kOver } turn_ = kOurs;
    bool started_ = false;

    void wait(std::unique_lock<std::mutex> &guard, bool ours)
    {
        moved_.notify_all();
        moved_.wait(guard, [&] { return (turn_ != kOther) == ours; });
    }

public:
    std::thread::id main = std::this_thread::get_id();

    void pass()
    {
        std::unique_lock guard(lock_);
        const bool ours = std::this_thread::get_id() == main;
        if (turn_ == kOver)
            return world::violate("a wait for nobody"), std::abort();
        started_ = true;
        turn_ = ours ? kOther : kOurs;
        wait(guard, ours);
    }
    void run(const std::function<void()> &other)
    {
        {
            std::unique_lock guard(lock_);
            wait(guard, false);
        }
        other();
        std::unique_lock guard(lock_);
        turn_ = kOver;
        moved_.notify_all();
    }
    // Let the other thread come to its end.
    void finish()
    {
        std::unique_lock guard(lock_);
        while (started_ && turn_ != kOver) {
            turn_ = kOther;
            wait(guard, true);
        }
    }
};

using Ops = std::vector<xen_iommu_op>;

class Raw {
public:
    explicit Raw(const world::Config &c = {})
    {
        world::reset(c);
        call(0, {op_claim(kBase, kBaseNr)});
        for (uint64_t bfn = kBase; bfn < kBase + 8; bfn++)
            world::watch(bfn);
        world::watch(kBase + 511);
        world::watch(kBase + 512);
    }
    ~Raw() { world::hooks = {}; }

    Statuses call(unsigned vcpu, std::vector<xen_iommu_op> ops)
    {
        world::device_runs();
        const unsigned cpu = depth_++;
        EXPECT_EQ(world::hypercall(cpu, world::dom(0), vcpu, ops.data(), static_cast<unsigned>(ops.size())).ret, 0);
        depth_--;
        world::device_runs();
        Statuses all;
        for (const xen_iommu_op &o : ops)
            all.push_back(o.status);
        return all;
    }

    // Let `other` run before the n-th compare and exchange or reference. Was the place reached? If the code makes one
    // vCPU wait for the other, `other` is a thread, but only one of the two runs at a time.
    bool interfere(unsigned n, const std::function<void()> &other, const std::function<void()> &ours)
    {
        Baton baton;
        bool came = false;
        std::jthread thread;
        world::hooks.relax = [&] { baton.pass(); };
        world::hooks.race = [&, left = n]() mutable {
            if (left-- == 0) {
                came = true;
                thread = std::jthread([&] { baton.run(other); });
                baton.pass();
            }
        };
        ours();
        world::hooks.race = nullptr;
        baton.finish();
        world::hooks.relax = nullptr;
        return came;
    }

    // Each entry in use is counted, and its frame held.
    void check()
    {
        std::map<uint64_t, int> held;
        for (uint64_t leaf = kBase; leaf < kBase + kBaseNr; leaf += 512) {
            int used, seen = 0;
            peek_leaf(leaf, &used);
            for (uint64_t bfn = leaf; bfn < leaf + 512; bfn++)
                if (const uint64_t word = peek_entry(bfn)) {
                    unsigned tag = 0;
                    EXPECT_TRUE(peek_is_mapped(word) || peek_has_yielded(word) ||
                                (peek_is_pending(word, &tag) && tag == 0))
                        << "only deferred entries wait";
                    held[peek_mfn(word)] += !peek_yields(word) && !peek_has_yielded(word);
                    seen++;
                }
            EXPECT_EQ(used, seen);
        }
        for (uint64_t mfn = 0; mfn < world::kFrames; mfn++)
            if (mfn != kBits && world::held(mfn) != (held.contains(mfn) ? held[mfn] : 0))
                ADD_FAILURE() << "frame " << std::hex << mfn << ": " << world::held(mfn) << " held";
        for (const world::Cached &c : world::iotlb())
            if (c.bfn >= kBase && c.to.present)
                EXPECT_EQ(peek_mfn(peek_entry(c.bfn)), c.to.mfn) << "stale: " << c.bfn;
    }

    void wind_up()
    {
        check();
        const Statuses gone = call(0, {op_release(kBase, kBaseNr, kUnmapFirst)});
        EXPECT_TRUE(gone == Statuses{0} || gone == Statuses{-ENOENT});
        check();
        EXPECT_EQ(world::held(kBits), 0);
        for (uint64_t mfn = 0; mfn < world::kFrames; mfn++)
            EXPECT_EQ(world::held_types(mfn), 0);
    }

private:
    unsigned depth_ = 0;
};

// Another vCPU's call comes at each place of ours, each time in a new world and after the calls of `start`.
// Returns at how many places it came.
unsigned at_each_place(
    unsigned places, const std::vector<Ops> &start, const Ops &ours, const Ops &theirs,
    const std::function<void()> &afterwards = [] {})
{
    for (unsigned n = 0; n < places; n++) {
        SCOPED_TRACE(n);
        Raw c;
        for (const Ops &ops : start)
            if (!ops.empty())
                c.call(0, ops);
        const bool came = c.interfere(
            n, [&] { c.call(1, theirs); }, [&] { c.call(0, ours); });
        afterwards();
        c.wind_up();
        if (!came)
            return n;
    }
    return places;
}

// Ours maps frames 0x300 to 0x303 in four BFNs, theirs another frame in one of these.
void one_is_lost_wholly(const Ops &ours)
{
    for (unsigned n = 0; n < 4; n++)
        for (unsigned victim = 0; victim < 4; victim++) {
            Raw c;
            Statuses our_status, their_status;
            // Both references on each of its four frames are taken before the entries change.
            EXPECT_TRUE(c.interfere(
                8 + n, [&] { their_status = c.call(1, {op_map(kBase + 510 + victim, 0x400)}); },
                [&] { our_status = c.call(0, ours); }));
            // Those entries that we wrote before it came are ours already.
            EXPECT_EQ(their_status, Statuses{victim < n ? -EEXIST : 0});
            EXPECT_EQ(our_status[0], victim < n ? 0 : -EEXIST);
            EXPECT_EQ(world::held(0x400), victim < n ? 0 : 1);
            for (uint64_t mfn = 0x300; mfn < 0x304; mfn++)
                EXPECT_EQ(world::held(mfn), victim < n ? 1 : 0) << "all or nothing";
            c.wind_up();
        }
}

TEST(Race, OfTwoMapsLosesOneWholly) { one_is_lost_wholly({op_map(kBase + 510, 0x300, 4)}); }

TEST(Race, OfAListLosesItWholly) { one_is_lost_wholly(op_list(kBase + 510, {0x303, 0x300, 0x302, 0x301})); }

TEST(Race, OfTwoMapsOfOneFrameHoldsTheOthers)
{
    for (unsigned n = 0; n < 3; n++) { // at the page, at its type, at the entry
        Raw c;
        EXPECT_EQ(c.call(0, {op_map(kBase + 9, 0x500)}), Statuses{0}) << "makes the table";
        Statuses ours, theirs;
        EXPECT_TRUE(c.interfere(
            n, [&] { theirs = c.call(1, {op_map(kBase, 0x400)}); }, [&] { ours = c.call(0, {op_map(kBase, 0x300)}); }));
        EXPECT_EQ(theirs, Statuses{0});
        EXPECT_EQ(ours, Statuses{-EEXIST});
        EXPECT_EQ(world::held(0x400), 1);
        EXPECT_EQ(world::held(0x300), 0);
        c.wind_up();
    }
}

TEST(Race, OverReferencesCountsThemAll)
{
    for (unsigned n = 0; n < 2; n++) { // at the page, at its type
        Raw c;
        EXPECT_EQ(c.call(0, {op_map(kBase + 9, 0x500)}), Statuses{0}) << "makes the table";
        Statuses ours, theirs;
        EXPECT_TRUE(c.interfere(
            n, [&] { theirs = c.call(1, {op_map(kBase + 1, 0x300)}); },
            [&] { ours = c.call(0, {op_map(kBase, 0x300)}); }));
        EXPECT_EQ(theirs, Statuses{0});
        EXPECT_EQ(ours, Statuses{0});
        EXPECT_EQ(world::held(0x300), 2);
        EXPECT_EQ(world::held_types(0x300), 2);
        EXPECT_TRUE(c.interfere(
            1 + n, [&] { theirs = c.call(1, {op_unmap(kBase + 1)}); }, [&] { ours = c.call(0, {op_unmap(kBase)}); }));
        EXPECT_EQ(theirs, Statuses{0});
        EXPECT_EQ(ours, Statuses{0});
        EXPECT_EQ(world::held(0x300), 0);
        EXPECT_EQ(world::held_types(0x300), 0);
        c.wind_up();
    }
}

// Another reference, while others take theirs, might be none at all.
TEST(Race, AtTheEndOfTheCountIsRefused)
{
    Raw c;
    page_info &page = world::frames()[0x300];
    for (unsigned from_end : {0, 1}) {
        page.count_info = PGC_count_mask - from_end;
        EXPECT_EQ(c.call(0, {op_map(kBase, 0x300)}), Statuses{-EPERM}) << from_end;
        EXPECT_EQ(page.count_info, PGC_count_mask - from_end);
    }
    page.count_info = 1;
    c.wind_up();
}

TEST(Race, OfTwoUnmapsOfOneFrameSettlesItOnce)
{
    Raw c;
    EXPECT_EQ(c.call(0, {op_map(kBase, 0x300)}), Statuses{0});
    Statuses ours, theirs;
    EXPECT_TRUE(c.interfere(
        0, [&] { theirs = c.call(1, {op_unmap(kBase)}); }, [&] { ours = c.call(0, {op_unmap(kBase)}); }));
    EXPECT_EQ(theirs, Statuses{0});
    EXPECT_EQ(ours, Statuses{-ENOENT});
    EXPECT_EQ(world::held(0x300), 0);
    c.wind_up();
}

TEST(Race, OfTwoUnmapsSettlesEachEntryOnce)
{
    for (unsigned n = 0; n < 4; n++) {
        Raw c;
        c.call(0, {op_map(kBase, 0x300, 4)});
        Statuses ours, theirs;
        c.interfere(
            n, [&] { theirs = c.call(1, {op_unmap(kBase + 1, 2)}); }, [&] { ours = c.call(0, {op_unmap(kBase, 4)}); });
        EXPECT_EQ(theirs, Statuses{n <= 1 ? 0 : -ENOENT});
        EXPECT_EQ(ours, Statuses{n <= 1 ? -ENOENT : 0});
        EXPECT_EQ(world::held(0x300), 0);
        c.wind_up();
    }
}

// Found by review: they were cleared in the other CPU's cache only.
TEST(Race, AFlushOfWhatIsBeingDeferredReachesMemoryFirst)
{
    Raw c;
    c.call(0, {op_map(kBase, 0x300, 2)});
    EXPECT_TRUE(c.interfere(
        1, [&] { EXPECT_EQ(c.call(1, {op_flush(kBase, 2)}), Statuses{0}); },
        [&] { c.call(0, {op_unmap(kBase, 2, kDefer)}); }));
    EXPECT_EQ(world::held(0x300), 0);
    EXPECT_EQ(world::held(0x301), 1);
    c.wind_up();
}

TEST(Race, OfTheFirstCallsMakesOneState)
{
    world::reset({});
    xen_iommu_op ours = op_claim(kBase), theirs = op_claim(kBase);
    bool once = false;
    world::hooks.race = [&] {
        if (!std::exchange(once, true))
            world::hypercall(1, world::dom(0), 1, &theirs, 1);
    };
    world::hypercall(0, world::dom(0), 0, &ours, 1);
    world::hooks = {};
    EXPECT_EQ(theirs.status, 0);
    EXPECT_EQ(ours.status, -EEXIST);
    EXPECT_EQ(world::allocations_live(), 5u) << "the state, in two pieces; of two vCPUs; and the claim";
}

// Every call against every other, at every place, and a third in between.
TEST(Race, OfAllPairs)
{
    const std::vector<std::vector<xen_iommu_op>> calls = {
        {op_map(kBase, 0x300, 6)},
        {op_map(kBase + 3, 0x310, 6, kRead)},
        {op_unmap(kBase, 6)},
        {op_unmap(kBase + 2, 2)},
        {op_unmap(kBase, 6, kDefer)},
        {op_unmap(kBase + 3, 1, kDefer), op_flush(kBase, 8)},
        {op_flush(kBase, 8)},
        {op_unmap(kBase + 1, 1), op_map(kBase + 2, 0x320), op_unmap(kBase + 2)},
        {op_map(kBase + 510, 0x300, 4), op_unmap(kBase + 510, 4)},
        op_list(kBase + 1, {0x304, 0x300, 0x304, 0x301, 0x302}),
    };
    const std::vector<std::vector<xen_iommu_op>> before = {
        {},
        {op_map(kBase, 0x300, 6)},
        {op_map(kBase, 0x300, 6), op_unmap(kBase + 2, 3, kDefer)},
        {op_map(kBase + 3, 0x310, 1, kReadWrite | kYield), op_map(kBase + 510, 0x330, 4)},
    };
    unsigned raced = 0;
    for (const auto &start : before)
        for (const auto &a : calls)
            for (const auto &b : calls)
                raced += at_each_place(12, {start}, a, b);
    EXPECT_GT(raced, 500u);
}

// The frame's use changes at each place of a call, and each call comes at each place of a change. The world looks at
// all ways to the frame when the change is done.
TEST(Race, WithAFrameThatChangesItsUse)
{
    const std::vector<std::vector<xen_iommu_op>> calls = {
        {op_map(kBase, 0x300, 1, kBoth)},
        {op_map(kBase, 0x300, 1, kRead | kYield)},
        {op_map(kBase, 0x2ff, 4, kBoth)},
        op_list(kBase + 4, {0x304, 0x300, 0x304, 0x301, 0x300}, kBoth),
        {op_unmap(kBase)},
        {op_unmap(kBase + 4, 2)},
        {op_unmap(kBase, 1, kDefer), op_flush(kBase, 8)},
        {op_unmap(kBase), op_map(kBase, 0x300, 1, kBoth)},
        {op_release(kBase, kBaseNr, kUnmapFirst)},
    };
    const std::vector<std::vector<xen_iommu_op>> before = {
        {},
        {op_map(kBase, 0x300, 1, kBoth)},
        {op_map(kBase, 0x300, 2, kBoth), op_map(kBase + 4, 0x300, 2, kBoth), op_map(kBase + 6, 0x300, 1, kBoth)},
        {op_map(kBase, 0x300, 2, kBoth), op_unmap(kBase, 1, kDefer)},
    };
    unsigned raced = 0, all_changed = 0;
    for (const bool away : {false, true})
        for (const bool change_first : {false, true})
            for (const auto &start : before)
                for (const auto &ours : calls)
                    for (unsigned n = 0; n < 40; n++) {
                        SCOPED_TRACE(testing::Message() << away << change_first << " before " << &start - before.data()
                                                        << " call " << &ours - calls.data() << " place " << n);
                        Raw c;
                        c.call(0, {op_watch(kBase, kBits)});
                        if (!start.empty())
                            c.call(0, start);
                        bool changed = false;
                        const auto change = [&] {
                            world::run_on(NR_CPUS - 1, [&] {
                                changed = away ? world::give_away(0x300, true) : world::set_page_table(0x300, true);
                            });
                        };
                        const auto call = [&] { c.call(1, ours); };
                        const bool came = change_first ? c.interfere(n, call, change) : c.interfere(n, change, call);
                        if (changed) // else a map held the frame at that moment
                            world::revoked(0x300);
                        c.wind_up();
                        all_changed += changed;
                        raced += came;
                        if (!came)
                            break;
                    }
    EXPECT_GT(raced, 300u);
    EXPECT_GT(all_changed, raced / 2);
}

// Two vCPUs map and unmap one frame at different BFNs, each at every place of the other; then its use changes.
TEST(Race, OfEntriesOfOneFrameForgetsNone)
{
    constexpr unsigned kBoth = kReadWrite | kYield;
    const std::vector<std::vector<xen_iommu_op>> all_ours = {
        {op_map(kBase, 0x300, 1, kBoth)},
        {op_map(kBase, 0x2ff, 3, kBoth)},
        op_list(kBase, {0x301, 0x300, 0x300}, kBoth),
        {op_unmap(kBase + 4)},
        {op_unmap(kBase + 4, 2)},
    };
    const std::vector<std::vector<xen_iommu_op>> all_theirs = {
        {op_map(kBase + 6, 0x300, 1, kBoth)},
        {op_map(kBase + 6, 0x300, 1, kBoth), op_map(kBase + 7, 0x300, 1, kBoth)},
        {op_map(kBase + 6, 0x300, 1, kBoth), op_unmap(kBase + 6)},
        {op_unmap(kBase + 5)},
    };
    const std::vector<std::vector<xen_iommu_op>> before = {
        {},
        {op_map(kBase + 4, 0x300, 1, kBoth)},
        {op_map(kBase + 4, 0x300, 1, kBoth), op_map(kBase + 5, 0x300, 1, kBoth)},
    };
    unsigned raced = 0;
    for (const auto &start : before)
        for (const auto &ours : all_ours)
            for (const auto &theirs : all_theirs) {
                SCOPED_TRACE(testing::Message() << "before " << start.size() << " ours " << &ours - all_ours.data()
                                                << " theirs " << &theirs - all_theirs.data());
                // The second call makes the table.
                raced += at_each_place(20, {{op_watch(kBase, kBits)}, {op_map(kBase + 3, 0x320, 1, kBoth)}, start},
                                       ours, theirs, [] {
                                           EXPECT_TRUE(world::set_page_table(0x300, true));
                                           world::revoked(0x300);
                                       });
            }
    EXPECT_GT(raced, 200u);
}

// Other than at a compare and exchange: the test for the flush itself.
TEST(Race, WhileOurFlushIsUnderWay)
{
    const std::vector<std::vector<xen_iommu_op>> theirs = {{op_flush(kBase, 8)},
                                                           {op_unmap(kBase + 4, 2), op_map(kBase + 4, 0x340, 2)},
                                                           {op_map(kBase, 0x340)},
                                                           {op_unmap(kBase + 5, 1, kDefer)}};
    for (const auto &ops : theirs) {
        Raw c;
        c.call(0, {op_map(kBase, 0x300, 8), op_unmap(kBase + 6, 1, kDefer)});
        bool once = false;
        world::hooks.before_flush = [&] {
            if (!std::exchange(once, true))
                c.call(1, ops);
        };
        EXPECT_EQ(c.call(0, {op_unmap(kBase, 4), op_flush(kBase + 6)}), (Statuses{0, 0}));
        world::hooks = {};
        c.wind_up();
    }
}

} // namespace
