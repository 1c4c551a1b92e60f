// Events of an environment as they come, by pages and as a stream. Both read the journal itself: what is shown is what
// is durable.
#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>

#include <utility>

#include "api/event_stream.h"
#include "api/rest_query.h"
#include "api/rest_resources.h"
#include "base/json_string.h"
#include "event/envelope.h"
#include "export/event_filter.h"
#include "export/selection.h"

namespace sluice::api {
namespace {

constexpr std::size_t kEventsPage = 100, kMostEvents = 1000;
// Read from the journal at once: the admin loop waits for it.
constexpr std::uint64_t kEventsReadBytes = 1u << 20;
constexpr int kMostReads = 8;

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

// Writes events as one destination's records read, or as they are without one.
class EventLister {
 public:
  EventLister(const catalog::Environment& environment, const catalog::Destination* destination)
      : environment_(environment), destination_(destination) {
    if (destination != nullptr) filter_.emplace(*destination);
  }

  // Of the entry's events, those from the `from`th on.
  void add(const journal::JournalEntry& entry, std::size_t from, std::vector<EventItem>& items) {
    const auto view = event::EntryView::open(entry.entry);
    if (!view) return;
    const event::EnvelopeWriter envelope(
        *view, destination_ == nullptr
                   ? event::EnvelopeOptions{false, event::RecordFields{}, environment_.project_key, environment_.key}
                   : event::EnvelopeOptions{false, destination_->fields, environment_.project_key, environment_.key});
    event::EventSlot slot;
    event::EntryView::Walk walk;
    for (std::size_t index = 0; view->next(walk, slot); ++index) {
      if (index < from || slot.kind == event::EventKind::unusable) continue;
      std::shared_ptr<const std::string> rewritten;
      if (destination_ != nullptr) {
        if (!exporting::selects(*destination_, slot) || !filter_->matches(slot)) continue;
        rewritten = filter_->rewritten(slot);
        if (rewritten) slot.json = *rewritten;
      }
      items.push_back({fmt::format("{}.{}", entry.position.value, index), {}});
      EventItem& item = items.back();
      const EventNames names = names_of(slot.json);
      item.text = fmt::format(R"({{"position":"{}","receivedAt":{},"kind":"{}","id":{},"key":{},"record":)",
                              item.position, entry.received_ms, event::event_kind_name(slot.kind), names.id, names.key);
      envelope.append(item.text, slot);
      item.text += '}';
    }
  }

 private:
  const catalog::Environment& environment_;
  const catalog::Destination* destination_;
  std::optional<exporting::EventFilter> filter_;
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
  EventLister lister(environment->value, as ? &*as : nullptr);
  const auto reader = context.journal.reader(environment->value.id, std::min(page.next.entry, mark.end));
  for (int reads = 0; reads < asked.most_reads && page.items.size() < asked.limit && page.next.entry < end; ++reads) {
    const auto chunk = reader->read(kEventsReadBytes);
    if (!chunk && reader->failure())
      return refuse(503, "journal_read_failed",
                    "The journal cannot be read: " + reader->failure()->message + ". Check the disk, and ask again.");
    if (!chunk) {
      page.next = {std::max(page.next.entry, std::min(reader->position(), end)), 0};
      break;
    }
    for (const journal::JournalEntry& entry : chunk->entries) {
      if (entry.position >= end || page.items.size() >= asked.limit) break;
      lister.add(entry, entry.position == page.next.entry ? page.next.first_event : 0, page.items);
      page.next = {entry.next, 0};
    }
  }
  return page;
}

RestOutcome list_events(const RestContext& context, const RestCall& call) {
  auto question = question_of(call);
  if (!question) return tl::unexpected(question.error());
  if (call.accept.find(kEventStreamType) != std::string_view::npos) {
    question->most_reads = 1;  // twice a second, for each stream
    // Errors in the query are reported now, not in the stream.
    if (const auto possible = events_page(context, *question); !possible) return tl::unexpected(possible.error());
    RestAnswer answer;
    answer.stream = std::make_shared<EventStream>(context, std::move(*question));
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
  answer.text = text + fmt::format(R"(],"next":"{}"}})", page->next.entry.value);
  return answer;
}

}  // namespace sluice::api
