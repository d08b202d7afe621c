// SPDX-License-Identifier: GPL-2.0-only
// Measures the English of a tree: vague pronouns in 100 words, long sentences, sentences with a
// pronoun at the start, and a person's pronoun for a thing's. In Markdown also wide lines.
//
//     english [--figures [--files]] <list of files
//
// Prints a line a fault; --figures prints the rate, the pronouns and the words of each folder or file instead.
#include "prose.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string_view>

namespace {

// The vague pronouns. Each is fine once; a text full of them has lost its nouns. By this list comments
// of Linux' WireGuard have 3.2 in 100 words, and those of iova.c, dma-iommu.c and virtio-iommu.c 2.3.
constexpr std::array<std::string_view, 14> pronouns = {"what",    "whatever", "who",       "whom", "whose",
                                                       "whoever", "which",    "whichever", "that", "those",
                                                       "these",   "it",       "one",       "ones"};
constexpr std::array<std::string_view, 8> starts = {"what", "whatever", "who",   "whoever",
                                                    "whom", "whose",    "which", "whichever"};
constexpr std::array<std::string_view, 6> abbreviations = {"e.g.", "i.e.", "cf.", "vs.", "etc.", "resp."};

constexpr double most_in_tree = 4.5; // per 100 words
constexpr double most_in_file = 7;
constexpr int judged_alone = 100; // words of prose, from which a file has a rate of its own
constexpr int longest_sentence = 30;
constexpr int widest_line = 100;

struct Count {
    int words = 0;
    int vague = 0;
    double rate() const { return words ? 100.0 * vague / words : 0; }
    Count &operator+=(const Count &other)
    {
        words += other.words;
        vague += other.vague;
        return *this;
    }
};

template <class List> bool has(const List &list, std::string_view word)
{
    return std::find(list.begin(), list.end(), word) != list.end();
}

// Lower case, without the punctuation around it; empty if nothing of it is a letter or a digit.
std::string bare(std::string_view token)
{
    if (token.find('$') != std::string_view::npos)
        return "variable"; // of a shell
    auto inner = [](unsigned char c) { return std::isalnum(c) != 0; };
    const auto *first = std::find_if(token.begin(), token.end(), inner);
    const auto *last = std::find_if(token.rbegin(), token.rend(), inner).base();
    std::string word;
    for (; first < last; first++)
        word += static_cast<char>(std::tolower(static_cast<unsigned char>(*first)));
    return word;
}

bool ends_sentence(std::string_view token)
{
    while (!token.empty() && std::string_view(")\"'*_").find(token.back()) != std::string_view::npos)
        token.remove_suffix(1);
    return !token.empty() && std::string_view(".!?").find(token.back()) != std::string_view::npos &&
           !has(abbreviations, token);
}

// One file: its count, and a line on `faults` for each.
class Judge {
public:
    Judge(std::string file, std::ostream &faults) : file_(std::move(file)), faults_(faults) {}

    void passage(const Passage &passage)
    {
        sentence_.clear();
        line_ = passage.line;
        for (std::size_t at = 0; at < passage.text.size();) {
            if (std::isspace(static_cast<unsigned char>(passage.text[at]))) {
                line_ += passage.text[at++] == '\n';
                continue;
            }
            std::size_t end = at;
            while (end < passage.text.size() && !std::isspace(static_cast<unsigned char>(passage.text[end])))
                end++;
            token(std::string_view(passage.text).substr(at, end - at));
            at = end;
        }
        finish();
    }

    void width(const std::vector<Passage> &wide)
    {
        for (const auto &line : wide)
            fault(line.line, "wider than " + std::to_string(widest_line) + " columns");
    }

    const Count &done()
    {
        if (count_.words >= judged_alone && count_.rate() > most_in_file)
            fault(1, std::to_string(count_.rate()).substr(0, 4) + " vague pronouns in 100 words");
        return count_;
    }

private:
    void token(std::string_view token)
    {
        auto word = bare(token);
        if (word.empty()) {
            if (ends_sentence(token)) // a full stop that stands alone, as fonts of manual pages have it
                finish();
            return;
        }
        if (sentence_.empty())
            start_ = line_;
        count_.words++;
        count_.vague += has(pronouns, word);
        if (word == "his")
            fault(line_, '"' + word + "\" for \"its\"");
        sentence_.push_back(word);
        if (ends_sentence(token))
            finish();
    }

    void finish()
    {
        if (sentence_.empty())
            return;
        if (has(starts, sentence_[0]) || (sentence_.size() > 1 && sentence_[0] == "that" && sentence_[1] == "which"))
            fault(start_, "begins with \"" + sentence_[0] + "\"");
        if (sentence_.size() > longest_sentence)
            fault(start_, "a sentence of " + std::to_string(sentence_.size()) + " words");
        sentence_.clear();
    }

    void fault(int line, const std::string &text)
    {
        faults_ << file_ << ':' << line << ": " << text;
        for (std::size_t i = 0; i < sentence_.size() && i < 6; i++)
            faults_ << (i ? " " : " (") << sentence_[i];
        faults_ << (sentence_.empty() ? "\n" : " ...)\n");
    }

    std::string file_;
    std::ostream &faults_;
    std::vector<std::string> sentence_;
    Count count_;
    int line_ = 0, start_ = 0;
};

// The first two folders of a path, which figures are added up by.
std::string folder(const std::string &file)
{
    auto end = file.find('/');
    if (end == std::string::npos)
        return file;
    auto second = file.find('/', end + 1);
    return file.substr(0, second == std::string::npos ? end : second);
}

void print(const Count &count, const std::string &name)
{
    std::printf("%6.2f %6d %6d  %s\n", count.rate(), count.vague, count.words, name.c_str());
}

} // namespace

int main(int argc, char **argv)
{
    const bool figures = argc > 1 && std::string_view(argv[1]) == "--figures";
    std::ostringstream faults;
    std::map<std::string, Count> folders;
    Count tree;
    std::string file;
    while (std::getline(std::cin, file)) {
        std::ifstream in(file);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        Judge judge(file, faults);
        for (const auto &passage : prose(file, text))
            judge.passage(passage);
        if (file.ends_with(".md"))
            judge.width(wide_lines(text, widest_line));
        const auto &count = judge.done();
        tree += count;
        folders[argc > 2 ? file : folder(file)] += count;
    }
    if (figures) {
        for (const auto &[name, count] : folders)
            print(count, name);
        print(tree, "all");
        return EXIT_SUCCESS;
    }
    if (tree.rate() > most_in_tree)
        faults << "tree: " << std::to_string(tree.rate()).substr(0, 4) << " vague pronouns in 100 words\n";
    std::cout << faults.str();
    return faults.str().empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}
