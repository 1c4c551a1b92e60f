#include "intake/payload_taker.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "base/text.h"
#include "intake/answers.h"
#include "intake/dedupe.h"
#include "intake/gif.h"
#include "intake/sdk_headers.h"

namespace sluice::intake {
namespace {

// An entry writer that a payload made larger than this is not kept.
constexpr std::size_t kKeptEntryBytes = 4 << 20;
constexpr const char* kTooMuchAtATime = "Sluice reads as much as it may at a time; send it again in a second.";
// Lines of dead letters of one payload; the journal has what is beyond.
constexpr std::size_t kMaxLetterBytes = 1 << 20;

std::uint64_t random_bits() {
  std::uint64_t bits;
  random_secret_bytes(&bits, sizeof bits);
  return bits;
}

// What reading takes beside a body counts as the bodies do.
class BudgetMemory final : public event::ParseMemory {
 public:
  explicit BudgetMemory(http::ByteBudget& budget) : budget_(budget) {}
  bool take(std::uint64_t bytes) override { return budget_.take(bytes); }
  void give_back(std::uint64_t bytes) override { budget_.give_back(bytes); }

 private:
  http::ByteBudget& budget_;
};

Refusal refusal_of(event::PayloadFault fault) {
  switch (fault) {
    case event::PayloadFault::over_a_limit:
      return Refusal::too_large;
    case event::PayloadFault::no_memory:
      return Refusal::overloaded;
    case event::PayloadFault::not_an_array:
      break;
  }
  return Refusal::not_a_payload;
}

http::HttpResponse success_of(const Route& route) {
  http::HttpResponse success;
  success.status = 202;
  if (route.endpoint != EndpointKind::gif) return success;
  success.status = 200;
  success.content_type = "image/gif";
  success.body = gif_picture();
  return success;
}

PayloadPart finished_part(const event::EntryWriter& entry, const journal::DedupeKey& dedupe_key) {
  PayloadPart part;
  part.counts = entry.counts();
  part.events = entry.event_count();
  part.dedupe_key = dedupe_key;
  part.entry.reserve(entry.finished_size());
  entry.finish(part.entry);
  return part;
}

}  // namespace

PayloadTaker::PayloadTaker(Intake& intake, IntakeLoopMetrics& metrics)
    : intake_(intake),
      metrics_(metrics),
      reader_(ObjectIdMinter(random_bits())),
      flags_(intake.flags),
      bodies_(intake.inflated, intake.limits.max_inflated_bytes) {}

// What can be known of it without inflating.
bool PayloadTaker::larger_than(const http::HttpRequest& request, std::uint64_t bytes) const {
  return std::max<std::uint64_t>(request.body.size(), announced_bytes(request.body)) > bytes &&
         (request.body.size() > bytes || request.has_header("Content-Encoding"));
}

PayloadTaker::Outcome PayloadTaker::take(Exchange& exchange, std::uint64_t most_bytes, std::function<void()> finished) {
  const bool whole = most_bytes >= intake_.limits.max_inflated_bytes;
  if (!whole && larger_than(exchange.request, most_bytes)) return Outcome::too_large;
  const auto body = bodies_.read(exchange.request, exchange.route.endpoint, most_bytes);
  if (!body && !whole && body.error().refusal == Refusal::too_large) {
    bodies_.release();
    return Outcome::too_large;
  }
  Read pending = body ? read(exchange, *body) : tl::unexpected(body.error());
  // Before the answer: whoever has it may send the next.
  bodies_.release();
  if (writer_.json().capacity() > kKeptEntryBytes) writer_ = event::EntryWriter();
  if (!pending) {
    exchange.refuse(pending.error());
    return Outcome::answered;
  }
  if (*pending == nullptr) {
    IntakeLoopMetrics::add(metrics_.payloads_empty);
    exchange.answer(success_of(exchange.route));
    return Outcome::answered;
  }
  (*pending)->finished = std::move(finished);
  (*pending)->append_next();
  return Outcome::stored_later;
}

PayloadTaker::Read PayloadTaker::read(Exchange& exchange, std::string_view body) {
  const auto refuse = [](Refusal refusal, std::string message) {
    return tl::unexpected(Refused{refusal, std::move(message)});
  };
  IntakeLoopMetrics::add(metrics_.bytes_inflated, body.size());
  const std::uint64_t larger = std::max(body.size(), exchange.request.body.size());  // gzip can make little of much
  if (!intake_.rates.take(exchange.environment->id, larger, exchange.started_us))
    return refuse(Refusal::overloaded, "This environment sends more than " +
                                           human_bytes(intake_.limits.max_environment_bytes_per_s) +
                                           " a second, which is intake.max_environment_bytes_per_s; send it again in "
                                           "a second.");

  const event::PayloadSource source =
      payload_source(exchange.request, exchange.route.credential, exchange.route.endpoint == EndpointKind::gif);
  const std::int64_t received_ms = intake_.clock.wall_ms();
  writer_.begin(exchange.environment->project_id, exchange.environment->id, received_ms, source);
  flags_.begin(*exchange.environment, source.unsummarized, received_ms, source.credential);
  MemoryCharge charge(intake_.inflated, body.size() > intake_.limits.max_uncharged_bytes ? body.size() : 0);
  if (!charge.taken()) return refuse(Refusal::overloaded, kTooMuchAtATime);
  std::vector<event::EntryWriter> read_parts;
  const event::PayloadParts in_parts{intake_.limits.part_bytes, [&] {
                                       read_parts.push_back(std::exchange(writer_, event::EntryWriter()));
                                       writer_.begin(exchange.environment->project_id, exchange.environment->id,
                                                     received_ms, source);
                                     }};
  const event::PayloadIdentity identity{intake_.event_id_secret, exchange.environment->id, source.credential,
                                        source.payload_id};
  BudgetMemory memory(intake_.inflated);
  if (const Result<void> read = reader_.read(body, source.schema, received_ms, writer_, &flags_, &memory, &in_parts,
                                             source.payload_id.empty() ? nullptr : &identity);
      !read)
    return refuse(refusal_of(reader_.fault()), read.error().message);
  if (reader_.not_exported() > 0) IntakeLoopMetrics::add(metrics_.events_not_exported, reader_.not_exported());
  if (intake_.catalog.keeps_originals(*exchange.environment) && !keep_original(exchange, charge))
    return refuse(Refusal::overloaded, kTooMuchAtATime);
  const journal::DedupeKey whole_key = dedupe_key(source.credential, source.payload_id, body);
  std::vector<PayloadPart> parts;
  for (std::size_t number = 0; number < read_parts.size(); ++number) {
    event::EntryWriter entry = std::move(read_parts[number]);
    if (entry.event_count() == 0) continue;
    entry.stamp_ids(reader_.newest_creation_s());
    parts.push_back(finished_part(entry, dedupe_key_of_part(whole_key, number, entry.events())));
  }
  if (writer_.event_count() > 0 || writer_.has_original()) {
    writer_.stamp_ids(reader_.newest_creation_s());
    parts.push_back(finished_part(writer_, whole_key));
  }
  return prepare(exchange, source, std::move(parts), std::move(charge), received_ms);
}

// Into the entry that is stored last: a small payload's only one, or one behind the parts of a large one. So its dedupe
// key is that of the whole payload, and the answer says that all of it is there. False: there is no memory for it.
bool PayloadTaker::keep_original(const Exchange& exchange, MemoryCharge& charge) {
  if (reader_.event_count() == 0) return true;
  const bool gif = exchange.route.endpoint == EndpointKind::gif;
  const std::string_view body = gif ? std::string_view() : exchange.request.body;
  if (!charge.grow(intake_.inflated, body.size() > intake_.limits.max_uncharged_bytes ? body.size() : 0)) return false;
  writer_.set_original(original_head_.of(exchange.request, exchange.route), body);
  return true;
}

PayloadTaker::Read PayloadTaker::prepare(Exchange& exchange, const event::PayloadSource& source,
                                         std::vector<PayloadPart> parts, MemoryCharge charge,
                                         std::int64_t received_ms) {
  if (parts.empty()) return nullptr;
  for (const PayloadPart& part : parts) {
    if (part.entry.size() <= intake_.journal.max_entry_bytes()) continue;
    return tl::unexpected(Refused{Refusal::too_large, "The payload is larger than the journal's largest entry, " +
                                                          human_bytes(intake_.journal.max_entry_bytes()) + "."});
  }

  const auto pending = std::make_shared<PendingAnswer>(intake_, metrics_, std::move(exchange.responder));
  pending->parts = std::move(parts);
  pending->charge = std::move(charge);
  pending->success = success_of(exchange.route);
  pending->cors_headers = exchange.cors();
  pending->environment = exchange.environment->id;
  pending->received_ms = received_ms;
  pending->started_us = exchange.started_us;
  pending->credential = source.credential;
  pending->unusable = reader_.unusable_counts();
  if (!reader_.unusable().empty()) write_dead_letters(*pending, source, received_ms);
  return pending;
}

void PayloadTaker::write_dead_letters(PendingAnswer& pending, const event::PayloadSource& source,
                                      std::int64_t received_ms) {
  for (const event::UnusableEvent& event : reader_.unusable()) {
    if (pending.dead_letters.size() > kMaxLetterBytes) break;
    append_dead_letter(
        pending.dead_letters,
        {received_ms, pending.environment, source.payload_id, source.sdk, event.position, event.reason, event.bytes},
        intake_.limits.max_dead_letter_event_bytes);
    ++pending.dead_letter_count;
  }
}

}  // namespace sluice::intake
