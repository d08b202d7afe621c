// SPDX-License-Identifier: GPL-2.0-only
// The prose of a file: paragraphs, list entries and table cells of Markdown, text of manual
// pages, comments, and messages. Code, tables of figures and drawings are no prose.
#pragma once

#include <string>
#include <vector>

struct Passage {
    int line; // of the start
    std::string text;
};

// By the name of the file: *.md, man pages, C and C++; all else is read as shell.
std::vector<Passage> prose(const std::string &file, const std::string &text);

// Lines of Markdown beyond `columns`, without those of tables and code. A link's address takes none.
std::vector<Passage> wide_lines(const std::string &text, int columns);
