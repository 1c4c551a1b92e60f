#include "http/padded_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::http {

PaddedBuffer::~PaddedBuffer() { account_->give_back(counted_); }

bool PaddedBuffer::reserve(std::size_t bytes) {
  const std::size_t wanted = size_ + bytes;
  if (wanted <= capacity_ && counted_ > 0) return true;
  const auto ahead = static_cast<std::size_t>(std::min<std::uint64_t>(capacity_ * 2, expected_));
  const std::size_t capacity = wanted <= capacity_ ? capacity_ : std::max({wanted, ahead, kKeptBytes - kPadding});
  if (!account_->take(capacity - counted_)) return false;
  if (capacity > capacity_) {
    char* memory = static_cast<char*>(std::realloc(memory_.get(), capacity + kPadding));
    if (memory == nullptr) {
      account_->give_back(capacity - counted_);
      return false;
    }
    (void)memory_.release();
    memory_.reset(memory);
    capacity_ = capacity;
    std::memset(memory + size_, 0, kPadding);
  }
  counted_ = capacity;
  return true;
}

bool PaddedBuffer::append(const char* bytes, std::size_t size) {
  if (!reserve(size)) return false;
  std::memcpy(end(), bytes, size);
  commit(size);
  return true;
}

void PaddedBuffer::release() {
  size_ = 0;
  account_->give_back(counted_);
  counted_ = 0;
  if (capacity_ + kPadding > kKeptBytes) drop();
}

void PaddedBuffer::drop() {
  size_ = 0;
  account_->give_back(std::exchange(counted_, 0));
  memory_.reset();
  capacity_ = 0;
}

}  // namespace sluice::http
