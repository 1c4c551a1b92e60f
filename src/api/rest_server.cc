// The server as a whole, and what an environment receives.
#include <fmt/format.h>

#include "api/rest_query.h"
#include "api/rest_resources.h"
#include "api/status.h"
#include "aws/endpoints.h"
#include "event/envelope.h"
#include "export/event_filter.h"
#include "export/selection.h"

namespace sluice {
namespace {

constexpr std::size_t kEventsPage = 100, kMostEvents = 1000;
// Read from the journal for one answer: the admin loop waits for it.
constexpr std::uint64_t kEventsReadBytes = 1u << 20;
constexpr int kMostReads = 8;

// Writes events as one destination's records read, or as they are without one.
class EventLister {
 public:
  EventLister(const Environment& environment, const Destination* destination)
      : environment_(environment), destination_(destination) {
    if (destination != nullptr) filter_.emplace(*destination);
  }

  void add(const JournalEntry& entry, RestJson& items) {
    const auto view = EntryView::open(entry.entry);
    if (!view) return;
    const EnvelopeWriter envelope(
        *view, destination_ == nullptr
                   ? EnvelopeOptions{false, RecordFields{}, environment_.project_key, environment_.key}
                   : EnvelopeOptions{false, destination_->fields, environment_.project_key, environment_.key});
    EventSlot slot;
    EntryView::Walk walk;
    for (std::size_t index = 0; view->next(walk, slot); ++index) {
      if (slot.kind == EventKind::unusable) continue;
      std::shared_ptr<const std::string> rewritten;
      if (destination_ != nullptr) {
        if (!selects(*destination_, slot) || !filter_->takes(slot)) continue;
        rewritten = filter_->rewritten(slot);
        if (rewritten) slot.json = *rewritten;
      }
      std::string text;
      envelope.append(text, slot);
      RestJson record = RestJson::parse(text, nullptr, false);
      if (record.is_discarded()) continue;
      const RestJson& event = record.value("event", record);
      const RestJson key = event.is_object() && event.contains("key") ? event["key"] : RestJson(nullptr);
      const RestJson id = event.is_object() && event.contains("id") ? event["id"] : RestJson(nullptr);
      items.push_back({{"position", fmt::format("{}.{}", entry.position.value, index)},
                       {"receivedAt", entry.received_ms},
                       {"kind", event_kind_name(slot.kind)},
                       {"id", id},
                       {"key", key.is_string() ? key : RestJson(nullptr)},
                       {"record", std::move(record)}});
    }
  }

 private:
  const Environment& environment_;
  const Destination* destination_;
  std::optional<EventFilter> filter_;
};

}  // namespace

RestOutcome server_status(const RestContext& context, const RestCall&) {
  RestJson status = brief_status_json(context.view);
  const std::string principal = context.principal(KinesisSettings{});
  status["identity"] = principal.empty() ? RestJson(nullptr) : RestJson(principal);
  status["managed"] = true;
  return RestAnswer{200, std::move(status)};
}

RestOutcome list_regions(const RestContext&, const RestCall&) {
  RestJson items = RestJson::array();
  for (const aws::Partition& partition : aws::partitions())
    for (const aws::Region& region : aws::regions_of(partition.name))
      items.push_back({{"name", region.name}, {"description", region.description}, {"partition", partition.name}});
  return RestAnswer{200, {{"items", std::move(items)}}};
}

// Reads the journal itself: what is shown is what is durable.
RestOutcome list_events(const RestContext& context, const RestCall& call) {
  const auto environment = context.catalog.environment(call.path[0], call.path[1]);
  if (!environment) return not_found(fmt::format("There is no environment \"{}/{}\".", call.path[0], call.path[1]));
  const auto limit = number_in_query(call, "limit", kEventsPage, 1, kMostEvents);
  const auto after = number_in_query(call, "after", 0, 0, UINT64_MAX);
  if (!limit) return tl::unexpected(limit.error());
  if (!after) return tl::unexpected(after.error());
  std::optional<Destination> as;
  if (const std::string id = call.query_one("destination"); !id.empty()) {
    const auto parsed = ObjectId::parse(id);
    const auto found = parsed ? context.catalog.destination(*parsed) : std::nullopt;
    if (!found || found->value.environment_id != environment->value.id)
      return not_found(fmt::format("The environment \"{}/{}\" has no destination {}.", call.path[0], call.path[1], id));
    as = found->value;
  }
  const EnvironmentMark mark = context.journal.mark(environment->value.id);
  Position end = mark.end;
  if (as) {
    const auto status = context.exporter.status(as->id);
    end = status && status->destination.on ? std::min(end, status->pipeline.position) : Position{};
  }
  const Position from = *after > 0 ? Position{*after} : mark.recent.value > 0 ? mark.recent : end;
  RestJson items = RestJson::array();
  EventLister lister(environment->value, as ? &*as : nullptr);
  const auto reader = context.journal.reader(environment->value.id, std::min(from, mark.end));
  Position next = from;
  for (int reads = 0; reads < kMostReads && items.size() < *limit && next < end; ++reads) {
    const auto chunk = reader->read(kEventsReadBytes);
    if (!chunk) {
      next = std::max(next, std::min(reader->position(), end));
      break;
    }
    for (const JournalEntry& entry : chunk->entries) {
      if (entry.position >= end || items.size() >= *limit) break;
      lister.add(entry, items);
      next = entry.next;
    }
  }
  return RestAnswer{200, {{"items", std::move(items)}, {"next", std::to_string(next.value)}}};
}

}  // namespace sluice
