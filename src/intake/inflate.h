// Inflates gzip (RFC 1952) in pieces under a cap, with ISA-L. One thread; the buffer is used again for the next body.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/byte_budget.h"
#include "http/padded_buffer.h"

namespace sluice::intake {

// How many bytes gzip says that it holds, modulo 4 GiB, in its last four: a hint, since whoever sends it may lie.
// Shorter text: 0.
std::uint32_t announced_bytes(std::string_view gzip);

class Inflater {
 public:
  enum class Outcome : std::uint8_t {
    done,       // all of it is in body()
    bad,        // no gzip, damaged, cut short, or with something behind its end; see problem()
    too_large,  // it would be larger than the cap, where it was stopped
    no_room,    // the budget is used up
  };

  Inflater(http::ByteBudget& budget, std::uint64_t max_bytes);
  ~Inflater();

  // Several gzip members in a row are one body.
  Outcome inflate(std::string_view compressed) { return inflate(compressed, max_bytes_); }
  // The same under a lower cap.
  Outcome inflate(std::string_view compressed, std::uint64_t max_bytes);
  // Valid until the next inflate() or release(), with 64 readable bytes behind it.
  std::string_view body() const { return out_.view(); }
  // For a person, when `bad`.
  const std::string& problem() const { return problem_; }
  // A body from elsewhere, through the same buffer: `no_room` or `done`.
  Outcome take(std::string_view body);
  // Empties the buffer, and gives it back when it is large.
  void release();

 private:
  struct State;
  Outcome inflate_member(std::string_view& rest, std::uint64_t max_bytes);
  Outcome fail_with(std::string problem);
  std::unique_ptr<State> state_;
  http::PaddedBuffer out_;
  const std::uint64_t max_bytes_;
  std::string problem_;
};

}  // namespace sluice::intake
