// Bodies of earlier calls, kept so that the next need no fresh memory: the kernel hands out zeroed pages, one fault
// each. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace sluice::destinations {

class RequestBuffers {
 public:
  // Of usual calls (280 kB) all that are in flight; of the largest (6 MiB) two.
  static constexpr std::size_t kMostBytes = 16u << 20;

  // The one used last, as it was, or an empty one.
  std::string take() {
    if (buffers_.empty()) return {};
    std::string buffer = std::move(buffers_.back());
    buffers_.pop_back();
    bytes_ -= buffer.capacity();
    return buffer;
  }
  // Kept as long as all together stay within kMostBytes.
  void keep(std::string buffer) {
    if (bytes_ + buffer.capacity() > kMostBytes) return;
    bytes_ += buffer.capacity();
    buffers_.push_back(std::move(buffer));
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::vector<std::string> buffers_;
  std::size_t bytes_ = 0;
};

}  // namespace sluice::destinations
