// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include "check.h"
#include "test_tree.h"

namespace ctl {
namespace {

// A protected dom0, of which each test takes a step back.
class Check : public ::testing::Test {
protected:
    Check()
    {
        tree.put("hypervisor/type", "xen\n");
        tree.put("hypervisor/guest_type", "PV\n");
        for (const auto &[file, text] :
             {std::pair{"state", "active\n"}, {"reason", "none\n"}, {"mode", "strict\n"}, {"host_map", "dropped\n"}})
            tree.module(file, text);
        tree.device("0000:00:03.0", "mode", "strict\n");
        tree.device("0000:00:03.0", "path", "pviommu\n");
        driver("0000:00:03.0", "e1000e");
    }

    void driver(const Path &address, const Path &name) const
    {
        tree.put("bus/pci/devices" / address / "class", "0x020000\n");
        std::filesystem::create_symlink("../../drivers" / name, tree.root() / "bus/pci/devices" / address / "driver");
    }

    // The step that lacks: its name, its finding; and that no other does.
    void expect_lack(std::string_view name, std::string_view found, std::string_view remedy) const
    {
        size_t lacking = 0;
        for (const Step &s : check(tree.sysfs())) {
            if (s.remedy.empty())
                continue;
            lacking++;
            EXPECT_EQ(s.name, name);
            EXPECT_NE(s.found.find(found), std::string::npos) << s.found;
            EXPECT_NE(s.remedy.find(remedy), std::string::npos) << s.remedy;
        }
        EXPECT_EQ(lacking, 1U);
    }

    Tree tree;
};

TEST_F(Check, AllDone)
{
    const std::vector<Step> steps = check(tree.sysfs());
    EXPECT_EQ(steps.size(), 6U);
    EXPECT_EQ(check_text(steps).find("lacks"), std::string::npos);
    EXPECT_EQ(check_json(steps).find("remedy"), std::string::npos);
}

TEST_F(Check, NoXen)
{
    std::filesystem::remove_all(tree.root() / "hypervisor");
    expect_lack("Xen", "does not run on Xen", "xen-system-amd64");
    EXPECT_EQ(check(tree.sysfs()).size(), 1U);
}

TEST_F(Check, Pvh)
{
    tree.put("hypervisor/guest_type", "PVH\n");
    expect_lack("Xen", "this domain is PVH", "dom0=pvh");
}

TEST_F(Check, NotLoaded)
{
    std::filesystem::remove_all(tree.root() / "kernel");
    expect_lack("module", "not loaded", "modprobe xen-pviommu");
    EXPECT_EQ(check(tree.sysfs()).size(), 2U);
}

TEST_F(Check, Fallback)
{
    tree.module("state", "fallback\n");
    tree.module("reason", "no-hypercall\n");
    expect_lack("state", "this Xen has no iommu_op", "hypervisor/apply");
    EXPECT_EQ(check(tree.sysfs()).size(), 3U);
}

TEST_F(Check, Late)
{
    driver("0000:00:04.0", "nvme");
    expect_lack("start", "0000:00:04.0 (nvme)", "update-initramfs");
}

TEST_F(Check, BridgesAndIdleDevicesNeedNothing)
{
    driver("0000:00:1c.0", "pcieport");
    tree.put("bus/pci/devices/0000:00:1c.0/class", "0x060400\n");
    tree.put("bus/pci/devices/0000:00:05.0/class", "0x020000\n");
    EXPECT_EQ(check_text(check(tree.sysfs())).find("lacks"), std::string::npos);
}

TEST_F(Check, DeviceOnSwiotlb)
{
    tree.device("0000:00:03.0", "path", "base\n");
    expect_lack("devices", "0000:00:03.0 (e1000e)", "dmesg");
}

TEST_F(Check, NotIsolated)
{
    tree.module("host_map", "whole\n");
    expect_lack("protection", "all of the host's memory", "pviommuctl isolate on");
}

} // namespace
} // namespace ctl
