// What a destination sends as one record: one event, or several packed together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "export/sink.h"

namespace sluice::framing {

struct Record {
  std::vector<exporting::OutboundEvent> events;  // never empty, in the order they came
  std::string data;         // of a compressed record; empty for others, whose data is written when they are sent
  std::uint32_t bytes = 0;  // of the data as it is sent, without the partition key
};

// Bytes of the events behind each other, each as the envelope writes it.
std::size_t lines_size(const Record& record);
// Writes them to lines_size() bytes; returns their end.
char* write_lines(const Record& record, char* out);

}  // namespace sluice::framing
