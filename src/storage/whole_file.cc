#include "storage/whole_file.h"

namespace sluice::storage {

FileResult<std::optional<std::string>> read_whole(FileSystem& files, const std::string& path) {
  auto file = files.open(path, false);
  if (!file) {
    if (file.error().fault == FileFault::not_found) return std::nullopt;
    return tl::unexpected(file.error());
  }
  const auto size = (*file)->size();
  if (!size) return tl::unexpected(size.error());
  std::string text(*size, '\0');
  const auto read = (*file)->read_at(0, text.data(), text.size());
  if (!read) return tl::unexpected(read.error());
  text.resize(*read);
  return text;
}

FileResult<void> replace_whole(FileSystem& files, const std::string& path, std::string_view text) {
  const std::string beside = path + ".new";
  if (auto removed = files.remove(beside); !removed && removed.error().fault != FileFault::not_found) return removed;
  auto file = files.open(beside, true);
  if (!file) return tl::unexpected(file.error());
  if (auto written = (*file)->write_at(0, text); !written) return written;
  if (auto synced = (*file)->sync_data(); !synced) return synced;
  if (auto renamed = files.rename(beside, path); !renamed) return renamed;
  return files.sync_directory(path.substr(0, path.rfind('/')));
}

}  // namespace sluice::storage
