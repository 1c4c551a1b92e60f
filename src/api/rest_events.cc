// Events of an environment as they come, by pages and as a stream. Both read the journal itself: what is shown is what
// is durable.
#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>

#include <utility>

#include "api/event_stream.h"
#include "api/rest_api.h"
#include "api/rest_query.h"
#include "api/rest_resources.h"
#include "base/json_string.h"
#include "base/text.h"
#include "event/envelope.h"
#include "export/event_filter.h"
#include "export/selection.h"

namespace sluice::api {
namespace {

constexpr std::size_t kEventsPage = 100, kMostEvents = 1000;
// Read from the journal at once: the admin loop waits for it.
constexpr std::uint64_t kEventsReadBytes = 1u << 20;
constexpr int kMostReads = 8;
// A record beyond this is told by its size, with a link to the whole: people read none of that size in a list.
constexpr std::size_t kShownRecordBytes = 64u << 10;
// Of events that one page looks at, and of its text: what a stranger sends in one payload is shown over several pages.
constexpr std::size_t kPageBytes = 4u << 20;
// Sluice writes an event's kind and id first.
constexpr std::size_t kIdWithinBytes = 256;

// An event's id and key, as JSON: a text, or null.
struct EventNames {
  std::string id = "null", key = "null";
};

// Looks at the members one after the other and builds nothing: an event may have a hundred thousand of them.
EventNames names_of(std::string_view event_json) {
  EventNames names;
  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded(event_json);
  simdjson::ondemand::document document;
  simdjson::ondemand::object event;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(event) != simdjson::SUCCESS)
    return names;
  for (auto field : event) {
    std::string_view name, text;
    simdjson::ondemand::value value;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS || field.value().get(value) != simdjson::SUCCESS) break;
    if (name != "id" && name != "key") continue;
    if (value.get_string().get(text) != simdjson::SUCCESS) continue;
    std::string& out = name == "id" ? names.id : names.key;
    out.clear();
    append_json_string(out, text);
    if (names.id != "null" && names.key != "null") break;
  }
  return names;
}

// The same of an event that is too long to be looked through, from where Sluice writes them.
EventNames names_of_long(const event::EventSlot& slot) {
  EventNames names;
  if (!slot.key.empty()) names.key = fmt::format("\"{}\"", slot.key);  // as it stands in JSON
  constexpr std::string_view kBefore = "\"id\":\"";
  const std::string_view start = slot.json.substr(0, kIdWithinBytes);
  const std::size_t at = start.find(kBefore);
  if (at == std::string_view::npos) return names;
  const std::string_view id = start.substr(at + kBefore.size(), ObjectId::kHexDigits);
  if (ObjectId::parse(id)) names.id = fmt::format("\"{}\"", id);
  return names;
}

// Writes events as one destination's records read, or as they are without one. Of a destination that forwards payloads:
// the events in them, as they are.
class EventLister {
 public:
  EventLister(const catalog::Environment& environment, const catalog::Destination* destination, bool whole)
      : environment_(environment),
        asked_for_(destination),
        destination_(destination != nullptr && destination->wants_originals ? nullptr : destination),
        whole_(whole) {
    if (destination_ != nullptr) filter_.emplace(*destination_);
  }

