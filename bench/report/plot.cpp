// SPDX-License-Identifier: GPL-2.0-only
#include "plot.h"

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace bench {
namespace {

// Once the pipe is closed, gnuplot has finished, or failed.
class Gnuplot {
public:
    Gnuplot() : pipe(popen("gnuplot", "w"))
    {
        if (!pipe)
            throw std::runtime_error("gnuplot can't be started");
    }
    Gnuplot(const Gnuplot &) = delete;
    Gnuplot &operator=(const Gnuplot &) = delete;
    ~Gnuplot()
    {
        if (pipe)
            pclose(pipe);
    }

    void operator<<(const std::string &text) { std::fputs(text.c_str(), pipe); }

    void finish()
    {
        FILE *closing = pipe;
        pipe = nullptr;
        if (pclose(closing))
            throw std::runtime_error("gnuplot failed");
    }

private:
    FILE *pipe;
};

const std::vector<std::string> subjects{"native-lazy", "native-strict", "xen-swiotlb", "single-op",
                                        "strict",      "lazy",          "reuse",       "static"};

std::string start(const std::filesystem::path &file, const std::string &title, const std::string &y)
{
    return fmt::format("set terminal svg size 800,400 background 'white' font 'sans,12'\n"
                       "set output '{}'\nset title '{}'\nset ylabel '{}'\nset grid y\nset yrange [0:*]\n",
                       file.string(), title, y);
}

// Bars for each subject, in groups for each column: bench, metric, name.
struct Group {
    std::string bench, metric, name;
};

// The subjects with a first bar.
std::vector<std::string> measured(const Rows &rows, const Group &first)
{
    std::vector<std::string> names;
    for (const std::string &subject : subjects)
        if (find(rows, first.bench, subject, first.metric))
            names.push_back(subject);
    return names;
}

// No plot of nothing: gnuplot would call that an error.
void bars(const std::filesystem::path &file, const std::string &title, const std::string &y, const Rows &rows,
          const std::vector<Group> &groups)
{
    const auto names = measured(rows, groups.front());
    if (names.empty())
        return;
    Gnuplot gnuplot;
    gnuplot << start(file, title, y);
    gnuplot << "set style data histograms\nset style fill solid 0.8\nset key left top\n$data << END\nsubject";
    for (const Group &g : groups)
        gnuplot << fmt::format(" \"{}\"", g.name);
    for (const std::string &subject : names) {
        gnuplot << "\n" + subject;
        for (const Group &g : groups) {
            const Row *row = find(rows, g.bench, subject, g.metric);
            gnuplot << (row ? fmt::format(" {}", row->value) : " 0");
        }
    }
    gnuplot << fmt::format("\nEND\nplot for [i=2:{}] $data using i:xtic(1) title columnheader(i)\n", groups.size() + 1);
    gnuplot.finish();
}

void batches(const std::filesystem::path &file, const Rows &rows)
{
    if (!find(rows, "iommu-op", "map", "insns_b1"))
        return;
    Gnuplot gnuplot;
    gnuplot << start(file, "iommu_op: the price of an op in a batch, with the hypercall", "instructions an op");
    gnuplot << "set logscale x 2\nset xlabel 'ops a hypercall'\n";
    for (const std::string half : {"map", "unmap"}) {
        gnuplot << fmt::format("${} << END\n", half);
        for (int n = 1; n <= 128; n *= 2)
            if (const Row *row = find(rows, "iommu-op", half, fmt::format("insns_b{}", n)))
                gnuplot << fmt::format("{} {}\n", n, row->value);
        gnuplot << "END\n";
    }
    gnuplot << "plot $map with linespoints title 'map', $unmap with linespoints title 'unmap', "
               "200 with lines dashtype 2 title 'goal'\n";
    gnuplot.finish();
}

} // namespace

void plot_all(const Rows &rows, const std::filesystem::path &dir)
{
    std::filesystem::create_directories(dir);
    bars(dir / "pairs.svg", "dma\\_map\\_page and dma\\_unmap\\_page", "instructions a pair", rows,
         {{"dma-map-pair", "insns_1p", "1 page"},
          {"dma-map-pair", "insns_16p", "16 pages"},
          {"dma-map-pair", "insns_64p", "64 pages"}});
    bars(dir / "silicon.svg", "the same, modelled on silicon", "ns a pair", rows,
         {{"dma-map-pair", "silicon_1p", "1 page"},
          {"dma-map-pair", "silicon_16p", "16 pages"},
          {"dma-map-pair", "silicon_64p", "64 pages"}});
    bars(dir / "lists.svg", "dma\\_map\\_sg and dma\\_unmap\\_sg, scattered pages", "instructions a page", rows,
         {{"sg-1", "insns_per_page", "1 entry"},
          {"sg-8", "insns_per_page", "8 entries"},
          {"sg-64", "insns_per_page", "64 entries"},
          {"sg-256", "insns_per_page", "256 entries"}});
    batches(dir / "batches.svg", rows);
}

} // namespace bench
