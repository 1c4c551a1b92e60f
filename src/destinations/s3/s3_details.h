// What the status shows of an S3 destination beside what all kinds have.
#pragma once

#include <cstdint>
#include <string>

#include "export/sink.h"

namespace sluice::s3 {

struct S3Details final : exporting::SinkDetails {
  std::uint64_t spool_bytes = 0, sealed_objects = 0, open_events = 0;
  // Since the process started.
  std::uint64_t objects = 0;
  std::string last_key;  // empty: none
  std::uint64_t last_bytes = 0, last_events = 0;
  std::int64_t last_ms = 0;
};

// Of an S3 destination, or one that does not run.
const S3Details& s3_details(const exporting::SinkStats& stats);

}  // namespace sluice::s3
