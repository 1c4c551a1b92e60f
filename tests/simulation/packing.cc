// What a run's world does to records of several events: encodings, CBOR, limits of bytes and of sizes.
#include <fmt/format.h>

#include <algorithm>

#include "run.h"

namespace sluice::simulation {
namespace {

constexpr std::uint64_t kKib = 1024;
// A record, and a call, of this size holds any event of those that SDKs send with so much in them.
std::uint64_t least_limit_bytes(std::uint64_t pad_bytes) { return (pad_bytes > 1'000 ? 24 : 4) * kKib; }

}  // namespace

void Run::draw_packing(Tracked& destination) {
  destination.encoding = static_cast<framing::Encoding>(packing_random_.below(framing::kEncodingNames.size()));
  const std::uint64_t record_kib = 25 + packing_random_.below(176);
  destination.record_kib = framing::is_packed(destination.encoding) ? record_kib : 0;
  destination.linger_ms = static_cast<std::int64_t>(packing_random_.below(1'001));
}

void Run::draw_stream(std::size_t number) {
  Stream& stream = cloud_.stream(number);
  stream.cbor_answer = static_cast<CborAnswer>(packing_random_.below(kCborAnswers));
  switch (packing_random_.below(3)) {
    case 0:
      stream.cbor_understood = 0;
      break;
    case 1:
      stream.cbor_understood = 1 + packing_random_.below(60);
      break;
    default:
      break;
  }
  stream.kinesis.may_describe = packing_random_.below(5) != 0;
  if (refuses_large_ && packing_random_.below(3) == 0)
    stream.kinesis.max_record_bytes = least_limit_bytes(sdk_.pad_bytes) + kKib * packing_random_.below(100);
  tell(fmt::format("{} understands {} calls in CBOR, then {}; {}, records of {} bytes", far_name(Kind::kinesis, number),
                   stream.cbor_understood, static_cast<int>(stream.cbor_answer),
                   stream.kinesis.may_describe ? "described" : "not described", stream.kinesis.max_record_bytes));
}

void Run::trouble_packing() {
  if (surges_ && packing_random_.below(40) == 0) {
    for (std::uint64_t count = 10 + packing_random_.below(30); count > 0; --count) {
      ledger_.payloads.push_back(sdk_.make(packing_random_.below(environments_), clock_.wall_ms()));
      send(ledger_.payloads.size() - 1);
    }
  }
  if (ledger_.destinations.empty() || packing_random_.below(4) != 0) return;
  const Tracked& destination = ledger_.destinations[packing_random_.below(ledger_.destinations.size())];
  if (destination.kind != Kind::kinesis) return;
  StreamFaults& faults = cloud_.stream(destination.stream).faults;
  const bool better = packing_random_.below(3) == 0;
  if (throttles_bytes_) faults.bytes_per_s = better ? 0 : 2'000 + packing_random_.unit() * 60'000;
  if (!refuses_large_) return;
  const std::uint64_t limit = least_limit_bytes(sdk_.pad_bytes) + packing_random_.below(60 * kKib);
  const bool of_requests = packing_random_.below(2) == 0;
  faults.record_bytes = better || of_requests ? UINT64_MAX : limit;
  faults.request_bytes = better || !of_requests ? UINT64_MAX : limit;
}

}  // namespace sluice::simulation
