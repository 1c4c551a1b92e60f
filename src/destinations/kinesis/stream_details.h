// What a Kinesis sink knows of its stream, for the destination's status.
#pragma once

#include <cstdint>

#include "export/sink.h"

namespace sluice::kinesis {

struct StreamDetails final : exporting::SinkDetails {
  std::uint32_t open_shards = 0;  // 0: unknown
  bool on_demand = false;         // the stream's capacity; only when open_shards is known
};

// Of a Kinesis destination's statistics; all unknown when its sink has told nothing yet.
inline const StreamDetails& stream_details(const exporting::SinkStats& stats) {
  static const StreamDetails unknown;
  const auto* details = dynamic_cast<const StreamDetails*>(stats.details.get());
  return details != nullptr ? *details : unknown;
}

}  // namespace sluice::kinesis
