#include "intake/inflate.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <limits>

namespace sluice::intake {
namespace {

// The first guess at what a body inflates to; events shrink to a fifth to a tenth.
constexpr std::uint64_t kGuessedRatio = 8;
constexpr std::string_view kMagic = "\x1f\x8b";
constexpr std::size_t kLeastPiece = 16 << 10;
// A buffer up to this size stays with the loop for the next body.
constexpr std::size_t kKeptBytes = 1 << 20;

std::string problem_of(int code) {
  switch (code) {
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD:
      return "it does not start as gzip does";
    case ISAL_INCORRECT_CHECKSUM:
      return "its checksum is wrong";
    case ISAL_INVALID_BLOCK:
    case ISAL_INVALID_SYMBOL:
    case ISAL_INVALID_LOOKBACK:
      return "it is damaged";
    default:
      return "it cannot be inflated (code " + std::to_string(code) + ")";
  }
}

}  // namespace

std::uint32_t announced_bytes(std::string_view gzip) {
  std::uint32_t bytes = 0;
  if (gzip.size() < sizeof bytes) return 0;
  for (std::size_t i = 0; i < sizeof bytes; ++i)
    bytes |= std::uint32_t{static_cast<std::uint8_t>(gzip[gzip.size() - sizeof bytes + i])} << (8 * i);
  return bytes;
}

struct Inflater::State {
  inflate_state inflate;
};

Inflater::Inflater(http::ByteBudget& budget, std::uint64_t max_bytes)
    : state_(std::make_unique<State>()), out_(budget), max_bytes_(max_bytes) {}
Inflater::~Inflater() = default;

void Inflater::release() {
  if (out_.size() + out_.room() > kKeptBytes)
    out_.release();
  else
    out_.clear();
}

Inflater::Outcome Inflater::fail_with(std::string problem) {
  problem_ = std::move(problem);
  return Outcome::bad;
}

Inflater::Outcome Inflater::take(std::string_view body) {
  out_.clear();
  return out_.append(body.data(), body.size()) ? Outcome::done : Outcome::no_room;
}

Inflater::Outcome Inflater::inflate(std::string_view compressed, std::uint64_t max_bytes) {
  out_.clear();
  const std::uint64_t guess = std::min<std::uint64_t>(max_bytes, compressed.size() * kGuessedRatio);
  if (!out_.reserve(std::max<std::size_t>(kLeastPiece, static_cast<std::size_t>(guess)))) return Outcome::no_room;
  if (compressed.empty()) return fail_with("it is empty");
  if (!compressed.starts_with(kMagic)) return fail_with("it does not start as gzip does");
  while (!compressed.empty()) {
    if (const Outcome outcome = inflate_member(compressed, max_bytes); outcome != Outcome::done) return outcome;
    if (!compressed.empty() && !compressed.starts_with(kMagic))
      return fail_with("bytes that are not gzip follow its end");
  }
  return Outcome::done;
}

Inflater::Outcome Inflater::inflate_member(std::string_view& rest, std::uint64_t max_bytes) {
  inflate_state& state = state_->inflate;
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  // ISA-L takes a non-const pointer and only reads.
  state.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(rest.data()));
  state.avail_in = static_cast<std::uint32_t>(rest.size());
  while (state.block_state != ISAL_BLOCK_FINISH) {
    if (out_.room() == 0) {
      // One byte more than is allowed tells a body of just the right size from a larger one.
      const std::uint64_t left = max_bytes + 1 - out_.size();
      const auto piece = std::min<std::uint64_t>(left, std::max<std::uint64_t>(kLeastPiece, out_.size()));
      if (!out_.reserve(static_cast<std::size_t>(piece))) return Outcome::no_room;
    }
    const auto room = static_cast<std::uint32_t>(
        std::min<std::uint64_t>({out_.room(), max_bytes + 1 - out_.size(), std::numeric_limits<std::uint32_t>::max()}));
    const std::uint32_t in_before = state.avail_in;
    state.next_out = reinterpret_cast<std::uint8_t*>(out_.end());
    state.avail_out = room;
    const int code = isal_inflate(&state);
    out_.commit(room - state.avail_out);
    if (code < 0) return fail_with(problem_of(code));
    if (out_.size() > max_bytes) return Outcome::too_large;
    const bool moved = state.avail_in != in_before || state.avail_out != room;
    if (state.block_state != ISAL_BLOCK_FINISH && !moved) return fail_with("it ends too early");
  }
  rest.remove_prefix(rest.size() - state.avail_in);
  return Outcome::done;
}

}  // namespace sluice::intake
