#include "framing/stream_compressor.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <algorithm>

#include "base/check.h"

namespace sluice::framing {
namespace {

constexpr std::uint32_t kStreamGzipLevel = 2;
constexpr std::size_t kStreamGzipLevelBytes = ISAL_DEF_LVL2_LARGE;
constexpr int kStreamZstdLevel = 1;
constexpr std::size_t kStreamOutputBytes = 64 << 10;
constexpr std::size_t kMostAtOnce = 1u << 30;  // ISA-L counts with 32 bits
// ISA-L moves its window of 64 KiB with each call: an event at a time, that is half of its work.
constexpr std::size_t kGzipGatherBytes = 256 << 10;

}  // namespace

struct StreamCompressor::Contexts {
  isal_zstream gzip;
  std::string gathered;
  std::unique_ptr<std::uint8_t[]> gzip_level;
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> zstd{nullptr, &ZSTD_freeCCtx};
  std::unique_ptr<char[]> piece{new char[kStreamOutputBytes]};
};

StreamCompressor::StreamCompressor(Format format) : format_(format) {
  if (format_ == Format::none) return;
  contexts_ = std::make_unique<Contexts>();
  if (format_ == Format::zstd) {
    contexts_->zstd.reset(ZSTD_createCCtx());
    SLUICE_CHECK(contexts_->zstd != nullptr, "out of memory");
    ZSTD_CCtx_setParameter(contexts_->zstd.get(), ZSTD_c_compressionLevel, kStreamZstdLevel);
    ZSTD_CCtx_setParameter(contexts_->zstd.get(), ZSTD_c_checksumFlag, 1);  // as gzip has one
    return;
  }
  contexts_->gzip_level.reset(new std::uint8_t[kStreamGzipLevelBytes]);
  isal_zstream& stream = contexts_->gzip;
  isal_deflate_init(&stream);
  stream.level = kStreamGzipLevel;
  stream.level_buf = contexts_->gzip_level.get();
  stream.level_buf_size = kStreamGzipLevelBytes;
  stream.gzip_flag = IGZIP_GZIP;
  stream.flush = NO_FLUSH;
}

StreamCompressor::~StreamCompressor() = default;
StreamCompressor::StreamCompressor(StreamCompressor&&) noexcept = default;
StreamCompressor& StreamCompressor::operator=(StreamCompressor&&) noexcept = default;

void StreamCompressor::write(std::string_view raw, std::string& out) {
  while (!raw.empty()) {
    const std::string_view piece = raw.substr(0, kMostAtOnce);
    raw.remove_prefix(piece.size());
    switch (format_) {
      case Format::none:
        out += piece;
        break;
      case Format::gzip:
        gather(piece, out);
        break;
      case Format::zstd:
        zstd(piece, false, out);
        break;
    }
  }
}

void StreamCompressor::finish(std::string& out) {
  if (format_ == Format::gzip) gzip(contexts_->gathered, true, out);
  if (format_ == Format::zstd) zstd({}, true, out);
}

void StreamCompressor::gather(std::string_view raw, std::string& out) {
  std::string& gathered = contexts_->gathered;
  if (gathered.empty() && raw.size() >= kGzipGatherBytes) return gzip(raw, false, out);
  gathered += raw;
  if (gathered.size() < kGzipGatherBytes) return;
  gzip(gathered, false, out);
  gathered.clear();
}

void StreamCompressor::gzip(std::string_view raw, bool last, std::string& out) {
  isal_zstream& stream = contexts_->gzip;
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(raw.data()));  // ISA-L only reads it
  stream.avail_in = static_cast<std::uint32_t>(raw.size());
  stream.end_of_stream = last ? 1 : 0;
  do {
    stream.next_out = reinterpret_cast<std::uint8_t*>(contexts_->piece.get());
    stream.avail_out = static_cast<std::uint32_t>(kStreamOutputBytes);
    SLUICE_CHECK(isal_deflate(&stream) == COMP_OK, "level and flush are what ISA-L knows");
    out.append(contexts_->piece.get(), kStreamOutputBytes - stream.avail_out);
  } while (stream.avail_out == 0 || stream.avail_in > 0);
  SLUICE_CHECK(!last || stream.internal_state.state == ZSTATE_END, "a stream that was ended has ended");
}

void StreamCompressor::zstd(std::string_view raw, bool last, std::string& out) {
  ZSTD_inBuffer in{raw.data(), raw.size(), 0};
  std::size_t left = 0;
  do {
    ZSTD_outBuffer piece{contexts_->piece.get(), kStreamOutputBytes, 0};
    left = ZSTD_compressStream2(contexts_->zstd.get(), &piece, &in, last ? ZSTD_e_end : ZSTD_e_continue);
    SLUICE_CHECK(!ZSTD_isError(left), "compressing any bytes works");
    out.append(contexts_->piece.get(), piece.pos);
  } while (in.pos < in.size || (last && left > 0));
}

}  // namespace sluice::framing
