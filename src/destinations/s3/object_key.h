// The names of objects, by a template that is a setting:
// {prefix}/project={project}/environment={environment}/date={date}/hour={hour}/{node}-{first}-{last}
// Added are the extension (".ndjson.gz"), and before it, unless the template has {destination}, the end of the
// destination's id: places are those of the server's journal, which all its destinations read. So keys of one node
// never repeat, whatever the prefixes and templates of its destinations, unless a cursor was lost or a data directory
// copied.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "destinations/s3/compression.h"
#include "destinations/s3/event_place.h"

namespace sluice::s3 {

inline constexpr std::string_view kDefaultKeyTemplate =
    "{prefix}/project={project}/environment={environment}/date={date}/hour={hour}/{node}-{first}-{last}";
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
inline constexpr std::size_t kMaxKeyBytes = 1024;
// Digits of a destination's id, its last: those at its start are a time, which many have in common.
inline constexpr std::size_t kShownIdDigits = 8;

struct KeyFacts {
  std::string prefix;  // without slashes at its ends; may be empty
  std::string project, environment, destination, node;
};

class KeyTemplate {
 public:
  // All errors at once, each a sentence with what to do. The template begins with {prefix}/ (one policy covers all),
  // has {node}, {first} and {last} (keys do not repeat), and only characters that S3 calls safe, with "=" and "+"
  // aside.
  static tl::expected<KeyTemplate, std::vector<Error>> parse(std::string_view text, const KeyFacts& facts);

  // `kind` stands behind the prefix: "" for live events, "replay=610a…" or "test" for others.
  std::string key(std::string_view kind, std::int64_t received_ms, const EventPlace& first, const EventPlace& last,
                  Compression compression) const;

 private:
  KeyTemplate(std::string text, KeyFacts facts, bool names_destination)
      : text_(std::move(text)), facts_(std::move(facts)), names_destination_(names_destination) {}

  std::string text_;
  KeyFacts facts_;
  bool names_destination_;  // by {destination}
};

// The key that an object gets when another one lies under `key`: NAME.2.ndjson.gz, up to NAME.9.ndjson.gz. Nothing:
// that was the last one, or the next is too long.
std::optional<std::string> next_key(std::string_view key);

// What is wrong with a prefix; empty: nothing.
std::string fault_of_prefix(std::string_view prefix);
// The same of a node's name, which is a part of one name: without slashes.
std::string fault_of_node(std::string_view node);

}  // namespace sluice::s3
