// SPDX-License-Identifier: GPL-2.0-only
//
// The tables of a page otherwise written by hand. Each is between
// "<!-- table NAME -->" and "<!-- end -->".
#pragma once

#include <string>
#include <vector>

#include "rows.h"

namespace bench {

// Names of the tables.
std::vector<std::string> table_names();

// As Markdown. Throws if there is no such table.
std::string table(const std::string &name, const Rows &rows, const Silicon &silicon);

// The page with all tables made anew. Throws if an end is missing.
std::string fill_page(const std::string &page, const Rows &rows, const Silicon &silicon);

} // namespace bench
