// SPDX-License-Identifier: GPL-2.0-only
//
// query_device: the driver's answers about a device, and the locks around the question.
#include "fixture.h"

#include <array>

namespace {

TEST(QueryDevice, TellsWhatTheDriverSays)
{
    Pv c;
    for (pci_dev &pdev : world::pci_devices())
        for (unsigned why : {XEN_IOMMUOP_DEVICE_ok, XEN_IOMMUOP_DEVICE_no_unit, XEN_IOMMUOP_DEVICE_unit_off,
                             XEN_IOMMUOP_DEVICE_other_table}) {
            pdev.why = why;
            std::vector<xen_iommu_op> ops = {op_device(pdev.sbdf.seg, pdev.sbdf.bus, pdev.sbdf.devfn)};
            EXPECT_EQ(c.call(0, ops), 0);
            EXPECT_EQ(ops[0].status, why ? -ENODEV : 0);
            EXPECT_EQ(ops[0].u.device.why, why);
        }
    c.wind_up();
}

TEST(QueryDevice, OfADeviceThatXenDoesNotKnow)
{
    Pv c;
    for (auto [seg, bus, devfn] : {std::array{0u, 0u, 0x11u}, {0u, 1u, 0x10u}, {2u, 0u, 0x10u}, {0xfedcu, 0xffu, 0u}}) {
        std::vector<xen_iommu_op> ops = {op_device(seg, bus, devfn)};
        EXPECT_EQ(c.call(0, ops), 0);
        EXPECT_EQ(ops[0].status, -ENODEV);
        EXPECT_EQ(ops[0].u.device.why, XEN_IOMMUOP_DEVICE_unknown);
    }
}

// The batch before is settled, because another CPU may hold the lock of PCI devices for long.
TEST(QueryDevice, InsideOfABatch)
{
    for (bool generic : {false, true}) {
        Pv c({.generic = generic});
        EXPECT_EQ(c.statuses({op_map(kBase, 0x300), op_unmap(kBase), op_device(0, 0, 0x10), op_map(kBase, 0x301),
                              op_device(0, 0, 0x11), op_unmap(kBase)}),
                  (Statuses{0, 0, 0, 0, -ENODEV, 0}));
        EXPECT_EQ(c.flushes.size(), 2u);
        c.wind_up();
    }
}

} // namespace
