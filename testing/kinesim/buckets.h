// The buckets and keys of the simulated S3 and AWS KMS, and the objects in them, in memory. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kinesim {

enum class WrongRegion : std::uint8_t {
  redirect,   // 301 PermanentRedirect, as a region's endpoint answers
  malformed,  // 400 AuthorizationHeaderMalformed, as the global endpoint and virtual hosts do
};
std::optional<WrongRegion> parse_wrong_region(std::string_view text);

// What the bucket does with If-None-Match: "*"; the others are stores of other makers.
enum class Conditional : std::uint8_t { answered, not_implemented, ignored };
std::optional<Conditional> parse_conditional(std::string_view text);

struct BucketSettings {
  std::string name;
  std::string region;
  std::string owner;  // account
  bool versioned = false;
  bool object_lock = false;  // with a default retention: a checksum is required
  std::string kms_key_id;    // of its default encryption; empty: S3's own keys
  WrongRegion wrong_region = WrongRegion::redirect;
  Conditional if_none_match = Conditional::answered;
  bool checksums = true;  // answers carry x-amz-checksum-sha256
};

struct StoredObject {
  std::string bytes;
  std::string sha256_base64;  // as the client sent it; empty: it sent none
  std::string etag;           // with its quotes
  std::string content_type, content_encoding, storage_class, kms_key_id, version_id;
  std::map<std::string, std::string> metadata;  // without x-amz-meta-
  std::int64_t stored_ms = 0;
  std::uint64_t puts = 1;  // that stored something under this key
};

class Bucket {
 public:
  explicit Bucket(BucketSettings settings) : settings_(std::move(settings)) {}

  BucketSettings settings() const;
  void set_settings(BucketSettings settings);

  // False when there is one already and `only_if_new`. Counts puts().
  bool put(const std::string& key, StoredObject object, bool only_if_new);
  std::shared_ptr<const StoredObject> find(const std::string& key) const;
  bool remove(const std::string& key);
  // Objects whose key begins so and lies behind `after`, in the order of keys, `most` of them.
  std::vector<std::pair<std::string, std::shared_ptr<const StoredObject>>> list(std::string_view prefix,
                                                                                std::string_view after,
                                                                                std::size_t most) const;
  // Writes every object to folder/key. Says how many.
  sluice::Result<std::size_t> write_to(const std::string& folder) const;

 private:
  mutable std::mutex mutex_;
  BucketSettings settings_;
  std::map<std::string, std::shared_ptr<const StoredObject>, std::less<>> objects_;
};

enum class KeyState : std::uint8_t { enabled, disabled, pending_deletion };
std::optional<KeyState> parse_key_state(std::string_view text);

class Buckets {
 public:
  void put(BucketSettings settings);
  std::shared_ptr<Bucket> find(std::string_view name) const;
  bool remove(const std::string& name);
  std::vector<std::shared_ptr<Bucket>> all() const;  // by name

  void put_key(const std::string& arn, KeyState state);
  // Nothing: there is no such key.
  std::optional<KeyState> key(const std::string& arn) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Bucket>, std::less<>> buckets_;
  std::map<std::string, KeyState> keys_;
};

}  // namespace kinesim
