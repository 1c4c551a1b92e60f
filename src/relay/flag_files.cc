#include "relay/flag_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace sluice::relay {

FlagFiles::FlagFiles(std::string folder, std::vector<std::string> names, storage::FileSystem& files)
    : folder_(std::move(folder)), names_(std::move(names)), files_(files) {}

std::optional<Result<FlagSnapshotPtr>> FlagFiles::look(std::int64_t now_ms) {
  auto texts = read();
  if (!texts) {
    if (looked_ && fault_ == texts.error().message) return std::nullopt;
    looked_ = true;
    texts_.clear();
    fault_ = texts.error().message;
    return tl::unexpected(std::move(texts.error()));
  }
  const auto same_text = [](const DataFile& a, const DataFile& b) { return a.text == b.text; };
  if (looked_ && std::ranges::equal(texts_, *texts, same_text)) return std::nullopt;
  looked_ = true;
  texts_ = std::move(*texts);
  auto snapshot = read_data_files(texts_, last_, now_ms);
  fault_ = snapshot ? std::string() : snapshot.error().message;
  if (snapshot) last_ = *snapshot;
  return snapshot;
}

Result<std::vector<DataFile>> FlagFiles::read() const {
  std::vector<DataFile> texts;
  for (const std::string& name : names_) {
    const std::string path = folder_ + "/" + name;
    const auto file = files_.open(path, false);
    if (!file && file.error().fault == storage::FileFault::not_found)
      return fail(fmt::format(
          "The flag data file {} is not there. Put it there, or change the environment's flag files.", path));
    if (!file) return fail(file.error().message);
    const auto size = (*file)->size();
    if (!size) return fail(size.error().message);
    if (*size > kMaxDataFileBytes)
      return fail(fmt::format("The flag data file {} has {}; at most {} are read.", path, human_bytes(*size),
                              human_bytes(kMaxDataFileBytes)));
    std::string text(*size, '\0');
    const auto read = (*file)->read_at(0, text.data(), text.size());
    if (!read) return fail(read.error().message);
    text.resize(*read);
    texts.push_back({path, std::move(text)});
  }
  return texts;
}

}  // namespace sluice::relay
