// The calculator of what Kinesis costs, as a question in texts and an answer in JSON: what GET /api/v2/kinesis-cost and
// `sluice cost` share, so that they cannot differ. The arithmetic is in kinesis/cost.h. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/result.h"
#include "kinesis/cost.h"

namespace sluice::api {

// A question's values have two names: in a query and on the command line. There, numbers may be short, too: 10M, 1.5G.
enum class CostNames : std::uint8_t { query, flags };
struct CostField {
  const char* query;
  const char* flag;
  double least, most;  // both 0: it is a word
  const char* help;
};
inline constexpr std::array<CostField, 8> kCostFields = {{
    {"eventsPerMonth", "--events-per-month", 0, kinesis::kMostEventsPerMonth, "Events a month: 250000, 10M, 1G, 100G"},
    {"eventsPerSecond", "--events-per-second", 0, kinesis::kMostEventsPerSecond, "Instead: the mean of a second"},
    {"peakEventsPerSecond", "--peak-events-per-second", 0, kinesis::kMostEventsPerSecond,
     "In the busiest second; default: 3 x the mean"},
    {"bytesPerEvent", "--bytes-per-event", 1, kinesis::kMostBytesPerEvent, "Bytes of an event's record; default: 400"},
    {"compressionRatio", "--compression-ratio", 1, kinesis::kMostCompressionRatio,
     "Times smaller when compressed; default: 5"},
    {"fill", "--fill", kinesis::kLeastFill, 1, "How full records are, 0.01 to 1; default: 1"},
    {"encoding", "--encoding", 0, 0, "One of those below; default: all"},
    {"mode", "--mode", 0, 0, "provisioned or on-demand; default: both"},
}};

struct CostQuestion {
  kinesis::Traffic traffic;
  std::optional<catalog::Encoding> encoding;       // nothing: all
  std::optional<kinesis::CapacityMode> mode = {};  // nothing: both
};

// `texts`: what is given, by its name in a query; empty ones count as not given. An error names the value by `names`.
Result<CostQuestion> cost_question(const std::map<std::string, std::string>& texts, CostNames names);

nlohmann::ordered_json cost_answer_json(const CostQuestion& question);

}  // namespace sluice::api
