#pragma once

#include <cstdint>
#include <string>

namespace dealpace {

// What JsonWriter writes for a number, appended to a text: for whoever puts pieces of JSON together himself.
void AppendJsonInt(std::string& text, int64_t number);
void AppendJsonNumber(std::string& text, double number);

}  // namespace dealpace
