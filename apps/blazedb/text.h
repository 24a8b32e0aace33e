// Formats numbers, sizes and times for people, and parses numbers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blazedb/error.h"
#include "blazedb/value.h"

namespace blazedb::cli {

// 1234567 -> "1,234,567"
std::string grouped(std::uint64_t number);
// "1 record", "2,000 records". `many`: an irregular plural, such as "entries".
std::string counted(std::uint64_t number, std::string_view one, std::string_view many = {});
// "512 B", "1.4 KiB", "63.0 MiB"
std::string sizeText(std::uint64_t bytes);
// "740 us", "12.3 ms", "4.56 s"
std::string durationText(std::chrono::nanoseconds duration);
// "12,345/s"
std::string rateText(std::uint64_t count, std::chrono::nanoseconds duration);
double seconds(std::chrono::nanoseconds duration);
// With `places` digits after the point.
std::string fixed(double number, int places);
// "2024-05-01T12:30:15.123Z"
std::string timeText(Date date);

// As a shell takes it: in quotes if it needs them.
std::string quoted(const std::string& path);
// The number of code points.
std::size_t columnsOf(std::string_view text);
std::string padRight(std::string text, std::size_t columns);
std::string padLeft(std::string text, std::size_t columns);
// Cuts UTF-8 to `columns` code points and marks the cut with "...".
std::string shortened(const std::string& text, std::size_t columns);
// Breaks `text` at spaces into lines of at most `columns` columns. The lines after the first are indented by `indent`;
// the first is assumed to begin there.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t columns);
// The parts between the commas: at least one; a part may be empty.
std::vector<std::string> splitAtCommas(const std::string& text);
// "a,b"
std::string joined(const std::vector<std::string>& texts);
// Removes the blanks at both ends.
std::string trimmed(const std::string& text);
// " (did you mean ...?)" with the word of `known` that is most like `word`; empty if none is like it. Case and hyphens
// do not count.
std::string didYouMean(const std::string& word, const std::vector<std::string>& known);
// Parses a decimal number: 010 is 10. Returns nothing for a sign, a blank, another base, or more than 2^64 - 1.
std::optional<std::uint64_t> parseNumber(std::string_view text);
// Error::what() without the name of the code at its beginning.
std::string messageOf(const Error& error);

// For --json. JSON numbers are int64 here; a larger number becomes the largest int64.
Value jsonNumber(std::uint64_t number);
Value jsonArray(const std::vector<std::string>& texts);

}  // namespace blazedb::cli
