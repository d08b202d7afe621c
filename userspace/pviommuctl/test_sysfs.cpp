// SPDX-License-Identifier: GPL-2.0-only
#include <cstdint>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "test_tree.h"

using namespace ctl;

namespace {

// The message of the exception, or nothing.
template <typename Call> std::string thrown(Call call)
{
    try {
        call();
    } catch (const Error &e) {
        return e.what();
    }
    return {};
}

template <typename Call> Exit exit_of(Call call)
{
    try {
        call();
    } catch (const Error &e) {
        return e.exit();
    }
    return Exit::ok;
}

std::vector<std::string> names(const Counters &counters)
{
    std::vector<std::string> found;
    for (const Counter &c : counters)
        found.emplace_back(c.info->name);
    return found;
}

} // namespace

TEST(Address, IsSpelledAsInSysfs)
{
    EXPECT_EQ(pci_address("0000:00:03.0"), "0000:00:03.0");
    EXPECT_EQ(pci_address("00:1F.7"), "0000:00:1f.7");
    EXPECT_EQ(pci_address("10000:E1:00.0"), "10000:e1:00.0");
}

TEST(Address, RefusesOtherThings)
{
    for (const char *text :
         {"", ":", "..", "0000:00:03", "00:03.8", "00:03.", "0:03.0", "000:00:03.0", "0000:00:03.00", "0000:00/03.0",
          "../0000:00:03.0", "0000:0g:03.0", "123456789:00:03.0", "00:03.0\n", "0000:00:03:0", "8086:10d3"})
        EXPECT_EQ(pci_address(text), std::nullopt) << text;
}

TEST(Files, TellAbsenceFromTrouble)
{
    const Tree tree;
    tree.put("full", "text\n");
    EXPECT_EQ(read_file(tree.root() / "full"), "text\n");
    EXPECT_EQ(read_file(tree.root() / "none"), std::nullopt);
    EXPECT_THROW(read_file(tree.root()), Error);
}

TEST(Files, AreWrittenOnlyIfTheyAreThere)
{
    const Tree tree;
    tree.put("mode", "strict, and more\n");
    EXPECT_EQ(write_file(tree.root() / "mode", "lazy\n"), 0);
    EXPECT_EQ(read_file(tree.root() / "mode"), "lazy\n");
    EXPECT_EQ(write_file(tree.root() / "none", "lazy\n"), ENOENT);
    EXPECT_FALSE(std::filesystem::exists(tree.root() / "none"));
    EXPECT_EQ(write_file("/dev/full", "x"), ENOSPC);
}

TEST(Files, AreReplacedAsAWhole)
{
    const Tree tree;
    tree.put("m.prom", "old\n");
    const int reader = ::open((tree.root() / "m.prom").c_str(), O_RDONLY | O_CLOEXEC);
    replace_file(tree.root() / "m.prom", "new\n");
    char text[5] = {};
    EXPECT_EQ(::read(reader, text, 4), 4);
    ::close(reader);
    EXPECT_STREQ(text, "old\n");
    EXPECT_EQ(read_file(tree.root() / "m.prom"), "new\n");
    // No temporary file is left, and others may read the file.
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(tree.root()), {}), 1);
    struct stat st = {};
    ::stat((tree.root() / "m.prom").c_str(), &st);
    const mode_t mask = ::umask(0);
    ::umask(mask);
    EXPECT_EQ(st.st_mode & 0777, 0666 & ~mask);
}

TEST(Files, AreReplacedWhereTheirLinksLead)
{
    namespace fs = std::filesystem;
    const Tree tree;
    const Path &root = tree.root();
    tree.put("there/file", "old\n");
    fs::create_symlink("there/file", root / "relative");
    fs::create_symlink(root / "relative", root / "chain");
    replace_file(root / "chain", "new\n");
    EXPECT_TRUE(fs::is_symlink(root / "chain"));
    EXPECT_TRUE(fs::is_symlink(root / "relative"));
    EXPECT_FALSE(fs::is_symlink(root / "there/file"));
    EXPECT_EQ(read_file(root / "there/file"), "new\n");
    EXPECT_EQ(std::distance(fs::directory_iterator(root / "there"), {}), 1);
    // The file need not be there yet; its folder must.
    fs::create_symlink("there/other", root / "dangling");
    replace_file(root / "dangling", "new\n");
    EXPECT_TRUE(fs::is_symlink(root / "dangling"));
    EXPECT_EQ(read_file(root / "there/other"), "new\n");
    fs::create_symlink("none/other", root / "nowhere");
    EXPECT_THROW(replace_file(root / "nowhere", "new\n"), Error);
    EXPECT_TRUE(fs::is_symlink(root / "nowhere"));
    fs::create_symlink("loop", root / "loop");
    EXPECT_THROW(replace_file(root / "loop", "new\n"), Error);
    EXPECT_TRUE(fs::is_symlink(root / "loop"));
}

