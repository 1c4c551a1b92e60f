// Where the tokens of a JSON text start, found with the CPU's vector instructions: the first of simdjson's two stages
// (https://arxiv.org/abs/1902.08318, section 3.1). Its second stage is not used: it builds a tree that a reader that
// only copies does not need, and it refuses JSON that SDKs do send (integers above 64 bits, lone surrogates). JsonWalk
// takes its place.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace sluice::event {

// One thread. Keeps its memory, four bytes for each byte of the largest text up to kKeptCapacity, from text to text.
class JsonIndex {
 public:
  JsonIndex();
  ~JsonIndex();

  // Finds the tokens of `text`: each of {}[]:, , the opening quote of each string, and the first byte of whatever else
  // stands between them. False: this is not JSON, for it is empty, holds no token, is not UTF-8, has a control
  // character in a string or a string that does not end (check_json() says which). True says nothing of the order of
  // the tokens, nor of escapes, numbers and literals.
  bool scan(std::string_view text);

  // Of the last scan() that was true.
  std::string_view text() const { return text_; }
  std::uint32_t size() const { return size_; }
  // Where each token starts, and behind them, at [size()], where the text ends.
  const std::uint32_t* offsets() const { return offsets_; }
  // Bytes that scan() takes for a text of this size.
  static constexpr std::uint64_t memory_for(std::size_t text_bytes) { return 4 * std::uint64_t{text_bytes}; }
  // Gives back what a text larger than kKeptCapacity took. What was scanned is gone.
  void release();
  // Whether whitespace stands anywhere outside strings. One look at each token.
  bool has_whitespace() const;

 private:
  struct Scanner;
  std::unique_ptr<Scanner> scanner_;
  std::string_view text_;
  std::uint32_t size_ = 0;
  const std::uint32_t* offsets_ = nullptr;
};

// A text larger than this has its memory given back before the next one.
inline constexpr std::size_t kKeptCapacity = std::size_t{4} << 20;

// Larger texts are refused: offsets have 32 bits, and the output for an event must fit them too.
inline constexpr std::size_t kMaxJsonText = std::size_t{1} << 30;

}  // namespace sluice::event
