// Kinesis's operations other than putting records: streams, shards, resharding, reading.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html
#pragma once

#include <string>
#include <string_view>

#include "kinesim/simulator.h"

namespace kinesim {

struct OperationCall {
  std::string_view name;  // "CreateStream"
  std::string_view body;
  bool cbor = false;
  const Principal& principal;
};

// Writes the body of the answer. UnknownOperationException for a name that the simulator does not know.
ApiResult<void> run_operation(Simulator& simulator, const OperationCall& call, Answer& answer);

}  // namespace kinesim