TEST(Files, ThatAreNoneAreWrittenTo)
{
    namespace fs = std::filesystem;
    const Tree tree;
    const Path &root = tree.root();
    ASSERT_EQ(::mkfifo((root / "fifo").c_str(), 0600), 0);
    const int reader = ::open((root / "fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    replace_file(root / "fifo", "new\n");
    char text[5] = {};
    EXPECT_EQ(::read(reader, text, 4), 4);
    ::close(reader);
    EXPECT_STREQ(text, "new\n");
    EXPECT_TRUE(fs::is_fifo(root / "fifo"));
    // Devices, through links: /dev itself is not this test's to lose.
    fs::create_symlink("/dev/null", root / "null");
    replace_file(root / "null", "new\n");
    EXPECT_TRUE(fs::is_symlink(root / "null"));
    EXPECT_TRUE(fs::is_character_file(root / "null"));
    fs::create_symlink("/dev/full", root / "full");
    EXPECT_THROW(replace_file(root / "full", "new\n"), Error);
    EXPECT_TRUE(fs::is_symlink(root / "full"));
    EXPECT_EQ(std::distance(fs::directory_iterator(root), {}), 3);
}

TEST(Files, ThatCannotBeReplacedLeaveNothing)
{
    const Tree tree;
    std::filesystem::create_directories(tree.root() / "m.prom");
    EXPECT_THROW(replace_file(tree.root() / "m.prom", "new\n"), Error);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(tree.root()), {}), 1);
    EXPECT_THROW(replace_file(tree.root() / "none/m.prom", "new\n"), Error);
}

TEST(Module, MayBeAbsent)
{
    const Tree tree;
    EXPECT_FALSE(tree.sysfs().loaded());
    EXPECT_FALSE(tree.sysfs().totals().has_value());
    EXPECT_EQ(exit_of([&] { tree.sysfs().require_loaded(); }), Exit::not_loaded);
    EXPECT_NE(thrown([&] { tree.sysfs().require_loaded(); }).find("modprobe xen-pviommu"), std::string::npos);
    EXPECT_TRUE(tree.sysfs().devices().empty());
}

TEST(Module, HasAStatus)
{
    const Tree tree;
    tree.module("state", "active\n");
    tree.module("reason", "none\n");
    tree.module("mode", "lazy\n");
    tree.module("isolate", "1\n");
    tree.module("host_map", "dropped\n");
    tree.module("usage/tables", "7\n");
    tree.module("counters/devices", "2\n");
    const Status s = tree.sysfs().status();
    EXPECT_EQ(s.state, "active");
    EXPECT_EQ(s.reason, "none");
    EXPECT_EQ(s.mode, "lazy");
    EXPECT_EQ(s.isolate, true);
    EXPECT_EQ(s.host_map, "dropped");
    EXPECT_EQ(s.usage, (std::vector<std::pair<std::string, uint64_t>>{{"tables", 7}}));
    EXPECT_EQ(s.devices, 2U);
}

TEST(Module, MayBeOlder)
{
    const Tree tree;
    tree.module("state", "active\n");
    const Status s = tree.sysfs().status();
    EXPECT_EQ(s.mode, "");
    EXPECT_EQ(s.isolate, std::nullopt);
    EXPECT_EQ(s.host_map, "");
    EXPECT_EQ(s.devices, std::nullopt);
    EXPECT_TRUE(tree.sysfs().totals()->counters.empty());
}

TEST(Counters, HaveSixtyFourBits)
{
    const Tree tree;
    tree.module("counters/maps", "18446744073709551615\n");
    EXPECT_EQ(find(tree.sysfs().totals()->counters, "maps"), UINT64_MAX);
}

