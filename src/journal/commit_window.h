// How long payloads that wait for the disk wait for others, so that one write and one sync serve several. A sync costs
// about as much CPU time as all else that is done for a small payload; a client is answered up to a millisecond later.
// Where payloads are rare, none waits: then there is nobody to wait for.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::journal {

// The oldest waits this long at most.
inline constexpr std::int64_t kCommitWindowUs = 1'000;
// With fewer expected in that time nobody waits: 2,000 payloads a second.
inline constexpr std::int64_t kWorthWaitingFor = 2;
// So many bytes are worth a sync of their own.
inline constexpr std::uint64_t kCommitWindowBytes = 256u << 10;
// How many come is counted over so long a time.
inline constexpr std::int64_t kCountForUs = 50'000;

// Not thread-safe: its caller has a lock. Times are of the steady clock, in microseconds.
class CommitWindow {
 public:
  // A batch of so many was taken to be committed.
  void took(std::size_t entries, std::int64_t now_us);
  // So many are enough to commit without waiting for more; 0: any.
  std::size_t enough() const { return enough_; }
  // How long `waiting` entries of `bytes` together, the oldest since `oldest_us`, wait for more; 0: no longer.
  std::int64_t wait_us(std::size_t waiting, std::uint64_t bytes, std::int64_t oldest_us, std::int64_t now_us) const;

 private:
  std::int64_t counting_since_us_ = 0;
  std::size_t counted_ = 0;
  std::size_t enough_ = 0;
};

}  // namespace sluice::journal
