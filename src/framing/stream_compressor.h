// Compresses a stream of any length in bounded memory: gzip (RFC 1952, by ISA-L), a zstd frame (RFC 8878, by libzstd),
// or nothing. What it holds does not grow with the stream: 0.8 MiB with gzip, 1.5 MiB with zstd. One thread.
//
// The levels are chosen by CPU against bytes, both per event of 610 bytes in objects of 64 MiB (framing_bench,
// `stream`; two cores that others used too):
//   gzip: ISA-L level 2, 1.8 us and 101 bytes. Level 1: 1.9 us, 103; level 3: 4.9 us, 98.
//   zstd: level 1, 1.8 us and 83 bytes. Level 2: 2.4 us, 86; level 3: 3.1 us, 88.
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
  void gather(std::string_view raw, std::string& out);
  void gzip(std::string_view raw, bool last, std::string& out);
  void zstd(std::string_view raw, bool last, std::string& out);

  Format format_;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace sluice::framing
