// Compresses a stream of any length in bounded memory: gzip (RFC 1952, by ISA-L), a zstd frame (RFC 8878, by libzstd),
// or nothing. What it holds does not grow with the stream: 0.3 MiB with gzip, 1.5 MiB with zstd. One thread.
//
// For files that are read many times, of events that resemble each other over megabytes. The figures that chose the
// levels, per event of 684 bytes: framing/framing_bench.cc, `stream`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::framing {

class StreamCompressor {
 public:
  enum class Format : std::uint8_t { none, gzip, zstd };

  explicit StreamCompressor(Format format);
  ~StreamCompressor();
  StreamCompressor(StreamCompressor&&) noexcept;
  StreamCompressor& operator=(StreamCompressor&&) noexcept;

  // Appends to `out` what is ready of the stream, perhaps nothing.
  void write(std::string_view raw, std::string& out);
  // Appends the rest. Nothing is written afterwards.
  void finish(std::string& out);

 private:
  struct Contexts;
  void gzip(std::string_view raw, bool last, std::string& out);
  void zstd(std::string_view raw, bool last, std::string& out);

  Format format_;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace sluice::framing
