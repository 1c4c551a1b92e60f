// Brings sealed objects into the bucket: signed calls, two objects at once, a pause after what failed, and its problems
// in words. What is in an object, and what happens to it afterwards, is up to the caller. One thread, but
// for the answers. Times are of the steady clock, in microseconds.
//
//   may_begin() ─▶ begin(object) ─▶ PUT, HEAD as Upload says ─▶ take_answers(): ended
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aws/clock_skew.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/random.h"
#include "destinations/call_mailbox.h"
#include "destinations/call_stats.h"
#include "destinations/circuit_breaker.h"
#include "destinations/credentials_use.h"
#include "destinations/problem_book.h"
#include "destinations/s3/manifest.h"
#include "destinations/s3/object_request.h"
#include "destinations/s3/problems.h"
#include "destinations/s3/upload.h"
#include "http_client/http_transport.h"

namespace sluice::s3 {

inline constexpr std::size_t kMaxUploads = 2;

struct UploaderOptions {
  BucketFacts bucket;
  std::string region;
  std::string external_id;
  bool may_look_first = true;  // a store that does not know If-None-Match is asked by HEAD from then on
  DestinationFacts facts;
  std::uint64_t seed = 0;  // of jitter
  destinations::CircuitBreakerOptions breaker = {};
  // ARN that Sluice runs as, for remedies; empty: not known yet. Called until it is.
  std::function<std::string()> identity = {};
};

struct EndedUpload {
  enum class How : std::uint8_t {
    done,      // the bucket has it
    failed,    // begin it again when may_begin()
    doubtful,  // the same; the bytes may not be those that were sealed
    denied,    // the same; S3 refuses to store something under this key
    taken,     // the same, under another key: something else lies under this one
  };
  std::uint64_t number = 0;
  How how = How::failed;
  std::string version_id;
};

class Uploader {
 public:
  // All references outlive it.
  Uploader(std::string destination_name, http_client::HttpTransport& transport,
           std::shared_ptr<destinations::CredentialsView> credentials, const Clock& clock, Notifier& notifier,
           UploaderOptions options);

  // Before the others, with the same time. Appends what ended.
  void take_answers(std::int64_t now_us, std::vector<EndedUpload>& ended);
  bool may_begin(std::int64_t now_us);
  // Only while may_begin(), and a number that is not under way.
  void begin(std::uint64_t number, Manifest manifest, std::shared_ptr<const http_client::HttpBody> body,
             std::int64_t now_us);
  // Answers to what is under way mean nothing any more.
  void forget_all() { flights_.clear(); }
  // Looks at what takes too long. Returns when it wants the next call; `waiting`: something is to be begun.
  std::int64_t step(std::int64_t now_us, bool waiting);

  std::size_t in_flight() const { return flights_.size(); }
  destinations::ProblemBook& problems() { return problems_; }
  const destinations::ProblemBook& problems() const { return problems_; }
  const destinations::CallStats& call_stats() const { return call_stats_; }
  const DestinationFacts& facts() const { return facts_; }

 private:
  struct Flight {
    std::uint64_t number;
    Manifest manifest;
    std::shared_ptr<const http_client::HttpBody> body;
    Upload upload;
    std::int64_t started_us = 0;  // of the call under way
    std::shared_ptr<const aws::Credentials> credentials;
  };
  void send(Flight flight, std::int64_t now_us);
  void take(Flight flight, const destinations::CallAnswer& answer, std::int64_t now_us,
            std::vector<EndedUpload>& ended);
  void fail(const Flight& flight, const ObjectAnswer& answer, Asked asked, std::int64_t now_us,
            std::vector<EndedUpload>& ended);
  void open_breaker(const ObjectAnswer& answer, exporting::Problem problem, ErrorClass why, std::int64_t started_us,
                    std::int64_t now_us);
  void close_breaker();

  const std::string name_;
  const Clock& clock_;
  UploaderOptions options_;
  BucketFacts& bucket_;
  DestinationFacts& facts_;
  Random random_;
  destinations::CallMailbox mailbox_;
  aws::ClockSkew skew_;
  aws::SigningKeyCache keys_;
  destinations::CredentialsUse credentials_;
  destinations::CircuitBreaker breaker_;
  destinations::ProblemBook problems_;
  destinations::CallStats call_stats_;
  std::map<std::uint64_t, Flight> flights_;  // by the mailbox's number
  std::vector<destinations::CallAnswer> answers_;
};

}  // namespace sluice::s3
