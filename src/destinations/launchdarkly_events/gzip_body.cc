#include "destinations/launchdarkly_events/gzip_body.h"

#include <isa-l/igzip_lib.h>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>

namespace sluice::launchdarkly_events {
namespace {

// What is inflated at a time. Of its own rather than in `out`: a body may be of a million members that hold nothing,
// and whatever each of them costs is paid a million times.
using Piece = std::array<std::uint8_t, 64u << 10>;

// Appends what the first member of `gzip` holds, and takes it off.
bool inflate_member(inflate_state& state, Piece& piece, std::string_view& gzip, std::string& out) {
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  state.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(gzip.data()));  // it reads only
  state.avail_in = static_cast<std::uint32_t>(gzip.size());
  while (state.block_state != ISAL_BLOCK_FINISH) {
    const std::uint32_t in_before = state.avail_in;
    state.next_out = piece.data();
    state.avail_out = static_cast<std::uint32_t>(piece.size());
    if (isal_inflate(&state) != ISAL_DECOMP_OK) return false;
    const std::size_t inflated = piece.size() - state.avail_out;
    if (out.size() + inflated > kMaxTakenApartBytes) return false;
    out.append(reinterpret_cast<const char*>(piece.data()), inflated);
    const bool moved = state.avail_in != in_before || inflated > 0;
    if (state.block_state != ISAL_BLOCK_FINISH && !moved) return false;  // cut short
  }
  gzip.remove_prefix(gzip.size() - state.avail_in);
  return true;
}

std::optional<std::string> inflated(std::string_view gzip) {
  if (gzip.empty() || gzip.size() > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  const auto state = std::make_unique<inflate_state>();
  const auto piece = std::make_unique<Piece>();
  std::string out;
  while (!gzip.empty())
    if (!inflate_member(*state, *piece, gzip, out)) return std::nullopt;
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

}  // namespace sluice::launchdarkly_events
