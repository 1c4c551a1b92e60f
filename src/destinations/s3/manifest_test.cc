#include "destinations/s3/manifest.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/text_file.h"

namespace sluice::s3 {
namespace {

Manifest example() {
  Manifest out;
  out.key =
      "flags/project=default/environment=production/date=2026-11-27/hour=08/"
      "node-1-6b03dfc000001000-6b03dfc0000a2000.000011-6ec9a7d4.ndjson.gz";
  out.first = {{0x6b03dfc000001000}, 0};
  out.last = {{0x6b03dfc0000a2000}, 11};
  out.size_bytes = 9120;
  out.sha256_hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  out.events = 1042;
  out.uncompressed_bytes = 712'340;
  out.content_type = "application/gzip";
  out.sealed_ms = 1'795'768'500'000;
  out.settings_revision = "17";
  return out;
}

TEST(Manifest, is_what_the_format_page_shows) {
  const auto page = read_text_file(SLUICE_SOURCE_DIR "/docs/s3-spool-format.md");
  ASSERT_TRUE(page) << page.error().message;
  const std::string fence = "```json manifest\n";
  const auto from = page->find(fence) + fence.size();
  const std::string text = page->substr(from, page->find("```", from) - from);
  const auto manifest = parse_manifest(text);
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(*manifest, example());
  EXPECT_EQ(nlohmann::json::parse(text), nlohmann::json::parse(manifest_text(example())));
}

TEST(Manifest, comes_back_as_it_was_written) {
  Manifest manifest = example();
  manifest.first = {{0}, 4'000'000'000u};
  manifest.last = {{UINT64_MAX}, UINT32_MAX};
  manifest.key = "é/node-" + place_text(manifest.first) + "-" + place_text(manifest.last) + ".ndjson.gz";
  manifest.earlier_sha256_hex = {std::string(64, 'a'), std::string(64, '0')};
  const auto read = parse_manifest(manifest_text(manifest));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, manifest);
}

// The example in format 1, which had no checksum.
nlohmann::json example_without_checksum() {
  auto json = nlohmann::json::parse(manifest_text(example()));
  json.erase("crc32c");
  json["format"] = 1;
  return json;
}

TEST(Manifest, with_any_changed_byte_is_refused_or_says_the_same) {
  const std::string text = manifest_text(example());
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const int bit : {1, 2, 4, 8, 16, 32, 64}) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ bit);
      const auto read = parse_manifest(changed);
      EXPECT_TRUE(!read || *read == example()) << "byte " << at << " of\n" << changed;
    }
  }
}

TEST(Manifest, with_another_last_place_is_refused_although_it_is_a_manifest_in_every_other_way) {
  const std::string last = "\"last\": {\n    \"entry\": \"6b03dfc0000a2000";
  std::string text = manifest_text(example());
  ASSERT_NE(text.find(last), std::string::npos);
  text.replace(text.find(last) + last.size() - 5, 1, "f");
  const auto read = parse_manifest(text);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("crc32c"), std::string::npos) << read.error().message;
}

TEST(Manifest, of_the_format_without_a_checksum_is_read_if_its_members_fit_together) {
  const auto read = parse_manifest(example_without_checksum().dump());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, example());
  const auto with = [](const char* name, const nlohmann::json& value) {
    auto json = example_without_checksum();
    json[name] = value;
    return json.dump();
  };
  const auto place = [](const char* entry, int event) { return nlohmann::json{{"entry", entry}, {"event", event}}; };
  for (const auto& [name, text] :
       std::vector<std::pair<std::string, std::string>>{{"last", with("last", place("6b03dfc0000f2000", 11))},
                                                        {"last", with("last", place("6b03dfc0000a2000", 12))},
                                                        {"last", with("last", place("6b03dfc0000a2000", 0))},
                                                        {"first", with("first", place("6b03dfc000000000", 0))},
                                                        {"key", with("key", "flags/another/object")},
                                                        {"key", with("content_type", "application/zstd")},
                                                        {"events", with("events", 0)},
                                                        {"events", with("events", 712'341)},
                                                        {"size_bytes", with("size_bytes", 0)},
                                                        {"crc32c", with("format", 2)},
                                                        {"crc32c", with("crc32c", "00000000")}}) {
    const auto changed = parse_manifest(text);
    ASSERT_FALSE(changed) << text;
    EXPECT_NE(changed.error().message.find("'" + name + "'"), std::string::npos) << changed.error().message;
  }
  auto json = example_without_checksum();
  json["last"] = place("6b03dfc000001000", 11);
  json["key"] = "n-6b03dfc000001000-6b03dfc000001000.000011.ndjson.gz";
  EXPECT_FALSE(parse_manifest(json.dump())) << "1042 events among 12 places";
  json["events"] = 12;
  EXPECT_TRUE(parse_manifest(json.dump()));
}

TEST(Manifest, that_is_damaged_is_refused_and_names_the_member) {
  const auto without = [](const char* name) {
    auto json = std::string_view(name) == "crc32c" ? nlohmann::json::parse(manifest_text(example()))
                                                   : example_without_checksum();
    json.erase(name);
    return json.dump();
  };
  for (const char* name : {"format", "key", "first", "last", "size_bytes", "sha256", "events", "uncompressed_bytes",
                           "content_type", "sealed_ms", "settings_revision", "earlier_sha256", "crc32c"}) {
    const auto read = parse_manifest(without(name));
    ASSERT_FALSE(read) << name;
    EXPECT_NE(read.error().message.find(name), std::string::npos) << read.error().message;
  }
  const auto with = [](const char* name, const nlohmann::json& value) {
    auto json = example_without_checksum();
    json[name] = value;
    return json.dump();
  };
  for (const std::string& text :
       {with("format", 3), with("sha256", "abc"), with("sha256", std::string(64, 'g')), with("events", -1),
        with("first", {{"entry", "123"}, {"event", 0}}), with("first", {{"entry", "ffffffffffffffff"}, {"event", 0}}),
        with("first", {{"entry", "6b03dfc000001000"}, {"event", 4'294'967'296}}), with("earlier_sha256", {1}),
        with("key", ""), std::string("{"), std::string("[]"), std::string()})
    EXPECT_FALSE(parse_manifest(text)) << text;
  EXPECT_TRUE(parse_manifest(with("of_a_later_version", 1)));
}

}  // namespace
}  // namespace sluice::s3
