#include "destinations/s3/event_place.h"

#include <fmt/format.h>

namespace sluice::s3 {

std::string place_text(const EventPlace& place) {
  return place.event == 0 ? fmt::format("{:016x}", place.entry.value)
                          : fmt::format("{:016x}.{:06}", place.entry.value, place.event);
}

}  // namespace sluice::s3
