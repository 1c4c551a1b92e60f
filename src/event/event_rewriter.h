// Changes inside an exported event, for a destination that asked for them: context attributes and keys that are dropped
// or hashed, and sampling, which multiplies samplingRatio. Also what such a destination needs of an event: its context
// kinds. Events of destinations that ask for nothing never come here, so that nothing is parsed twice for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/entry.h"

namespace sluice::event {

// A reference to a context attribute as LaunchDarkly writes them: "email", or "/address/street" with ~1 for / and ~0
// for ~ (https://launchdarkly.com/docs/sdk/features/private-attributes).
struct AttributeReference {
  std::string text;
  std::vector<std::string> path;
};
Result<AttributeReference> parse_attribute_reference(std::string_view text);

// What one destination must not see in the clear.
struct ContextPrivacy {
  std::vector<std::string> drop;          // references; a dropped one is added to _meta.redactedAttributes
  std::vector<std::string> hash;          // references; the value becomes a hash
  std::vector<std::string> hash_keys_of;  // context kinds whose keys become hashes; "*": all
  std::string secret;                     // of the hash
  bool is_active() const { return !drop.empty() || !hash.empty() || !hash_keys_of.empty(); }
  bool operator==(const ContextPrivacy&) const = default;
};

inline constexpr std::size_t kLeastSecretBytes = 16;

// The hash of a text: the first 32 hex digits of HMAC-SHA-256. Equal texts stay equal, so that events of
// one context can still be joined.
std::string private_hash(std::string_view secret, std::string_view text);

// One thread.
class EventRewriter {
 public:
  // References and secret have been checked.
  EventRewriter(const ContextPrivacy& privacy, std::uint32_t sample_one_in);
  ~EventRewriter();

  // Whether sampling keeps the event; decided by its id alone, so that every destination of a rate, and a repeat after
  // a restart, decides alike. Kinds that describe a context rather than something that happened are always kept.
  bool keeps(const EventSlot& event) const;
  // Appends the event as the destination gets it.
  void rewrite(const EventSlot& event, std::string& out);
  // The kinds of the event's contexts; none for an event without. Valid until the next call. A user of an old SDK is of
  // the kind "user".
  const std::vector<std::string>& context_kinds(const EventSlot& event);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::event
