// Any bytes as a body: what a destination's wishes make of each exported event is JSON that keeps the event's kind and
// id, and without wishes it is the event itself, byte for byte.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "event/event_rewriter.h"
#include "event/json_grammar.h"
#include "event/reading_fake.h"

namespace {

void require(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::event;
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  EventRewriter plain(ContextPrivacy{}, 1);
  EventRewriter wishing({{"email", "/a/b"}, {"name", "/a/c"}, {"*"}, "a secret of the test"}, 3);
  for (const ReadEvent& event : read_payload(body, 1 + data[0] % 4).events) {
    if (event.kind == EventKind::unusable) continue;
    EventSlot slot;
    slot.json = event.json;
    slot.kind = event.kind;
    slot.version = static_cast<std::uint8_t>(event.version);
    std::string same, changed;
    plain.rewrite(slot, same);
    require(same == event.json, "changed without a wish", same);
    wishing.rewrite(slot, changed);
    require(check_json(changed).has_value(), "no JSON", changed);
    const std::size_t kind_and_id = event.json.find("\"id\":\"") + 31;
    require(changed.substr(0, kind_and_id) == event.json.substr(0, kind_and_id), "another kind or id", changed);
    wishing.keeps(slot);
    wishing.context_kinds(slot);
  }
  return 0;
}
