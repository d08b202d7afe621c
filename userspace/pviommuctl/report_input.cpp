// SPDX-License-Identifier: GPL-2.0-only
#include "report_input.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <unistd.h>

#include <fmt/format.h>

#include "error.h"

namespace ctl {

namespace {

// A progress line on stderr, overwritten, and removed at the end.
class Progress {
public:
    Progress() : shown_(::isatty(STDERR_FILENO)) {}
    ~Progress()
    {
        if (lines_)
            fmt::print(stderr, "\r\033[K");
    }
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;

    void at(uint64_t lines)
    {
        constexpr uint64_t step = 1'000'000;
        if (!shown_ || lines < lines_ + step)
            return;
        lines_ = lines;
        fmt::print(stderr, "\rpviommuctl: {} million lines", lines / step);
    }

private:
    bool shown_;
    uint64_t lines_ = 0;
};

struct Buffer {
    ~Buffer() { std::free(text); } // as getline() allocates it
    char *text = nullptr;
    size_t size = 0;
};

} // namespace

Report read_report(std::FILE *input, const std::string &name, std::FILE *keep)
{
    Report report;
    report.title = name;
    PerfScript script([&report](const Event &event) { report.profile.add(event); });
    Progress progress;
    Buffer buffer;
    try {
        for (ssize_t n = 0; (n = ::getline(&buffer.text, &buffer.size, input)) >= 0;) {
            const std::string_view line(buffer.text, static_cast<size_t>(n));
            if (keep)
                std::fwrite(line.data(), 1, line.size(), keep);
            script.line(line.ends_with('\n') ? line.substr(0, line.size() - 1) : line);
            progress.at(script.lines());
        }
        if (std::ferror(input))
            throw Error(Exit::failed, std::strerror(errno));
        script.end();
    } catch (const Error &e) {
        throw Error(e.exit(), name + ": " + e.what());
    }
    report.frames = script.frames();
    return report;
}

} // namespace ctl
