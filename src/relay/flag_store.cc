#include "relay/flag_store.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "storage/whole_file.h"

namespace sluice::relay {
namespace {

std::string file_name(const FlagStoreOwner& owner) {
  if (owner.filter.empty()) return owner.environment.hex() + ".flags";
  return fmt::format("{}-{:016x}.flags", owner.environment.hex(),
                     XXH3_64bits(owner.filter.data(), owner.filter.size()));
}

constexpr std::size_t kIdDigits = 24, kFilterDigits = 16;

// Whose file of flag data has this name, half written and damaged ones included. Nothing: it is another file.
std::optional<ObjectId> environment_of(std::string_view name) {
  const auto id = ObjectId::parse(name.substr(0, kIdDigits));
  if (!id) return std::nullopt;
  name.remove_prefix(kIdDigits);
  if (name.starts_with('-')) {
    const std::string_view digits = name.substr(1, kFilterDigits);
    if (digits.size() != kFilterDigits || digits.find_first_not_of("0123456789abcdef") != std::string_view::npos)
      return std::nullopt;
    name.remove_prefix(1 + kFilterDigits);
  }
  constexpr std::string_view kEnd = ".flags";
  if (!name.starts_with(kEnd)) return std::nullopt;
  name.remove_prefix(kEnd.size());
  return name.empty() || name == ".new" || name == ".damaged" ? id : std::nullopt;
}

// What a file has beside the bytes of its items.
std::uint64_t file_limit(const FlagDataLimits& limits) {
  constexpr std::uint64_t kItemOverhead = 16 + 9 * kTrackedVersions, kHeaderAndFilter = 64u << 10;
  return limits.bytes + (limits.items + limits.deleted) * kItemOverhead + kHeaderAndFilter;
}

tl::unexpected<Error> failed(const storage::FileError& error) { return fail(error.message); }

}  // namespace

FlagStore::FlagStore(std::string folder, FlagStoreOwner owner, storage::FileSystem& files, const FlagDataLimits& limits)
    : folder_(std::move(folder)),
      path_(folder_ + "/" + file_name(owner)),
      owner_(std::move(owner)),
      files_(files),
      max_bytes_(file_limit(limits)) {}

Result<FlagStore::Loaded> FlagStore::load() {
  const auto file = files_.open(path_, false);
  if (!file && file.error().fault == storage::FileFault::not_found) return Loaded{};
  if (!file) return failed(file.error());
  const auto size = (*file)->size();
  if (!size) return failed(size.error());
  if (*size > max_bytes_)
    return set_aside(fmt::format("it has {}; at most {} are read", human_bytes_beside(*size, max_bytes_),
                                 human_bytes_beside(max_bytes_, *size)));
  const auto bytes = storage::read_whole(files_, path_);
  if (!bytes) return failed(bytes.error());
  auto snapshot = read_flag_store(owner_, bytes->value_or(""));
  if (!snapshot) return set_aside(snapshot.error().message);
  // A process that was killed may have renamed it and not synced that: a power cut would bring back what was before it,
  // older than what is served now. On a disk that cannot, what is there is still the best there is.
  if (const auto synced = files_.sync_directory(folder_); !synced)
    log_warn("relay.flags_not_synced", {{"path", path_}, {"reason", synced.error().message}});
  return Loaded{*std::move(snapshot), {}};
}

Result<FlagStore::Loaded> FlagStore::set_aside(std::string damage) {
  log_warn("relay.flags_unreadable", {{"path", path_}, {"reason", damage}, {"kept_as", path_ + ".damaged"}});
  if (const auto moved = files_.rename(path_, path_ + ".damaged"); !moved) return failed(moved.error());
  return Loaded{nullptr, std::move(damage)};
}

Result<void> FlagStore::save(const FlagSnapshot& snapshot) {
  if (const auto folder = files_.make_directory(folder_); !folder) return failed(folder.error());
  const auto saved = storage::replace_whole(files_, path_, flag_store_bytes(owner_, snapshot));
  if (!saved) return failed(saved.error());
  return {};
}

Result<void> FlagStore::remove() {
  bool any = false;
  for (const char* end : {"", ".new", ".damaged"}) {
    const auto removed = files_.remove(path_ + end);
    if (!removed && removed.error().fault != storage::FileFault::not_found) return failed(removed.error());
    any = any || removed.has_value();
  }
  if (!any) return {};
  if (const auto synced = files_.sync_directory(folder_); !synced) return failed(synced.error());
  return {};
}

std::vector<ObjectId> sweep_flag_stores(const std::string& folder, storage::FileSystem& files,
                                        const std::function<bool(ObjectId)>& is_kept) {
  const auto names = files.list(folder);
  if (!names) {
    if (names.error().fault != storage::FileFault::not_found)
      log_warn("relay.flags_not_removed", {{"path", folder}, {"reason", names.error().message}});
    return {};
  }
  std::map<ObjectId, std::size_t> removed;
  for (const std::string& name : *names) {
    const auto environment = environment_of(name);
    if (!environment || is_kept(*environment)) continue;
    const std::string path = folder + "/" + name;
    const auto gone = files.remove(path);
    if (gone)
      ++removed[*environment];
    else if (gone.error().fault != storage::FileFault::not_found)
      log_warn("relay.flags_not_removed", {{"path", path}, {"reason", gone.error().message}});
  }
  if (removed.empty()) return {};
  if (const auto synced = files.sync_directory(folder); !synced)
    log_warn("relay.flags_not_removed", {{"path", folder}, {"reason", synced.error().message}});
  std::vector<ObjectId> environments;
  for (const auto& [environment, count] : removed) {
    log_info("relay.flags_removed", {{"environment_id", environment.hex()},
                                     {"files", count},
                                     {"reason", "It is not configured, or its flags come from no server."}});
    environments.push_back(environment);
  }
  return environments;
}

}  // namespace sluice::relay
