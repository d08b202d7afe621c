// SPDX-License-Identifier: GPL-2.0-only
//
// GoogleTest with TAP as output.
#pragma once

#include <cstdio>
#include <string>

#include <gtest/gtest.h>

class Tap : public testing::EmptyTestEventListener {
    int number_ = 0;

    void OnTestStart(const testing::TestInfo &info) override
    {
        std::printf("# %s.%s\n", info.test_suite_name(), info.name());
        std::fflush(stdout);
    }
    void OnTestPartResult(const testing::TestPartResult &r) override
    {
        if (!r.failed())
            return;
        std::string text = r.message();
        for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 3)
            text.replace(at, 1, "\n# ");
        std::printf("# %s:%d: %s\n", r.file_name() ? r.file_name() : "?", r.line_number(), text.c_str());
    }
    void OnTestEnd(const testing::TestInfo &info) override
    {
        std::printf("%sok %d - %s.%s\n", info.result()->Passed() ? "" : "not ", ++number_, info.test_suite_name(),
                    info.name());
        std::fflush(stdout);
    }
    void OnTestProgramEnd(const testing::UnitTest &) override { std::printf("1..%d\n", number_); }
};

// Instead of GoogleTest's own output.
inline void speak_tap()
{
    testing::TestEventListeners &listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new Tap);
}
