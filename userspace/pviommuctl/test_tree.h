// SPDX-License-Identifier: GPL-2.0-only
//
// A small sysfs in a temporary folder, for the unit tests.
#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <stdlib.h>

#include "sysfs.h"

namespace ctl {

class Tree {
public:
    Tree()
    {
        std::string name = (std::filesystem::temp_directory_path() / "pviommuctl.XXXXXX").string();
        if (!::mkdtemp(name.data()))
            throw std::runtime_error("no temporary folder");
        root_ = name;
    }
    ~Tree()
    {
        std::error_code none;
        std::filesystem::remove_all(root_, none);
    }
    Tree(const Tree &) = delete;
    Tree &operator=(const Tree &) = delete;

    void put(const Path &file, const std::string &text) const
    {
        std::filesystem::create_directories((root_ / file).parent_path());
        std::ofstream(root_ / file) << text;
    }
    void module(const Path &file, const std::string &text) const { put("kernel/xen_pviommu" / file, text); }
    void device(const std::string &address, const Path &file, const std::string &text) const
    {
        put(Path("bus/pci/devices") / address / "xen_pviommu" / file, text);
    }

    const Path &root() const { return root_; }
    Sysfs sysfs() const { return Sysfs(root_); }

private:
    Path root_;
};

} // namespace ctl
