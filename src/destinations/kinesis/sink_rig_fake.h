// A sink with all around it under a test's hand: the clock, the transport, Kinesis, credentials and dead letters. Time
// passes only in run(), from one deadline of the sink to the next.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "destinations/kinesis/kinesis_sink.h"
#include "destinations/kinesis/scripted_kinesis_fake.h"
#include "http_client/http_transport_fake.h"

namespace sluice::kinesis {

class FakeCredentials final : public destinations::CredentialsView {
 public:
  FakeCredentials() { rotate(); }
  std::shared_ptr<const aws::Credentials> current() const override { return current_; }
  std::optional<aws::CredentialsError> error() const override { return error_; }
  void refuse(const std::shared_ptr<const aws::Credentials>& refused) override;

  void rotate(std::vector<aws::CredentialsNote> notes = {});
  void lose(aws::CredentialsError error);
  void hang();  // neither credentials nor an error
  bool rotate_when_refused = true;
  std::optional<aws::CredentialsError> error_when_refused;  // instead: why there are no others
  int refusals = 0;

 private:
  std::shared_ptr<const aws::Credentials> current_;
  std::optional<aws::CredentialsError> error_;
  int created_ = 0;
};

class FakeDeadLetters final : public exporting::DeadLetterStore {
 public:
  Result<void> keep(std::span<const exporting::RejectedEvent> rejected) override;
  std::vector<exporting::DeadLetter> letters;
  std::size_t syncs = 0, most_at_once = 0;
  bool fails = false;
};

// Events whose JSON is {"n":<number>,"pad":"xxx…"}, in one entry.
std::vector<exporting::OutboundEvent> make_events(std::size_t count, std::size_t json_bytes,
                                                  std::uint64_t first_ticket = 0);

// A record of one event, under a random key.
void add_event(PutRecordsBody& body, const exporting::OutboundEvent& event, Random& random,
               const std::optional<HashKey>& hash_key);

class SinkRig {
 public:
  explicit SinkRig(KinesisSettings settings = default_settings(), std::uint32_t shards = 4);
  static KinesisSettings default_settings();

  void put(std::vector<exporting::OutboundEvent> events);  // as room comes
  // Until the condition holds or `for_us` of the rig's time have passed. False: it never held.
  bool run(const std::function<bool()>& until, std::int64_t for_us = 600'000'000);
  bool run_until_all_finished(std::int64_t for_us = 600'000'000);
  void run_for(std::int64_t us);

  ManualClock clock;
  ScriptedKinesis kinesis;
  http_client::HttpTransportFake transport{http_client::HttpTransportFake::When::on_demand};
  std::shared_ptr<FakeCredentials> credentials = std::make_shared<FakeCredentials>();
  FakeDeadLetters dead_letters;
  Notifier notifier;
  std::unique_ptr<KinesisSink> sink;
  std::vector<exporting::FinishedEvent> finished;
  std::size_t accepted = 0;
  std::int64_t round_trip_us = 10'000;
  bool hangs = false;  // no answer comes

 private:
  std::vector<exporting::OutboundEvent> outside_;  // in reverse
};

}  // namespace sluice::kinesis
