#include "destinations/s3/manifest.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/crc32c.h"
#include "base/hex.h"
#include "destinations/s3/compression.h"

namespace sluice::s3 {
namespace {

constexpr int kFormat = 2, kFormatWithoutChecksum = 1;
constexpr const char* kChecksum = "crc32c";
constexpr const char* kSelection = "selection";
constexpr std::size_t kSha256Digits = 64;

nlohmann::json json_of(const EventPlace& place) {
  return {{"entry", fmt::format("{:016x}", place.entry.value)}, {"event", place.event}};
}

// Of all members but itself.
std::string checksum_of(nlohmann::json json) {
  json.erase(kChecksum);
  const std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return fmt::format("{:08x}", crc32c(text.data(), text.size()));
}

// As one whole name: not the beginning of a longer place, as "…a2000" is of "…a2000.000011".
bool shows_place(std::string_view key, const EventPlace& place) {
  const auto digit_at = [](std::string_view text, std::size_t at) {
    return text.size() > at && text[at] >= '0' && text[at] <= '9';
  };
  const std::string text = place_text(place);
  for (std::size_t at = key.find(text); at != std::string_view::npos; at = key.find(text, at + 1)) {
    const std::string_view behind = key.substr(at + text.size());
    const bool longer = place.event == 0 ? behind.starts_with('.') && digit_at(behind, 1) : digit_at(behind, 0);
    if (!longer) return true;
  }
  return false;
}

// Reads members; the first error stays.
class Members {
 public:
  explicit Members(const nlohmann::json& json) : json_(json) {}

  void text(const char* name, std::string& out) {
    if (const nlohmann::json* value = find(name, &nlohmann::json::is_string, "a text")) out = value->get<std::string>();
  }
  void sha256(const char* name, std::string& out) {
    text(name, out);
    if (error_.empty() && !is_sha256(out)) complain(name, "64 hex digits");
  }
  template <typename Number>
  void number(const char* name, Number& out) {
    const nlohmann::json* value = find(name, &nlohmann::json::is_number_unsigned, "a number, not negative");
    if (value == nullptr) return;
    const auto wide = value->get<std::uint64_t>();
    if (wide > static_cast<std::uint64_t>(std::numeric_limits<Number>::max()))
      return complain(name, "a smaller number");
    out = static_cast<Number>(wide);
  }
  void place(const char* name, EventPlace& out) {
    const nlohmann::json* value = find(name, &nlohmann::json::is_object, "an object");
    if (value == nullptr) return;
    Members inner(*value);
    std::string entry;
    inner.text("entry", entry);
    inner.number("event", out.event);
    const auto bytes = entry.size() == 16 ? bytes_of_hex(entry) : std::nullopt;
    if (!inner.error_.empty() || !bytes) return complain(name, "{\"entry\": 16 hex digits, \"event\": number}");
    for (const char byte : *bytes) out.entry.value = out.entry.value << 8 | static_cast<unsigned char>(byte);
  }
  void sha256_list(const char* name, std::vector<std::string>& out) {
    const nlohmann::json* value = find(name, &nlohmann::json::is_array, "a list");
    if (value == nullptr) return;
    for (const nlohmann::json& item : *value) {
      if (!item.is_string() || !is_sha256(item.get_ref<const std::string&>()))
        return complain(name, "a list of 64 hex digits each");
      out.push_back(item.get<std::string>());
    }
  }
  void checksum(const char* name) {
    std::string expected;
    text(name, expected);
    if (error_.empty() && expected != checksum_of(json_))
      complain(name, fmt::format("{}, the checksum of the other members: one of them was changed", checksum_of(json_)));
  }
  void complain(const char* name, std::string_view expected) {
    if (error_.empty()) error_ = fmt::format("expected '{}' to be {}", name, expected);
  }
  const std::string& error() const { return error_; }

 private:
  static bool is_sha256(const std::string& text) { return text.size() == kSha256Digits && bytes_of_hex(text); }
  const nlohmann::json* find(const char* name, bool (nlohmann::json::*is)() const noexcept, std::string_view expected) {
    const auto found = json_.find(name);
    if (found != json_.end() && ((*found).*is)()) return &*found;
    complain(name, expected);
    return nullptr;
  }

  const nlohmann::json& json_;
  std::string error_;
};

// Whether the members can be those of one object.
void check_together(Members& members, const Manifest& manifest) {
  const auto compression = compression_of_type(manifest.content_type);
  if (!compression) return members.complain("content_type", "that of an object with lines, plain or compressed");
  if (manifest.last < manifest.first) return members.complain("last", "no place before 'first'");
  if (!manifest.key.ends_with(extension_of(*compression)))
    members.complain("key", "an object's key, with the extension of its 'content_type'");
  if (!shows_place(manifest.key, manifest.first)) members.complain("first", "the first place in 'key'");
  if (!shows_place(manifest.key, manifest.last)) members.complain("last", "the last place in 'key'");
  if (manifest.events == 0 || manifest.events > manifest.uncompressed_bytes)
    members.complain("events", "at least 1, and no more than 'uncompressed_bytes'");
  const bool one_entry = manifest.first.entry == manifest.last.entry;
  if (one_entry && manifest.events > std::uint64_t{manifest.last.event} - manifest.first.event + 1)
    members.complain("events", "no more than there are from 'first' to 'last'");
  const bool plain = *compression == Compression::none;
  if (manifest.size_bytes == 0 || (plain && manifest.size_bytes != manifest.uncompressed_bytes))
    members.complain("size_bytes", "that of a file with the object's lines");
}

}  // namespace

std::string manifest_text(const Manifest& manifest) {
  nlohmann::json json = {{"format", kFormat},
                         {"key", manifest.key},
                         {"first", json_of(manifest.first)},
                         {"last", json_of(manifest.last)},
                         {"size_bytes", manifest.size_bytes},
                         {"sha256", manifest.sha256_hex},
                         {"events", manifest.events},
                         {"uncompressed_bytes", manifest.uncompressed_bytes},
                         {"content_type", manifest.content_type},
                         {"sealed_ms", manifest.sealed_ms},
                         {"settings_revision", manifest.settings_revision},
                         {"earlier_sha256", manifest.earlier_sha256_hex}};
  if (!manifest.selection.empty()) json[kSelection] = manifest.selection;
  json[kChecksum] = checksum_of(json);
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<Manifest> parse_manifest(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return fail("expected a JSON object");
  Members members(json);
  Manifest out;
  int format = 0;
  members.number("format", format);
  if (format != kFormat && format != kFormatWithoutChecksum) members.complain("format", "1 or 2");
  // One that is there holds, whatever the format says: its number may be what was changed.
  if (format == kFormat || json.contains(kChecksum)) members.checksum(kChecksum);
  members.text("key", out.key);
  members.place("first", out.first);
  members.place("last", out.last);
  members.number("size_bytes", out.size_bytes);
  members.sha256("sha256", out.sha256_hex);
  members.number("events", out.events);
  members.number("uncompressed_bytes", out.uncompressed_bytes);
  members.text("content_type", out.content_type);
  members.number("sealed_ms", out.sealed_ms);
  members.text("settings_revision", out.settings_revision);
  if (json.contains(kSelection)) members.text(kSelection, out.selection);
  members.sha256_list("earlier_sha256", out.earlier_sha256_hex);
  if (members.error().empty()) check_together(members, out);
  if (!members.error().empty()) return fail(members.error());
  return out;
}

}  // namespace sluice::s3
