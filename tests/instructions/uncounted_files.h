// A disk in memory whose work is not counted: what a write costs there says nothing of a real one. One thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "counting.h"
#include "storage/file_system_fake.h"

namespace sluice::instructions {

class UncountedFile final : public storage::File {
 public:
  explicit UncountedFile(std::unique_ptr<storage::File> file) : file_(std::move(file)) {}
  storage::FileResult<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    const Counting counting(false);
    return file_->write_at(offset, bytes);
  }
  storage::FileResult<void> write_pieces_at(std::uint64_t offset, std::span<const std::string_view> pieces) override {
    const Counting counting(false);
    return file_->write_pieces_at(offset, pieces);
  }
  storage::FileResult<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) const override {
    const Counting counting(false);
    return file_->read_at(offset, out, size);
  }
  storage::FileResult<void> sync_data() override {
    const Counting counting(false);
    return file_->sync_data();
  }
  storage::FileResult<std::uint64_t> size() const override {
    const Counting counting(false);
    return file_->size();
  }
  storage::FileResult<void> allocate(std::uint64_t size) override {
    const Counting counting(false);
    return file_->allocate(size);
  }

 private:
  const std::unique_ptr<storage::File> file_;
};

class UncountedFiles final : public storage::FileSystem {
 public:
  storage::FileResult<std::unique_ptr<storage::File>> open(const std::string& path, bool create) override {
    const Counting counting(false);
    return uncounted(files_.open(path, create));
  }
  storage::FileResult<void> make_directory(const std::string& path) override {
    const Counting counting(false);
    return files_.make_directory(path);
  }
  storage::FileResult<std::vector<std::string>> list(const std::string& directory) override {
    const Counting counting(false);
    return files_.list(directory);
  }
  storage::FileResult<void> rename(const std::string& from, const std::string& to) override {
    const Counting counting(false);
    return files_.rename(from, to);
  }
  storage::FileResult<void> remove(const std::string& path) override {
    const Counting counting(false);
    return files_.remove(path);
  }
  storage::FileResult<void> remove_directory(const std::string& path) override {
    const Counting counting(false);
    return files_.remove_directory(path);
  }
  storage::FileResult<void> sync_directory(const std::string& path) override {
    const Counting counting(false);
    return files_.sync_directory(path);
  }
  storage::FileResult<std::uint64_t> free_bytes(const std::string& path) override {
    const Counting counting(false);
    return files_.free_bytes(path);
  }
  storage::FileResult<std::unique_ptr<storage::File>> lock(const std::string& path) override {
    const Counting counting(false);
    return uncounted(files_.lock(path));
  }

 private:
  static storage::FileResult<std::unique_ptr<storage::File>> uncounted(
      storage::FileResult<std::unique_ptr<storage::File>> file) {
    if (!file) return file;
    return std::make_unique<UncountedFile>(std::move(*file));
  }
  storage::FakeFileSystem files_{1};
};

}  // namespace sluice::instructions
