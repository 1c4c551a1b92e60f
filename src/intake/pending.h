// A payload that the journal has and intake has not answered yet: what is needed to do so when the outcome is known, on
// whatever thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "event/payload_reader.h"
#include "http/byte_budget.h"
#include "http/server.h"
#include "intake/cors.h"
#include "intake/handler.h"

namespace sluice::intake {

// Bytes of a budget, for as long as it lives.
class MemoryCharge {
 public:
  MemoryCharge() = default;
  MemoryCharge(http::ByteBudget& budget, std::uint64_t bytes)
      : budget_(bytes == 0 || !budget.take(bytes) ? nullptr : &budget), bytes_(bytes) {}
  ~MemoryCharge() {
    if (budget_ != nullptr) budget_->give_back(bytes_);
  }
  MemoryCharge(MemoryCharge&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  // Takes more of the same budget or, with none so far, of `budget`. False: there was no room for it.
  bool grow(http::ByteBudget& budget, std::uint64_t bytes) {
    if (bytes == 0) return true;
    if (!budget.take(bytes)) return false;
    budget_ = &budget;
    bytes_ += bytes;
    return true;
  }
  // False: there was no room.
  bool taken() const { return bytes_ == 0 || budget_ != nullptr; }

 private:
  http::ByteBudget* budget_ = nullptr;
  std::uint64_t bytes_ = 0;
};

// What becomes one entry of the journal. A large payload has several, so that those who commit with it wait for one of
// them and not for all.
struct PayloadPart {
  std::string entry;
  event::EventKindCounts counts{};
  std::uint64_t events = 0;
  journal::DedupeKey dedupe_key{};
};

struct PendingAnswer : std::enable_shared_from_this<PendingAnswer> {
  PendingAnswer(Intake& from, IntakeLoopMetrics& counters, http::HttpResponder to)
      : intake(from), metrics(counters), responder(std::move(to)) {}

  // Gives the journal the next part. When all are durable it counts, keeps the dead letters and answers. Parts that are
  // stored when another is refused stay, and are repeats when the payload comes again.
  void append_next();

  Intake& intake;
  IntakeLoopMetrics& metrics;
  http::HttpResponder responder;
  std::function<void()> finished;  // called behind the answer; may be empty
  std::vector<PayloadPart> parts;  // at least one
  std::size_t next = 0;
  bool stored = false;  // one of them was no repeat
  MemoryCharge charge;
  http::HttpResponse success;  // 202, or the picture
  HttpHeaders cors_headers;    // for an answer that is no success
  ObjectId environment;
  std::int64_t received_ms = 0;
  std::int64_t started_us = 0;
  event::UnusableCounts unusable{};
  CredentialKind credential = CredentialKind::sdk_key;
  std::string dead_letters;  // as lines
  std::uint64_t dead_letter_count = 0;

 private:
  void part_done(journal::AppendOutcome outcome);
  void refuse(journal::AppendOutcome outcome);
  void succeed();
};

}  // namespace sluice::intake