  // Of the entry's events, those from the `from`th on, until `items` has `limit`, or the page is full. The place in the
  // entry where it continues; 0: nothing is left of it.
  std::size_t add(const journal::JournalEntry& entry, std::size_t from, std::size_t limit,
                  std::vector<EventItem>& items) {
    if (asked_for_ != destination_ && entry.counts[static_cast<std::size_t>(event::EventKind::original)] == 0) return 0;
    const auto view = event::EntryView::open(entry.entry);
    if (!view) return 0;
    const event::EnvelopeWriter envelope(
        *view, destination_ == nullptr
                   ? event::EnvelopeOptions{false, event::RecordFields{}, environment_.project_key, environment_.key}
                   : event::EnvelopeOptions{false, destination_->fields, environment_.project_key, environment_.key});
    event::EventSlot slot;
    event::EntryView::Walk walk;
    for (std::size_t index = 0; view->next(walk, slot); ++index) {
      if (index < from || !event::is_export_event(slot.kind)) continue;
      if (items.size() >= limit || bytes_ >= kPageBytes) return index;
      bytes_ += slot.json.size();
      std::shared_ptr<const std::string> rewritten;
      if (destination_ != nullptr) {
        if (!exporting::selects(*destination_, slot) || !filter_->matches(slot)) continue;
      }
      const bool cut = !whole_ && slot.json.size() > kShownRecordBytes;
      if (destination_ != nullptr && !cut) rewritten = filter_->rewritten(slot);
      if (rewritten) slot.json = *rewritten;
      items.push_back({fmt::format("{}.{}", entry.position.value, index), {}});
      EventItem& item = items.back();
      const EventNames names = slot.json.size() > kShownRecordBytes ? names_of_long(slot) : names_of(slot.json);
      item.text = fmt::format(R"({{"position":"{}","receivedAt":{},"kind":"{}","id":{},"key":{},"record":)",
                              item.position, entry.received_ms, event::event_kind_name(slot.kind), names.id, names.key);
      if (cut) {
        item.text += fmt::format(R"(null,"eventBytes":{},"whole":{{"href":"{}","type":"application/json"}})",
                                 slot.json.size(), whole_href(item.position));
      } else {
        envelope.append(item.text, slot);
      }
      item.text += '}';
    }
    return 0;
  }
  bool full() const { return bytes_ >= kPageBytes; }

 private:
  std::string whole_href(const std::string& position) const {
    return fmt::format("/api/v2/events/{}/{}?at={}{}", percent_encoded(environment_.project_key),
                       percent_encoded(environment_.key), position,
                       asked_for_ == nullptr ? "" : "&destination=" + asked_for_->id.hex());
  }

  const catalog::Environment& environment_;
  const catalog::Destination* asked_for_;
  const catalog::Destination* destination_;  // whose filters and fields apply
  const bool whole_;
  std::optional<exporting::EventFilter> filter_;
  std::size_t bytes_ = 0;  // of the events looked at
};

// A number, or a number and an event's place in that entry.
std::optional<EventPlace> place_of(std::string_view text) {
  EventPlace place;
  const char* const end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, place.entry.value);
  if (read.ec != std::errc()) return std::nullopt;
  if (read.ptr != end) {
    if (*read.ptr != '.') return std::nullopt;
    std::size_t index = 0;
    read = std::from_chars(read.ptr + 1, end, index);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    place.first_event = index + 1;
  }
  return place;
}

RestResult<EventsQuestion> question_of(const RestCall& call) {
  EventsQuestion question{call.path[0], call.path[1], call.query_one("destination"), {}, kEventsPage, kMostReads};
  const auto limit = number_in_query(call, "limit", kEventsPage, 1, kMostEvents);
  if (!limit) return tl::unexpected(limit.error());
  question.limit = *limit;
  // A browser that lost the stream says where it was in this header, whatever the address says.
  std::string after(call.last_event_id);
  if (after.empty()) after = call.query_one("after");
  if (after.empty()) return question;
  const auto place = place_of(after);
  if (!place)
    return invalid(
        fmt::format("after: \"{}\" is not valid; expected the `next` of a page, or an event's `position`.", after));
  question.after = *place;
  return question;
}

}  // namespace

