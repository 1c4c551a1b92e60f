// The calculator of what Kinesis costs, as a question in texts and an answer in JSON: what GET /api/v2/kinesis-cost and
// `sluice cost` share, so that they cannot differ. The arithmetic is in cost.h. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/result.h"
#include "destinations/cost_calculator.h"
#include "destinations/kinesis/cost.h"

namespace sluice::kinesis {

using destinations::CostField;
using destinations::CostNames;

inline constexpr std::array<CostField, 8> kCostFields = {{
    {"eventsPerMonth", "--events-per-month", 0, kMostEventsPerMonth, "Events a month: 250000, 10M, 1G, 100G"},
    {"eventsPerSecond", "--events-per-second", 0, kMostEventsPerSecond, "Instead: the mean of a second"},
    {"peakEventsPerSecond", "--peak-events-per-second", 0, kMostEventsPerSecond,
     "In the busiest second; default: 3 x the mean"},
    {"bytesPerEvent", "--bytes-per-event", 1, kMostBytesPerEvent, "Bytes of an event's record; default: 400"},
    {"compressionRatio", "--compression-ratio", 1, kMostCompressionRatio, "Times smaller when compressed; default: 5"},
    {"fill", "--fill", kLeastFill, 1, "How full records are, 0.01 to 1; default: 1"},
    {"encoding", "--encoding", 0, 0, "One of those below; default: all"},
    {"mode", "--mode", 0, 0, "provisioned or on-demand; default: both"},
}};

struct CostQuestion {
  Traffic traffic;
  std::optional<framing::Encoding> encoding;  // nothing: all
  std::optional<CapacityMode> mode = {};      // nothing: both
};

// `texts`: what is given, by its name in a query; empty ones count as not given. An error names the value by `names`.
Result<CostQuestion> cost_question(const std::map<std::string, std::string>& texts, CostNames names);

nlohmann::ordered_json cost_answer_json(const CostQuestion& question);
// The same for a terminal.
destinations::CostTable cost_table(const nlohmann::ordered_json& answer);

class KinesisCost final : public destinations::CostCalculator {
 public:
  std::span<const CostField> fields() const override { return kCostFields; }
  Result<nlohmann::ordered_json> answer(const std::map<std::string, std::string>& texts,
                                        CostNames names) const override;
  destinations::CostTable table(const nlohmann::ordered_json& answer) const override { return cost_table(answer); }
  std::string_view summary() const override { return "Compute what a Kinesis stream costs a month; needs no server"; }
  std::string_view examples() const override;
};

}  // namespace sluice::kinesis
