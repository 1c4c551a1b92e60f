// Whether SDKs send a flag's evaluations in full because of Sluice, and if not, why: answered for each flag that the
// REST API shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "api/rest_call.h"
#include "catalog/snapshot.h"
#include "relay/flag_feed.h"
#include "relay/served_flags.h"

namespace sluice::api {

// What is known of one environment's flag delivery.
struct FlagDeliveryFacts {
  bool has_source = false;
  bool as_sent = false;
  relay::FlagFeedStatus feed;                        // of the whole environment
  std::shared_ptr<const relay::ServedFlags> served;  // null: none yet
  std::size_t sdks = 0, sdks_with_flags = 0;         // that were seen; those of them that take their flags here
};

// One answer to the question, for people and programs.
struct FullSending {
  bool sent = false;
  std::string_view code;
  std::string_view message;
  std::int64_t since_ms = 0;  // 0: not known
};
// `exported`: the flag's switch, or what stands in its place. Pure.
FullSending full_sending(const FlagDeliveryFacts& facts, std::string_view key, bool exported);

RestJson full_sending_json(const FullSending& sending);

}  // namespace sluice::api
