#include "destinations/launchdarkly_events/tee_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "export/original_letter.h"

namespace sluice::launchdarkly_events {
namespace {

std::size_t lane_of(const exporting::OutboundEvent& event) {
  return std::min(static_cast<std::size_t>(event.entry->view.source().credential), kCredentialKinds - 1);
}

constexpr std::int64_t kJournalAskedAgainUs = 1'000'000;

// Of a payload that the journal holds no more: its dead letter names the place.
std::shared_ptr<const exporting::OutboundEntry> gone_entry(journal::Position position) {
  auto entry = std::make_shared<exporting::OutboundEntry>();
  entry->position = position;
  entry->envelope = event::EnvelopeWriter::verbatim(false);
  return entry;
}

// Dead letters are lines of JSON, and a payload is any bytes: as base64, for export/dead_letter_retry.h too.
void dead_letter_of(const exporting::OutboundEvent& event, std::string& out) {
  exporting::append_original_letter(event.slot.json, out);
}

}  // namespace

TeeSink::TeeSink(const catalog::Destination& destination, http_client::HttpTransport& transport,
                 const http_client::OutboundPolicy* policy, std::function<catalog::CatalogPointer()> catalog,
                 const event::UpstreamTracking* tracking, const Clock& clock, Notifier& notifier,
                 exporting::DeadLetterStore& dead_letters, std::uint64_t seed)
    : settings_(settings_of(destination)),
      environment_(destination.environment_id),
      clock_(clock),
      catalog_(std::move(catalog)),
      tracking_(tracking),
      random_(seed),
      mailbox_(transport, clock, notifier),
      lanes_{Lane(CredentialKind::sdk_key, settings_, policy, clock_, mailbox_, call_stats_, cutter_, random_),
             Lane(CredentialKind::mobile_key, settings_, policy, clock_, mailbox_, call_stats_, cutter_, random_),
             Lane(CredentialKind::client_side_id, settings_, policy, clock_, mailbox_, call_stats_, cutter_, random_)},
      rejected_(destination.name, dead_letters, clock_, dead_letter_of) {}

// A lane that is full and waits for LaunchDarkly's return stops reading: the journal keeps what comes. One that waits
// for a person does so only while it is alone.
bool TeeSink::has_room() const {
  return std::ranges::all_of(lanes_, [&](const Lane& lane) {
    return !lane.is_full() || (lane.is_parked() && (read_again_ || others_lately(lane, clock_.steady_us())));
  });
}

bool TeeSink::others_lately(const Lane& lane, std::int64_t now_us) const {
  return std::ranges::any_of(lanes_, [&](const Lane& other) {
    return &other != &lane && !other.is_parked() && now_us - other.last_put_us() < kOthersLatelyUs;
  });
}

bool TeeSink::is_too_old(const exporting::OutboundEvent& event) const {
  return clock_.wall_ms() - event.entry->view.received_ms() > settings_.max_age_ms;
}

Done TeeSink::too_old(exporting::OutboundEvent event) const {
  return {std::move(event), false, "too_old",
          fmt::format("The payload is older than {}: LaunchDarkly would count it at the wrong time. The setting is "
                      "maxAge.",
                      human_duration_ms(settings_.max_age_ms))};
}

void TeeSink::put(exporting::OutboundEvent event) {
  ++events_inside_;
  bytes_inside_ += event.record_size();
  if (is_too_old(event)) {
    done_.push_back(too_old(std::move(event)));
    return;
  }
  Lane& lane = lanes_[lane_of(event)];
  // Behind those that sleep already, so that they are sent in about the order they came.
  if (read_again_ && lane.is_parked() && (lane.is_full() || !lane.asleep().empty())) {
    bytes_inside_ -= event.record_size();
    lane.put_to_sleep(event);
    return;
  }
  lane.put(std::move(event));
}

void TeeSink::give_up_parked(std::int64_t now_us) {
  int left = kMostGivenUp;
  for (Lane& lane : lanes_)
    while ((read_again_ ? window_full_ : lane.is_full()) && left > 0 && lane.is_parked() &&
           others_lately(lane, now_us)) {
      auto oldest = lane.give_up_oldest();
      if (!oldest) break;
      done_.push_back(std::move(*oldest));
      --left;
    }
  window_full_ = false;
}

std::int64_t TeeSink::wake(Lane& lane, std::int64_t now_us) {
  for (int left = kMostReadAgain; !lane.asleep().empty() && !lane.is_full(); --left) {
    if (left == 0) return now_us;
    const Lane::Asleep next = lane.asleep().front();
    auto read = read_again_(next.ticket, next.place);
    if (!read) return now_us + kJournalAskedAgainUs;  // the pipeline tells that the journal cannot be read
    lane.asleep().pop_front();
    if (!*read) {
      exporting::OutboundEvent gone{next.ticket, gone_entry(next.place.entry), {}, nullptr, next.place.event};
      bytes_inside_ += gone.record_size();
      done_.push_back({std::move(gone), false, "journal_entry_gone",
                       "The journal holds the payload no more: it was damaged on disk, or removed."});
      continue;
    }
    bytes_inside_ += (*read)->record_size();
    if (is_too_old(**read))
      done_.push_back(too_old(std::move(**read)));
    else
      lane.put(std::move(**read));
  }
  return INT64_MAX;
}

std::int64_t TeeSink::step(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) {
  mailbox_.take(answers_);
  for (destinations::CallAnswer& answer : answers_)
    for (Lane& lane : lanes_)
      if (lane.take(answer, now_us, done_)) break;
  answers_.clear();
  give_up_parked(now_us);
  std::int64_t next_us = INT64_MAX;
  if (read_again_)
    for (Lane& lane : lanes_) next_us = std::min(next_us, wake(lane, now_us));
  if (!stopped_) {
    const catalog::CatalogPointer catalog = catalog_();
    const catalog::Environment* environment = catalog ? catalog->environment(environment_) : nullptr;
    const auto tracking = tracking_ == nullptr ? nullptr : tracking_->of(environment_);
    for (Lane& lane : lanes_) {
      next_us = std::min(next_us, lane.send(now_us, environment, tracking.get(), done_));
      next_us = std::min(next_us, lane.watch(now_us));
    }
  }
  settle(now_us, finished);
  return std::min(next_us, rejected_.due_us());
}

void TeeSink::settle(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) {
  const auto finish = [&](const exporting::OutboundEvent& event, bool delivered) {
    const auto bytes = static_cast<std::uint32_t>(event.record_size());
    finished.push_back({event.ticket, delivered, bytes});
    --events_inside_;
    bytes_inside_ -= bytes;
  };
  for (Done& done : done_) {
    if (done.delivered)
      finish(done.event, true);
    else
      rejected_.add(destinations::HeldRecord(std::move(done.event)), std::move(done.code), std::move(done.reason));
  }
  done_.clear();
  stored_.clear();
  rejected_.flush(now_us, problems_, stored_);
  for (const destinations::HeldRecord& record : stored_) finish(record.events.front(), false);
}

std::optional<exporting::Problem> TeeSink::problem() const {
  std::optional<exporting::Problem> worst = problems_.worst();
  for (const Lane& lane : lanes_) {
    auto problem = lane.problems().worst();
    if (problem && (!worst || problem->weight > worst->weight)) worst = std::move(problem);
  }
  return worst;
}

// What troubles a lane while the others deliver is in the notes as well as in the problem: the problem names one.
std::vector<exporting::Problem> TeeSink::notes() const {
  std::vector<exporting::Problem> notes = problems_.notes(clock_.wall_ms());
  const auto shown = problem();
  for (const Lane& lane : lanes_) {
    for (exporting::Problem& note : lane.problems().notes(clock_.wall_ms())) notes.push_back(std::move(note));
    auto problem = lane.problems().worst();
    if (!problem || (shown && shown->message == problem->message)) continue;
    problem->weight = exporting::Problem::Weight::note;
    notes.push_back(std::move(*problem));
  }
  return notes;
}

exporting::SinkStats TeeSink::stats() const {
  exporting::SinkStats stats;
  call_stats_.fill(stats);
  auto details = std::make_shared<TeeDetails>();
  for (const Lane& lane : lanes_) {
    stats.calls_in_flight += lane.calls_in_flight();
    details->lanes.push_back({lane.kind(), lane.payloads(), lane.problems().worst()});
    details->cut_events += lane.cut_events();
  }
  stats.events_inside = events_inside_;
  stats.bytes_inside = bytes_inside_;
  stats.details = std::move(details);
  return stats;
}

std::optional<exporting::Receipt> TeeSink::last_receipt() const {
  const auto last = std::ranges::max_element(lanes_, {}, &Lane::last_delivered_us);
  if (last->last_status() == 0) return std::nullopt;
  const std::string status = std::to_string(last->last_status());
  return exporting::Receipt{{{"httpStatus", status}, {"uri", settings_.uri_for(last->kind())}},
                            fmt::format("{}, answered {}", settings_.uri_for(last->kind()), status)};
}

}  // namespace sluice::launchdarkly_events
