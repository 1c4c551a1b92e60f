#include "destinations/s3/spool_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "aws/sha256.h"
#include "base/log.h"
#include "storage/whole_file.h"

namespace sluice::s3 {
namespace {

constexpr std::size_t kNumberDigits = 10;
constexpr std::size_t kComparedBytes = 1u << 20;  // of a file, in memory at a time

bool has_size(storage::FileSystem& files, const std::string& path, std::uint64_t bytes) {
  const auto file = files.open(path, false);
  const auto size = file ? (*file)->size() : storage::FileResult<std::uint64_t>(tl::unexpected(file.error()));
  return size && *size == bytes;
}

}  // namespace

std::string spool_object_path(const std::string& folder, std::uint64_t number) {
  return fmt::format("{}/{:010}{}", folder, number, kObjectSuffix);
}
std::string spool_manifest_path(const std::string& folder, std::uint64_t number) {
  return fmt::format("{}/{:010}{}", folder, number, kManifestSuffix);
}

std::optional<std::pair<std::uint64_t, std::string_view>> spool_name(std::string_view name) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const auto digits = static_cast<std::size_t>(end - name.data());
  if (error != std::errc{} || digits != kNumberDigits) return std::nullopt;
  return std::pair{number, name.substr(digits)};
}

storage::FileResult<bool> is_whole(storage::FileSystem& files, const std::string& path, const Manifest& manifest) {
  auto file = files.open(path, false);
  if (!file) return tl::unexpected(file.error());
  aws::Sha256 sha256;
  std::string piece(kComparedBytes, '\0');
  std::uint64_t offset = 0;
  for (;;) {
    const auto read = (*file)->read_at(offset, piece.data(), piece.size());
    if (!read) return tl::unexpected(read.error());
    sha256.update(std::string_view(piece).substr(0, *read));
    offset += *read;
    if (*read < piece.size()) break;
  }
  return offset == manifest.size_bytes && sha256.finish_hex() == manifest.sha256_hex;
}

std::vector<exporting::SealedEvents> sealed_in_spool(storage::FileSystem& files, const std::string& folder) {
  std::vector<exporting::SealedEvents> all;
  auto names = files.list(folder);
  if (!names) return all;  // none yet
  std::sort(names->begin(), names->end());
  for (const std::string& name : *names) {
    const auto parts = spool_name(name);
    if (!parts || parts->second != kManifestSuffix) continue;
    const auto text = storage::read_whole(files, folder + "/" + name);
    if (!text) log_warn("s3.manifest_unreadable", {{"file", folder + "/" + name}, {"reason", text.error().message}});
    const auto manifest = parse_manifest(text ? text->value_or("") : "");
    if (!manifest) {  // the spool sets it aside, and says so
      all.push_back({.number = parts->first});
      continue;
    }
    all.push_back({parts->first, manifest->first, manifest->last, manifest->events,
                   has_size(files, spool_object_path(folder, parts->first), manifest->size_bytes)});
  }
  return all;
}

}  // namespace sluice::s3
