// What Sluice knows of a sealed spool file. On disk: docs/s3-spool-format.md, "Manifest".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "destinations/s3/event_place.h"

namespace sluice::s3 {

struct Manifest {
  std::string key;
  EventPlace first, last;
  std::uint64_t size_bytes = 0;
  std::string sha256_hex;
  std::uint64_t events = 0;
  std::uint64_t uncompressed_bytes = 0;
  std::string content_type;
  std::int64_t sealed_ms = 0;
  std::string settings_revision;
  std::string selection = {};  // empty: not noted
  std::vector<std::string> earlier_sha256_hex;
  bool operator==(const Manifest&) const = default;

  bool holds(const EventPlace& place) const { return first <= place && place <= last; }
};

std::string manifest_text(const Manifest& manifest);
// Any bytes. An error names the member and what is wrong with it.
Result<Manifest> parse_manifest(std::string_view text);

}  // namespace sluice::s3
