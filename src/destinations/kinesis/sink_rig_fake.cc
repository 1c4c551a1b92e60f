#include "destinations/kinesis/sink_rig_fake.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sluice::kinesis {

void FakeCredentials::rotate(std::vector<aws::CredentialsNote> notes) {
  auto created = std::make_shared<aws::Credentials>();
  created->access_key_id = "AKID" + std::to_string(++created_);
  created->secret_access_key = "secret";
  created->session_token = "token";
  created->notes = std::move(notes);
  current_ = std::move(created);
  error_.reset();
}

void FakeCredentials::hang() {
  current_.reset();
  error_.reset();
}

void FakeCredentials::lose(aws::CredentialsError error) {
  current_.reset();
  error_ = std::move(error);
}

void FakeCredentials::refuse(const std::shared_ptr<const aws::Credentials>& refused) {
  ++refusals;
  if (refused != current_) return;
  if (error_when_refused)
    error_ = error_when_refused;
  else if (rotate_when_refused)
    rotate();
}

Result<void> FakeDeadLetters::keep(std::span<const exporting::RejectedEvent> rejected) {
  if (fails) return fail("the disk is full");
  for (const exporting::RejectedEvent& each : rejected) letters.push_back(each.letter);
  ++syncs;
  most_at_once = std::max(most_at_once, rejected.size());
  return {};
}

std::vector<exporting::OutboundEvent> make_events(std::size_t count, std::size_t json_bytes,
                                                  std::uint64_t first_ticket) {
  event::EntryWriter writer;
  writer.begin(*ObjectId::parse("0123456789abcdef01234567"), *ObjectId::parse("89abcdef0123456701234567"),
               1'700'000'000'000, {});
  for (std::size_t i = 0; i < count; ++i) {
    std::string json = R"({"n":)" + std::to_string(first_ticket + i) + R"(,"pad":")";
    if (json.size() + 2 < json_bytes) json.append(json_bytes - 2 - json.size(), 'x');
    writer.json() += json + "\"}";
    writer.end_event(event::EventKind::custom, 2, false, 0, 0);
  }
  auto chunk = std::make_shared<journal::JournalChunk>();
  writer.finish(chunk->buffer);
  auto view = event::EntryView::open(chunk->buffer);
  SLUICE_CHECK(view.has_value(), "what was written can be read");
  auto entry = std::make_shared<exporting::OutboundEntry>();
  entry->chunk = chunk;
  entry->view = *view;
  entry->envelope = event::EnvelopeWriter(*view, event::EnvelopeOptions{});
  std::vector<exporting::OutboundEvent> events;
  event::EntryView::Walk walk;
  event::EventSlot slot;
  for (std::uint64_t ticket = first_ticket; view->next(walk, slot); ++ticket) events.push_back({ticket, entry, slot});
  return events;
}

KinesisSettings SinkRig::default_settings() {
  KinesisSettings settings;
  settings.region = "eu-west-1";
  settings.stream_name = "flag-events";
  settings.role_arn = "arn:aws:iam::123456789012:role/sluice-export";
  settings.external_id = "ext-1";
  return settings;
}

void add_event(PutRecordsBody& body, const exporting::OutboundEvent& event, Random& random,
               const std::optional<HashKey>& hash_key) {
  const auto key = random_partition_key(random);
  body.add(
      event.record_size(), [&](char* out) { return event.entry->envelope.write(out, event.slot); },
      {key.data(), key.size()}, hash_key);
}

SinkRig::SinkRig(KinesisSettings settings, std::uint32_t shards) : kinesis(shards) {
  KinesisSinkOptions options;
  options.seed = 7;
  options.endpoint = "https://kinesis.eu-west-1.amazonaws.com";
  options.identity = [] { return std::string("arn:aws:iam::999999999999:role/sluice"); };
  transport.answer_by([this](const http_client::HttpRequest& request) { return kinesis.answer(request); });
  sink = std::make_unique<KinesisSink>(std::move(settings), "to-kinesis", transport, credentials, clock, notifier,
                                       dead_letters, options);
}

void SinkRig::put(std::vector<exporting::OutboundEvent> events) {
  std::reverse(events.begin(), events.end());
  events.insert(events.end(), std::make_move_iterator(outside_.begin()), std::make_move_iterator(outside_.end()));
  accepted += events.size() - outside_.size();
  outside_ = std::move(events);
}

bool SinkRig::run(const std::function<bool()>& until, std::int64_t for_us) {
  const std::int64_t end_us = clock.steady_us() + for_us;
  while (!until()) {
    if (clock.steady_us() >= end_us) return false;
    for (; !outside_.empty() && sink->has_room(); outside_.pop_back()) sink->put(std::move(outside_.back()));
    const std::int64_t next_us = sink->step(clock.steady_us(), finished);
    if (until()) return true;
    if (transport.waiting() > 0 && !hangs) {
      clock.advance_us(round_trip_us);
      for (std::size_t i = transport.waiting(); i > 0; --i) transport.deliver_next();
    } else {
      clock.advance_us(std::max<std::int64_t>(1, std::min(next_us, end_us) - clock.steady_us()));
    }
  }
  return true;
}

bool SinkRig::run_until_all_finished(std::int64_t for_us) {
  return run([this] { return finished.size() >= accepted; }, for_us);
}

void SinkRig::run_for(std::int64_t us) {
  run([] { return false; }, us);
}

}  // namespace sluice::kinesis
