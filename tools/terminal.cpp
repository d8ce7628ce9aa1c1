#include "tools/terminal.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace horde::tools {
namespace {

bool colours() {
  static const bool on = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  return on;
}

std::string_view code_of(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::bold:
      return "\x1b[1m";
    case Style::dim:
      return "\x1b[2m";
    case Style::good:
      return "\x1b[32m";
    case Style::bad:
      return "\x1b[1;31m";
    case Style::note:
      return "\x1b[33m";
  }
  return "";
}

/// Columns that a text takes; escape sequences take none.
std::size_t width(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = std::min(text.find('m', i), text.size() - 1);
    } else {
      ++columns;
    }
  }
  return columns;
}

std::string brief(double value, std::string_view unit) {
  const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}{}", value, decimals, unit);
}

}  // namespace

std::string styled(Style style, std::string_view text) {
  if (!colours() || style == Style::plain) {
    return std::string(text);
  }
  return fmt::format("{}{}\x1b[0m", code_of(style), text);
}

std::string clock_text(base::Instant at) {
  return fmt::format("{:>10.3f}s", static_cast<double>(at.ns) / 1e9);
}

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string brief_time(std::int64_t nanoseconds) {
  struct Unit {
    double scale;
    std::string_view name;
  };
  constexpr std::array kUnits{Unit{1e9, "s"}, Unit{1e6, "ms"}, Unit{1e3, "us"}};
  const auto value = static_cast<double>(nanoseconds);
  for (const Unit& unit : kUnits) {
    if (value >= unit.scale) {
      return brief(value / unit.scale, unit.name);
    }
  }
  return fmt::format("{}ns", nanoseconds);
}

std::string brief_bytes(std::int64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (value >= 1e6) {
    return brief(value / 1e6, " MB");
  }
  return value >= 1e3 ? brief(value / 1e3, " kB") : fmt::format("{} B", bytes);
}

std::string table(const std::vector<std::vector<std::string>>& rows, std::string_view indent) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line(indent);
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width(row[i]), ' ');
      line += i == 0 ? row[i] + padding : "  " + padding + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string wrapped(std::string_view text, std::size_t columns, std::string_view indent) {
  std::string out;
  std::size_t room = columns;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!out.empty() && word.size() + 1 > room) {
      out += '\n' + std::string(indent);
      room = columns - std::min(columns, indent.size());
    } else if (!out.empty()) {
      out += ' ';
      --room;
    }
    out += word;
    room -= std::min(room, word.size());
  }
  return out;
}

ProgressLine::ProgressLine() : on_terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(std::string_view text) {
  if (on_terminal_) {
    const std::string padding(shown_ > text.size() ? shown_ - text.size() : 0, ' ');
    fmt::print(stderr, "\r{}{}", text, padding);
    std::fflush(stderr);
    shown_ = text.size();
  }
}

void ProgressLine::clear() {
  if (shown_ != 0) {
    fmt::print(stderr, "\r{}\r", std::string(shown_, ' '));
    shown_ = 0;
  }
}

}  // namespace horde::tools
