// SPDX-License-Identifier: GPL-2.0-only
#include "perf_script.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "error.h"

namespace ctl {

namespace {

constexpr std::string_view ours = "xen_pviommu:", digits = "0123456789";

bool numeric(std::string_view text) { return !text.empty() && text.find_first_not_of(digits) == text.npos; }

std::string_view skip_blanks(std::string_view text)
{
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text;
}

// Up to a blank, which is skipped, too.
std::string_view take_word(std::string_view &text)
{
    text = skip_blanks(text);
    const std::string_view word = text.substr(0, text.find_first_of(" \t"));
    text.remove_prefix(word.size());
    text = skip_blanks(text);
    return word;
}

template <typename T> std::optional<T> number(std::string_view text)
{
    T value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

// "36.931533:", with as many decimals as there are, in nanoseconds.
std::optional<uint64_t> time_of(std::string_view word)
{
    if (!word.ends_with(':'))
        return std::nullopt;
    word.remove_suffix(1);
    const size_t point = word.find('.');
    if (point == word.npos || !numeric(word.substr(0, point)) || !numeric(word.substr(point + 1)))
        return std::nullopt;
    std::string decimals(word.substr(point + 1));
    decimals.resize(9, '0');
    const auto seconds = number<uint64_t>(word.substr(0, point)), rest = number<uint64_t>(decimals);
    if (!seconds || *seconds > UINT64_MAX / 1'000'000'000 - 1)
        return std::nullopt;
    return *seconds * 1'000'000'000 + *rest;
}

// Of "comm tid [cpu] time: event: fields".
struct Head {
    unsigned cpu;
    uint64_t ns;
    std::string_view event, fields;
};

// A comm may hold any text, also brackets: the CPU is a number in brackets,
// with a thread before and a time behind.
std::optional<Head> head_of(std::string_view line)
{
    for (size_t open = line.find('['); open != line.npos; open = line.find('[', open + 1)) {
        const size_t close = line.find(']', open);
        if (close == line.npos)
            break;
        const std::string_view in = line.substr(open + 1, close - open - 1);
        const auto cpu = numeric(in) ? number<unsigned>(in) : std::nullopt;
        const size_t before = line.substr(0, open).find_last_not_of(' ');
        if (!cpu || before == line.npos || digits.find(line[before]) == digits.npos)
            continue;
        std::string_view rest = line.substr(close + 1);
        const auto time = time_of(take_word(rest));
        const std::string_view event = take_word(rest);
        if (time && !event.empty())
            return Head{*cpu, *time, event, rest};
    }
    return std::nullopt;
}

// A field of a module's event is missing, or malformed.
struct BadField {
    std::string_view name;
};

// "dev=0000:00:03.0 bfn=0x8000240 pages=16 by=xen"
class Fields {
public:
    explicit Fields(std::string_view text) : text_(text) {}

    std::optional<std::string_view> word(std::string_view name) const
    {
        for (std::string_view rest = text_; !rest.empty();) {
            const std::string_view item = take_word(rest);
            if (item.size() > name.size() + 1 && item.starts_with(name) && item[name.size()] == '=')
                return item.substr(name.size() + 1);
        }
        return std::nullopt;
    }

    // These throw BadField.
    std::string_view need_word(std::string_view name) const
    {
        const auto value = word(name);
        return value ? *value : throw BadField{name};
    }
    template <typename T = uint64_t> T need(std::string_view name) const
    {
        const auto value = number<T>(need_word(name));
        return value ? *value : throw BadField{name};
    }

private:
    std::string_view text_;
};

Mapping mapping(Mapping::What what, const Fields &f)
{
    return {what, f.need_word("dev"), f.need("pages"), f.need_word("by")};
}

using What = decltype(Event::what);

// Nothing for an event unknown to this version. Throws BadField.
std::optional<What> our_event(std::string_view name, const Fields &f)
{
    if (name == "pviommu_map")
        return mapping(Mapping::What::map, f);
    if (name == "pviommu_unmap")
        return mapping(Mapping::What::unmap, f);
    if (name == "pviommu_reuse_hit")
        return mapping(Mapping::What::reuse_hit, f);
    if (name == "pviommu_fallback")
        return Fallback{f.need_word("dev")};
    if (name == "pviommu_batch")
        return Batch{f.need("maps"),     f.need("unmaps"),          f.need("others"), f.need("mapped"),
                     f.need("unmapped"), f.need<int64_t>("status"), f.need("ns")};
    if (name == "pviommu_flush")
        return Flush{f.need_word("reason"), f.need("waited")};
    if (name == "pviommu_chunk")
        return Chunk{f.need_word("fate")};
    return std::nullopt;
}

// "PERF_RECORD_LOST lost 2", "PERF_RECORD_LOST_SAMPLES lost 2".
std::optional<Lost> lost_of(std::string_view event, std::string_view fields)
{
    if (take_word(fields) != "lost")
        return std::nullopt;
    const auto events = number<uint64_t>(take_word(fields));
    if (!events)
        return std::nullopt;
    return Lost{*events, event == "PERF_RECORD_LOST_SAMPLES"};
}

} // namespace

FrameId Frames::id(std::string_view name, bool ours)
{
    const auto [it, fresh] = ids_.try_emplace(std::string(name) + (ours ? '+' : '-'), frames_.size());
    if (fresh)
        frames_.push_back({std::string(name), ours});
    return it->second;
}

void PerfScript::fail(const std::string &what) const
{
    throw Error(Exit::failed, fmt::format("line {}: {}: record again, or cut the line out (docs/profiling.md has the "
                                          "format)",
                                          head_line_, what));
}

void PerfScript::line(std::string_view line)
{
    lines_++;
    if (lines_ == 1 && (line.starts_with("PERFILE2") || line.starts_with("2ELIFREP")))
        throw Error(Exit::failed,
                    "this is perf's own file: perf script -i FILE --ns --show-lost-events | pviommuctl report -");
    if (line.empty())
        return hand_over();
    if (line.front() == '#')
        return;
    if (line.front() == '\t')
        return frame(line);
    hand_over();
    head_ = line;
    head_line_ = lines_;
}

void PerfScript::end()
{
    hand_over();
    if (strange_ && !heads_)
        throw Error(Exit::failed, "this is no output of perf script (docs/profiling.md has the format)");
}

// "\tffffffffc020e401 pviommu_hypercall_traced+0x1a1 (/lib/modules/.../xen-pviommu.ko)"
void PerfScript::frame(std::string_view line)
{
    take_word(line);
    std::string_view object;
    if (const size_t open = line.rfind(" ("); open != line.npos && line.ends_with(')')) {
        object = line.substr(open + 2, line.size() - open - 3);
        line = line.substr(0, open);
    }
    if (const size_t offset = line.rfind("+0x"); offset != line.npos)
        line = line.substr(0, offset);
    const bool module = object.find("xen-pviommu.ko") != object.npos || object == "[xen_pviommu]";
    stack_.push_back(frames_.id(line, module || line.starts_with("pviommu_")));
}

void PerfScript::hand_over()
{
    if (head_.empty())
        return;
    head(head_);
    head_.clear();
    stack_.clear();
}

void PerfScript::head(std::string_view line)
{
    const auto head = head_of(line);
    if (!head) {
        if (line.find(ours) != line.npos)
            fail("an event of xen_pviommu without its thread, CPU or time");
        strange_++;
        return;
    }
    heads_++;
    std::string_view event = head->event;
    if (event.starts_with("PERF_RECORD_LOST")) {
        const auto lost = lost_of(event, head->fields);
        return lost ? sink_({head->cpu, head->ns, *lost, {}}) : fail("how many events were lost?");
    }
    // Hardware events have their period first.
    std::string_view fields = head->fields;
    if (numeric(event))
        event = take_word(fields);
    if (event.ends_with(':'))
        event.remove_suffix(1);
    else if (event.starts_with(ours))
        fail("an event of xen_pviommu is cut off");
    try {
        const auto what = event.starts_with(ours) ? our_event(event.substr(ours.size()), Fields(fields)) : std::nullopt;
        sink_({head->cpu, head->ns, what ? *what : Other{event}, stack_});
    } catch (const BadField &field) {
        fail(fmt::format("{} lacks a good {}=", event, field.name));
    }
}

} // namespace ctl
