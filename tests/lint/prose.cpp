// SPDX-License-Identifier: GPL-2.0-only
#include "prose.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <string_view>

namespace {

using Passages = std::vector<Passage>;

bool blank(std::string_view line) { return line.find_first_not_of(" \t") == std::string_view::npos; }
bool letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

std::string_view trimmed(std::string_view line)
{
    auto first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return line.substr(first, line.find_last_not_of(" \t") - first + 1);
}

// Words with a space between them, most of it letters: neither a format, nor a path, nor a drawing.
bool is_text(std::string_view text)
{
    auto letters = std::count_if(text.begin(), text.end(), [](char c) { return letter(c) || c == ' ' || c == '\n'; });
    return 10 * letters >= 7 * static_cast<long>(text.size());
}

bool is_message(std::string_view text)
{
    auto spaces = std::count(text.begin(), text.end(), ' ');
    return spaces >= 3 && is_text(text);
}

// Paragraphs from lines: passages grow by lines that follow each other.
class Paragraphs {
public:
    void add(int line, std::string_view text)
    {
        if (open_ && line >= passages_.back().line)
            passages_.back().text.append("\n").append(text);
        else
            passages_.push_back({line, std::string(text)});
        open_ = true;
    }
    void end() { open_ = false; }
    void alone(int line, std::string_view text)
    {
        end();
        add(line, text);
        end();
    }
    Passages take() { return std::move(passages_); }

private:
    Passages passages_;
    bool open_ = false;
};

// `code` becomes one word, and of [text](address) the text stays.
std::string without_markup(std::string_view line)
{
    std::string out;
    for (std::size_t i = 0; i < line.size(); i++) {
        auto close = std::string_view::npos;
        if (line[i] == '`' && (close = line.find('`', i + 1)) != std::string_view::npos)
            out += "code";
        else if (line.substr(i, 2) == "](" && (close = line.find(')', i)) != std::string_view::npos)
            out += ']';
        else
            out += line[i];
        i = close == std::string_view::npos ? i : close;
    }
    return out;
}

bool starts_entry(std::string_view text)
{
    if (text.starts_with("- ") || text.starts_with("* ") || text.starts_with('@'))
        return true;
    auto digits = text.find_first_not_of("0123456789");
    return digits != 0 && digits != std::string_view::npos && text.substr(digits, 2) == ". ";
}

// The lines of Markdown, each with its kind.
enum class Kind { empty, code, table, text };

class Markdown {
public:
    Kind kind(std::string_view line)
    {
        if (trimmed(line).starts_with("```")) {
            fenced_ = !fenced_;
            return Kind::code;
        }
        if (fenced_)
            return Kind::code;
        if (blank(line)) {
            after_blank_ = true;
            return Kind::empty;
        }
        // Four columns are code after an empty line, and a list's text otherwise.
        if ((line.starts_with("    ") || line.starts_with('\t')) && (after_blank_ || in_code_))
            return in_code_ = true, Kind::code;
        in_code_ = after_blank_ = false;
        return line.starts_with("|") || line.starts_with("<!--") ? Kind::table : Kind::text;
    }

private:
    bool fenced_ = false, after_blank_ = true, in_code_ = false;
};

void cells(Paragraphs &out, int number, std::string_view line)
{
    std::string cell;
    for (char c : without_markup(line)) {
        if (c != '|') {
            cell += c;
            continue;
        }
        out.alone(number, cell);
        cell.clear();
    }
}

template <class Each> void lines(const std::string &text, Each each)
{
    std::istringstream in(text);
    std::string line;
    for (int number = 1; std::getline(in, line); number++)
        each(number, std::string_view(line));
}

Passages markdown(const std::string &text)
{
    Paragraphs out;
    Markdown state;
    lines(text, [&](int number, std::string_view line) {
        auto kind = state.kind(line);
        if (kind == Kind::table && !line.starts_with("<!--"))
            return cells(out, number, line);
        if (kind != Kind::text)
            return out.end();
        auto body = trimmed(line);
        if (starts_entry(body) || body.starts_with("#"))
            out.end();
        out.add(number, without_markup(body));
        if (body.starts_with("#"))
            out.end();
    });
    return out.take();
}

// troff's fonts and escapes, without which the words remain.
std::string without_escapes(std::string_view line)
{
    std::string out;
    for (std::size_t i = 0; i < line.size(); i++) {
        if (line[i] != '\\')
            out += line[i];
        else if (line.substr(i, 2) == "\\f")
            i += 2;
        else if (line.substr(i, 2) == "\\-")
            out += line[++i];
        else
            i++;
    }
    return out;
}

Passages man(const std::string &text)
{
    constexpr std::array<std::string_view, 7> inlined = {".B ", ".I ", ".BR ", ".IR ", ".RB ", ".RI ", ".BI "};
    Paragraphs out;
    bool code = false, tag = false;
    lines(text, [&](int number, std::string_view line) {
        if (line.starts_with(".nf") || line.starts_with(".EX"))
            code = true;
        if (line.starts_with(".fi") || line.starts_with(".EE"))
            code = false;
        auto font = std::find_if(inlined.begin(), inlined.end(), [&](auto macro) { return line.starts_with(macro); });
        tag = tag || line.starts_with(".TP"); // the next line is the entry's name
        if (code || (line.starts_with('.') && font == inlined.end()) || line.starts_with('\''))
            return out.end();
        const auto body = without_escapes(font == inlined.end() ? line : line.substr(font->size()));
        if (tag)
            out.alone(number, body);
        else
            out.add(number, body);
        tag = false;
    });
    return out.take();
}

// A line of a comment, without its decoration. Blank lines, entries and drawings end a paragraph.
void comment_line(Paragraphs &out, int number, std::string_view line)
{
    auto body = trimmed(line);
    while (!body.empty() && (body[0] == '*' || body[0] == '/' || body[0] == '#') && !body.starts_with("* "))
        body.remove_prefix(1);
    if (body.starts_with("* "))
        body.remove_prefix(2);
    body = trimmed(body);
    const bool columns = body.find("   ") != std::string_view::npos || body.find('\t') != std::string_view::npos;
    if (body.empty() || columns || !is_text(body) || body.find("SPDX-") != std::string_view::npos)
        return out.end();
    if (starts_entry(body))
        out.end();
    if (body.starts_with('@')) // the name of a parameter is no word
        body.remove_prefix(std::min(body.find_first_of(": ") + 1, body.size()));
    out.add(number, body);
}

// Comments and messages of C and C++.
class C {
public:
    explicit C(const std::string &text) : text_(text) {}

