// Any body: it is left alone, or what is forwarded is the body without some of its events. An event that upstream does
// not track is found behind any other bytes, unless they make the body something that is no array of events.
#include "destinations/launchdarkly_events/payload_cutter.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/gzip_text.h"
#include "destinations/launchdarkly_events/gzip_body.h"
#include "destinations/launchdarkly_events/payload_array.h"

namespace {

using namespace sluice;
using launchdarkly_events::CutPayload;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Untracked final : event::FlagTracking {
  event::TrackedEvaluations tracked(std::string_view key, std::int64_t) const override {
    using Which = event::TrackedEvaluations::Which;
    return {key == "a" ? Which::none : key == "b" ? Which::unknown : Which::some};
  }
};

std::string original_of(std::string_view body, bool gzip) {
  std::string bytes;
  const event::OriginalHeader headers[] = {{"content-encoding", gzip ? "gzip" : "identity"}};
  event::append_original_head({"POST", "/bulk", ""}, headers, "id", bytes);
  return bytes.append(body);
}

std::optional<CutPayload> cut(std::string_view body, bool gzip, bool unsummarized) {
  const std::string bytes = original_of(body, gzip);
  event::PayloadSource source;
  source.schema = 4;
  source.unsummarized = unsummarized;
  launchdarkly_events::PayloadCutter cutter;
  return cutter.cut(*event::read_original(bytes), source, Untracked());
}

// The elements of `after` are some of those of `before`, in their order.
void judge(std::string_view before, const CutPayload& payload) {
  const auto whole = launchdarkly_events::payload_array(before);
  const auto rest = launchdarkly_events::payload_array(payload.body);
  require(whole && rest && payload.cut_events > 0);
  require(rest->before == whole->before && rest->behind == whole->behind);
  const std::size_t left = payload.is_empty ? 0 : rest->elements.size();
  require(whole->elements.size() == left + payload.cut_events);
  auto at = whole->elements.begin();
  for (std::size_t i = 0; i < left; ++i, ++at) {
    at = std::find(at, whole->elements.end(), rest->elements[i]);
    require(at != whole->elements.end());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto plain = cut(body, false, false);
  if (plain) judge(body, *plain);
  const auto again = plain ? cut(plain->body, false, false) : std::nullopt;
  require(!again);
  cut(body, true, false);
  if (const auto untracked = cut(body, false, true)) require(untracked->body.size() == size + untracked->cut_events);
  const auto gzip = cut(gzip_text(body), true, false);
  require(gzip.has_value() == plain.has_value());
  if (gzip) {
    const std::string bytes = original_of(gzip->body, true);
    require(launchdarkly_events::plain_body(*event::read_original(bytes)) == plain->body);
  }
  return 0;
}
