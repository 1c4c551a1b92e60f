// The sink of a destination whose settings cannot work: has no room, loses nothing, and says why.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "export/sink.h"

namespace sluice::destinations {

exporting::Problem problem_of_settings(std::string_view reason);

class BlockedSink final : public exporting::Sink {
 public:
  BlockedSink(std::string_view reason, const Clock& clock);
  bool has_room() const override { return false; }
  void put(exporting::OutboundEvent) override {}
  std::int64_t step(std::int64_t, std::vector<exporting::FinishedEvent>&) override { return INT64_MAX; }
  std::optional<exporting::Problem> problem() const override { return problem_; }
  std::vector<exporting::Problem> notes() const override { return {}; }
  exporting::SinkStats stats() const override { return {}; }
  void stop() override {}

 private:
  exporting::Problem problem_;
};

}  // namespace sluice::destinations
