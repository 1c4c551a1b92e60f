// What a feed waits for while its source has not sent all flags (a `put`) on this connection: when that is said as a
// problem, and when the connection is given up. Pure.
//
// A put may be large and its line slow: a connection on which it arrives is kept, and a problem says how far it is.
#pragma once

#include <cstdint>

#include "http_client/event_source.h"

namespace sluice::relay {

// After an attempt began. LaunchDarkly, an ld-relay and Sluice send a put with the answer, within a second; people who
// look at the state of a source that does not are told what it lacks.
inline constexpr std::int64_t kSayAfterMs = 10'000;
// After it was connected. No slower than the source's own retries are, and long enough that a source that waits for its
// own flags is not asked all the time.
inline constexpr std::int64_t kGiveUpAfterMs = 60'000;
// A put that began, and of which no more comes: as long as a stream may say nothing
// (http_client::EventSourceSettings::idle_timeout_ms), which it does not if comments come.
inline constexpr std::int64_t kGiveUpUnfinishedAfterMs = 300'000;

enum class Awaited : std::uint8_t {
  nothing,
  answer,  // it was asked, and has not answered
  put,     // it is connected, and nothing of a put has come
  rest,    // of a put
};

// Times by Clock::steady_us().
struct PutWait {
  Awaited awaited = Awaited::nothing;
  std::int64_t say_us = INT64_MAX;      // when it becomes a problem
  std::int64_t give_up_us = INT64_MAX;  // when the connection is given up; of an answer the event source decides
};
// `has_put`: of this connection, or of the one before.
PutWait put_wait(const http_client::EventSourceProgress& progress, bool has_put);

// That it is awaited. Not of Awaited::nothing.
http_client::EventSourceProblem problem_of_wait(Awaited awaited, const http_client::EventSourceProgress& progress);
// That it did not come. `events`: of other names, on this connection.
http_client::EventSourceProblem problem_without_put(const http_client::EventSourceProgress& progress,
                                                    std::uint64_t events, std::int64_t now_us);

}  // namespace sluice::relay
