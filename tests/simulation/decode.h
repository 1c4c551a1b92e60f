// Records of every encoding as a consumer takes them apart: decompressed with their checksums, aggregated ones by a
// reader that shares nothing with the writer. Anything that a consumer could not read ends the run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "destinations/kinesis/scripted_kinesis_fake.h"
#include "framing/encoding.h"

namespace sluice::simulation {

// An event as a consumer reads it.
struct Taken {
  std::uint64_t mark;  // put there by the SDK
  std::string id;
};
Taken read_event(std::string_view line);

// What the record's bytes are, whatever its destination is set to now: of a destination that was changed, calls of
// before may arrive.
framing::Encoding encoding_of(std::string_view data);
// The record's lines, each with its newline. `shard` is the one that carries it: a consumer of aggregated records drops
// events whose hash key is not in it.
std::vector<std::string> lines_of(const kinesis::ScriptedKinesis::Record& record, const kinesis::Shard& shard);

}  // namespace sluice::simulation
