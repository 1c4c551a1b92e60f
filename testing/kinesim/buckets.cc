#include "kinesim/buckets.h"

#include <filesystem>
#include <fstream>

namespace kinesim {
namespace {

// "a/../b" and "/a" are fine names of objects and no places in a folder.
bool fits_into_folder(const std::string& key) {
  if (key.empty() || key.ends_with('/')) return false;
  for (const auto& part : std::filesystem::path(key))
    if (part == ".." || part == "." || part == "/") return false;
  return true;
}

}  // namespace

std::optional<WrongRegion> parse_wrong_region(std::string_view text) {
  if (text == "redirect") return WrongRegion::redirect;
  if (text == "malformed") return WrongRegion::malformed;
  return std::nullopt;
}

std::optional<Conditional> parse_conditional(std::string_view text) {
  if (text == "answered") return Conditional::answered;
  if (text == "not_implemented") return Conditional::not_implemented;
  if (text == "ignored") return Conditional::ignored;
  return std::nullopt;
}

std::optional<KeyState> parse_key_state(std::string_view text) {
  if (text == "enabled") return KeyState::enabled;
  if (text == "disabled") return KeyState::disabled;
  if (text == "pending_deletion") return KeyState::pending_deletion;
  return std::nullopt;
}

BucketSettings Bucket::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void Bucket::set_settings(BucketSettings settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

bool Bucket::put(const std::string& key, StoredObject object, bool only_if_new) {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  if (found != objects_.end()) {
    if (only_if_new) return false;
    object.puts = found->second->puts + 1;
  }
  objects_[key] = std::make_shared<const StoredObject>(std::move(object));
  return true;
}

std::shared_ptr<const StoredObject> Bucket::find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

bool Bucket::remove(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return objects_.erase(key) != 0;
}

std::vector<std::pair<std::string, std::shared_ptr<const StoredObject>>> Bucket::list(std::string_view prefix,
                                                                                      std::string_view after,
                                                                                      std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::shared_ptr<const StoredObject>>> out;
  auto at = after >= prefix && !after.empty() ? objects_.upper_bound(after) : objects_.lower_bound(prefix);
  for (; at != objects_.end() && out.size() < most && at->first.starts_with(prefix); ++at) out.emplace_back(*at);
  return out;
}

sluice::Result<std::size_t> Bucket::write_to(const std::string& folder) const {
  namespace fs = std::filesystem;
  std::size_t count = 0;
  for (const auto& [key, object] : list("", "", SIZE_MAX)) {
    if (!fits_into_folder(key)) return sluice::fail("The object's key is no path in a folder: " + key);
    const fs::path path = fs::path(folder) / key;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(object->bytes.data(), static_cast<std::streamsize>(object->bytes.size()));
    if (!file.flush()) return sluice::fail("Cannot write " + path.string() + ".");
    ++count;
  }
  return count;
}

void Buckets::put(BucketSettings settings) {
  const std::lock_guard lock(mutex_);
  auto& bucket = buckets_[settings.name];
  if (bucket)
    bucket->set_settings(std::move(settings));
  else
    bucket = std::make_shared<Bucket>(std::move(settings));
}

std::shared_ptr<Bucket> Buckets::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = buckets_.find(name);
  return found == buckets_.end() ? nullptr : found->second;
}

bool Buckets::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return buckets_.erase(name) != 0;
}

std::vector<std::shared_ptr<Bucket>> Buckets::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Bucket>> out;
  for (const auto& [name, bucket] : buckets_) out.push_back(bucket);
  return out;
}

void Buckets::put_key(const std::string& arn, KeyState state) {
  const std::lock_guard lock(mutex_);
  keys_[arn] = state;
}

std::optional<KeyState> Buckets::key(const std::string& arn) const {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(arn);
  return found == keys_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace kinesim
