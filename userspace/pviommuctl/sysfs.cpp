// SPDX-License-Identifier: GPL-2.0-only
#include "sysfs.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include "error.h"

namespace fs = std::filesystem;

namespace ctl {

namespace {

// For a terminal: unprintable characters are left out.
[[noreturn]] void junk(const Path &path, std::string text)
{
    std::ranges::replace_if(
        text, [](unsigned char c) { return !std::isprint(c); }, ' ');
    throw Error(Exit::failed, fmt::format("{}: unexpected content: '{:.40}'", path.string(), text));
}

std::string_view without_newline(std::string_view text)
{
    if (text.ends_with('\n'))
        text.remove_suffix(1);
    return text;
}

uint64_t parse_number(const Path &path, const std::string &text)
{
    const std::string_view digits = without_newline(text);
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size())
        junk(path, text);
    return value;
}

std::optional<uint64_t> read_number(const Path &path)
{
    const std::optional<std::string> text = read_file(path);
    return text ? std::optional(parse_number(path, *text)) : std::nullopt;
}

// A gauge is a sum over CPUs, not of one instant. An allocation on one CPU and
// a free on another may bring the sum below 0 for a moment.
std::optional<uint64_t> read_gauge(const Path &path)
{
    const std::optional<std::string> text = read_file(path);
    if (!text)
        return std::nullopt;
    const bool negative = text->starts_with('-');
    const uint64_t value = parse_number(path, negative ? text->substr(1) : *text);
    return negative ? 0 : value;
}

// Empty if there is no such file.
std::string read_word(const Path &path)
{
    const std::optional<std::string> text = read_file(path);
    if (!text)
        return {};
    std::string word(without_newline(*text));
    if (word.empty() || !std::ranges::all_of(word, [](unsigned char c) { return std::isalnum(c) || c == '-'; }))
        junk(path, *text);
    return word;
}

Counters read_counters(const Path &dir, bool of_device)
{
    Counters counters;
    for (const CounterInfo &info : counter_table()) {
        if (of_device && !info.of_device)
            continue;
        const Path path = dir / info.name;
        if (const auto value = info.kind == Kind::gauge ? read_gauge(path) : read_number(path))
            counters.push_back({&info, *value});
    }
    return counters;
}

// kernfs numbers directories anew whenever they are made. 0: there is none.
uint64_t birth_of(const Path &dir)
{
    struct stat st = {};
    return ::stat(dir.c_str(), &st) || !S_ISDIR(st.st_mode) ? 0 : st.st_ino;
}

std::string driver_of(const Path &device)
{
    // Only the name: in a copied tree the link may lead nowhere.
    std::error_code none;
    return fs::read_symlink(device / "driver", none).filename().string();
}

} // namespace

