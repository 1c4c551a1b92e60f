#include "journal/fair_batch.h"

#include <algorithm>

namespace sluice::journal {
namespace {

// The largest number of bytes that each may have so that all of them together have no more than `max_bytes`.
std::uint64_t equal_share(std::vector<std::uint64_t> wanted, std::uint64_t max_bytes) {
  std::sort(wanted.begin(), wanted.end());
  std::uint64_t left = max_bytes;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::uint64_t share = left / (wanted.size() - i);
    if (wanted[i] > share) return share;
    left -= wanted[i];
  }
  return max_bytes;
}

}  // namespace

std::vector<bool> fair_batch(std::span<const QueuedEntry> queue, std::uint64_t max_bytes) {
  struct Sender {
    std::uint64_t waiting = 0, taken = 0;
    bool full = false;  // one of its entries stays: those behind it stay, too
  };
  std::map<std::pair<ObjectId, CredentialKind>, Sender> senders;
  std::vector<Sender*> sender_of;
  sender_of.reserve(queue.size());
  for (const QueuedEntry& entry : queue) {
    Sender& sender = senders[{entry.environment, entry.credential}];
    sender.waiting += entry.bytes;
    sender_of.push_back(&sender);
  }
  std::vector<std::uint64_t> wanted;
  wanted.reserve(senders.size());
  for (const auto& [id, sender] : senders) wanted.push_back(sender.waiting);
  const std::uint64_t share = equal_share(std::move(wanted), max_bytes);

  std::vector<bool> goes(queue.size(), false);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    Sender& sender = *sender_of[i];
    const std::uint64_t bytes = queue[i].bytes;
    const bool within_share = sender.taken == 0 || sender.taken + bytes <= share;
    const bool fits = total == 0 || total + bytes <= max_bytes;
    if (sender.full || !within_share || !fits) {
      sender.full = true;
      continue;
    }
    goes[i] = true;
    sender.taken += bytes;
    total += bytes;
  }
  return goes;
}

}  // namespace sluice::journal
