#include "event/reading_fake.h"

#include <memory>

#include "base/check.h"
#include "event/envelope.h"

namespace sluice::event {

ReadPayload read_payload(std::string_view body, int schema) {
  constexpr std::int64_t kReceivedMs = 1'700'000'000'000;
  // Exactly as large as promised, so that a sanitizer sees whoever reads on.
  const auto buffer = std::make_unique<char[]>(body.size() + kPayloadPadding);
  body.copy(buffer.get(), body.size());
  std::fill_n(buffer.get() + body.size(), kPayloadPadding, ']');

  PayloadSource source;
  source.schema = static_cast<std::uint8_t>(schema);
  EntryWriter writer;
  writer.begin(*ObjectId::parse("5744c96707c9900708000004"), *ObjectId::parse("578d1e02d2943862c52b9686"), kReceivedMs,
               source);
  PayloadReader reader{ObjectIdMinter(0)};
  ReadPayload payload;
  const auto read = reader.read({buffer.get(), body.size()}, source.schema, kReceivedMs, writer);
  SLUICE_CHECK(std::string_view(buffer.get(), body.size()) == body, "the reader leaves the body as it is");
  if (!read) {
    payload.error = read.error().message;
    return payload;
  }
  for (const UnusableEvent& unusable : reader.unusable()) payload.unusable_reasons.push_back(unusable.reason);

  std::string bytes;
  writer.finish(bytes);
  SLUICE_CHECK(bytes.size() == writer.finished_size(), "an entry has the size that was announced");
  const auto entry = EntryView::open(bytes);
  SLUICE_CHECK(entry.has_value(), "an entry that was written opens");
  const EnvelopeWriter envelope(*entry, {});
  EntryView::Walk position;
  EventSlot slot;
  while (entry->next(position, slot)) {
    ReadEvent& event = payload.events.emplace_back(
        ReadEvent{std::string(slot.json), std::string(slot.key), slot.kind, slot.version, slot.in_experiment, {}});
    envelope.append(event.record, slot);
    SLUICE_CHECK(event.record.size() == envelope.size(slot), "a record has the size that was announced");
  }
  return payload;
}

ReadEvent read_event(std::string_view event, int schema) {
  const ReadPayload payload = read_payload("[" + std::string(event) + "]", schema);
  SLUICE_CHECK(payload.events.size() == 1, "the test's event is one event");
  return payload.events.front();
}

}  // namespace sluice::event
