#include "storage/unsaved_files.h"

#include <utility>

namespace sluice::storage {

std::vector<UnsavedFiles::Unsaved> UnsavedFiles::all() const {
  const std::lock_guard lock(mutex_);
  std::map<UnsavedKind, Unsaved> by_kind;
  for (const auto& [file, failure] : failing_)
    ++by_kind.try_emplace(failure.kind, Unsaved{failure.kind, 0, failure.reason}).first->second.files;
  std::vector<Unsaved> list;
  for (auto& [kind, unsaved] : by_kind) list.push_back(std::move(unsaved));
  return list;
}

bool UnsavedFile::failed(const std::string& reason) {
  const std::lock_guard lock(all_.mutex_);
  all_.failing_.insert_or_assign(this, UnsavedFiles::Failure{kind_, reason});
  return !std::exchange(failing_, true);
}

void UnsavedFile::saved() {
  if (!std::exchange(failing_, false)) return;
  const std::lock_guard lock(all_.mutex_);
  all_.failing_.erase(this);
}

}  // namespace sluice::storage
