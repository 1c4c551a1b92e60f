#include "framing/compressor.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "base/check.h"

namespace sluice::framing {
namespace {

constexpr std::uint32_t kGzipLevel = 2;
constexpr std::size_t kGzipLevelBytes = ISAL_DEF_LVL2_LARGE;
constexpr int kZstdLevel = 1;

// A buffer above this size was for one huge event and is not kept.
constexpr std::size_t kKeptOutputBytes = 8u << 20;

// What ISA-L needs at most: stored blocks of 65,535 bytes have 5 bytes of header each, gzip has 18 in all.
constexpr std::size_t gzip_bound(std::size_t bytes) { return bytes + bytes / 8192 + 64; }

}  // namespace

struct Compressor::Contexts {
  isal_zstream gzip;
  std::unique_ptr<std::uint8_t[]> gzip_level;
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> zstd{nullptr, &ZSTD_freeCCtx};
};

Compressor::Compressor(Format format) : format_(format) {}
Compressor::~Compressor() = default;

std::string_view Compressor::compress(std::string_view raw) {
  SLUICE_CHECK(raw.size() <= 1u << 31, "a record's lines are bounded");
  const std::size_t bound = format_ == Format::gzip ? gzip_bound(raw.size()) : ZSTD_compressBound(raw.size());
  if (bound > out_bytes_ || out_bytes_ > kKeptOutputBytes) {
    out_bytes_ = bound + bound / 4;
    out_.reset(new char[out_bytes_]);
  }
  if (!contexts_) contexts_ = std::make_unique<Contexts>();
  return {out_.get(), format_ == Format::gzip ? gzip(raw) : zstd(raw)};
}

std::size_t Compressor::gzip(std::string_view raw) {
  if (!contexts_->gzip_level) contexts_->gzip_level.reset(new std::uint8_t[kGzipLevelBytes]);
  isal_zstream& stream = contexts_->gzip;
  isal_deflate_stateless_init(&stream);
  stream.level = kGzipLevel;
  stream.level_buf = contexts_->gzip_level.get();
  stream.level_buf_size = kGzipLevelBytes;
  stream.gzip_flag = IGZIP_GZIP;
  stream.flush = NO_FLUSH;
  stream.end_of_stream = 1;
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(raw.data()));  // ISA-L only reads it
  stream.avail_in = static_cast<std::uint32_t>(raw.size());
  stream.next_out = reinterpret_cast<std::uint8_t*>(out_.get());
  stream.avail_out = static_cast<std::uint32_t>(out_bytes_);
  SLUICE_CHECK(isal_deflate_stateless(&stream) == COMP_OK, "the buffer has room for stored blocks");
  return stream.total_out;
}

std::size_t Compressor::zstd(std::string_view raw) {
  auto& context = contexts_->zstd;
  if (!context) {
    context.reset(ZSTD_createCCtx());
    SLUICE_CHECK(context != nullptr, "out of memory");
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);  // as gzip has one
  }
  const std::size_t bytes = ZSTD_compress2(context.get(), out_.get(), out_bytes_, raw.data(), raw.size());
  SLUICE_CHECK(!ZSTD_isError(bytes), "the buffer has ZSTD_compressBound()");
  return bytes;
}

}  // namespace sluice::framing
