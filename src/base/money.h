#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dealpace {

// Money is a whole number of fen (1/100 yuan) in 64 bits: up to 9.2e16 yuan. Sums never round.
// Quantities are whole numbers of thousandths (0.328 kg of goods is 328). Scores and hours are hundredths, like money.
inline constexpr int64_t kFenPerYuan = 100;
inline constexpr int64_t kQuantityOne = 1000;

// An exact decimal number, digits × 10^-scale: what a cell of a file says, before it is rounded to a unit.
struct Decimal {
  __int128 digits = 0;
  int scale = 0;
};

// Reads a decimal number as people write it: sign, thousands commas (ASCII or full-width), one point, an optional
// currency sign (¥ ￥ $ 元 RMB CNY), a trailing 万 (×10 000) or 亿 (×10^8), "%" (÷100), accounting parentheses for a
// negative number, and an exponent. Nothing when the text is not one number, or has more than 30 digits.
[[nodiscard]] std::optional<Decimal> ParseDecimal(std::string_view text);

[[nodiscard]] Decimal Multiply(const Decimal& a, const Decimal& b);
// The number in units of 1/`per_one`, rounded half away from zero; nothing when it does not fit 62 bits.
[[nodiscard]] std::optional<int64_t> ToUnits(const Decimal& number, int64_t per_one);

// "1234.50": yuan with two decimals, no grouping.
[[nodiscard]] std::string FormatFen(int64_t fen);
// Thousandths as a decimal number without trailing zeros: 328 → "0.328", 2000 → "2".
[[nodiscard]] std::string FormatQuantity(int64_t thousandths);
// A number for people: grouped thousands, `decimals` places, rounded half away from zero. 62.5, 0 → "63".
[[nodiscard]] std::string FormatRounded(double value, int decimals, bool grouped = true);
// Rounds half away from zero to `decimals` places, forgiving the binary error of a decimal half (0.285 → 0.29).
[[nodiscard]] double RoundHalfAway(double value, int decimals);

}  // namespace dealpace
