// A payload that the journal has and intake has not answered yet: what is needed to do so when the outcome is known, on
// whatever thread.
#pragma once

#include <cstdint>
#include <string>

#include "event/payload_reader.h"
#include "http/server.h"
#include "intake/cors.h"
#include "intake/handler.h"

namespace sluice::intake {

struct PendingAnswer {
  PendingAnswer(Intake& from, IntakeLoopMetrics& counters, http::HttpResponder to)
      : intake(from), metrics(counters), responder(std::move(to)) {}

  // Counts, keeps the dead letters and answers. Once.
  void finish(journal::AppendOutcome outcome);

  Intake& intake;
  IntakeLoopMetrics& metrics;
  http::HttpResponder responder;
  http::HttpResponse success;  // 202, or the picture
  HttpHeaders cors_headers;    // for an answer that is no success
  ObjectId environment;
  std::int64_t started_us = 0;
  std::uint64_t events = 0;
  event::UnusableCounts unusable{};
  CredentialKind credential = CredentialKind::sdk_key;
  std::string dead_letters;  // as lines
  std::uint64_t dead_letter_count = 0;
};

}  // namespace sluice::intake
