// Every limit of intake's own; those of connections and requests are HttpLimits (http/server.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::intake {

struct IntakeLimits {
  // What may stand before the endpoints' paths, without a slash at its end; empty: nothing. Paths without it are taken
  // too.
  std::string path_prefix;
  // Bytes of one payload after inflation; beyond it 400. 10,000 events, the most an SDK holds, of 6 kB each.
  std::uint64_t max_inflated_bytes = 64ull << 20;
  // Bytes at a time over all loops of inflated bodies, and of what reading a payload of more than max_uncharged_bytes
  // takes beside its body: its entry, the index of its largest event, and its original, where one is kept. Beyond it
  // 503. One payload of the largest size (64 + 64 + 40 MiB), and small ones beside it; that it is kept as sent, too, is
  // decided when its index is given back.
  std::uint64_t max_inflated_total_bytes = 192ull << 20;
  // Bytes of a payload whose reading is not counted: it works in buffers that each loop keeps.
  std::uint64_t max_uncharged_bytes = 1ull << 20;
  // Bytes of a payload, inflated, that a loop reads itself: 3 ms. A larger one, of about a thousand events and more, is
  // read by a worker of low priority (intake/large_payloads.h).
  std::uint64_t max_bytes_on_loop = 512ull << 10;
  // A larger payload becomes several entries of about so many bytes, which the disk takes in a few milliseconds.
  std::uint64_t part_bytes = 1ull << 20;
  // Bytes a second, inflated, of one environment, over two seconds; beyond it 503. 0: no limit.
  std::uint64_t max_environment_bytes_per_s = 0;
  // Bytes of one diagnostic event, inflated; beyond it 400, and no more is inflated. Real ones have 1 to 3 kB, and are
  // read into a tree on the loop.
  std::uint64_t max_diagnostic_bytes = 64ull << 10;
  // Sets of labels (environment, SDK) that diagnostics are counted under; what comes later is counted as "(other)".
  std::size_t max_diagnostic_labels = 256;
  // One log line of a kind every so often; it says how many were suppressed.
  std::int64_t log_interval_ms = 60'000;

  // Bytes of dead-letters/intake.ndjson before it is renamed to intake.1.ndjson, whose predecessor goes. What it says
  // is in the journal, too, until retention.
  std::uint64_t max_dead_letter_file_bytes = 64ull << 20;
  // The same of intake-client.ndjson, for what came with a client-side id: those are public, and what strangers send
  // displaces nothing that came with a key.
  std::uint64_t max_client_dead_letter_file_bytes = 16ull << 20;
  // Bytes of an unusable event that are stored; the rest is cut, which is recorded.
  std::size_t max_dead_letter_event_bytes = 64 << 10;
  // Bytes that wait to be written to each of the two; beyond it letters are counted only.
  std::uint64_t max_dead_letter_queue_bytes = 4ull << 20;
};

}  // namespace sluice::intake