    Passages read()
    {
        while (at_ < text_.size()) {
            if (rest().starts_with("/*"))
                comment("*/");
            else if (rest().starts_with("//"))
                comment("\n");
            else if (text_[at_] == '"')
                string();
            else if (text_[at_] == '\'' && (at_ == 0 || !std::isalnum(static_cast<unsigned char>(text_[at_ - 1]))))
                quoted();
            else
                other();
        }
        flush();
        auto all = out_.take();
        all.insert(all.end(), messages_.begin(), messages_.end());
        return all;
    }

private:
    std::string_view rest() const { return std::string_view(text_).substr(at_); }

    void other()
    {
        char c = text_[at_++];
        if (c == '\n')
            line_++, clean_ = true;
        else if (!std::isspace(static_cast<unsigned char>(c)))
            clean_ = false, flush();
    }

    // `end` is its last character, or two of it. Lines of // go on as long as nothing is between them.
    void comment(std::string_view end)
    {
        auto close = std::min(text_.find(end, at_), text_.size());
        const bool follows = end == "\n" && clean_ && last_ == line_ - 1;
        if (!follows)
            out_.end();
        std::istringstream in(text_.substr(at_ + 2, close - at_ - 2));
        std::string line;
        for (; std::getline(in, line); line_++)
            comment_line(out_, line_, line);
        line_ -= close > at_ + 2;
        last_ = line_;
        at_ = close + (end == "\n" ? 0 : 2);
    }

    std::string quoted()
    {
        const char quote = text_[at_++];
        std::string inner;
        while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
            if (text_[at_] == '\\')
                inner += text_[++at_] == 'n' ? " . " : " "; // a line of output is a sentence, or several
            else
                inner += text_[at_];
            at_++;
        }
        at_++;
        return inner;
    }

