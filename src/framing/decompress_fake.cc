#include "framing/decompress_fake.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>

namespace sluice::framing {
namespace {

constexpr const char* kNotWhole = "(not whole)";

std::string inflated_stream(std::string_view bytes) {
  auto state = std::make_unique<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = ISAL_GZIP;
  state->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
  state->avail_in = static_cast<std::uint32_t>(bytes.size());
  std::string out;
  std::array<char, 1 << 16> piece;
  do {
    state->next_out = reinterpret_cast<std::uint8_t*>(piece.data());
    state->avail_out = static_cast<std::uint32_t>(piece.size());
    if (isal_inflate(state.get()) != ISAL_DECOMP_OK) return kNotWhole;
    out.append(piece.data(), piece.size() - state->avail_out);
  } while (state->avail_out == 0);
  return state->block_state == ISAL_BLOCK_FINISH && state->avail_in == 0 ? out : kNotWhole;
}

std::string unzstd_stream(std::string_view bytes) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::string out;
  std::array<char, 1 << 16> piece;
  std::size_t left = 1;
  while (left > 0) {
    ZSTD_outBuffer into{piece.data(), piece.size(), 0};
    left = ZSTD_decompressStream(context.get(), &into, &in);
    if (ZSTD_isError(left) || (left > 0 && into.pos < into.size && in.pos == in.size)) return kNotWhole;
    out.append(piece.data(), into.pos);
  }
  return in.pos == in.size ? out : kNotWhole;
}

}  // namespace

std::string decompressed(std::string_view bytes, StreamCompressor::Format format) {
  switch (format) {
    case StreamCompressor::Format::gzip:
      return inflated_stream(bytes);
    case StreamCompressor::Format::zstd:
      return unzstd_stream(bytes);
    case StreamCompressor::Format::none:
      break;
  }
  return std::string(bytes);
}

}  // namespace sluice::framing
