// What goes to a terminal: colours, aligned columns, a progress line; plain text everywhere else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace horde::tools {

enum class Style : std::uint8_t { plain, bold, dim, good, bad, note };

/// `text` in the colours of `style` if stdout is a terminal (and NO_COLOR is not set).
[[nodiscard]] std::string styled(Style style, std::string_view text);

/// Seconds with milliseconds, right-aligned: "    12.345s".
[[nodiscard]] std::string clock_text(base::Instant at);
/// "1,234,567".
[[nodiscard]] std::string grouped(std::int64_t number);
/// Three significant digits and the unit that suits: "3.21ms", "45.2 kB".
[[nodiscard]] std::string brief_time(std::int64_t nanoseconds);
[[nodiscard]] std::string brief_bytes(std::int64_t bytes);

/// Rows of cells in aligned columns, two blanks apart. The first column is left-aligned, the others
/// right-aligned.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows,
                                std::string_view indent);

/// Breaks `text` between words so that no line is longer than `columns`; later lines are indented.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t columns,
                                  std::string_view indent);

/// One line on stderr that is overwritten; nothing if stderr is no terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(std::string_view text);
  void clear();

 private:
  bool on_terminal_;
  std::size_t shown_ = 0;
};

}  // namespace horde::tools