RestResult<EventsPage> events_page(const RestContext& context, const EventsQuestion& asked) {
  const auto environment = context.catalog.environment(asked.project, asked.environment);
  if (!environment)
    return not_found(fmt::format("There is no environment \"{}/{}\".", asked.project, asked.environment));
  std::optional<catalog::Destination> as;
  if (!asked.destination.empty()) {
    const auto parsed = ObjectId::parse(asked.destination);
    const auto found = parsed ? context.catalog.destination(*parsed) : std::nullopt;
    if (!found || found->value.environment_id != environment->value.id)
      return not_found(fmt::format("The environment \"{}/{}\" has no destination {}.", asked.project, asked.environment,
                                   asked.destination));
    as = found->value;
  }
  const journal::EnvironmentMark mark = context.journal.mark(environment->value.id);
  journal::Position end = mark.end;
  if (as) {
    const auto status = context.exporter.status(as->id);
    end = status && status->destination.on ? std::min(end, status->pipeline.position) : journal::Position{};
  }
  EventsPage page;
  page.next.entry = asked.after.entry.value > 0 ? asked.after.entry : mark.recent.value > 0 ? mark.recent : end;
  page.next.first_event = asked.after.entry.value > 0 ? asked.after.first_event : 0;
  EventLister lister(environment->value, as ? &*as : nullptr, asked.whole);
  const auto reader = context.journal.reader(environment->value.id, std::min(page.next.entry, mark.end));
  const auto goes_on = [&] { return page.items.size() < asked.limit && !lister.full() && page.next.entry < end; };
  for (int reads = 0; reads < asked.most_reads && goes_on(); ++reads) {
    const auto chunk = reader->read(kEventsReadBytes);
    if (!chunk && reader->failure())
      return refuse(503, "journal_read_failed",
                    "The journal cannot be read: " + reader->failure()->message + ". Check the disk, and ask again.");
    if (!chunk) {
      page.next = {std::max(page.next.entry, std::min(reader->position(), end)), 0};
      break;
    }
    for (const journal::JournalEntry& entry : chunk->entries) {
      if (entry.position >= end || page.items.size() >= asked.limit || lister.full()) break;
      const std::size_t from = entry.position == page.next.entry ? page.next.first_event : 0;
      const std::size_t rest = lister.add(entry, from, asked.limit, page.items);
      page.next = rest > 0 ? EventPlace{entry.position, rest} : EventPlace{entry.next, 0};
      if (rest > 0) break;
    }
  }
  return page;
}

// One event, whole, however large: on the worker's thread.
RestOutcome whole_event(const RestContext& context, const RestCall& call, const std::string& at) {
  const std::size_t dot = at.find('.');
  auto place = place_of(at);
  if (!place || dot == std::string::npos)
    return invalid(fmt::format("at: \"{}\" is not valid; expected an event's `position`.", at));
  --place->first_event;  // place_of() says what comes after it
  const EventsQuestion question{call.path[0], call.path[1], call.query_one("destination"), *place, 1, 1, true};
  RestAnswer answer;
  answer.later = [&context, question, at](const std::atomic<bool>&) -> RestAnswer {
    auto page = events_page(context, question);
    if (page && (page->items.empty() || page->items.front().position != at))
      page =
          not_found(fmt::format("There is no event at {}: the journal keeps it no more, or it is not delivered.", at));
    RestAnswer found;
    if (page) {
      found.text = std::move(page->items.front().text);
    } else {
      found.status = page.error().status;
      found.text = rest_error_text(page.error().code, page.error().message);
    }
    return found;
  };
  return answer;
}

RestOutcome list_events(const RestContext& context, const RestCall& call) {
  if (const std::string at = call.query_one("at"); !at.empty()) return whole_event(context, call, at);
  auto question = question_of(call);
  if (!question) return tl::unexpected(question.error());
  if (call.accept.find(kEventStreamType) != std::string_view::npos) {
    question->most_reads = 1;  // twice a second, for each stream
    // Errors in the query are reported now, not in the stream.
    if (const auto possible = events_page(context, *question); !possible) return tl::unexpected(possible.error());
    RestAnswer answer;
    answer.events = std::make_shared<EventStream>(context, std::move(*question));
    return answer;
  }
  auto page = events_page(context, *question);
  if (!page) return tl::unexpected(page.error());
  std::string text = R"({"items":[)";
  bool first = true;
  for (const EventItem& item : page->items) {
    if (!std::exchange(first, false)) text += ',';
    text += item.text;
  }
  RestAnswer answer;
  answer.text = text + fmt::format(R"(],"next":"{}"}})", place_text(page->next));
  return answer;
}

}  // namespace sluice::api
