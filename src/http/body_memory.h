// Who may hold how much of what clients send, until it is answered. One pool for a server, of which an address and an
// owner (an environment) get a share each, so that none has all of it. What is charged is what was received, never what
// a header announces.
//
// When the pool is full, bodies that are under way could wait for each other without end. So a second pool lets some of
// them finish: a body that is granted room there takes all that it still needs from it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "http/address_count.h"
#include "http/byte_budget.h"

namespace sluice::http {

// Any thread.
class BodyMemory {
 public:
  // `pool_bytes` in all; beside it, room for bodies that finish: `largest_body_bytes`, so that any can.
  BodyMemory(std::uint64_t pool_bytes, std::uint64_t largest_body_bytes)
      : pool(pool_bytes), finishing(largest_body_bytes + kFinishingSlackBytes), share_bytes_(share_of(pool_bytes)) {}

  // Half of the pool: two must work together to fill it, and then the slowest bodies go (Loop::relieve).
  static std::uint64_t share_of(std::uint64_t pool_bytes) { return pool_bytes / 2; }

  // The share of an owner, for as long as somebody keeps it.
  std::shared_ptr<ByteBudget> owner_share(std::uint64_t owner);
  std::uint64_t used() const { return pool.used() + finishing.used() + whole.used(); }

  ByteBudget pool, finishing;
  // For bodies that came whole with their header when the pool is full: nobody can hold them, they go as fast as they
  // are handled. So those who send small payloads at once do not wait for those who send large ones slowly.
  ByteBudget whole{kWholeBytes};
  // How many connections wait for room; while there are some, headers are read in small pieces.
  std::atomic<std::uint64_t> waiting{0};

 private:
  // A chunked body of the largest size with the headers of its chunks.
  static constexpr std::uint64_t kFinishingSlackBytes = 1 << 20;
  static constexpr std::uint64_t kWholeBytes = 16 << 20;  // a thousand payloads of a usual size
  const std::uint64_t share_bytes_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::weak_ptr<ByteBudget>> owners_;
};

// What one connection holds of it: of the thread of its loop.
class BodyAccount final : public ByteAccount {
 public:
  enum class Full : std::uint8_t { nothing, pool, address, owner };

  explicit BodyAccount(BodyMemory& memory) : memory_(memory) {}
  ~BodyAccount() override;
  BodyAccount(const BodyAccount&) = delete;
  BodyAccount& operator=(const BodyAccount&) = delete;

  bool take(std::uint64_t bytes) override;
  void give_back(std::uint64_t bytes) override;
  // Which limit refused the last take().
  Full full() const { return full_; }
  // What is held at the moment.
  std::uint64_t held() const { return shared_ + finishing_; }

  // Whose share what is held and taken counts against: before the first take().
  void set_address(std::shared_ptr<AddressShare> address) { address_ = std::move(address); }
  // Until all is given back.
  void set_owner(std::shared_ptr<ByteBudget> owner);
  const AddressShare* address() const { return address_.get(); }
  // The address whose connection has ended, once; what is still held counts against it until it is given back.
  AddressShare* leave_address() { return std::exchange(left_, true) ? nullptr : address_.get(); }
  const ByteBudget* owner() const { return owner_.get(); }

  // Room to finish: the next `bytes` come from there, until all that is held is given back. False: others finish first.
  bool grant(std::uint64_t bytes) { return grant(bytes, memory_.finishing); }
  // The same for a body that is here as a whole.
  bool grant_whole(std::uint64_t bytes) { return grant(bytes, memory_.whole); }

 private:
  bool grant(std::uint64_t bytes, ByteBudget& from);
  BodyMemory& memory_;
  ByteBudget* granted_from_ = nullptr;
  std::shared_ptr<AddressShare> address_;
  std::shared_ptr<ByteBudget> owner_;
  std::uint64_t shared_ = 0;     // of the pool, the address's share and the owner's
  std::uint64_t finishing_ = 0;  // taken since the grant
  std::uint64_t granted_ = 0;
  bool left_ = false;
  Full full_ = Full::nothing;
};

}  // namespace sluice::http
