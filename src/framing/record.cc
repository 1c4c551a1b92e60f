#include "framing/record.h"

#include "event/envelope.h"

namespace sluice::framing {

std::size_t lines_size(const Record& record) {
  std::size_t bytes = 0;
  for (const exporting::OutboundEvent& event : record.events) bytes += event.record_size();
  return bytes;
}

char* write_lines(const Record& record, char* out) {
  for (const exporting::OutboundEvent& event : record.events) out = event.entry->envelope.write(out, event.slot);
  return out;
}

}  // namespace sluice::framing