    std::string raw()
    {
        auto open = text_.find('(', at_);
        auto end = ")" + text_.substr(at_ + 1, open - at_ - 1) + "\"";
        auto close = std::min(text_.find(end, at_), text_.size());
        line_ += static_cast<int>(
            std::count(text_.begin() + static_cast<long>(at_), text_.begin() + static_cast<long>(close), '\n'));
        at_ = close + end.size();
        return {};
    }

    // Literals side by side are one message.
    void string()
    {
        if (message_.empty())
            started_ = line_;
        const bool is_raw = at_ > 0 && text_[at_ - 1] == 'R';
        message_ += is_raw ? raw() : quoted();
        clean_ = false;
    }

    void flush()
    {
        if (is_message(message_))
            messages_.push_back({started_, message_});
        message_.clear();
    }

    const std::string &text_;
    std::size_t at_ = 0;
    int line_ = 1, last_ = 0, started_ = 0;
    bool clean_ = true; // nothing but blanks on this line yet
    Paragraphs out_;
    Passages messages_;
    std::string message_;
};

// The quoted text that follows a command which says it.
void shell_message(Passages &out, int number, std::string_view line)
{
    constexpr std::array<std::string_view, 18> commands = {"echo",     "printf", "die",  "say",    "warn",   "ok",
                                                           "nok",      "is",     "like", "unlike", "cmp_ok", "skip",
                                                           "skip_all", "pass",   "fail", "diag",   "usage",  "note"};
    for (auto command : commands) {
        auto at = line.find(std::string(command) + " ");
        if (at == std::string_view::npos ||
            (at > 0 && (letter(line[at - 1]) || line[at - 1] == '_' || line[at - 1] == '\'')))
            continue;
        auto text = trimmed(line.substr(at + command.size()));
        if (text.empty() || (text[0] != '\'' && text[0] != '"'))
            continue;
        text = text.substr(1, text.find(text[0], 1) - 1);
        if (is_message(text))
            out.push_back({number, std::string(text)});
        return;
    }
}

Passages shell(const std::string &text)
{
    Paragraphs out;
    Passages messages;
    lines(text, [&](int number, std::string_view line) {
        auto body = trimmed(line);
        if (body.starts_with("#!") || body.starts_with("# shellcheck"))
            return out.end();
        if (body.starts_with('#'))
            return comment_line(out, number, body);
        out.end();
        auto hash = line.find(" # ");
        if (hash != std::string_view::npos &&
            std::count(line.begin(), line.begin() + static_cast<long>(hash), '\'') % 2 == 0 &&
            std::count(line.begin(), line.begin() + static_cast<long>(hash), '"') % 2 == 0 &&
            line.substr(hash).find("shellcheck") == std::string_view::npos) {
            out.alone(number, line.substr(hash + 3));
        }
        shell_message(messages, number, line);
    });
    auto all = out.take();
    all.insert(all.end(), messages.begin(), messages.end());
    return all;
}

} // namespace

std::vector<Passage> prose(const std::string &file, const std::string &text)
{
    auto dot = file.rfind('.');
    const auto ending = dot == std::string::npos ? "" : file.substr(dot);
    if (ending == ".md")
        return markdown(text);
    if (ending == ".1" || ending == ".3")
        return man(text);
    if (ending == ".c" || ending == ".h" || ending == ".cpp" || ending == ".hpp" || ending == ".S" || ending == ".js")
        return C(text).read();
    return shell(text);
}

std::vector<Passage> wide_lines(const std::string &text, int columns)
{
    std::vector<Passage> out;
    Markdown state;
    lines(text, [&](int number, std::string_view line) {
        if (state.kind(line) != Kind::text)
            return;
        std::string shown;
        for (std::size_t i = 0; i < line.size(); i++) {
            auto close = line.substr(i, 2) == "](" ? line.find(')', i) : std::string_view::npos;
            shown += line[i];
            i = close == std::string_view::npos ? i : close;
        }
        // A character of UTF-8 has one byte that does not continue another.
        auto wide = std::count_if(shown.begin(), shown.end(),
                                  [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
        if (wide > columns)
            out.push_back({number, std::string(line)});
    });
    return out;
}