TEST(Counters, OfJunkNameTheFile)
{
    for (const char *junk :
         {"", "\n", "x\n", "1 2\n", "-1\n", "+1\n", " 1\n", "0x10\n", "1\n\n", "18446744073709551616\n"}) {
        const Tree tree;
        tree.module("counters/unmaps", junk);
        const std::string what = thrown([&] { tree.sysfs().totals(); });
        EXPECT_NE(what.find("kernel/xen_pviommu/counters/unmaps: unexpected content"), std::string::npos) << junk;
        EXPECT_EQ(exit_of([&] { tree.sysfs().totals(); }), Exit::failed);
    }
}

TEST(Counters, OfNowAreNeverBelowZero)
{
    const Tree tree;
    tree.module("counters/bfns_in_use", "-3\n");
    EXPECT_EQ(find(tree.sysfs().totals()->counters, "bfns_in_use"), 0U);
    for (const char *junk : {"-\n", "--3\n", "-3x\n"}) {
        tree.module("counters/bfns_in_use", junk);
        EXPECT_THROW(tree.sysfs().totals(), Error) << junk;
    }
}

TEST(Words, AreChecked)
{
    for (const char *junk : {"", "two words\n", "\033[2J\n", "strict\nlazy\n"}) {
        const Tree tree;
        tree.module("mode", junk);
        const std::string what = thrown([&] { tree.sysfs().status(); });
        EXPECT_NE(what.find("xen_pviommu/mode: unexpected content"), std::string::npos) << junk;
        EXPECT_EQ(what.find('\033'), std::string::npos);
    }
}

TEST(Devices, AreThoseThatWeServeInOrder)
{
    const Tree tree;
    for (const char *address : {"10000:01:00.0", "0000:00:1f.2", "0000:00:03.0"})
        tree.device(address, "mode", "strict\n");
    tree.put("bus/pci/devices/0000:00:04.0/vendor", "0x8086\n");
    tree.put("bus/pci/devices/odd/xen_pviommu/mode", "strict\n");
    EXPECT_EQ(tree.sysfs().addresses(), (std::vector<std::string>{"0000:00:03.0", "0000:00:1f.2", "10000:01:00.0"}));
}

TEST(Devices, HaveTheirCountersAndNoOthers)
{
    const Tree tree;
    tree.device("0000:00:03.0", "mode", "reuse\n");
    tree.device("0000:00:03.0", "path", "pviommu\n");
    tree.device("0000:00:03.0", "maps", "5\n");
    tree.device("0000:00:03.0", "leaked", "1\n");
    tree.device("0000:00:03.0", "hypercalls", "9\n");
    std::filesystem::create_symlink("../../../../bus/pci/drivers/nvme",
                                    tree.root() / "bus/pci/devices/0000:00:03.0/driver");
    const auto d = tree.sysfs().device("0000:00:03.0");
    ASSERT_TRUE(d.has_value());
    EXPECT_EQ(d->driver, "nvme");
    EXPECT_EQ(d->mode, "reuse");
    EXPECT_EQ(d->path, "pviommu");
    EXPECT_EQ(names(d->totals.counters), (std::vector<std::string>{"maps", "leaked"}));
    EXPECT_FALSE(tree.sysfs().device("0000:00:04.0").has_value());
}

TEST(Devices, ThatAreNotOursAreNamed)
{
    const Tree tree;
    tree.device("0000:00:03.0", "mode", "reuse\n");
    tree.device("0000:00:05.0", "mode", "reuse\n");
    tree.put("bus/pci/devices/0000:00:04.0/vendor", "0x8086\n");
    EXPECT_EQ(tree.sysfs().require_device("00:03.0"), "0000:00:03.0");
    const auto refusal = [&](const char *typed) { return thrown([&] { tree.sysfs().require_device(typed); }); };
    EXPECT_NE(refusal("00:09.0").find("no such device. Served: 0000:00:03.0, 0000:00:05.0"), std::string::npos);
    EXPECT_NE(refusal("00:04.0").find("not served by xen_pviommu"), std::string::npos);
    EXPECT_NE(refusal("eth0").find("no PCI address"), std::string::npos);
    EXPECT_EQ(exit_of([&] { tree.sysfs().require_device("00:09.0"); }), Exit::usage);
}
