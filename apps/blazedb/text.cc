#include "text.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <limits>
#include <utility>

namespace blazedb::cli {
namespace {

// How many letters have to be put in, left out, or replaced to make one word of the other.
std::size_t distance(const std::string& from, const std::string& to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); j++) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); i++) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= to.size(); j++) {
      std::size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

std::string lettersOf(const std::string& word) {
  std::string letters;
  for (char letter : word)
    if (letter != '-') letters += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  return letters;
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t end = digits.size(); end > 3;) digits.insert(end -= 3, ",");
  return digits;
}

std::string counted(std::uint64_t number, std::string_view one, std::string_view many) {
  std::string text = grouped(number) + " ";
  if (number == 1) return text.append(one);
  return many.empty() ? text.append(one) + "s" : text.append(many);
}

std::string fixed(double number, int places) {
  std::array<char, 64> buffer;
  int length = std::snprintf(buffer.data(), buffer.size(), "%.*f", places, number);
  return std::string(buffer.data(), static_cast<std::size_t>(length));
}

std::string sizeText(std::uint64_t bytes) {
  static constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kUnits.size(); unit++) size /= 1024;
  return fixed(size, 1) + " " + kUnits[unit];
}

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

std::string durationText(std::chrono::nanoseconds duration) {
  double value = seconds(duration);
  if (value < 0.001) return fixed(value * 1e6, 0) + " us";
  if (value < 1) return fixed(value * 1e3, 1) + " ms";
  return fixed(value, 2) + " s";
}

std::string rateText(std::uint64_t count, std::chrono::nanoseconds duration) {
  return grouped(static_cast<std::uint64_t>(static_cast<double>(count) / std::max(seconds(duration), 1e-9))) + "/s";
}

std::string timeText(Date date) {
  std::int64_t whole = date.microseconds / 1'000'000;
  std::int64_t micros = date.microseconds % 1'000'000;
  if (micros < 0) {
    micros += 1'000'000;
    whole -= 1;
  }
  time_t clock = whole;
  tm parts{};
  gmtime_r(&clock, &parts);
  std::array<char, 64> buffer;
  std::size_t length = strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string millis = std::to_string(micros / 1000);
  return std::string(buffer.data(), length) + "." + std::string(3 - millis.size(), '0') + millis + "Z";
}

std::string quoted(const std::string& path) {
  if (path.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-") == std::string::npos)
    return path;
  std::string text = "'";
  for (char c : path) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

std::size_t columnsOf(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padRight(std::string text, std::size_t columns) {
  if (std::size_t width = columnsOf(text); width < columns) text.append(columns - width, ' ');
  return text;
}

std::string padLeft(std::string text, std::size_t columns) {
  if (std::size_t width = columnsOf(text); width < columns) text.insert(0, columns - width, ' ');
  return text;
}

std::string shortened(const std::string& text, std::size_t columns) {
  constexpr std::string_view kCut = "...";
  std::size_t seen = 0;
  std::size_t keep = 0;  // how many bytes leave room for the mark
  for (std::size_t i = 0; i < text.size(); i++) {
    bool startsCharacter = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (!startsCharacter) continue;
    if (seen + kCut.size() == columns) keep = i;
    if (seen == columns) return text.substr(0, keep).append(kCut);
    seen++;
  }
  return text;
}

std::string wrapped(const std::string& text, std::size_t indent, std::size_t columns) {
  std::string result;
  std::size_t column = indent;
  for (std::size_t start = 0; start < text.size();) {
    std::size_t end = std::min(text.find(' ', start), text.size());
    std::size_t length = end - start;
    if (column + length > columns && column > indent) {
      result.back() = '\n';
      result.append(indent, ' ');
      column = indent;
    }
    result.append(text, start, length);
    result += ' ';
    column += length + 1;
    start = end + 1;
  }
  if (!result.empty()) result.pop_back();
  return result;
}

std::vector<std::string> splitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start <= text.size();) {
    std::size_t end = std::min(text.find(',', start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ",") + text;
  return all;
}

std::string trimmed(const std::string& text) {
  constexpr const char* kBlanks = " \t\r\n\v\f";
  std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

std::string didYouMean(const std::string& word, const std::vector<std::string>& known) {
  auto away = [letters = lettersOf(word)](const std::string& each) { return distance(letters, lettersOf(each)); };
  auto nearest = std::min_element(known.begin(), known.end(),
                                  [&](const std::string& a, const std::string& b) { return away(a) < away(b); });
  return nearest != known.end() && away(*nearest) <= 2 ? " (did you mean " + *nearest + "?)" : "";
}

std::optional<std::uint64_t> parseNumber(std::string_view text) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string messageOf(const Error& error) {
  return std::string(error.what()).substr(errorName(error.code()).size() + 2);
}

Value jsonNumber(std::uint64_t number) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  return Value(static_cast<long>(number < kMax ? number : kMax));
}

Value jsonArray(const std::vector<std::string>& texts) {
  Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

}  // namespace blazedb::cli
