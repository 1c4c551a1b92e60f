// Compresses the lines of one record: gzip (RFC 1952, by ISA-L) or a zstd frame (RFC 8878, by libzstd). One thread. The
// contexts and the buffer are kept for the next record: 1.5 MiB after records of the default size, and for those of a
// quiet destination 0.1 MiB with zstd and 0.5 MiB with gzip.
//
// The levels are chosen by CPU against bytes, both per event: events of 684 bytes in records of 4 units, one core of a
// busy EPYC. Bytes cost little (10,000 events/s of 100 bytes cost 1.5 dollars a month in units), CPU more.
//   gzip: ISA-L level 2, 1.2 us and 124 bytes. ISA-L 3: 2.1 us, 119; zlib 6: 15 us, 104; libdeflate 6: 7.5 us, 98.
//   zstd: level 1, 1.6 us and 100 bytes. Level 3: 2.6 us, 101; level 6: 8.2 us, 92.
// The same bytes on the same machine: no time and no name goes in. ISA-L and zstd select code by CPU and by version, so
// another machine may give other bytes of the same lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace sluice::framing {

class Compressor {
 public:
  enum class Format : std::uint8_t { gzip, zstd };

  explicit Compressor(Format format);
  ~Compressor();

  // `raw` is at most 2 GiB. The result is valid until the next call.
  std::string_view compress(std::string_view raw);

 private:
  struct Contexts;
  std::size_t gzip(std::string_view raw);
  std::size_t zstd(std::string_view raw);

  Format format_;
  std::unique_ptr<Contexts> contexts_;
  std::unique_ptr<char[]> out_;
  std::size_t out_bytes_ = 0;
};

}  // namespace sluice::framing
