// A growing buffer for bodies that always has 64 readable bytes behind its end, as block-wise JSON parsers want them.
// What it holds is counted against a budget that many buffers share. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string_view>

#include "http/byte_budget.h"

namespace sluice::http {

class PaddedBuffer {
 public:
  static constexpr std::size_t kPadding = 64;
  // What release() keeps for the next body, uncounted: an idle connection costs this much.
  static constexpr std::size_t kKeptBytes = 4096;

  explicit PaddedBuffer(ByteAccount& account) : account_(&account) {}
  ~PaddedBuffer();
  PaddedBuffer(const PaddedBuffer&) = delete;
  PaddedBuffer& operator=(const PaddedBuffer&) = delete;

  // Makes room for `bytes` behind what is there. False when the budget or the machine has no more; what is there stays.
  bool reserve(std::size_t bytes);
  // How much it will hold in the end, at most: it does not grow beyond that ahead of its content.
  void expect(std::uint64_t bytes) { expected_ = bytes; }
  // reserve() and copy.
  bool append(const char* bytes, std::size_t size);
  // Where `room()` bytes may be written, to be taken over with commit().
  char* end() { return memory_.get() + size_; }
  std::size_t room() const { return counted_ > 0 ? capacity_ - size_ : 0; }
  // What is charged for it at the moment.
  std::uint64_t counted() const { return counted_; }
  void commit(std::size_t bytes) { size_ += bytes; }

  // Empties it, memory kept, still counted.
  void clear() { size_ = 0; }
  // Empties it, gives what is large back to the system and all of it back to the budget.
  void release();
  // release(), and nothing is kept.
  void drop();

  std::size_t size() const { return size_; }
  std::string_view view() const { return {memory_ ? memory_.get() : kEmpty, size_}; }

 private:
  static constexpr char kEmpty[kPadding] = {};
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  ByteAccount* account_;
  std::unique_ptr<char, Free> memory_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::uint64_t counted_ = 0;
  std::uint64_t expected_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace sluice::http
