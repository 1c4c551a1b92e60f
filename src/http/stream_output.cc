#include "http/stream_output.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/check.h"

namespace sluice::http {
namespace {

constexpr std::string_view kChunkEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace

void StreamOutput::start(std::vector<StreamBlock> blocks) {
  SLUICE_CHECK(empty() && !end_ && blocks.size() + 2 <= kMaxPieces, "a chunk is sent whole before the next");
  blocks_ = std::move(blocks);
  std::uint64_t size = 0;
  for (const StreamBlock& block : blocks_) size += block->size();
  sent_ = 0;
  head_size_ = 0;
  due_ = size;
  if (!chunked_) return;
  char* end = std::to_chars(head_.data(), head_.data() + kHeadBytes - kChunkEnd.size(), size, 16).ptr;
  end += kChunkEnd.copy(end, kChunkEnd.size());
  head_size_ = static_cast<std::uint8_t>(end - head_.data());
  due_ += head_size_ + kChunkEnd.size();
}

void StreamOutput::start_end() {
  SLUICE_CHECK(empty(), "the end comes after all of it");
  end_ = true;
  sent_ = 0;
  due_ = chunked_ ? kLastChunk.size() : 0;
}

std::size_t StreamOutput::pieces(Pieces& out) const {
  std::size_t count = 0;
  std::uint64_t skipped = sent_;
  const auto add = [&](std::string_view piece) {
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(skipped, piece.size()));
    skipped -= here;
    if (here < piece.size()) out[count++] = piece.substr(here);
  };
  if (end_) {
    if (chunked_) add(kLastChunk);
    return count;
  }
  if (empty()) return 0;
  add({head_.data(), head_size_});
  for (const StreamBlock& block : blocks_) add(*block);
  if (chunked_) add(kChunkEnd);
  return count;
}

void StreamOutput::advance(std::size_t bytes) {
  sent_ += bytes;
  SLUICE_CHECK(sent_ <= due_, "no more is sent than is due");
  if (empty()) std::vector<StreamBlock>().swap(blocks_);
}

std::vector<StreamBlock> StreamOutput::take_back() {
  SLUICE_CHECK(untouched() && !end_, "what has begun is sent to its end");
  due_ = 0;
  return std::exchange(blocks_, {});
}

}  // namespace sluice::http
