// Any bytes as an entry: refused, or safe to walk and to make records of.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "event/envelope.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto entry = sluice::event::EntryView::open({reinterpret_cast<const char*>(data), size});
  if (!entry) return entry.error().message.empty() ? std::abort(), 0 : 0;
  const sluice::event::EnvelopeWriter envelope(*entry, {});
  sluice::event::EntryView::Walk position;
  sluice::event::EventSlot event;
  std::string record;
  std::size_t walked = 0;
  std::uint32_t count = 0;
  while (entry->next(position, event)) {
    record.clear();
    envelope.append(record, event);
    if (record.size() != envelope.size(event)) std::abort();
    walked += event.json.size();
    if (sluice::event::event_kind_name(event.kind).empty() || event.key.size() > event.json.size()) std::abort();
    ++count;
  }
  const auto& source = entry->source();
  walked += source.sdk.size() + source.wrapper.size() + source.tags.size() + source.instance_id.size() +
            source.payload_id.size();
  if (walked > size || count != entry->event_count()) std::abort();
  return 0;
}
