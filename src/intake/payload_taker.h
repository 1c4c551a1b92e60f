// Takes one payload: inflates it, reads it, and gives it to the journal as one entry, or as several that follow one
// another if it is large. The answer is 202 once all of it is durable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "event/payload_reader.h"
#include "intake/body_reader.h"
#include "intake/exchange.h"
#include "intake/flag_cache.h"
#include "intake/original_head.h"
#include "intake/pending.h"

namespace sluice::intake {

// One thread; each has its own, with buffers that it keeps from payload to payload.
class PayloadTaker {
 public:
  enum class Outcome : std::uint8_t {
    answered,
    stored_later,  // it is answered, and `finished` is called, when the journal has it: on any thread, perhaps already
    too_large,     // for this call: nothing was done
  };

  PayloadTaker(Intake& intake, IntakeLoopMetrics& metrics);

  // `most_bytes`: after inflation.
  Outcome take(Exchange& exchange, std::uint64_t most_bytes, std::function<void()> finished = {});

 private:
  // What is to be given to the journal; null: the payload holds nothing that is stored.
  using Read = tl::expected<std::shared_ptr<PendingAnswer>, Refused>;

  bool larger_than(const http::HttpRequest& request, std::uint64_t bytes) const;
  Read read(Exchange& exchange, std::string_view body);
  bool keep_original(const Exchange& exchange, MemoryCharge& charge);
  Read prepare(Exchange& exchange, const event::PayloadSource& source, std::vector<PayloadPart> parts,
               MemoryCharge charge, std::int64_t received_ms);
  void write_dead_letters(PendingAnswer& pending, const event::PayloadSource& source, std::int64_t received_ms);

  Intake& intake_;
  IntakeLoopMetrics& metrics_;
  event::PayloadReader reader_;
  FlagCache flags_;
  event::EntryWriter writer_;
  OriginalHead original_head_;
  BodyReader bodies_;
};

}  // namespace sluice::intake
