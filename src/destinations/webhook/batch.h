// Batches of events as one request each: lines (NDJSON) or a JSON array, compressed if wanted. A batch is full with so
// many events or bytes, or when its oldest event has waited for the linger time. Batches are given in the order of
// their events.
//
// A batch's id is derived from what is in it, before compression, and from whom it is for. It is the same in every
// attempt and every process that forms the same batch, in whatever journal the events lie, and differs when anything in
// the batch does: a receiver that drops a request whose id it knows loses nothing. After a restart events may be
// batched otherwise than before; their own ids tell those that came twice.
//
// One thread. Times are of the steady clock, in microseconds. It holds what put() got and take() did not give.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "export/sink.h"
#include "framing/compressor.h"

namespace sluice::webhook {

enum class BodyFormat : std::uint8_t { ndjson, json_array };

inline constexpr std::size_t kDefaultBatchEvents = 500;
inline constexpr std::size_t kDefaultBatchBytes = 1u << 20;
inline constexpr std::int64_t kDefaultLingerUs = 1'000'000;

struct BatchOptions {
  BodyFormat format = BodyFormat::ndjson;
  std::optional<framing::Compressor::Format> compression;
  std::size_t max_events = kDefaultBatchEvents;
  std::size_t max_bytes = kDefaultBatchBytes;  // before compression; an event that is larger is alone in its batch
  std::int64_t linger_us = kDefaultLingerUs;
  // The destination's id, and what the delivery is for if it is not the first: a replay is meant to be taken again.
  std::string recipient;
};

struct Batch {
  std::vector<exporting::OutboundEvent> events;  // never empty, in the order they came
  std::string id;                                // webhook-id
  std::string body;                              // as it is sent
  std::size_t plain_bytes = 0;                   // of the body before compression
};

class BatchBuilder {
 public:
  explicit BatchBuilder(BatchOptions options);

  void put(exporting::OutboundEvent event);
  // The waiting time of what was put in since the last call begins. take() does the same; call it while none is taken.
  void advance(std::int64_t now_us);
  // A full batch, or what has lingered long enough, or with `flush` whatever there is.
  std::optional<Batch> take(std::int64_t now_us, bool flush);
  // When to call take() again at the latest: 0 for at once, INT64_MAX for never.
  std::int64_t due_us() const;

  std::size_t events() const { return held_.size(); }
  std::size_t bytes() const { return held_bytes_; }

  // Two batches of the same events, for one that was refused for its size. It has two events or more. The halves of a
  // batch have the same ids whenever it is halved.
  std::pair<Batch, Batch> halve(Batch batch);

  // Writes the body again, as it was when the batch was formed by this builder: for one that lost it to a request.
  void restore_body(Batch& batch);

  // content-type, and content-encoding if the body is compressed.
  std::vector<std::pair<std::string, std::string>> content_headers() const;

 private:
  struct Held {
    exporting::OutboundEvent event;
    std::int64_t since_us;
  };
  bool is_full() const { return held_.size() >= options_.max_events || held_bytes_ >= options_.max_bytes; }
  Batch batch_of(std::vector<exporting::OutboundEvent> events);
  std::string finished_body();
  void write_body(std::span<const exporting::OutboundEvent> events);
  std::string id_of(std::string_view body) const;

  const BatchOptions options_;
  std::optional<framing::Compressor> compressor_;
  std::deque<Held> held_;
  std::size_t unstamped_ = 0;  // at the end of held_: put() since the last advance()
  std::size_t held_bytes_ = 0;
  std::string plain_;  // the body before compression, kept for the next
};

}  // namespace sluice::webhook
