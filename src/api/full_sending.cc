#include "api/full_sending.h"

namespace sluice::api {
namespace {

FullSending no(std::string_view code, std::string_view message, std::int64_t since_ms = 0) {
  return {false, code, message, since_ms};
}

}  // namespace

FullSending full_sending(const FlagDeliveryFacts& facts, std::string_view key, bool exported) {
  if (facts.as_sent)
    return no("asSent",
              "The environment exports evaluations as SDKs send them, so Sluice changes no flag. Select flags to have "
              "their switches decide.");
  if (!exported) return no("exportOff", "Export is off for this flag.");
  if (!facts.has_source)
    return no("noFlagSource", "The environment has no flag source, so SDKs do not take this flag from Sluice.");
  if (!facts.served) {
    if (facts.feed.problem.empty()) return no("noFlagsYet", "The flag source has sent no flags yet.");
    return no("sourceAway", "The flag source is unavailable, and has sent no flags yet.", facts.feed.since_ms);
  }
  switch (facts.served->served_as(key)) {
    case relay::ServedAs::unknown:
      return no("unknownFlag", "The flag source does not have this flag.");
    case relay::ServedAs::unreadable:
      return no("unreadable", "This flag's data could not be read, and is delivered as it came.");
    case relay::ServedAs::as_it_came:
      return no("notYet", "The switch is on its way to the flags that SDKs are served.");
    case relay::ServedAs::switched_on:
      break;
  }
  if (facts.sdks_with_flags == 0) return no("noSdk", "No SDK takes its flags from Sluice yet.");
  if (!facts.feed.is_connected)
    return {true, "sourceAway",
            "SDKs send this flag in full, by the flags that the source sent last: it is unavailable.",
            facts.feed.since_ms};
  if (facts.sdks_with_flags < facts.sdks)
    return {true, "someSdks", "SDKs that take their flags from Sluice send this flag in full. Others do not yet."};
  return {true, "inFull", "SDKs send this flag in full."};
}

RestJson full_sending_json(const FullSending& sending) {
  RestJson out = {{"sent", sending.sent}, {"code", sending.code}, {"message", sending.message}};
  if (sending.since_ms > 0) out["since"] = sending.since_ms;
  return out;
}

}  // namespace sluice::api
