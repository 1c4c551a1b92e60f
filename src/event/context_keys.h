// contextKeys for events whose SDK sent only the whole context: {"user":"u1","org":"o1"}, kind to key.
#pragma once

#include <string>
#include <vector>

#include "event/json_walk.h"

namespace sluice {

// A context of more kinds than this is left without contextKeys: SDKs and LaunchDarkly know a handful.
inline constexpr std::size_t kMaxContextKinds = 64;

// One thread; reused from event to event.
class ContextKeys {
 public:
  // Appends the object for a checked context, names and keys as sent; false, and nothing appended, if the context is
  // odd: it has no kind or key, or they are no strings. Of a multi-kind context, only the kinds that are odd are left
  // out.
  bool append(const JsonWalk& walk, const std::vector<JsonMember>& context, std::string& out);

 private:
  bool append_single(const JsonWalk& walk, const std::vector<JsonMember>& context, std::string_view kind,
                     std::string& out);
  bool append_multi(const JsonWalk& walk, const std::vector<JsonMember>& context, std::string& out);

  std::vector<JsonMember> members_;
};

}  // namespace sluice
