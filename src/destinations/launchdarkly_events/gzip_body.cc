#include "destinations/launchdarkly_events/gzip_body.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/check.h"

namespace sluice::launchdarkly_events {
namespace {

// Room that is added at a time: events shrink to a fifth to a tenth, and room that is not needed is cleared for
// nothing.
constexpr std::size_t kGuessedRatio = 8, kLeastPiece = 16u << 10, kMostPiece = 1u << 20;

// Appends what the first member of `gzip` holds, and takes it off.
bool inflate_member(inflate_state& state, std::string_view& gzip, std::string& out) {
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  state.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(gzip.data()));  // it reads only
  state.avail_in = static_cast<std::uint32_t>(gzip.size());
  const std::size_t piece = std::clamp(gzip.size() * kGuessedRatio, kLeastPiece, kMostPiece);
  while (state.block_state != ISAL_BLOCK_FINISH) {
    const std::size_t before = out.size();
    // One byte more than is allowed tells a body of just the right size from a larger one.
    out.resize(std::min(before + piece, kMaxTakenApartBytes + 1));
    const std::uint32_t in_before = state.avail_in;
    state.next_out = reinterpret_cast<std::uint8_t*>(out.data() + before);
    state.avail_out = static_cast<std::uint32_t>(out.size() - before);
    if (isal_inflate(&state) != ISAL_DECOMP_OK) return false;
    out.resize(out.size() - state.avail_out);
    if (out.size() > kMaxTakenApartBytes) return false;
    const bool moved = state.avail_in != in_before || out.size() != before;
    if (state.block_state != ISAL_BLOCK_FINISH && !moved) return false;  // cut short
  }
  gzip.remove_prefix(gzip.size() - state.avail_in);
  return true;
}

std::optional<std::string> inflated(std::string_view gzip) {
  if (gzip.empty() || gzip.size() > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  const auto state = std::make_unique<inflate_state>();
  std::string out;
  while (!gzip.empty())
    if (!inflate_member(*state, gzip, out)) return std::nullopt;
  return out;
}

}  // namespace

bool is_gzip(const event::Original& original) { return original.header("content-encoding") == "gzip"; }

std::optional<std::string> plain_body(const event::Original& original) {
  if (is_gzip(original)) return inflated(original.body);
  const std::string_view encoding = original.header("content-encoding");
  if (!encoding.empty() && encoding != "identity") return std::nullopt;
  if (original.body.size() > kMaxTakenApartBytes) return std::nullopt;
  return std::string(original.body);
}

std::string gzip_of(std::string_view text) {
  SLUICE_CHECK(text.size() <= std::numeric_limits<std::uint32_t>::max(), "what was taken apart is bounded far below");
  std::vector<std::uint8_t> level_buffer(ISAL_DEF_LVL1_DEFAULT);
  isal_zstream stream;
  isal_deflate_init(&stream);
  stream.level = 1;
  stream.level_buf = level_buffer.data();
  stream.level_buf_size = static_cast<std::uint32_t>(level_buffer.size());
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // it reads only
  stream.avail_in = static_cast<std::uint32_t>(text.size());
  std::string out(text.size() / 4 + 256, '\0');
  std::size_t written = 0;
  while (stream.internal_state.state != ZSTATE_END) {
    if (written == out.size()) out.resize(out.size() * 2);
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.data() + written);
    stream.avail_out = static_cast<std::uint32_t>(out.size() - written);
    const std::uint32_t room = stream.avail_out;
    SLUICE_CHECK(isal_deflate(&stream) == COMP_OK, "the level and its buffer are fixed");
    written += room - stream.avail_out;
  }
  out.resize(written);
  return out;
}

}  // namespace sluice::launchdarkly_events