std::optional<std::string> pci_address(std::string_view text)
{
    std::string address(text);
    std::ranges::transform(address, address.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (std::ranges::count(address, ':') == 1)
        address.insert(0, "0000:");
    // "dddd:bb:ss.f", from behind, as a domain may have more digits.
    constexpr std::string_view tail = ":xx:xx.x";
    if (address.size() < tail.size() + 4 || address.size() > tail.size() + 8)
        return std::nullopt;
    for (size_t i = 0; i < address.size(); i++) {
        const size_t domain = address.size() - tail.size();
        const char want = i < domain ? 'x' : tail[i - domain];
        if (want == 'x' ? !std::isxdigit(static_cast<unsigned char>(address[i])) : address[i] != want)
            return std::nullopt;
    }
    return address.back() <= '7' ? std::optional(address) : std::nullopt;
}

bool Sysfs::loaded() const { return birth_of(module_file("")) != 0; }

void Sysfs::require_loaded() const
{
    if (!loaded())
        throw Error(Exit::not_loaded, fmt::format("xen_pviommu is not loaded ({} is not there): modprobe xen-pviommu",
                                                  (root_ / "kernel/xen_pviommu").string()));
}

Status Sysfs::status() const
{
    Status s;
    s.state = read_word(module_file("state"));
    s.reason = read_word(module_file("reason"));
    s.mode = read_word(module_file("mode"));
    if (const auto on = read_number(module_file("isolate")))
        s.isolate = *on != 0;
    s.host_map = read_word(module_file("host_map"));
    if (const auto on = read_number(module_file("vfio")))
        s.vfio = *on != 0;
    for (const std::string name : {"claims", "tables", "mapped", "yielded"})
        if (const auto value = read_number(module_file("usage") / name))
            s.usage.emplace_back(name, *value);
    s.devices = read_gauge(module_file("counters") / "devices");
    return s;
}

std::optional<Totals> Sysfs::totals() const
{
    const uint64_t birth = birth_of(module_file(""));
    if (!birth)
        return std::nullopt;
    return Totals{birth, read_counters(module_file("counters"), false)};
}

std::string Sysfs::hypervisor(std::string_view name) const { return read_word(root_ / "hypervisor" / name); }

std::vector<std::string> Sysfs::present(bool served) const
{
    std::vector<std::string> found;
    std::error_code none;
    for (const fs::directory_entry &entry : fs::directory_iterator(pci_devices(), none)) {
        std::string name = entry.path().filename().string();
        if (pci_address(name) && (birth_of(entry.path() / "xen_pviommu") != 0) == served)
            found.push_back(std::move(name));
    }
    // By length first: a domain of five digits comes after all of four.
    std::ranges::sort(found, {}, [](const std::string &s) { return std::pair(s.size(), s); });
    return found;
}

std::vector<Device> Sysfs::unserved() const
{
    // PCI's base class of bridges, which do no DMA of their own.
    constexpr std::string_view bridge = "0x06";
    std::vector<Device> found;
    for (const std::string &address : present(false)) {
        Device d;
        d.address = address;
        d.driver = driver_of(pci_devices() / address);
        const auto pci_class = read_file(pci_devices() / address / "class");
        if (!d.driver.empty() && !(pci_class && pci_class->starts_with(bridge)))
            found.push_back(std::move(d));
    }
    return found;
}

std::vector<Device> Sysfs::devices() const
{
    std::vector<Device> found;
    for (const std::string &address : addresses())
        if (std::optional<Device> d = device(address))
            found.push_back(std::move(*d));
    return found;
}

std::optional<Device> Sysfs::device(const std::string &address) const
{
    const Path dir = device_file(address, "");
    Device d;
    d.address = address;
    d.totals.birth = birth_of(dir);
    d.mode = read_word(dir / "mode");
    d.path = read_word(dir / "path");
    d.totals.counters = read_counters(dir, true);
    d.driver = driver_of(pci_devices() / address);
    // The device may have been unbound meanwhile.
    if (!d.totals.birth || birth_of(dir) != d.totals.birth)
        return std::nullopt;
    return d;
}

std::string Sysfs::require_device(const std::string &typed) const
{
    const std::optional<std::string> address = pci_address(typed);
    if (!address)
        throw Error(Exit::usage, fmt::format("{}: no PCI address, as 0000:00:03.0 or 00:03.0 is", typed));
    if (!birth_of(device_file(*address, "")))
        refuse_device(*address);
    return *address;
}

void Sysfs::refuse_device(const std::string &address) const
{
    const std::vector<std::string> ours = addresses();
    const std::string list = ours.empty() ? "there are none" : fmt::format("{}", fmt::join(ours, ", "));
    if (birth_of(pci_devices() / address))
        throw Error(Exit::usage,
                    fmt::format("{}: not served by xen_pviommu: it has no driver, its driver was bound before "
                                "the module was loaded (bind it again), or its mode is off. Served: {}",
                                address, list));
    throw Error(Exit::usage, fmt::format("{}: no such device. Served: {}", address, list));
}

Path Sysfs::device_file(const std::string &address, std::string_view name) const
{
    return pci_devices() / address / "xen_pviommu" / name;
}

} // namespace ctl
