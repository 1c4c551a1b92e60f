// Tells a reader that entries of its environment were committed: with each commit, or, while it rests, once so many
// bytes wait. A reader that takes what came every some milliseconds costs a fraction of one that is woken for each
// payload, and everything that it hands on is in larger pieces.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/notifier.h"

namespace sluice::journal {

class EntrySignal {
 public:
  // The notifier outlives it.
  explicit EntrySignal(Notifier& notifier) : notifier_(notifier) {}
  EntrySignal(const EntrySignal&) = delete;
  EntrySignal& operator=(const EntrySignal&) = delete;

  // The journal's writer, after a commit: so many bytes of entries can be read now.
  void committed(std::uint64_t bytes) {
    if (waiting_bytes_.fetch_add(bytes) + bytes >= notify_at_bytes_.load()) notifier_.notify();
  }

  // The reader's thread. Before it reads: what is committed after this is waiting.
  void begin_reading() { waiting_bytes_.store(0); }
  // Once it has read: it is notified when so many bytes wait; 1: with each commit. False: they do already, and it is to
  // read again.
  bool notify_at(std::uint64_t bytes) {
    // The writer adds, then looks; this sets, then looks, and all agree on one order of the four: one of the two sees
    // the other's.
    notify_at_bytes_.store(bytes);
    return waiting_bytes_.load() < bytes;
  }

 private:
  Notifier& notifier_;
  std::atomic<std::uint64_t> waiting_bytes_{0}, notify_at_bytes_{1};
};

}  // namespace sluice::journal
