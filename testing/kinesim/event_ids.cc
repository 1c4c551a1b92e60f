#include "kinesim/event_ids.h"

#include <cstring>
#include <optional>

namespace kinesim {
namespace {

constexpr std::string_view kAggregateMagic = "\xF3\x89\x9A\xC2";
constexpr std::size_t kAggregateTrailer = 16;  // MD5

std::size_t find(std::string_view in, std::string_view needle, std::size_t from) {
  const void* at = memmem(in.data() + from, in.size() - from, needle.data(), needle.size());
  return at == nullptr ? in.npos : static_cast<std::size_t>(static_cast<const char*>(at) - in.data());
}

std::optional<std::uint64_t> varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 127) << shift;
    if (byte < 128) return value;
  }
  return std::nullopt;
}

// Calls visit(number, bytes) for every length-delimited field of a protobuf message; stops at what is malformed.
template <typename Visit>
void visit_fields(std::string_view message, Visit&& visit) {
  while (!message.empty()) {
    const auto tag = varint(message);
    if (!tag) return;
    if ((*tag & 7) == 0) {
      if (!varint(message)) return;
    } else if ((*tag & 7) == 2) {
      const auto size = varint(message);
      if (!size || *size > message.size()) return;
      visit(*tag >> 3, message.substr(0, static_cast<std::size_t>(*size)));
      message.remove_prefix(static_cast<std::size_t>(*size));
    } else {
      return;
    }
  }
}

}  // namespace

bool is_aggregate(std::string_view data) {
  return data.size() > kAggregateMagic.size() + kAggregateTrailer && data.starts_with(kAggregateMagic);
}

void for_each_user_record(std::string_view data, const std::function<void(std::string_view)>& visit) {
  if (!is_aggregate(data)) return visit(data);
  data = data.substr(kAggregateMagic.size(), data.size() - kAggregateMagic.size() - kAggregateTrailer);
  visit_fields(data, [&](std::uint64_t field, std::string_view bytes) {
    if (field != 3) return;
    visit_fields(bytes, [&](std::uint64_t inner, std::string_view record) {
      if (inner == 3) visit(record);
    });
  });
}

void find_event_ids(std::string_view data, std::string_view needle, std::vector<sluice::ObjectId>& out) {
  for (std::size_t at = 0; at < data.size();) {
    const std::size_t found = find(data, needle, at);
    if (found == data.npos) return;
    at = found + needle.size();
    if (at + sluice::ObjectId::kHexDigits >= data.size() || data[at + sluice::ObjectId::kHexDigits] != '"') continue;
    const auto id = sluice::ObjectId::parse(data.substr(at, sluice::ObjectId::kHexDigits));
    if (!id) continue;
    out.push_back(*id);
    const void* line_end = std::memchr(data.data() + at, '\n', data.size() - at);
    if (line_end == nullptr) return;
    at = static_cast<std::size_t>(static_cast<const char*>(line_end) - data.data()) + 1;
  }
}

}  // namespace kinesim
