#include "destinations/launchdarkly_events/halves.h"

#include <isa-l/igzip_lib.h>
#include <openssl/sha.h>

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "base/hex.h"

namespace sluice::launchdarkly_events {
namespace {

std::optional<std::string> inflated(std::string_view gzip) {
  const auto state = std::make_unique<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = ISAL_GZIP;
  state->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(gzip.data()));  // it reads only
  state->avail_in = static_cast<std::uint32_t>(gzip.size());
  std::string out;
  constexpr std::size_t kPiece = 1u << 20;
  while (state->block_state != ISAL_BLOCK_FINISH) {
    if (out.size() + kPiece > kMaxTakenApartBytes) return std::nullopt;
    const std::size_t before = out.size();
    out.resize(before + kPiece);
    state->next_out = reinterpret_cast<std::uint8_t*>(out.data() + before);
    state->avail_out = kPiece;
    if (isal_inflate(state.get()) != ISAL_DECOMP_OK) return std::nullopt;
    out.resize(out.size() - state->avail_out);
    if (state->avail_in == 0 && state->avail_out > 0 && state->block_state != ISAL_BLOCK_FINISH) return std::nullopt;
  }
  return out;
}

// Where the elements of a JSON array begin and end; nothing when it is none. It was read as JSON when it was accepted.
std::optional<std::vector<std::string_view>> elements_of(std::string_view json) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  std::size_t at = 0;
  while (at < json.size() && is_space(json[at])) ++at;
  if (at == json.size() || json[at] != '[') return std::nullopt;
  std::vector<std::string_view> elements;
  std::size_t start = ++at;
  int depth = 0;
  bool in_text = false;
  for (; at < json.size(); ++at) {
    const char c = json[at];
    if (in_text) {
      if (c == '\\') ++at;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    } else if (c == ',' || c == ']') {
      if (depth > 0) continue;
      std::string_view element = json.substr(start, at - start);
      while (!element.empty() && is_space(element.front())) element.remove_prefix(1);
      while (!element.empty() && is_space(element.back())) element.remove_suffix(1);
      if (!element.empty()) elements.push_back(element);
      if (c == ']') return elements;
      start = at + 1;
    }
  }
  return std::nullopt;
}

std::string derived_id(std::string_view payload_id, char which) {
  const std::string text = std::string(payload_id) + "/" + which;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  const std::string hex = hex_of(digest);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20, 12);
}

Half half_of(const event::Original& original, std::span<const std::string_view> events, char which) {
  Half half;
  half.payload_id = derived_id(original.header(event::kPayloadIdHeader), which);
  std::vector<event::OriginalHeader> headers;
  for (const event::OriginalHeader& header : original.headers)
    if (header.first != "content-encoding" && header.first != event::kPayloadIdHeader) headers.push_back(header);
  event::append_original_head(original.target, headers, half.payload_id, half.original);
  half.original += '[';
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i > 0) half.original += ',';
    half.original += events[i];
  }
  half.original += ']';
  return half;
}

}  // namespace

std::optional<Halves> halves_of(const event::Original& original) {
  const std::string_view encoding = original.header("content-encoding");
  std::optional<std::string> plain;
  if (encoding == "gzip")
    plain = inflated(original.body);
  else if (encoding.empty() || encoding == "identity")
    plain = std::string(original.body);
  if (!plain) return std::nullopt;
  const auto elements = elements_of(*plain);
  if (!elements || elements->size() < 2) return std::nullopt;
  const std::span<const std::string_view> all(*elements);
  const std::size_t middle = all.size() / 2;
  return Halves{half_of(original, all.first(middle), 'a'), half_of(original, all.subspan(middle), 'b')};
}

}  // namespace sluice::launchdarkly_events
